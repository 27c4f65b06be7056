/** What the simulated backups ask about the faults that are on. */
import type { ActiveFault, ControllerContext, KubeObject } from '../../world/types.ts';
import { befalls, faultsOf } from '../faults/befalls.ts';

/** The object store does not answer. */
export function befallsStore(cx: ControllerContext): boolean { return faultsOf(cx, 'store-down').length > 0; }

/** The fault that is about this volume's backups: named by the claim (`namespace/name`, or its name alone), or about all of them. */
export function volumeFault(cx: ControllerContext, name: string, of: { readonly namespace: string; readonly volume: string }): ActiveFault | undefined {
  const object: KubeObject = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { namespace: of.namespace, name: of.volume } };
  return befalls(cx, name, object) ? faultsOf(cx, name)[0] : undefined;
}
