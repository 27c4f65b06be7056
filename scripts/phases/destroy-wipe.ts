import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { ToolFailure } from '../tools/proc.ts';
import type { Cx } from './context.ts';
import { areBare, standings } from './destroy-preflight.ts';
import { RESTORE_MARK } from './etcd-snapshot-file.ts';
import { forgetFrozen } from './flux-freeze.ts';
import { MINUTES } from './wait-phase.ts';

const ACT = 'wipe';
/** A reset that reboots; firmware with many disks takes its time. */
const BACK_PATIENCE = 15 * MINUTES;

/**
 * Wipes every machine: workers first and side by side, then the control planes one after another, so that each can leave
 * etcd while there is a quorum; the last has nobody to leave to and is forced. Each wipe is a once-only act.
 */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'wipe',
  title: 'wipe every machine and its data disks',
  patience: 0,
  verify: [],
  async done(cx) {
    return await areBare(cx, cx.cluster.machines) ? 'every machine is bare already' : false;
  },
  async run(cx) {
    const { machines } = cx.cluster;
    if (cx.dryRun) {
      for (const machine of machines) await cx.doors.talos.reset(machine, { graceful: true, userDisks: plannedDisks(machine) });
      return `would wipe ${machines.map((machine) => machine.name).join(' ')}`;
    }
    const standing = await standings(cx);
    const left = machines.filter((machine) => standing.get(machine.name)?.is === 'installed' || cx.actOpen(ACT, machine.name));
    const workers = left.filter((machine) => machine.role === 'worker');
    await each(workers, workers.length, async (machine) => wipe(cx, machine, true), cx.signal, { what: 'wiping the workers', name: (machine) => machine.name });
    // The first one last: it is where etcd was bootstrapped and where people look.
    const planes = left.filter((machine) => machine.role === 'controlplane').toReversed();
    for (const [index, machine] of planes.entries()) await wipe(cx, machine, index < planes.length - 1);
    forgetCluster(cx);
    return left.map((machine) => machine.name).join(' ');
  },
};
export default phase;

/** In a dry run nobody is asked: the disks are named as the configuration names them. */
export function plannedDisks(machine: Machine): readonly string[] {
  return Object.entries(machine.disks.data).map(([purpose, selector]) => selector.id ?? `<${purpose}:${selector.model ?? ''}>`);
}

/** Wipes one machine and its data disks, once, and waits until it is bare. `force`: one that cannot leave etcd is wiped all the same, which is right only when the whole cluster goes. */
export async function wipe(cx: Cx, machine: Machine, graceful: boolean, { force } = { force: true }): Promise<void> {
  progress(cx, machine, 'working', graceful ? 'leaving etcd, wiping, rebooting' : 'wiping, rebooting');
  await cx.act(ACT, machine.name, async () => wiped(cx, machine), async () => {
    const userDisks = await devicesOf(cx, machine);
    try {
      await cx.doors.talos.reset(machine, { graceful, userDisks });
    } catch (error) {
      if (!graceful || !force || !cannotLeave(error)) throw error;
      cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `${machine.name} could not leave etcd (${error.because ?? error.what}); wiping it by force, which is right when the whole cluster goes` });
      await cx.doors.talos.reset(machine, { graceful: false, userDisks });
    }
    return `STATE, EPHEMERAL${userDisks.map((device) => `, ${device}`).join('')} wiped`;
  });
  await cx.wait(`${machine.name} to come back in maintenance mode`, async () => {
    const face = await cx.doors.talos.face(machine);
    if (face.is === 'maintenance') return { ok: true, value: true };
    return { ok: false, because: face.is === 'closed' ? `${machine.name}: ${face.because}` : `${machine.name} still runs its installed system`, hint: 'look at its console; then run the same command again' };
  }, { patience: BACK_PATIENCE, every: 1_000 });
  progress(cx, machine, 'done', 'bare');
}

/** talosctl tells a reset that could not leave etcd by the task's name and etcd's own words. */
function cannotLeave(error: unknown): error is ToolFailure {
  return error instanceof ToolFailure && /leaveEtcd|failed to leave cluster|not enough started members|etcdserver/.test(error.stderr);
}

async function devicesOf(cx: Cx, machine: Machine): Promise<readonly string[]> {
  const disks = await cx.doors.talos.dataDisks(machine, 'installed');
  const missing = disks.filter((disk) => disk.device === undefined);
  if (missing.length > 0) {
    throw new Failure({
      exit: 'rerun', what: `${machine.name}: its data ${missing.length === 1 ? 'disk' : 'disks'} ${missing.map((disk) => disk.purpose).join(', ')} cannot be told among its disks, so it was not wiped`,
      hint: `talosctl -n ${machine.address} get disks shows them; mend disks.data in ${cx.cluster.file}`,
    });
  }
  return disks.flatMap((disk) => disk.device ?? []);
}

/** What became of a wipe that never reported back: a machine without configuration has been wiped, one that runs has not. */
async function wiped(cx: Cx, machine: Machine): Promise<'done' | 'not-done' | 'unknown'> {
  const face = await cx.wait(`${machine.name} to show whether it was wiped`, async () => {
    const now = await cx.doors.talos.face(machine);
    return now.is === 'closed' ? { ok: false, because: `${machine.name}: ${now.because}` } : { ok: true, value: now };
  }, { patience: BACK_PATIENCE, every: 2_000 });
  if (face?.is === 'maintenance') return 'done';
  return face?.is === 'installed' && face.ours === true ? 'not-done' : 'unknown';
}

/** Only this cluster's own files; another cluster's, and whatever the operator keeps in ~/.kube, are not ours to touch. */
function forgetCluster(cx: Cx): void {
  for (const name of ['kubeconfig', 'kubeconfig.dial', 'applied.json', RESTORE_MARK]) rmSync(join(cx.clusterDir, name), { force: true });
  forgetFrozen(cx);
}

function progress(cx: Cx, machine: Machine, state: 'working' | 'done', note: string): void {
  cx.emit({ type: 'progress', lane: cx.lane, step: cx.step, subject: machine.name, state, note });
}
