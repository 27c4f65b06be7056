import { join } from 'node:path';
import { passThrough } from '../tools/passthrough.ts';
import type { Action } from './task.ts';

/** `task test`: vitest with the Node this program runs on. */
const runTests: Action = async (cx) => {
  const only = cx.variables['ONLY'];
  const code = await passThrough(process.execPath, [join(cx.programRoot, 'node_modules/vitest/vitest.mjs'), 'run', ...(only === undefined ? [] : only.split(/[\s,]+/))], {
    cwd: cx.programRoot, env: cx.environment, signal: cx.signal,
  });
  return { exit: code === 0 ? 'done' : code === 130 ? 'interrupted' : 'no', result: { exitCode: code }, render: () => [] };
};
export default runTests;
