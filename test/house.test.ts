import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const node = (script: string, ...argv: string[]): { readonly status: number | null; readonly said: string } => {
  const ran = spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...argv], { cwd: ROOT, encoding: 'utf8', timeout: 120_000 });
  return { status: ran.status, said: `${ran.stdout}${ran.stderr}` };
};

describe('ready to commit', () => {
  test('the types hold', () => {
    const { status, said } = node('typescript/bin/tsc', '--noEmit');
    expect(said).toBe('');
    expect(status).toBe(0);
  }, 120_000);

  test('the linter has nothing to say', () => {
    const { status, said } = node('oxlint/bin/oxlint', '--deny-warnings');
    expect(said).toContain('Found 0 warnings and 0 errors');
    expect(status).toBe(0);
  });

  test('npm ci accepts the lock file', () => {
    const ran = spawnSync('npm', ['ci', '--dry-run', '--ignore-scripts', '--no-audit', '--no-fund', '--offline', '--loglevel=error'], { cwd: ROOT, encoding: 'utf8', timeout: 120_000 });
    expect(ran.stderr).not.toMatch(/EUSAGE|in sync|Missing:|Invalid:/);
    expect(ran.status).toBe(0);
  }, 120_000);
});
