/** Charts that make volumes: OpenEBS' folders on local disks and Rook's Ceph. */
import { at } from '../data.ts';
import { cephCrds, cephCsiCrds } from '../crd-tables.ts';
import { account, chartLabels, configMap, count, deployment, flag, word, type Chart } from '../chart.ts';

export const openebs: Chart = {
  name: 'openebs', serves: /^4\.3\.\d+$/, appVersion: (version) => version,
  render(release) {
    const name = `${release.name}-localpv-provisioner`;
    const selector = { app: 'localpv-provisioner', release: release.name, component: 'localpv-provisioner' };
    const labels = { ...chartLabels(openebs, release, 'localpv-provisioner'), ...selector, 'openebs.io/component-name': 'openebs-localpv-provisioner' };
    const path = 'localpv-provisioner';
    return [
      ...account(release, name, labels, [{ apiGroups: ['', 'storage.k8s.io'], resources: ['*'], verbs: ['*'] }]),
      deployment({
        release, name, labels, selector, podLabels: labels, image: 'docker.io/openebs/provisioner-localpv:4.3.0', container: name, serviceAccount: name,
        replicas: count(release, `${path}.localpv.replicas`, 1), resources: at(release.values, `${path}.localpv.resources`) ?? {},
      }),
      ...(flag(release, `${path}.hostpathClass.enabled`, true) ? [{
        apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: word(release, `${path}.hostpathClass.name`, 'openebs-hostpath'), labels },
        provisioner: 'openebs.io/local', reclaimPolicy: 'Delete', volumeBindingMode: 'WaitForFirstConsumer',
      }] : []),
    ];
  },
};

export const rookCeph: Chart = {
  name: 'rook-ceph', serves: /^v?1\.18\.\d+$/, appVersion: (version) => version,
  render(release) {
    const labels = { ...chartLabels(rookCeph, release, 'rook-ceph'), 'app.kubernetes.io/part-of': 'rook-ceph-operator', operator: 'rook', 'storage-backend': 'ceph' };
    const selector = { app: 'rook-ceph-operator' };
    const keep = { annotations: { 'helm.sh/resource-policy': 'keep' } };
    const csi = { 'app.kubernetes.io/name': 'ceph-csi-operator', 'control-plane': 'ceph-csi-controller-manager' };
    return [
      ...(flag(release, 'crds.enabled', true) ? cephCrds(keep) : []),
      ...(flag(release, 'csi.rookUseCsiOperator', true) ? [
        ...cephCsiCrds(keep), ...account(release, 'ceph-csi-controller-manager', csi, [{ apiGroups: ['csi.ceph.io'], resources: ['*'], verbs: ['*'] }]),
        deployment({ release, name: 'ceph-csi-controller-manager', labels: csi, selector: csi, podLabels: csi, image: 'quay.io/cephcsi/ceph-csi-operator:v0.4.1', container: 'manager', serviceAccount: 'ceph-csi-controller-manager' }),
      ] : []),
      ...account(release, 'rook-ceph-system', labels, [{ apiGroups: ['ceph.rook.io', '', 'apps'], resources: ['*'], verbs: ['*'] }]),
      configMap(release, 'rook-ceph-operator-config', labels, {
        ROOK_LOG_LEVEL: word(release, 'logLevel', 'INFO'), ROOK_ENABLE_DISCOVERY_DAEMON: String(flag(release, 'enableDiscoveryDaemon', false)),
        ROOK_CSI_ENABLE_RBD: String(flag(release, 'csi.enableRbdDriver', true)), ROOK_CSI_ENABLE_CEPHFS: String(flag(release, 'csi.enableCephfsDriver', true)),
      }),
      deployment({
        release, name: 'rook-ceph-operator', labels, selector, podLabels: selector, image: `docker.io/rook/ceph:${release.version}`, container: 'rook-ceph-operator', args: ['ceph', 'operator'],
        serviceAccount: 'rook-ceph-system', resources: at(release.values, 'resources') ?? {},
      }),
    ];
  },
};
