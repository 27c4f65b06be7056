import type { WorkPhase } from '../engine/phase.ts';
import { etcdChecks, nodesReadyChecks } from '../health/checks/index.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { chosenMachine } from './machines/chosen.ts';
import { forget, replacing } from './machines/replacing.ts';
import { MINUTES } from './wait-phase.ts';

/** The replacement is over: asked for again, it would take this machine out again. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'node-replaced',
  title: 'the replacement is over',
  patience: 10 * MINUTES,
  verify: [...etcdChecks, ...nodesReadyChecks],
  async done(cx) {
    return replacing(cx, chosenMachine(cx)) === undefined ? 'nothing is being replaced' : false;
  },
  async run(cx) {
    const machine = chosenMachine(cx);
    if (!cx.dryRun) forget(cx, machine);
    return `${machine.name} is the new one`;
  },
};
export default phase;
