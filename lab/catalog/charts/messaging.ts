/** The operator of Kafka. */
import { at } from '../data.ts';
import { strimziCrds } from '../crd-tables.ts';
import { account, configMap, count, deployment, flag, word, type Chart } from '../chart.ts';
import type { KubeObject } from '../../world/types.ts';

export const strimziKafkaOperator: Chart = {
  name: 'strimzi-kafka-operator', serves: /^0\.48\.\d+$/, appVersion: (version) => version,
  render(release) {
    const name = 'strimzi-cluster-operator';
    const labels = { app: 'strimzi', chart: `strimzi-kafka-operator-${release.version}`, component: 'deployment', release: release.name, heritage: 'Helm' };
    const selector = { name, 'strimzi.io/kind': 'cluster-operator' };
    const budget: KubeObject = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace: release.namespace, labels }, spec: { minAvailable: 1, selector: { matchLabels: selector } } };
    return [
      // They lie in the chart's crds folder: whether they are installed is the release's to say, not a value's.
      ...strimziCrds(),
      ...account(release, word(release, 'serviceAccount', name), labels, [{ apiGroups: ['kafka.strimzi.io', 'core.strimzi.io', 'apps', 'policy', ''], resources: ['*'], verbs: ['*'] }]),
      configMap(release, name, labels, { 'log4j2.properties': `rootLogger.level = ${word(release, 'logLevel', 'INFO')}\n` }),
      ...(flag(release, 'podDisruptionBudget.enabled', false) ? [budget] : []),
      deployment({ release, name, labels: { ...labels, ...selector }, selector, image: `quay.io/strimzi/operator:${release.version}`, container: name, ports: { http: 8080 }, serviceAccount: word(release, 'serviceAccount', name), replicas: count(release, 'replicas', 1), resources: at(release.values, 'resources') ?? {} }),
    ];
  },
};
