import { Failure } from '../engine/failure.ts';
import type { Question, WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { controlPlanes } from './etcd-membership.ts';
import { chosenMachine, progress } from './machines/chosen.ts';
import { seeEtcd, untilEtcdWell, untilNodesReady } from './machines/gates.ts';
import { remember, replacing } from './machines/replacing.ts';
import { refuseFreeze } from './machines/standing.ts';
import { plannedDisks, wipe } from './destroy-wipe.ts';
import { takeOut } from './talos-reset.ts';

/**
 * Takes the old machine out of its cluster, whatever is left of it: one that runs is drained and wiped, of one that is dead or
 * exchanged already only its membership and its node are left to remove. The one that takes its place has the same name, address and role.
 */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'node-gone',
  title: 'take the old machine out of the cluster',
  patience: 0,
  verify: [],
  async done(cx) {
    const machine = chosenMachine(cx);
    const mark = replacing(cx, machine);
    return mark?.bare === true ? `taken out at ${new Date(mark.at).toISOString()}; what is there now is the new one` : false;
  },
  async run(cx) {
    const machine = chosenMachine(cx);
    if (cx.dryRun) {
      await cx.doors.talos.reset(machine, { graceful: true, userDisks: plannedDisks(machine) });
      await cx.doors.kube.delete(KINDS.Node, machine.name);
      return `would take ${machine.name} out, wiped if it runs, by its membership and its node if it does not`;
    }
    refuseFreeze(cx);
    await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
    const others = cx.cluster.machines.filter(({ name }) => name !== machine.name);
    if (!others.some(({ role }) => role === 'controlplane')) throw new Failure({ exit: 'rerun', what: `${machine.name} is the only control plane of ${cx.cluster.name}`, hint: `task cluster:destroy CLUSTER=${cx.cluster.name}, then cluster:create; or etcd:restore from a snapshot` });
    const face = await cx.doors.talos.face(machine);
    if (face.is === 'installed' && face.ours !== true) throw new Failure({ exit: 'look', what: `at ${machine.address} answers a machine that is not ${cx.cluster.name}'s`, because: `its Talos API is signed by ${face.issuer}`, hint: `check cabling and the addresses in ${cx.cluster.file}; nothing was changed` });
    if (face.is === 'maintenance') await proven(cx, machine);
    await untilNodesReady(cx, others);
    await untilEtcdWell(cx, machine);
    if (face.is === 'installed') {
      if (await memberId(cx, machine) === undefined) await wipe(cx, machine, false);
      else await takeOut(cx, machine);
    }
    const removed = await removeMember(cx, machine);
    await cx.doors.kube.delete(KINDS.Node, machine.name);
    remember(cx, machine, { at: cx.clock.now(), bare: face.is !== 'closed' });
    if (face.is === 'closed') {
      throw new Failure({
        exit: 'rerun', what: `${machine.name} is out of ${cx.cluster.name}; the machine that takes its place does not answer yet`, because: face.because, leftBehind: `${cx.cluster.name} without ${machine.name}, well`,
        hint: `boot the new machine from its medium (task talos:iso) at ${machine.address}, write its disks and cards into ${cx.cluster.file} (task talos:discover), and run the same command again`,
      });
    }
    progress(cx, machine, 'done', 'out of the cluster, bare');
    return `${machine.name} is bare${removed ? '; its membership of etcd was removed' : ''}; no node any more`;
  },
};
export default phase;

async function proven(cx: Cx, machine: Machine): Promise<void> {
  const answer = await cx.doors.talos.identify(machine);
  if ('by' in answer) return;
  throw new Failure({ exit: 'rerun', what: `the machine at ${machine.address} is not ${machine.name} as ${cx.cluster.file} has it`, because: answer.because, hint: `new hardware has other disks and cards: task talos:discover shows them; write them into ${cx.cluster.file} and run the same command again; nothing was changed` });
}

async function memberId(cx: Cx, machine: Machine): Promise<string | undefined> {
  const seen = await seeEtcd(cx, controlPlanes(cx).filter(({ name }) => name !== machine.name));
  if (seen.members === undefined) throw new Failure({ exit: 'rerun', what: `nobody tells who belongs to etcd of ${cx.cluster.name}`, hint: `task etcd:status CLUSTER=${cx.cluster.name}` });
  return seen.members.find(({ hostname }) => hostname === machine.name)?.id;
}

/** A member whose machine is gone counts against the quorum until it is removed. False when there is none. */
async function removeMember(cx: Cx, machine: Machine): Promise<boolean> {
  const id = await memberId(cx, machine);
  const through = controlPlanes(cx).find(({ name }) => name !== machine.name);
  if (id === undefined || through === undefined) return false;
  await cx.act('etcd-remove-member', machine.name, async () => (await memberId(cx, machine) === undefined ? 'done' : 'not-done'), async () => {
    await cx.doors.day2.etcdRemoveMember(through, id);
    return `member ${id} removed through ${through.name}`;
  });
  return true;
}

/** What is about to be lost, before the machine's name is asked for. */
export async function askReplace(cx: Cx): Promise<Question> {
  const machine = chosenMachine(cx);
  const face = cx.dryRun ? undefined : await cx.looking.talos.face(machine);
  const now = face === undefined ? 'not asked' : face.is === 'installed' ? 'runs: it is drained, leaves etcd, and is wiped with its data disks' : face.is === 'maintenance' ? 'bare: the new machine is there' : `does not answer (${face.because}): its membership of etcd and its node are removed; if it only cannot be reached from here and still runs, it must not come back`;
  return {
    title: `Point of no return: replace ${machine.name}`,
    facts: [['target', cx.site.target.label], ['machine', `${machine.name} (${machine.address}, ${machine.role})`], ['now', now], ['lost', `what is on its disks: system${Object.keys(machine.disks.data).map((purpose) => `, ${purpose}`).join('')}`], ['then', 'the machine at that address is installed anew, joins etcd and becomes a node']],
    word: machine.name,
  };
}
