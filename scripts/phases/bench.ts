import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Json, Outcome } from '../engine/outcome.ts';
import { Failure } from '../engine/failure.ts';
import { timeCommand } from '../tools/stopwatch.ts';
import { labBusy, labDown, labUp } from '../tools/lab.ts';
import { labPlace } from './lab-place.ts';
import type { Action, ActionContext } from './task.ts';

interface Row { readonly what: string; readonly ratio: number; readonly goal: number; readonly figures: string }

/** Pairs measured; medians are compared, so that one slow moment of the machine decides nothing. */
const PAIRS = 11;
const SPEED = 10;

/** Start-up and create against their goals, as ratios of two things measured in one run: seconds differ between machines, ratios hardly do. */
const bench: Action = async (cx) => {
  const rows = [await startUp(cx), ...await create(cx)];
  return outcomeOf(rows);
};
export default bench;

function outcomeOf(rows: readonly Row[]): Outcome {
  return {
    exit: rows.every((row) => row.ratio <= row.goal) ? 'done' : 'no',
    result: rows.map((row): Json => ({ ...row })),
    render: (style) => rows.flatMap((row) => [
      `${row.ratio <= row.goal ? style.green('✔') : style.red('✖')} ${row.what}: ${row.ratio.toFixed(2)} (goal: at most ${row.goal.toFixed(2)})`,
      style.dim(`  ${row.figures}`),
    ]),
  };
}

/** `task --list`, wrapper included, against `node -e 0` of the same Node; both warmed once, then in turn. */
async function startUp(cx: ActionContext): Promise<Row> {
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

/**
 * A create of every cluster in a lab of its own, at a speed where simulated waits are long against our own work. The
 * critical path is what the lab itself counted: the time in which something a cluster needs was pending in it. The rest
 * is ours.
 */
async function create(cx: ActionContext): Promise<readonly Row[]> {
  const taskDir = mkdtempSync(join(tmpdir(), 'task-bench-'));
  // A daemon of its own: other people's worlds in the checkout's would be measured too.
  const env = { ...cx.environment, TASK_DIR: taskDir, LAB_SOCKET: join(taskDir, 'lab.sock'), LAB_SPEED: String(SPEED), NO_COLOR: '1', CI: 'true' };
  const place = { ...labPlace(cx), taskDir, env };
  try {
    await labUp({ ...place, speed: SPEED });
    const began = Date.now();
    await timeCommand(join(cx.programRoot, 'task'), ['cluster:create', 'CLUSTER=all', 'TARGET=lab', '--yes', '--json'], { cwd: cx.programRoot, env, signal: cx.signal });
    const wallMs = Date.now() - began;
    const busy = Object.entries(await labBusy(place));
    if (busy.length === 0) throw new Failure({ exit: 'bug', what: 'the lab counted nothing', hint: 'please report this' });
    // Clusters run side by side: the slower one's waits are the critical path of the whole.
    const path = Math.max(...busy.map(([, simulatedMs]) => simulatedMs)) / SPEED;
    return [{
      what: `cluster:create CLUSTER=all at LAB_SPEED=${SPEED} against the critical path of simulated waits`, ratio: wallMs / path, goal: 1.1,
      figures: `${(wallMs / 1000).toFixed(2)} s of wall, ${(path / 1000).toFixed(2)} s of waits (${busy.map(([cluster, ms]) => `${cluster} ${(ms / 1000).toFixed(0)} s simulated`).join(', ')})`,
    }];
  } finally {
    await labDown(place);
    rmSync(taskDir, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
