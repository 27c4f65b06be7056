/** Pods and the volumes they use: who waits for one, who finds it taken, who leaves something in it. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, iso, list, plain, text } from '../../catalog/data.ts';
import { contentOf, putContent } from './memory.ts';

/** How a container ended: its termination message and what it said. */
export interface Inside { readonly exitCode: number; readonly message?: string; readonly log?: string }

/** Names of the claims a pod mounts. */
export function claimNames(pod: KubeObject): readonly string[] {
  return list(pod.spec?.['volumes']).map(plain).flatMap((volume) => text(at(volume, 'persistentVolumeClaim.claimName')) ?? []);
}
export function claimsOf(cx: ControllerContext, pod: KubeObject): readonly KubeObject[] {
  return claimNames(pod).flatMap((name) => cx.store.get({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace: pod.metadata.namespace ?? 'default' }) ?? []);
}

/** Why the scheduler does not place a pod yet for its claims' sake, in its words; undefined when nothing is in the way. */
export function unboundClaim(cx: ControllerContext, pod: KubeObject, nodes: number): string | undefined {
  const names = claimNames(pod);
  if (names.length === 0) return undefined;
  const claims = claimsOf(cx, pod);
  const missing = names.find((name) => !claims.some((claim) => claim.metadata.name === name));
  const tail = `preemption: 0/${nodes} nodes are available: ${nodes} Preemption is not helpful for scheduling.`;
  if (missing !== undefined) return `0/${nodes} nodes are available: persistentvolumeclaim "${missing}" not found. ${tail}`;
  return claims.some((claim) => claim.status?.['phase'] !== 'Bound') ? `0/${nodes} nodes are available: pod has unbound immediate PersistentVolumeClaims. ${tail}` : undefined;
}

/** A volume that is one node's at a time is held by a pod on another. */
export function claimTrouble(cx: ControllerContext, pod: KubeObject): { readonly reason: string; readonly message: string } | undefined {
  for (const claim of claimsOf(cx, pod)) {
    if (!list(at(claim.spec, 'accessModes')).includes('ReadWriteOnce')) continue;
    const holders = cx.store.list('v1', 'Pod', pod.metadata.namespace).filter((other) => other.metadata.uid !== pod.metadata.uid && other.spec?.['nodeName'] !== undefined && other.spec['nodeName'] !== pod.spec?.['nodeName']
      && other.status?.['phase'] === 'Running' && other.metadata.deletionTimestamp === undefined && claimNames(other).includes(claim.metadata.name));
    if (holders.length > 0) return { reason: 'ContainerCreating', message: `Multi-Attach error for volume "pvc-${claim.metadata.uid ?? ''}" Volume is already used by pod(s) ${holders.map((other) => other.metadata.name).join(', ')}` };
  }
  return undefined;
}

/** Whoever runs with an empty volume begins it anew: that is what a fresh start looks like from inside. */
export function leavesBehind(cx: ControllerContext, pod: KubeObject): void {
  // What is in a database is its own affair (databases.ts).
  if (pod.metadata.labels?.['cnpg.io/cluster'] !== undefined) return;
  for (const claim of claimsOf(cx, pod)) {
    if (Object.keys(contentOf(cx, claim)).length === 0) putContent(cx, claim, { [`${claim.metadata.name}.csv`]: `${iso(cx.clock.now())} opened` });
  }
}
