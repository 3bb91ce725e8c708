// Fails when src/api/schema.gen.ts is not what ../docs/openapi.json says.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'haro-api-'));
try {
  const made = join(folder, 'schema.gen.ts');
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [program, ...given] = scripts.api.replace('src/api/schema.gen.ts', made).split(' ');
  execFileSync(join('node_modules', '.bin', program), given, { stdio: 'pipe' });
  if (readFileSync(made, 'utf8') !== readFileSync('src/api/schema.gen.ts', 'utf8')) {
    console.error('src/api/schema.gen.ts is stale: run `npm run api` and commit what it writes.');
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
