/** Charts of databases: the plugin by which PostgreSQL reaches object storage, and the operator of Dragonfly. */
import { at } from '../data.ts';
import { barmanCloudCrds, dragonflyCrds } from '../crd-tables.ts';
import { account, chartLabels, configMap, count, deployment, flag, service, word, type Chart } from '../chart.ts';
import type { KubeObject } from '../../world/types.ts';

export const pluginBarmanCloud: Chart = {
  name: 'plugin-barman-cloud', serves: /^0\.3\.\d+$/, appVersion: () => 'v0.9.0',
  render(release) {
    const name = word(release, 'fullnameOverride', 'plugin-barman-cloud');
    const labels = chartLabels(pluginBarmanCloud, release, 'plugin-barman-cloud');
    const selector = { 'app.kubernetes.io/name': 'plugin-barman-cloud', 'app.kubernetes.io/instance': release.name };
    const issuer = word(release, 'certificate.issuerName', 'selfsigned-issuer');
    const certificate = (kind: 'client' | 'server'): KubeObject => ({
      apiVersion: 'cert-manager.io/v1', kind: 'Certificate', metadata: { name: `barman-cloud-${kind}`, namespace: release.namespace, labels },
      spec: { commonName: kind === 'client' ? 'barman-cloud-client' : 'barman-cloud', duration: '2160h', renewBefore: '360h', isCA: false, secretName: `barman-cloud-${kind}-tls`, issuerRef: { group: 'cert-manager.io', kind: 'Issuer', name: issuer }, usages: [`${kind} auth`] },
    });
    return [
      ...(flag(release, 'crds.create', true) ? barmanCloudCrds() : []),
      ...account(release, name, labels, [{ apiGroups: ['barmancloud.cnpg.io', 'postgresql.cnpg.io', ''], resources: ['*'], verbs: ['*'] }]),
      configMap(release, 'plugin-barman-cloud-config', labels, { SIDECAR_IMAGE: 'ghcr.io/cloudnative-pg/plugin-barman-cloud-sidecar:v0.9.0' }),
      { apiVersion: 'cert-manager.io/v1', kind: 'Issuer', metadata: { name: issuer, namespace: release.namespace, labels }, spec: { selfSigned: {} } },
      certificate('client'), certificate('server'),
      service(release, word(release, 'service.name', 'barman-cloud'), labels, selector, { grpc: 9090 }),
      deployment({
        release, name, labels, selector, image: 'ghcr.io/cloudnative-pg/plugin-barman-cloud:v0.9.0', container: 'barman-cloud', args: ['operator', '--leader-elect'], ports: { grpc: 9090 },
        serviceAccount: name, replicas: count(release, 'replicaCount', 1), secrets: ['barman-cloud-server-tls', 'barman-cloud-client-tls'], resources: at(release.values, 'resources') ?? {},
      }),
    ];
  },
};

export const dragonflyOperator: Chart = {
  name: 'dragonfly-operator', serves: /^v1\.3\.\d+$/, appVersion: (version) => version,
  render(release) {
    const name = word(release, 'fullnameOverride', release.name);
    const labels = chartLabels(dragonflyOperator, release, 'dragonfly-operator', { 'control-plane': 'controller-manager' });
    const selector = { 'app.kubernetes.io/name': 'dragonfly-operator', 'app.kubernetes.io/instance': release.name, 'control-plane': 'controller-manager' };
    const monitor: KubeObject = {
      apiVersion: 'monitoring.coreos.com/v1', kind: 'ServiceMonitor', metadata: { name: `${name}-controller-manager-metrics`, namespace: release.namespace, labels },
      spec: { endpoints: [{ targetPort: 8080 }], namespaceSelector: { matchNames: [release.namespace] }, selector: { matchLabels: { 'app.kubernetes.io/name': 'dragonfly-operator', 'app.kubernetes.io/instance': release.name } } },
    };
    return [
      ...(flag(release, 'crds.install', true) ? dragonflyCrds({ annotations: { 'helm.sh/resource-policy': 'keep' } }) : []),
      ...account(release, word(release, 'serviceAccount.name', 'dragonfly-operator-controller-manager'), labels, [{ apiGroups: ['dragonflydb.io', 'apps', 'policy', ''], resources: ['*'], verbs: ['*'] }]),
      service(release, `${name}-controller-svc`, labels, selector, { https: 8443, metrics: 8080 }),
      ...(flag(release, 'serviceMonitor.enabled', false) ? [monitor] : []),
      deployment({
        release, name, labels, selector, image: `${word(release, 'manager.image.repository', 'docker.dragonflydb.io/dragonflydb/operator')}:${release.version}`, container: 'manager', args: ['--leader-elect'], ports: { metrics: 8080 },
        serviceAccount: word(release, 'serviceAccount.name', 'dragonfly-operator-controller-manager'), replicas: count(release, 'replicaCount', 1), resources: at(release.values, 'manager.resources') ?? {},
      }),
    ];
  },
};
