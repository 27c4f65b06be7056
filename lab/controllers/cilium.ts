/** What Cilium itself does once it runs: its operator registers its CRDs and a CiliumNode per node, its jobs write certificates. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, isTrue, sha256, text } from '../catalog/data.ts';
import { CILIUM_CERTIFICATES } from '../catalog/cilium-certificates.ts';
import { ciliumCrds } from '../catalog/crd-tables.ts';
import { deploymentUp } from './flux/common.ts';
import { isKind, type Controller } from './runtime.ts';

export function ciliumController(cx: ControllerContext): Controller {
  return {
    name: 'cilium',
    keys(event) {
      // The job itself may be gone by the time its work is looked at: Helm removes its hooks.
      if (isKind(event.object, 'batch/Job')) return event.object.metadata.name in CILIUM_CERTIFICATES && isTrue(event.object, 'Complete') ? [event.object.metadata.name] : [];
      return isKind(event.object, '/Node') || (isKind(event.object, 'apps/Deployment') && event.object.metadata.labels?.['io.cilium/app'] === 'operator') || event.object.metadata.name === 'ciliumnodes.cilium.io' ? ['all'] : [];
    },
    reconcile(key) {
      const certificates = CILIUM_CERTIFICATES[key];
      if (certificates !== undefined) {
        for (const name of certificates) certificate(cx, name);
        return undefined;
      }
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

/** Signed with the authority the cluster has; without one the job would have made its own, which no peer trusts. */
function certificate(cx: ControllerContext, name: string): void {
  const authority = cx.store.get({ apiVersion: 'v1', kind: 'Secret', name: 'cilium-ca', namespace: 'kube-system' })?.data?.['ca.crt'] ?? Buffer.from(`authority ${cx.cluster} made itself`).toString('base64');
  const secret: KubeObject = {
    apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata: { name, namespace: 'kube-system' },
    data: { 'ca.crt': authority, 'tls.crt': Buffer.from(`simulated certificate ${name} by ${sha256(authority).slice(0, 12)}`).toString('base64'), 'tls.key': Buffer.from(`simulated key ${sha256(`${cx.cluster}|${name}`)}`).toString('base64') },
  };
  cx.store.apply(secret, { manager: 'cilium-certgen', force: true });
}
