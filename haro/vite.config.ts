/// <reference types="vitest/config" />
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const api = process.env.HARO_API ?? 'http://127.0.0.1:8000';
const proxy = { '/api': { target: api, changeOrigin: false } };

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: {
      '@': fileURLToPath(new URL('./src', import.meta.url)),
      '@rjsf/validator-ajv8': fileURLToPath(new URL('./src/features/strategies/noAjv.ts', import.meta.url)),
    },
  },
  server: { host: '127.0.0.1', proxy },
  preview: { host: '127.0.0.1', proxy },
  build: {
    // The pages' policy allows no data: scripts or fonts, and every browser in use preloads modules by itself.
    assetsInlineLimit: 0,
    // Browsers that know light-dark(): what it is replaced by for older ones does not follow the colour scheme that one chose.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    modulePreload: { polyfill: false },
    manifest: true,
  },
  test: {
    environment: 'jsdom',
    setupFiles: ['src/testing/setup.ts'],
    // Times of the tests' pages are read in one zone wherever they run.
    env: { TZ: 'Europe/Berlin' },
    testTimeout: 60_000,
    maxWorkers: '100%',
    // Node resolves by itself what is not inlined, and knows no aliases.
    server: { deps: { inline: [/@rjsf/] } },
    coverage: {
      include: ['src/**/*.{ts,tsx}'],
      exclude: ['src/testing/**', 'src/**/*.gen.ts'],
      reporter: ['text-summary'],
      thresholds: { lines: 75 },
    },
  },
});
