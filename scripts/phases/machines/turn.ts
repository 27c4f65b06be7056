import type { Machine } from '../../config/cluster.ts';
import { Failure } from '../../engine/failure.ts';
import type { Cx } from '../context.ts';
import { controlPlanes } from '../etcd-membership.ts';
import { MINUTES } from '../wait-phase.ts';
import { progress } from './chosen.ts';
import { cordon, drain, drainDeadline, uncordon } from './drain.ts';
import { untilEtcdWell, untilNodesReady } from './gates.ts';

/** Firmware, a boot, images that are pulled anew. */
export const BACK_PATIENCE = 15 * MINUTES;
/** Stages of a machine that is at something it was told, in Talos' words. */
const UNDER_WAY = /upgrading|resetting|rebooting|shutting|installing/i;

/** A machine as it answers: what it runs and which boot it is. */
export interface Back { readonly version: string; readonly bootId: string; readonly stage: string }

/**
 * Waits until a machine is through with whatever it was told, and answers as one of ours again. `from`: the boot it was told
 * in, which has to be over; without it a machine that is at nothing has come back already.
 */
export async function untilBack(cx: Cx, machine: Machine, from?: string, patience = BACK_PATIENCE): Promise<Back> {
  const back = await cx.wait(`${machine.name} to be back`, async () => {
    const seen = await look(cx, machine);
    if ('because' in seen) return { ok: false, because: `${machine.name}: ${seen.because}`, hint: `look at its console: does it hang in the boot? then run the same command again` };
    if (UNDER_WAY.test(seen.stage)) return { ok: false, because: `${machine.name} is ${seen.stage}` };
    if (seen.bootId === from) return { ok: false, because: `${machine.name} has not gone down yet (stage ${seen.stage})`, hint: `talosctl -n ${machine.address} dmesg tells what it does; then run the same command again` };
    return { ok: true, value: seen };
  }, { patience, every: 2_000 });
  if (back === undefined) throw new Failure({ exit: 'bug', what: 'a dry run waited for a machine', hint: 'please report this; nothing was done' });
  return back;
}

async function look(cx: Cx, machine: Machine): Promise<Back | { readonly because: string }> {
  const face = await cx.doors.talos.face(machine);
  if (face.is === 'closed') return { because: face.because };
  if (face.is === 'maintenance') throw new Failure({ exit: 'look', what: `${machine.name} came back in maintenance mode: it has lost its configuration`, because: 'its STATE partition is empty or cannot be read', hint: `look at its system disk; task talos:node-replace CLUSTER=${machine.cluster} NODE=${machine.name} makes it anew` });
  if (face.ours !== true) throw new Failure({ exit: 'look', what: `at ${machine.address} answers a machine that is not ${machine.name}`, because: `its Talos API is signed by ${face.issuer}`, hint: `task cluster:status CLUSTER=${machine.cluster}` });
  try {
    const [{ stage }, version, bootId] = await Promise.all([cx.doors.talos.stage(machine), cx.doors.talos.version(machine), cx.doors.day2.bootId(machine)]);
    return { stage, version, bootId };
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
    return { because: error.because ?? error.what };
  }
}

/** What one machine is taken away for. */
export interface Turn {
  /** Completes "before it ..." and names the act in the journal. */
  readonly act: string;
  /** Whether what was begun before (by a run that was killed) has happened. */
  proof(machine: Machine): Promise<'done' | 'not-done' | 'unknown'>;
  /** Tells the machine, and waits until it is back from it: the act stays open in the journal until then. The sentence goes there. */
  begin(machine: Machine): Promise<string>;
  /** Sees that the machine is as it has to be. May put it back as it was, and throws then. */
  arrived(machine: Machine): Promise<string>;
}

/**
 * One machine's turn: nobody else may be missing, it is drained, goes, comes back, and everything is whole again before the
 * next. Whatever fails leaves the others alone. A dry run only tells what it would write.
 */
export async function takeTurn(cx: Cx, machine: Machine, turn: Turn): Promise<void> {
  if (cx.dryRun) {
    await cordon(cx, machine);
    await turn.begin(machine);
    await uncordon(cx, machine);
    return;
  }
  const others = cx.cluster.machines.filter((other) => other.name !== machine.name);
  progress(cx, machine, 'working', 'asking whether it can be spared');
  await untilNodesReady(cx, others);
  await untilEtcdWell(cx, machine);
  progress(cx, machine, 'working', 'draining');
  await cordon(cx, machine);
  await drain(cx, machine, drainDeadline(cx));
  // Draining took its time, in which something else may have gone.
  await untilEtcdWell(cx, machine);
  progress(cx, machine, 'working', turn.act);
  await cx.act(turn.act, machine.name, async () => turn.proof(machine), async () => turn.begin(machine));
  progress(cx, machine, 'done', await arrive(cx, machine, turn));
}

/** The end of a turn, also of one that an earlier run did not see: back, whole, taking pods again. */
export async function arrive(cx: Cx, machine: Machine, turn: Pick<Turn, 'arrived'>): Promise<string> {
  const said = await turn.arrived(machine);
  await untilEtcdWell(cx, undefined);
  await untilNodesReady(cx, [machine]);
  await uncordon(cx, machine);
  return said;
}

/** Waits for those of these machines that an earlier run told something and did not see back: they may be in the middle of it. */
export async function untilEarlierIsOver(cx: Cx, act: string, machines: readonly Machine[]): Promise<void> {
  if (cx.dryRun) return;
  for (const machine of machines.filter(({ name }) => cx.actOpen(act, name))) await untilBack(cx, machine);
}

/** Control planes first, as Talos wants it of upgrades, the one that leads etcd as the last of them: so leadership moves once. Then the workers. */
export async function inOrder(cx: Cx, machines: readonly Machine[]): Promise<readonly Machine[]> {
  const workers = machines.filter(({ role }) => role === 'worker');
  const planes = machines.filter(({ role }) => role === 'controlplane');
  if (cx.dryRun || planes.length < 2) return [...planes, ...workers];
  const status = await cx.looking.talos.readEach('etcdStatus', controlPlanes(cx));
  const leads = planes.find(({ name }) => {
    const told = status.get(name);
    return told?.ok === true && told.value.leader === told.value.memberId;
  });
  return [...planes.filter((machine) => machine !== leads), ...(leads === undefined ? [] : [leads]), ...workers];
}
