import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Scratch, type Change } from '../config/scratch.ts';

/**
 * Why the earlier tree could never converge, each as a mistake planted in a copy of ours, and the check that refuses it before
 * any cluster sees it. Defects that are not a matter of files alone are in components.test.ts and networking.test.ts.
 */

interface Defect { readonly was: string; readonly change: readonly Change[]; readonly rule: string; readonly says: string }

const ks = (component: string): string => `kubernetes/infrastructure/${component}/ks.yaml`;
const swap = (file: string, from: string, to: string): Change => ({ file, replace: [from, to] });

const DEFECTS: readonly Defect[] = [
  { was: '7.1.1 a parent waits for what only it creates', rule: 'layer-deadlock', says: 'cilium-core, which waits for networking',
    change: [swap('kubernetes/clusters/apps/layers.yaml', '  path: ./kubernetes/clusters/apps/networking', '  dependsOn:\n    - name: cilium-core\n  path: ./kubernetes/clusters/apps/networking')] },
  { was: '7.1.1 layers that wait for each other through their components', rule: 'layer-deadlock', says: 'Kustomization coredns waits for storage',
    change: [swap(ks('networking/coredns'), '- name: cilium-core', '- name: storage')] },
  { was: '7.1.2 addresses of the other cluster', rule: 'settings-differ', says: "infra's pool",
    change: [swap('kubernetes/clusters/apps/cluster-settings.yaml', 'CILIUM_LB_POOL_START: 10.25.11.120', 'CILIUM_LB_POOL_START: 10.25.11.100')] },
  { was: '7.1.3 a Kustomization where cluster-settings is not', rule: 'kustomization-namespace', says: 'cannot see cluster-settings',
    change: [swap(ks('networking/coredns'), 'namespace: flux-system\nspec', 'namespace: kube-system\nspec')] },
  { was: '7.1.3 a source declared twice', rule: 'object-twice', says: 'OCIRepository reloader is declared twice',
    change: [swap('kubernetes/infrastructure/operations/reloader/app/kustomization.yaml', '  - helmrelease.yaml', '  - helmrelease.yaml\n  - again.yaml'), { file: 'kubernetes/infrastructure/operations/reloader/app/again.yaml', write: 'apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: reloader, namespace: kube-system}\nspec: {url: "oci://ghcr.io/stakater/charts/reloader", ref: {tag: 2.2.5}, layerSelector: {operation: copy}}\n' }] },
  { was: '7.1.4 a name that is another', rule: 'depends-on-nothing', says: 'infrastructure-storage-rook-ceph-operator',
    change: [swap(ks('storage/rook-ceph'), '- name: rook-ceph-operator\n  healthChecks', '- name: infrastructure-storage-rook-ceph-operator\n  healthChecks')] },
  { was: '7.1.6 two Kustomizations of one path', rule: 'path-twice', says: 'is applied by two Kustomizations',
    change: [swap(ks('storage/rook-ceph'), 'path: ./kubernetes/infrastructure/storage/rook-ceph/cluster', 'path: ./kubernetes/infrastructure/storage/rook-ceph/operator')] },
  { was: '7.1.7 dependsOn of nothing', rule: 'depends-on-nothing', says: 'cluster-external-secrets',
    change: [swap(ks('security/certificates'), '- name: external-secrets-store', '- name: cluster-external-secrets')] },
  { was: '7.1.8 namespaces used and made by nobody', rule: 'namespace-missing', says: 'openebs-system',
    change: [swap('bootstrap/namespaces.yaml', '  name: openebs-system', '  name: openebs')] },
  { was: '7.1.8 a file no list names', rule: 'unreachable', says: 'storageclass.yaml',
    change: [swap('kubernetes/infrastructure/storage/openebs/app/kustomization.yaml', '  - storageclass.yaml\n', '')] },
  { was: '7.1.9 health of what is not there', rule: 'health-check-nothing', says: 'CephBlockPool',
    change: [swap(ks('storage/rook-ceph'), 'name: rook-ceph-block\n', 'name: ceph-blockpool\n')] },
  { was: '7.2.3 definitions waited for, brought by nobody', rule: 'crd-not-provided', says: 'volumesnapshotclasses.snapshot.storage.k8s.io',
    change: [swap('bootstrap/crds.yaml', 'snapshot.storage.k8s.io_volumesnapshotclasses.yaml', 'snapshot.storage.k8s.io_volumesnapshotclass.yaml')] },
  { was: '7.2.14 a manifest that can change under its URL', rule: 'version-pin', says: 'names no exact version',
    change: [swap('bootstrap/crds.yaml', 'external-snapshotter/v8.2.1/', 'external-snapshotter/master/')] },
  { was: '7.3 bootstrap and tree disagree on a version', rule: 'version-differs', says: 'external-secrets is 0.20.3',
    change: [swap('kubernetes/infrastructure/security/external-secrets/core/app/ocirepository.yaml', 'tag: 0.20.4', 'tag: 0.20.3')] },
  { was: '7.4 spec.version beside chartRef', rule: 'release-version', says: 'does not exist beside chartRef',
    change: [swap('kubernetes/infrastructure/operations/reloader/app/helmrelease.yaml', '  timeout: 5m', '  version: 2.2.5\n  timeout: 5m')] },
  { was: '7.4 an OCIRepository that holds the artifact', rule: 'layer-selector', says: 'reloader has no layerSelector',
    change: [swap('kubernetes/infrastructure/operations/reloader/app/ocirepository.yaml', '  layerSelector:\n    mediaType: application/vnd.cncf.helm.chart.content.v1.tar+gzip\n    operation: copy\n', '')] },
  { was: '7.4 health of an API version nobody serves', rule: 'health-check-version', says: 'v1beta1',
    change: [swap(ks('security/cert-manager'), 'apiVersion: external-secrets.io/v1\n', 'apiVersion: external-secrets.io/v1beta1\n')] },
  { was: '7.4 health checks and waiting taken away', rule: 'kustomization-wait', says: 'does not wait',
    change: [swap(ks('storage/openebs'), '  wait: true\n', '')] },
  { was: '7.4 a variable nobody defines', rule: 'variable-undefined', says: 'BLOCK_STORAGE_CLASS',
    // eslint-disable-next-line no-template-curly-in-string -- Flux's variable, not ours
    change: [swap('kubernetes/infrastructure/storage/rook-ceph/cluster/volumesnapshotclass.yaml', 'name: csi-ceph-block', 'name: ${BLOCK_STORAGE_CLASS}')] },
  { was: '7.4 settings nobody reads', rule: 'variable-unused', says: 'ROOK_CEPH_LOG_LEVEL',
    change: [swap('kubernetes/clusters/infra/cluster-settings.yaml', '  BLOCK_SC:', '  ROOK_CEPH_LOG_LEVEL: INFO\n  BLOCK_SC:')] },
  { was: '7.4 one cluster gets the disks of the other', rule: 'ceph-disks', says: "is infra's",
    change: [swap('kubernetes/clusters/apps/cluster-settings.yaml', 'nvme-eui.6479a7726a304bbf', 'nvme-eui.6479a7726a3054e5')] },
];

describe('what kept the earlier tree from converging is refused', () => {
  let scratch: Scratch;
  beforeAll(() => { scratch = new Scratch(); });
  afterAll(() => { scratch[Symbol.dispose](); });

  test.each(DEFECTS)('$was', ({ change, rule, says }) => {
    try {
      scratch.change(change);
      const found = scratch.problems();
      expect(found.map((problem) => problem.rule)).toContain(rule);
      expect(found.filter((problem) => problem.rule === rule).map(({ message }) => message).join('\n')).toContain(says);
    } finally {
      scratch.restore();
    }
  });
});
