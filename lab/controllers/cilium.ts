/** What Cilium itself registers once its operator runs: its CRDs, and a CiliumNode per node. */
import type { ControllerContext } from '../world/types.ts';
import { at, text } from '../catalog/data.ts';
import { ciliumCrds } from '../catalog/crd-tables.ts';
import { deploymentUp } from './flux/common.ts';
import { isKind, type Controller } from './runtime.ts';

export function ciliumController(cx: ControllerContext): Controller {
  return {
    name: 'cilium',
    keys: (event) => (isKind(event.object, '/Node') || (isKind(event.object, 'apps/Deployment') && event.object.metadata.labels?.['io.cilium/app'] === 'operator') || event.object.metadata.name === 'ciliumnodes.cilium.io' ? ['all'] : []),
    reconcile() {
      if (!deploymentUp(cx, { 'io.cilium/app': 'operator' })) return undefined;
      for (const crd of ciliumCrds()) if (cx.store.get({ apiVersion: crd.apiVersion, kind: crd.kind, name: crd.metadata.name }) === undefined) cx.store.create(crd);
      if (cx.store.typeOf('cilium.io/v2', 'CiliumNode') === undefined) return 1_000;
      for (const node of cx.store.list('v1', 'Node')) {
        if (cx.store.get({ apiVersion: 'cilium.io/v2', kind: 'CiliumNode', name: node.metadata.name }) !== undefined) continue;
        cx.store.create({
          apiVersion: 'cilium.io/v2', kind: 'CiliumNode',
          metadata: { name: node.metadata.name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid ?? '' }] },
          spec: { addresses: [{ type: 'InternalIP', ip: cx.clusterFile.machines.find((machine) => machine.name === node.metadata.name)?.address ?? '' }], ipam: { podCIDRs: [text(at(node.spec, 'podCIDR')) ?? ''] } },
        });
      }
      return undefined;
    },
  };
}
