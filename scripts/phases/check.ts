import { join } from 'node:path';
import { passThrough } from '../tools/passthrough.ts';
import type { Action } from './task.ts';

/** Ready to commit? Types, lint, arrows, and a lock file that `npm ci` accepts. All run, so that one failure does not hide another. */
const check: Action = async (cx) => {
  const node = process.execPath;
  const bin = (path: string): string => join(cx.programRoot, 'node_modules', path);
  const parts: readonly (readonly [name: string, file: string, argv: readonly string[]])[] = [
    ['types', node, [bin('typescript/bin/tsc'), '--noEmit']],
    ['lint', node, [bin('oxlint/bin/oxlint'), '--deny-warnings']],
    ['arrows', node, [bin('vitest/vitest.mjs'), 'run', 'test/architecture.test.ts', '--reporter=dot']],
    ['lock file', 'npm', ['ci', '--dry-run', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']],
  ];
  const results: Record<string, number> = {};
  for (const [name, file, argv] of parts) {
    results[name] = await passThrough(file, argv, { cwd: cx.programRoot, env: cx.environment, signal: cx.signal });
  }
  const bad = Object.entries(results).filter(([, code]) => code !== 0).map(([name]) => name);
  return {
    exit: bad.length === 0 ? 'done' : 'no',
    result: results,
    render: (style) => [bad.length === 0 ? `${style.green('✔')} types, lint, arrows and lock file are fine` : `${style.red('✖')} ${bad.join(', ')}`],
  };
};
export default check;
