import type { Json, Outcome } from '../engine/outcome.ts';
import { Failure } from '../engine/failure.ts';
import { big } from './bench/big.ts';
import { create } from './bench/create.ts';
import type { Row } from './bench/row.ts';
import { startUp } from './bench/start-up.ts';
import { watching } from './bench/watch.ts';
import { atWallSpeed, inWorld } from './bench/world.ts';
import type { Action } from './task.ts';

/** Simulated waits of a create are long against our own work at this speed. */
const SPEED = 10;

/** Start-up, create, health of big clusters and watching against their goals, as ratios of two things measured in one run or against a stated figure. */
const bench: Action = async (cx) => {
  const [one, other] = (await cx.site()).clusters;
  if (one === undefined || other === undefined) throw new Failure({ exit: 'configuration', what: 'the bench compares two clusters', hint: 'talos/clusters has fewer' });
  const first = await startUp(cx);
  return outcomeOf(await inWorld(cx, SPEED, async (world) => {
    const made = await create(cx, world);
    // From here on a second is a second: people do not watch at ten times the speed.
    const calm = await atWallSpeed(world);
    return [first, ...made, ...await big(cx, calm, [one.name, other.name]), ...await watching(cx, calm, one)];
  }));
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
