import type { Json, Outcome } from '../engine/outcome.ts';
import { Failure } from '../engine/failure.ts';
import { big } from './bench/big.ts';
import { create } from './bench/create.ts';
import { manifests } from './bench/manifests.ts';
import type { Row } from './bench/row.ts';
import { startUp } from './bench/start-up.ts';
import { watching } from './bench/watch.ts';
import { atWallSpeed, inWorld } from './bench/world.ts';
import type { Action, ActionContext } from './task.ts';

/** Simulated waits of a create are long against our own work at this speed. */
const SPEED = 10;

/** In the order they are measured; ONLY names one. */
const PARTS: Readonly<Record<string, (cx: ActionContext) => Promise<readonly Row[]>>> = {
  'start-up': async (cx) => [await startUp(cx)],
  manifests,
  clusters,
};

/** Start-up, manifests, create, health of big clusters and watching against their goals, as ratios of two things measured in one run or against a stated figure. */
const bench: Action = async (cx) => {
  const only = cx.variables['ONLY'] ?? '';
  const rows: Row[] = [];
  for (const [name, measure] of Object.entries(PARTS)) if (only === '' || only === name) rows.push(...await measure(cx));
  return outcomeOf(rows);
};
export default bench;

async function clusters(cx: ActionContext): Promise<readonly Row[]> {
  const [one, other] = (await cx.site()).clusters;
  if (one === undefined || other === undefined) throw new Failure({ exit: 'configuration', what: 'the bench compares two clusters', hint: 'talos/clusters has fewer' });
  return inWorld(cx, SPEED, async (world) => {
    const made = await create(cx, world);
    // From here on a second is a second: people do not watch at ten times the speed.
    const calm = await atWallSpeed(world);
    return [...made, ...await big(cx, calm, [one.name, other.name]), ...await watching(cx, calm, one)];
  });
}

/** Rows as an answer. What could not be measured is not met; it does not hide what was measured and is not. */
export function outcomeOf(rows: readonly Row[]): Outcome {
  const missed = rows.some((row) => row.unknown === undefined && !(row.ratio <= row.goal));
  return {
    exit: missed ? 'no' : rows.some((row) => row.unknown !== undefined) ? 'cannotTell' : 'done',
    result: rows.map((row): Json => ({ ...row, ratio: row.unknown === undefined ? row.ratio : null })),
    render: (style) => rows.flatMap((row) => (row.unknown === undefined
      ? [`${row.ratio <= row.goal ? style.green('✔') : style.red('✖')} ${row.what}: ${digits(row.ratio)} (goal: at most ${digits(row.goal)})`, style.dim(`  ${row.figures}`)]
      : [`${style.yellow('?')} ${row.what}: not measured (goal: at most ${digits(row.goal)})`, style.dim(`  ${row.unknown}`)])),
  };
}

/** Two decimals, and as many more as a small figure needs to be one. */
function digits(value: number): string {
  return value.toFixed(value < 0.1 ? 3 : 2);
}
