import { join } from 'node:path';
import { timeCommand } from '../../tools/stopwatch.ts';
import type { ActionContext } from '../task.ts';
import { median, PAIRS, type Row } from './row.ts';

/** `task --list`, wrapper included, against `node -e 0` of the same Node; both warmed once, then in turn. */
export async function startUp(cx: ActionContext): Promise<Row> {
  const task = join(cx.programRoot, 'task');
  const list = async (): Promise<number> => timeCommand(task, ['--list'], { cwd: cx.programRoot, env: cx.environment, signal: cx.signal });
  const nothing = async (): Promise<number> => timeCommand(process.execPath, ['-e', '0'], { cwd: cx.programRoot, env: cx.environment, signal: cx.signal });
  await list();
  await nothing();
  const pairs: (readonly [number, number])[] = [];
  for (let n = 0; n < PAIRS; n++) pairs.push([await list(), await nothing()]);
  const [a, b] = [median(pairs.map(([x]) => x)), median(pairs.map(([, y]) => y))];
  return { what: 'task --list against node -e 0', ratio: median(pairs.map(([x, y]) => x / y)), goal: 2, figures: `medians of ${PAIRS} pairs: ${a.toFixed(1)} ms and ${b.toFixed(1)} ms` };
}
