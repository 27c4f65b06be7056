import { each } from '../../engine/each.ts';
import { Failure } from '../../engine/failure.ts';
import type { Machine } from '../../config/cluster.ts';
import type { Cx } from '../context.ts';
import { untilEarlierIsOver } from './turn.ts';

/** What OVERRIDE accepts by name on the days of a change freeze. */
export const CHANGE_FREEZE = 'change-freeze';

/**
 * Writes the talosconfig and proves that each of these machines is installed and ours. One that an earlier run told to do `act`
 * and did not see back is given the time for it. Throws one Failure (75) that names every one that is not.
 */
export async function allOurs(cx: Cx, machines: readonly Machine[], act: string): Promise<void> {
  await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
  await untilEarlierIsOver(cx, act, machines);
  await each(machines, machines.length, async (machine) => {
    const face = await cx.doors.talos.face(machine);
    if (face.is === 'installed' && face.ours === true) return;
    const because = face.is === 'closed' ? `it does not answer: ${face.because}` : face.is === 'maintenance' ? 'it is in maintenance mode' : `its Talos API is signed by ${face.issuer}, not by the machine CA of ${machine.cluster}`;
    throw new Failure({ exit: 'rerun', what: `${machine.name} (${machine.address}) is not an installed machine of ${machine.cluster}`, because, hint: `task cluster:status CLUSTER=${machine.cluster}; nothing was changed` });
  }, cx.signal, { what: 'looking at the machines', name: (machine) => machine.name });
}

/** On site a change freeze of bootstrap/calendar.yaml refuses what takes machines away, unless OVERRIDE names it. Throws a Failure (75). */
export function refuseFreeze(cx: Cx): void {
  if (cx.site.target.kind === 'lab') return;
  const today = new Date(cx.clock.now()).toISOString().slice(0, 10);
  const freeze = cx.site.calendar.find(({ from, until }) => from <= today && today <= until);
  if (freeze === undefined) return;
  if (cx.overrides.has(CHANGE_FREEZE)) {
    cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `in the change freeze ${freeze.name} (${freeze.from} to ${freeze.until}), as OVERRIDE=${CHANGE_FREEZE} allows` });
    return;
  }
  throw new Failure({ exit: 'rerun', what: `machines are not taken away from ${freeze.from} to ${freeze.until}`, because: freeze.because, hint: `to do it all the same: OVERRIDE=${CHANGE_FREEZE} (journalled)` });
}
