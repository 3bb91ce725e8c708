// Fails when what a browser loads before it can show the first page is larger than the budget.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const BUDGET_KILOBYTES = 250;

const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));
const initial = new Set();

function take(key) {
  const chunk = manifest[key];
  if (initial.has(chunk.file)) return;
  initial.add(chunk.file);
  for (const other of chunk.imports ?? []) take(other);
}

for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) take(key);

const sizes = [...initial].map((file) => [file, gzipSync(readFileSync(join('dist', file))).length / 1000]);
const total = sizes.reduce((sum, [, size]) => sum + size, 0);
console.log(`The dashboard is built: ${total.toFixed(0)} kB of JavaScript for the first page, of ${BUDGET_KILOBYTES}`);
if (total > BUDGET_KILOBYTES) {
  for (const [file, size] of sizes) console.error(`${size.toFixed(1).padStart(8)} kB gzip  ${file}`);
  console.error('The first page loads too much JavaScript: import lazily what it does not show at once.');
  process.exit(1);
}
