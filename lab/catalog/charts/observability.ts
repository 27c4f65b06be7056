/** The operator of VictoriaMetrics, the store of logs, and who collects them. */
import { at, strings, text } from '../data.ts';
import { victoriaMetricsCrds } from '../crd-tables.ts';
import { account, chartLabels, configMap, count, daemonSet, deployment, flag, service, word, type Chart, type Labels, type ReleaseRequest } from '../chart.ts';
import type { KubeObject } from '../../world/types.ts';

function scrape(release: ReleaseRequest, name: string, labels: Labels, selector: Labels): KubeObject {
  return { apiVersion: 'operator.victoriametrics.com/v1beta1', kind: 'VMServiceScrape', metadata: { name, namespace: release.namespace, labels: { ...labels } }, spec: { selector: { matchLabels: { ...selector } }, namespaceSelector: { matchNames: [release.namespace] }, endpoints: [{ port: 'http' }] } };
}
function budget(release: ReleaseRequest, name: string, labels: Labels, selector: Labels): KubeObject[] {
  if (!flag(release, 'podDisruptionBudget.enabled', false)) return [];
  const least = at(release.values, 'podDisruptionBudget.minAvailable'); const most = at(release.values, 'podDisruptionBudget.maxUnavailable');
  return [{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace: release.namespace, labels: { ...labels } }, spec: { ...(least === undefined ? {} : { minAvailable: least }), ...(most === undefined ? {} : { maxUnavailable: most }), selector: { matchLabels: { ...selector } } } }];
}
const selectorOf = (release: ReleaseRequest, name: string): Record<string, string> => ({ 'app.kubernetes.io/name': name, 'app.kubernetes.io/instance': release.name });

export const victoriaMetricsOperator: Chart = {
  name: 'victoria-metrics-operator', serves: /^0\.55\.\d+$/, appVersion: () => 'v0.64.1',
  render(release) {
    const name = word(release, 'fullnameOverride', release.name);
    const labels = chartLabels(victoriaMetricsOperator, release, 'victoria-metrics-operator');
    const selector = selectorOf(release, 'victoria-metrics-operator');
    return [
      ...(flag(release, 'crds.enabled', true) ? victoriaMetricsCrds({ annotations: { 'helm.sh/resource-policy': 'keep' } }) : []),
      ...account(release, name, labels, [{ apiGroups: ['operator.victoriametrics.com', 'monitoring.coreos.com', 'apps', 'policy', ''], resources: ['*'], verbs: ['*'] }]),
      service(release, name, labels, selector, { http: 8080, webhook: 9443 }),
      ...budget(release, name, labels, selector),
      ...(flag(release, 'serviceMonitor.enabled', false) ? [scrape(release, name, labels, selector)] : []),
      deployment({ release, name, labels, selector, image: 'victoriametrics/operator:v0.64.1', container: 'operator', args: ['--leader-elect'], ports: { http: 8080, probe: 8081, webhook: 9443 }, serviceAccount: name, replicas: count(release, 'replicaCount', 1), resources: at(release.values, 'resources') ?? {} }),
    ];
  },
};

export const victoriaLogsSingle: Chart = {
  name: 'victoria-logs-single', serves: /^0\.11\.\d+$/, appVersion: () => 'v1.36.1',
  render(release) {
    const name = word(release, 'server.fullnameOverride', `${release.name}-victoria-logs-single-server`);
    const labels = { ...chartLabels(victoriaLogsSingle, release, 'victoria-logs-single'), app: 'server' };
    const selector = { ...selectorOf(release, 'victoria-logs-single'), app: 'server' };
    const storage = text(at(release.values, 'server.persistentVolume.storageClassName'));
    const set: KubeObject = {
      apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name, namespace: release.namespace, labels },
      spec: {
        replicas: count(release, 'server.replicaCount', 1), serviceName: name, selector: { matchLabels: selector },
        template: {
          metadata: { labels: selector },
          spec: {
            securityContext: at(release.values, 'server.podSecurityContext') ?? {},
            containers: [{ name: 'vlogs', image: `${word(release, 'server.image.repository', 'victoriametrics/victoria-logs')}:${word(release, 'server.image.tag', 'v1.36.1')}`, ports: [{ name: 'http', containerPort: 9428, protocol: 'TCP' }], volumeMounts: [{ name: 'server-volume', mountPath: '/storage' }] }],
          },
        },
        volumeClaimTemplates: [{ metadata: { name: 'server-volume' }, spec: { accessModes: ['ReadWriteOnce'], ...(storage === undefined ? {} : { storageClassName: storage }), resources: { requests: { storage: word(release, 'server.persistentVolume.size', '10Gi') } } } }],
      },
    };
    return [
      service(release, name, labels, selector, { http: 9428 }, { clusterIP: 'None' }),
      ...budget(release, name, labels, selector),
      ...(flag(release, 'server.vmServiceScrape.enabled', false) ? [scrape(release, name, labels, selector)] : []),
      set,
    ];
  },
};

export const fluentBit: Chart = {
  name: 'fluent-bit', serves: /^0\.54\.\d+$/, appVersion: () => '4.1.1',
  render(release) {
    const name = word(release, 'fullnameOverride', release.name);
    const labels = chartLabels(fluentBit, release, 'fluent-bit');
    const selector = selectorOf(release, 'fluent-bit');
    const piece = (key: string): string => word(release, `config.${key}`, '');
    return [
      ...account(release, name, labels, [{ apiGroups: [''], resources: ['namespaces', 'pods'], verbs: ['get', 'list', 'watch'] }]),
      configMap(release, name, labels, { 'custom_parsers.conf': piece('customParsers'), 'fluent-bit.conf': ['service', 'inputs', 'filters', 'outputs'].map(piece).join('\n'), ...strings(at(release.values, 'config.extraFiles')) }),
      service(release, name, labels, selector, { http: 2020 }),
      daemonSet({ release, name, labels, selector, image: `${word(release, 'image.repository', 'cr.fluentbit.io/fluent/fluent-bit')}:${word(release, 'image.tag', '4.1.1')}`, container: 'fluent-bit', ports: { http: 2020 }, serviceAccount: name, everywhere: true, priority: 'system-node-critical', resources: at(release.values, 'resources') ?? {} }),
    ];
  },
};
