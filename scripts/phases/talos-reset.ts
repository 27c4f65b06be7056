import { Failure } from '../engine/failure.ts';
import type { Machine } from '../config/cluster.ts';
import type { Question, WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { chosenMachine, progress } from './machines/chosen.ts';
import { cordon, drain, drainDeadline } from './machines/drain.ts';
import { untilEtcdWell, untilNodesReady } from './machines/gates.ts';
import { refuseFreeze } from './machines/standing.ts';
import { areBare } from './destroy-preflight.ts';
import { plannedDisks, wipe } from './destroy-wipe.ts';

/** Takes one machine out of its cluster and wipes it: drained, out of etcd, bare with clean data disks, and no node any more. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'talos-reset',
  title: 'take one machine out and wipe it',
  patience: 0,
  verify: [],
  async done(cx) {
    const machine = chosenMachine(cx);
    if (!await areBare(cx, [machine])) return false;
    return (await cx.looking.kube.get(KINDS.Node, machine.name)) === null ? `${machine.name} is bare, and no node` : false;
  },
  async run(cx) {
    const machine = chosenMachine(cx);
    if (cx.dryRun) {
      await cordon(cx, machine);
      await cx.doors.talos.reset(machine, { graceful: true, userDisks: plannedDisks(machine) });
      await cx.doors.kube.delete(KINDS.Node, machine.name);
      return `would wipe ${machine.name}`;
    }
    const others = cx.cluster.machines.filter((other) => other !== machine);
    if (others.length === 0) throw new Failure({ exit: 'rerun', what: `${machine.name} is the only machine of ${cx.cluster.name}`, hint: `task cluster:destroy CLUSTER=${cx.cluster.name} is what takes a whole cluster` });
    refuseFreeze(cx);
    await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
    if (!await areBare(cx, [machine])) await takeOut(cx, machine);
    // A node without a machine would stay, NotReady, and with it the pods of its DaemonSets.
    await cx.doors.kube.delete(KINDS.Node, machine.name);
    progress(cx, machine, 'done', 'bare, and no node any more');
    return `${machine.name} wiped; task talos:node-add CLUSTER=${cx.cluster.name} NODE=${machine.name} brings it back`;
  },
};
export default phase;

/** Drains a machine that runs, lets it leave etcd while the others have a quorum, and wipes it and its data disks. */
export async function takeOut(cx: Cx, machine: Machine): Promise<void> {
  await untilNodesReady(cx, cx.cluster.machines.filter((other) => other.name !== machine.name));
  await untilEtcdWell(cx, machine);
  await cordon(cx, machine);
  await drain(cx, machine, drainDeadline(cx));
  await untilEtcdWell(cx, machine);
  await wipe(cx, machine, true, { force: false });
}

/** What is about to be lost, before the machine's name is asked for. */
export async function askReset(cx: Cx): Promise<Question> {
  const machine = chosenMachine(cx);
  const face = cx.dryRun ? undefined : await cx.looking.talos.face(machine);
  return {
    title: `Point of no return: wipe ${machine.name}`,
    facts: [
      ['target', cx.site.target.label],
      ['machine', `${machine.name} (${machine.address}, ${machine.role})${face?.is === 'installed' && face.ours === true ? ', proven ours by its certificate' : ''}`],
      ['disks', `system${Object.keys(machine.disks.data).map((purpose) => `, ${purpose}`).join('')}`],
      ['lost', 'what its data disks hold: copies elsewhere (Ceph, databases with replicas) are not looked for'],
      ['etcd', machine.role === 'controlplane' ? 'it leaves etcd first, while the others have a quorum' : 'it is no member'],
    ],
    word: machine.name,
  };
}
