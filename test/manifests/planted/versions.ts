import type { Planted } from '../planted.ts';

const HOUSE = 'kubernetes/infrastructure';

function at(file: string, from: string, to: string, line = to): Pick<Planted, 'change' | 'at'> {
  return { change: [{ file, from, to }], at: { file, line } };
}

/** Versions that move, or that differ where they mean the same. */
export const PLANTED: readonly Planted[] = [
  { rule: 'version-pin', variant: 'a range', ...at(`${HOUSE}/storage/rook-ceph/operator/helmrelease.yaml`, 'version: v1.18.6', 'version: v1.18.x'), says: /v1\.18\.x is no exact version of the chart rook-ceph/ },
  { rule: 'version-pin', variant: 'no version', ...at(`${HOUSE}/storage/openebs/app/helmrelease.yaml`, '      version: 4.3.3\n', '', 'chart: openebs'), says: /HelmRelease openebs-system\/openebs says no version of the chart openebs/ },
  { rule: 'version-pin', variant: 'latest', ...at(`${HOUSE}/operations/reloader/app/ocirepository.yaml`, 'tag: 2.2.5', 'tag: latest'), says: /latest is no exact version of the chart reloader/ },
  { rule: 'version-pin', variant: 'a range of an OCIRepository', ...at(`${HOUSE}/operations/reloader/app/ocirepository.yaml`, 'tag: 2.2.5', 'semver: ">=2.2.0"'), says: />=2\.2\.0 is no exact version/ },
  { rule: 'version-pin', variant: 'no ref', ...at(`${HOUSE}/operations/reloader/app/ocirepository.yaml`, '  ref:\n    tag: 2.2.5\n', '', 'url: oci://ghcr.io/stakater/charts/reloader'), says: /OCIRepository reloader says no version/ },
  { rule: 'image-pin', variant: 'latest', ...at(`${HOUSE}/storage/rook-ceph/cluster/toolbox.yaml`, 'image: quay.io/ceph/ceph:v19.2.3', 'image: quay.io/ceph/ceph:latest'), says: /the tag latest of the image of container rook-ceph-tools moves/ },
  { rule: 'image-pin', variant: 'no tag', ...at(`${HOUSE}/storage/rook-ceph/cluster/toolbox.yaml`, 'image: quay.io/ceph/ceph:v19.2.3', 'image: quay.io/ceph/ceph', 'image: quay.io/ceph/ceph'), says: /has no tag/ },
  { rule: 'version-differs', variant: 'the tree and the file of versions', ...at(`${HOUSE}/security/cert-manager/core/app/ocirepository.yaml`, 'tag: v1.19.1', 'tag: v1.19.2'), says: /cert-manager is v1\.19\.2 here, but certManager is v1\.19\.1 \(bootstrap\/versions\.yaml:\d+\)/ },
  { rule: 'version-differs', variant: 'a repository and the file of versions', ...at(`${HOUSE}/networking/cilium/core/app/helmrelease.yaml`, 'version: 1.18.3', 'version: 1.18.4'), says: /cilium is 1\.18\.4 here/ },
  { rule: 'version-differs', variant: 'definitions before Flux', change: [{ file: 'helmfile.d/00-crds.yaml', from: 'version: 0.20.4', to: 'version: 0.20.3' }], at: { file: 'helmfile.d/00-crds.yaml', line: 'version: 0.20.3' }, says: /external-secrets is 0\.20\.3 here/ },
  { rule: 'version-differs', variant: 'a release before Flux', change: [{ file: 'helmfile.d/01-core.yaml', from: 'version: 1.45.0', to: 'version: 1.44.0' }], at: { file: 'helmfile.d/01-core.yaml', line: 'version: 1.44.0' }, says: /coredns is 1\.44\.0 here/ },
  { rule: 'definitions-differ', variant: 'a chart of definitions behind its operator', change: [{ file: 'helmfile.d/00-crds.yaml', from: '  - name: flux-operator\n', to: '  - name: reloader-crds\n    namespace: kube-system\n    chart: oci://ghcr.io/stakater/charts/reloader-crds\n    version: 2.2.1\n  - name: flux-operator\n' }], at: { file: 'helmfile.d/00-crds.yaml', line: 'version: 2.2.1' }, says: /reloader-crds is 2\.2\.1, but reloader is 2\.2\.5/ },
  { rule: 'version-differs', variant: 'the file of versions alone', change: [{ file: 'bootstrap/versions.yaml', from: 'coredns: 1.45.0', to: 'coredns: 1.45.1' }], at: { file: `${HOUSE}/networking/coredns/app/ocirepository.yaml`, line: 'tag: 1.45.0' }, says: /coredns is 1\.45\.0 here, but coredns is 1\.45\.1/, also: ['version-differs'] },
  {
    rule: 'version-clusters', variant: 'one cluster behind the other', cluster: 'apps',
    change: [
      { file: `${HOUSE}/storage/openebs/app/helmrelease.yaml`, from: 'version: 4.3.3', to: 'version: ${OPENEBS_VERSION}' },
      { file: 'kubernetes/clusters/infra/cluster-settings.yaml', from: '  OPENEBS_BASEPATH', to: '  OPENEBS_VERSION: 4.3.3\n  OPENEBS_BASEPATH' },
      { file: 'kubernetes/clusters/apps/cluster-settings.yaml', from: '  OPENEBS_BASEPATH', to: '  OPENEBS_VERSION: 4.3.2\n  OPENEBS_BASEPATH' },
    ],
    at: { file: `${HOUSE}/storage/openebs/app/helmrelease.yaml`, line: 'version: ${OPENEBS_VERSION}' }, says: /openebs is 4\.3\.2 in apps and 4\.3\.3 in infra/,
  },
];
