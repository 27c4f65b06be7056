import { Failure } from '../engine/failure.ts';
import type { Kube } from '../tools/doors.ts';
import type { TargetFile } from '../config/target.ts';
import type { KubeObject } from '../config/cluster.ts';
import { FINGERPRINT_KINDS, sectionsOf, type Fingerprint } from './fingerprint.ts';

/**
 * Reads a cluster's fingerprint. A list that cannot be read is named with its reason; a kind the API does not serve is an empty
 * list, which is a fact of its own. Throws only the run's interruption and bugs.
 */
export async function readFingerprint(kube: Pick<Kube, 'list'>, cluster: string, target: Pick<TargetFile, 'id' | 'engine' | 'speed'>): Promise<Fingerprint> {
  const lists: Record<string, readonly KubeObject[]> = {};
  const missing: Record<string, string> = {};
  await Promise.all(Object.entries(FINGERPRINT_KINDS).map(async ([name, kind]) => {
    try {
      lists[name] = (await kube.list(kind)).items;
    } catch (error) {
      if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
      missing[name] = error.because ?? error.what;
    }
  }));
  return { format: 1, cluster, at: new Date().toISOString(), target: { id: target.id, engine: target.engine, speed: target.speed }, ...sectionsOf(lists, missing) };
}
