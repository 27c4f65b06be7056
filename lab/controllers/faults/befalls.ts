/** What the lab's controllers ask about the faults that are on. */
import type { ActiveFault, ControllerContext, KubeObject } from '../../world/types.ts';

type Asker = Pick<ControllerContext, 'cluster' | 'faults'>;

/** Every fault of that name that is on for this cluster. */
export function faultsOf(cx: Asker, name: string): readonly ActiveFault[] {
  return cx.faults.list().filter((fault) => fault.fault === name && (fault.cluster === cx.cluster || fault.cluster === '*'));
}

/** Whether the fault is on and about this object: it names it as `namespace/name` or by its name alone, or names none and so is about all of them. */
export function befalls(cx: Asker, name: string, object: KubeObject): boolean {
  const { namespace, name: own } = object.metadata;
  return faultsOf(cx, name).some((fault) => fault.object === undefined || fault.object === own || fault.object === `${namespace ?? ''}/${own}`);
}

/** An authority no other cluster knows, as the secret store's item holds it. */
export const OTHER_AUTHORITY: Readonly<Record<string, string>> = { CA_CRT: 'an authority that only this cluster knows', CA_KEY: 'its key' };

/** What a cluster reads of the mesh's authority while it was replaced in the secret store; undefined for anything else. */
export function otherAuthority(cx: Asker, item: string, field: string): string | undefined {
  return item === 'cilium-ca' && faultsOf(cx, 'mesh-ca-mismatch').length > 0 ? OTHER_AUTHORITY[field] : undefined;
}
