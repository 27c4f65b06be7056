import { Failure } from '../engine/failure.ts';
import type { Machine } from '../config/cluster.ts';
import type { Cx } from './context.ts';
import { BEFORE_BOOTSTRAP } from './etcd-membership.ts';
import { MINUTES } from './wait-phase.ts';

/** The once-only act of taking a control plane's etcd data, by machine. */
export const WIPE = 'etcd-wipe';
/** A reset that reboots, and the pull of etcd's image after it. */
export const BACK_PATIENCE = 15 * MINUTES;
/** Stages of a machine that is still at something it was told before. */
const LEAVING = /resetting|rebooting|shutting/i;
/** A machine with data passes through "Preparing" at every boot: only one that stays so has none. */
const QUIET_MS = 20_000;
const QUIET_ANSWERS = 4;

/** The state of one machine's etcd service, as it says now. Throws what kept it from saying so. */
export async function etcdState(cx: Cx, machine: Machine): Promise<string> {
  return (await cx.doors.talos.services(machine)).find((service) => service.id === 'etcd')?.state ?? 'absent';
}

/** Waits until a machine that may have been told to reset is through with it, in whichever face it comes back. */
export async function untilBack(cx: Cx, machine: Machine): Promise<void> {
  await cx.wait(`${machine.name} to be back from what an earlier run told it`, async () => {
    const seen = await look(cx, machine);
    return 'because' in seen ? { ok: false, because: `${machine.name}: ${seen.because}`, hint: 'look at its console; then run the same command again' } : { ok: true, value: true };
  }, { patience: BACK_PATIENCE, every: 2_000 });
}

/** What became of a wipe that never reported back: etcd that stays without data has been wiped, etcd that begins with data has not. */
export async function emptied(cx: Cx, machine: Machine): Promise<'done' | 'not-done' | 'unknown'> {
  let quiet = 0;
  let quietSince = cx.clock.now();
  const answer = await cx.wait(`${machine.name} to show whether its etcd data is gone`, async () => {
    const seen = await look(cx, machine);
    if ('because' in seen) {
      quiet = 0;
      return { ok: false, because: `${machine.name}: ${seen.because}` };
    }
    if (seen.etcd === undefined) return { ok: true, value: seen.face === 'maintenance' ? 'done' as const : 'unknown' as const };
    if (!BEFORE_BOOTSTRAP.has(seen.etcd) && seen.etcd !== 'absent') return { ok: true, value: 'not-done' as const };
    quiet = seen.etcd === 'Preparing' ? quiet + 1 : 0;
    if (quiet === 1) quietSince = cx.clock.now();
    if (quiet >= QUIET_ANSWERS && cx.clock.now() - quietSince >= QUIET_MS) return { ok: true, value: 'done' as const };
    return { ok: false, because: `${machine.name}: etcd service is ${seen.etcd}` };
  }, { patience: BACK_PATIENCE, every: 3_000 });
  return answer ?? 'unknown';
}

type Seen = { readonly because: string } | { readonly face: 'maintenance' | 'stranger'; readonly etcd: undefined } | { readonly face: 'installed'; readonly etcd: string };

async function look(cx: Cx, machine: Machine): Promise<Seen> {
  const face = await cx.doors.talos.face(machine);
  if (face.is === 'closed') return { because: face.because };
  if (face.is === 'maintenance') return { face: 'maintenance', etcd: undefined };
  if (face.ours !== true) return { face: 'stranger', etcd: undefined };
  try {
    const { stage } = await cx.doors.talos.stage(machine);
    if (LEAVING.test(stage)) return { because: `it is ${stage}` };
    return { face: 'installed', etcd: await etcdState(cx, machine) };
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
    return { because: error.because ?? error.what };
  }
}
