/** Charts of backups: VolSync, and who makes the snapshots it copies from. */
import { at } from '../data.ts';
import { volsyncCrds } from '../crd-tables.ts';
import { account, chartLabels, count, deployment, flag, service, serviceMonitor, word, type Chart } from '../chart.ts';
import type { KubeObject } from '../../world/types.ts';

export const volsync: Chart = {
  name: 'volsync', serves: /^0\.12\.\d+$/, appVersion: (version) => version,
  render(release) {
    const name = word(release, 'fullnameOverride', release.name.includes('volsync') ? release.name : `${release.name}-volsync`);
    const selector = { 'control-plane': `${name}-controller`, 'app.kubernetes.io/name': 'volsync', 'app.kubernetes.io/instance': release.name };
    const labels = chartLabels(volsync, release, 'volsync', { 'control-plane': `${name}-controller` });
    const monitor: KubeObject = {
      apiVersion: 'monitoring.coreos.com/v1', kind: 'ServiceMonitor', metadata: { name: 'volsync', namespace: release.namespace, labels },
      spec: { endpoints: [{ interval: '30s', path: '/metrics', port: 'https', scheme: 'https', tlsConfig: { insecureSkipVerify: true } }], selector: { matchLabels: { 'control-plane': `${name}-controller` } } },
    };
    return [
      ...(flag(release, 'manageCRDs', true) ? volsyncCrds({ annotations: { 'helm.sh/resource-policy': 'keep' } }) : []),
      ...account(release, name, labels, [{ apiGroups: ['volsync.backube', 'snapshot.storage.k8s.io', 'batch', 'rbac.authorization.k8s.io', ''], resources: ['*'], verbs: ['*'] }]),
      service(release, `${name}-metrics`, labels, { 'control-plane': `${name}-controller` }, { https: 8443 }),
      monitor,
      deployment({
        release, name, labels, selector, image: `${word(release, 'image.repository', 'quay.io/backube/volsync')}:${word(release, 'image.tag', release.version)}`, container: 'manager', args: ['--leader-elect'], ports: { https: 8443 },
        serviceAccount: word(release, 'serviceAccount.name', name), replicas: count(release, 'replicaCount', 1), resources: at(release.values, 'resources') ?? {},
      }),
    ];
  },
};

export const snapshotController: Chart = {
  name: 'snapshot-controller', serves: /^3\.0\.\d+$/, appVersion: () => 'v8.1.0',
  render(release) {
    const name = word(release, 'controller.fullnameOverride', release.name.includes('snapshot-controller') ? release.name : `${release.name}-snapshot-controller`);
    const selector = { 'app.kubernetes.io/name': 'snapshot-controller', 'app.kubernetes.io/instance': release.name };
    const labels = chartLabels(snapshotController, release, 'snapshot-controller');
    const budget = at(release.values, 'controller.pdb.minAvailable');
    const measured = flag(release, 'controller.serviceMonitor.create', false);
    // The definitions lie in its crds folder, in the form of its own version: whether they are taken is the release's to say (crds: Skip here).
    return [
      ...account(release, name, labels, [{ apiGroups: ['snapshot.storage.k8s.io', ''], resources: ['*'], verbs: ['*'] }]),
      ...(budget === undefined ? [] : [{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace: release.namespace, labels }, spec: { minAvailable: budget, selector: { matchLabels: selector } } }]),
      ...(measured ? [service(release, name, labels, selector, { http: 8080 }, { clusterIP: 'None' }), serviceMonitor(release, name, labels, selector, 'http')] : []),
      deployment({
        release, name, labels, selector, image: 'registry.k8s.io/sig-storage/snapshot-controller:v8.1.0', container: 'snapshot-controller', args: ['--leader-election=true', '--http-endpoint=:8080'], ports: { http: 8080 },
        serviceAccount: name, replicas: count(release, 'controller.replicaCount', 1), resources: at(release.values, 'controller.resources') ?? {},
      }),
    ];
  },
};
