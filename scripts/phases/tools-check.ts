import type { Json } from '../engine/outcome.ts';
import { toolTable } from './tool-table.ts';
import type { Action } from './task.ts';

/** Which binary each tool is, its version, where it comes from, and whether we know how to drive it. */
const toolsCheck: Action = async (cx) => {
  const rows = await toolTable(cx);
  const bad = rows.filter((row) => row.verdict.is === 'fail');
  return {
    exit: bad.length > 0 ? 'no' : rows.some((row) => row.verdict.is === 'unknown') ? 'cannotTell' : 'done',
    result: rows.map((row): Json => ({ tool: row.tool, pin: row.pin ?? null, version: row.version ?? null, file: row.file ?? null, origin: row.origin, verdict: { ...row.verdict } })),
    render: (style) => [
      style.bold(`  ${'tool'.padEnd(12)}${'pin'.padEnd(10)}${'found'.padEnd(10)}from`),
      ...rows.flatMap((row) => {
        const mark = row.verdict.is === 'pass' ? style.green('✔') : row.verdict.is === 'skip' ? '–' : row.verdict.is === 'fail' ? style.red('✖') : style.yellow('?');
        const hint = row.verdict.is === 'pass' || row.verdict.hint === undefined ? [] : [`  ${style.dim('try')}  ${row.verdict.hint}`];
        const because = row.verdict.is === 'pass' ? '' : `  ${row.verdict.because}`;
        return [`${mark} ${row.tool.padEnd(12)}${(row.pin ?? '–').padEnd(10)}${(row.version ?? '–').padEnd(10)}${row.file === undefined ? row.origin : `${row.origin}, ${row.file}`}${because}`, ...hint];
      }),
    ],
  };
};
export default toolsCheck;
