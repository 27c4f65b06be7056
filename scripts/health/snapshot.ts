import { interrupted } from '../engine/failure.ts';
import { KINDS, listKey } from './kinds.ts';
import type { LookContext } from './look.ts';
import { readKube } from './snapshot-kube.ts';
import { readTalos, versionsOf } from './snapshot-talos.ts';
import type { Layer, Snapshot } from './snapshot.types.ts';

export type { LookContext } from './look.ts';

/**
 * One look at one cluster: the layers asked for, each part of the world read once, machines and API side by side.
 * Whatever cannot be read is a reading that says why; what stands on something that did not answer is not tried
 * (`not reached: ...`). Throws only the run's interruption.
 */
export async function readSnapshot(cx: LookContext, layers: readonly Layer[]): Promise<Snapshot> {
  if (cx.signal.aborted) throw interrupted(cx.signal.reason);
  const asked = new Set(layers);
  const at = cx.clock.now();
  const asking = readKube(cx, asked);
  const [talos, kube] = await Promise.all([readTalos(cx, asked, async () => (asked.has('nodes') ? versionsOf((await asking).lists[listKey(KINDS.nodes)]) : new Map())), asking]);
  return { at, site: cx.site, cluster: cx.cluster, ...talos, ...kube };
}
