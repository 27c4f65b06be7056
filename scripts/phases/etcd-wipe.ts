import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { standings } from './destroy-preflight.ts';
import { BEFORE_BOOTSTRAP, controlPlanes, foreignEtcd, membership } from './etcd-membership.ts';
import { markOf, readSnapshotFile } from './etcd-snapshot-file.ts';
import { BACK_PATIENCE, emptied, etcdState, untilBack, WIPE } from './etcd-wiped.ts';
import { mayGo, settled } from './restore-preflight.ts';

/**
 * Takes the etcd data of every installed control plane: of all at once, because one that came back while others have a quorum
 * would join them again. Nobody leaves etcd first: there is nobody to leave to. Machines that hold none are left alone.
 */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'etcd-wipe',
  title: 'wipe etcd from the control planes',
  patience: 0,
  verify: [],
  async done(cx) {
    const planes = controlPlanes(cx);
    const faces = new Map(await Promise.all(planes.map(async (machine) => [machine.name, await cx.looking.talos.face(machine)] as const)));
    if (planes.every(({ name }) => faces.get(name)?.is === 'maintenance')) return 'no control plane is installed';
    const installed = planes.filter(({ name }) => faces.get(name)?.is !== 'maintenance');
    const found = await membership(cx, 'looking', { planes: installed });
    if (found.is === 'ours') {
      const snapshot = await readSnapshotFile(cx);
      try {
        return mayGo(cx, snapshot, found) === 'ours-already' ? `wiped before; etcd runs from this snapshot since ${markOf(cx, snapshot.sha256)?.at ?? 'then'}` : false;
      } catch (error) {
        // Where nothing is done anyway it is said what would be, which is nothing.
        if (!cx.dryRun || !(error instanceof Failure)) throw error;
        return error.message;
      }
    }
    if (found.is !== 'none' || installed.some(({ name }) => cx.actOpen(WIPE, name))) return false;
    const told = await cx.looking.talos.readEach('services', installed);
    const empty = installed.every(({ name }) => {
      const answer = told.get(name);
      return answer?.ok === true && answer.value.some((service) => service.id === 'etcd' && service.state === 'Preparing');
    });
    return empty ? `${names(installed)} hold no etcd data` : false;
  },
  async run(cx) {
    if (cx.dryRun) {
      for (const machine of controlPlanes(cx)) await cx.doors.talos.reset(machine, ORDER);
      return `would wipe etcd from ${names(controlPlanes(cx))}`;
    }
    for (const machine of controlPlanes(cx).filter(({ name }) => cx.actOpen(WIPE, name))) await untilBack(cx, machine);
    const standing = await standings(cx);
    const planes = controlPlanes(cx).filter(({ name }) => standing.get(name)?.is === 'installed');
    // What an earlier run brought back and only does not answer at this moment is not thrown away.
    const mark = markOf(cx, (await readSnapshotFile(cx)).sha256);
    const found = mark === undefined ? undefined : await settled(cx, planes);
    if (found?.is === 'ours') return `nothing: etcd runs from this snapshot since ${mark?.at ?? 'then'}`;
    if (found?.is === 'foreign') throw foreignEtcd(cx, found);
    const wiped = new Set<string>();
    for (let round = 1; ; round += 1) {
      const now = await each(planes, planes.length, async (machine) => (await wipe(cx, machine) ? [machine.name] : []), cx.signal, { what: 'wiping etcd', name: (machine) => machine.name });
      for (const name of now.flat()) wiped.add(name);
      const back = await withDataAgain(cx, planes);
      if (back.length === 0) return [...wiped].join(' ') || 'nothing left to wipe';
      if (round >= ROUNDS) throw new Failure({ exit: 'rerun', what: `etcd of ${names(back)} holds data again after it was wiped`, because: 'somebody brings etcd back, or the data is not on EPHEMERAL', hint: `talosctl -n ${back[0]?.address ?? ''} etcd members   shows whose it is` });
      cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `${names(back)} came back while the others still had a quorum, and joined them; wiping it once more` });
    }
  },
};
export default phase;

/** A machine that comes back too soon joins the others once, and then there are no others. */
const ROUNDS = 3;
const ORDER = { graceful: false, userDisks: [], labels: ['EPHEMERAL'] } as const;

/** False when there was nothing to wipe. */
async function wipe(cx: Cx, machine: Machine): Promise<boolean> {
  if (!cx.actOpen(WIPE, machine.name) && await etcdState(cx, machine) === 'Preparing') {
    progress(cx, machine, 'done', 'holds no etcd data');
    return false;
  }
  progress(cx, machine, 'working', 'wiping EPHEMERAL, rebooting');
  await cx.act(WIPE, machine.name, async () => emptied(cx, machine), async () => {
    await cx.doors.talos.reset(machine, ORDER);
    return 'EPHEMERAL wiped';
  });
  progress(cx, machine, 'done', 'etcd data gone');
  return true;
}

/**
 * Before etcd is bootstrapped anywhere, it must wait for that everywhere: data left on one machine would be another cluster's.
 * Waits until each control plane shows which it is, and answers those that hold data.
 */
async function withDataAgain(cx: Cx, planes: readonly Machine[]): Promise<readonly Machine[]> {
  return await cx.wait('etcd of every control plane to wait for its bootstrap', async () => {
    const told = await cx.doors.talos.readEach('services', planes);
    const holding: Machine[] = [];
    const reasons = planes.flatMap((machine) => {
      const answer = told.get(machine.name);
      if (answer?.ok !== true) {
        if (answer !== undefined && answer.failure.exit !== 'rerun') throw answer.failure;
        return [{ machine, because: answer?.failure.because ?? answer?.failure.what ?? 'nothing was said of it' }];
      }
      const state = answer.value.find((service) => service.id === 'etcd')?.state;
      if (state !== undefined && !BEFORE_BOOTSTRAP.has(state)) holding.push(machine);
      else if (state !== 'Preparing') return [{ machine, because: `etcd service is ${state ?? 'not there yet'}` }];
      return [];
    });
    const [first] = reasons;
    if (first === undefined) return { ok: true, value: holding };
    return { ok: false, because: `${first.machine.name}: ${first.because}`, done: planes.length - reasons.length, of: planes.length, hint: `talosctl -n ${first.machine.address} service etcd   shows it; then run the same command again` };
  }, { patience: BACK_PATIENCE, every: 1_000 }) ?? [];
}

const names = (machines: readonly Machine[]): string => machines.map((machine) => machine.name).join(' ');

function progress(cx: Cx, machine: Machine, state: 'working' | 'done', note: string): void {
  cx.emit({ type: 'progress', lane: cx.lane, step: cx.step, subject: machine.name, state, note });
}
