import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { chosenMachines, names } from './machines/chosen.ts';
import { drainDeadline } from './machines/drain.ts';
import { allOurs, refuseFreeze } from './machines/standing.ts';

/** Before anything is done to machines that run: they answer, and are proven ours. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'machines-preflight',
  title: 'whose machines these are',
  patience: 0,
  verify: [],
  async done() {
    // Never: who answered an hour ago proves nothing now.
    return false;
  },
  async run(cx) {
    const machines = chosenMachines(cx);
    drainDeadline(cx);
    if (cx.dryRun) return `would prove that ${names(machines)} are ours`;
    refuseFreeze(cx);
    for (const act of ['talos-apply', 'talos-reboot']) await allOurs(cx, machines, act);
    return `${machines.length} machines, all ours`;
  },
};
export default phase;
