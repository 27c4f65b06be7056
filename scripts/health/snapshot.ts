import { interrupted } from '../engine/failure.ts';
import type { LookContext } from './look.ts';
import { readKube } from './snapshot-kube.ts';
import { readTalos } from './snapshot-talos.ts';
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
  const [talos, kube] = await Promise.all([readTalos(cx, asked), readKube(cx, asked)]);
  return { at, site: cx.site, cluster: cx.cluster, ...talos, ...kube };
}
