import { Failure } from '../engine/failure.ts';
import type { Question, WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { chosenMachine, names } from './machines/chosen.ts';
import { untilEtcdWell } from './machines/gates.ts';
import { refuseFreeze } from './machines/standing.ts';
import { standings } from './destroy-preflight.ts';

/** Before a machine is added: it is the only bare one, and etcd of the others is well, so that it may join. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'node-preflight',
  title: 'whether the cluster can take the machine',
  patience: 0,
  verify: [],
  async done() {
    // Never: who answered an hour ago proves nothing now.
    return false;
  },
  async run(cx) {
    const machine = chosenMachine(cx);
    if (cx.dryRun) return `would prove that ${machine.name} may join ${cx.cluster.name}`;
    refuseFreeze(cx);
    const standing = await standings(cx);
    const bare = cx.cluster.machines.filter(({ name }) => standing.get(name)?.is === 'maintenance');
    const others = bare.filter(({ name }) => name !== machine.name);
    if (others.length > 0) throw new Failure({ exit: 'rerun', what: `${names(others)} ${others.length === 1 ? 'is' : 'are'} bare as well`, because: `NODE names ${machine.name} alone, and applying would configure every bare machine`, hint: `task bootstrap:talos CLUSTER=${cx.cluster.name} brings up all of them; or power the others off; nothing was changed` });
    if (bare.length === cx.cluster.machines.length) throw new Failure({ exit: 'rerun', what: `there is no cluster ${cx.cluster.name} to add ${machine.name} to`, hint: `task cluster:create CLUSTER=${cx.cluster.name}` });
    if (bare.length === 0) return `${machine.name} is installed already`;
    await untilEtcdWell(cx, machine.role === 'controlplane' ? machine : undefined);
    return `${machine.name} is bare, proven by its disks or cards; the others are well`;
  },
};
export default phase;

/** What is about to be installed, before it is asked for. */
export function askAdd(cx: Cx): Question {
  const machine = chosenMachine(cx);
  return {
    title: `Add ${machine.name} to ${cx.cluster.name}`,
    facts: [
      ['target', cx.site.target.label],
      ['machine', `${machine.name} (${machine.address}, ${machine.role}), as ${cx.cluster.file} has it`],
      ['disks', `Talos is installed on its system disk${Object.keys(machine.disks.data).length === 0 ? '' : `; ${Object.keys(machine.disks.data).join(', ')} are taken into use`}`],
    ],
    word: undefined,
  };
}
