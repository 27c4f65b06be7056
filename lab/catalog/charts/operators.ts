/** Charts that mostly bring CRDs: monitoring and databases. */
import { cloudnativePgCrds, prometheusCrds, victoriaMetricsCrds } from '../crd-tables.ts';
import { account, chartLabels, configMap, count, deployment, flag, service, word, type Chart } from '../chart.ts';

export const victoriaMetricsOperatorCrds: Chart = {
  name: 'victoria-metrics-operator-crds', serves: /^0\.\d+\.\d+$/, appVersion: () => 'v0.66.0',
  render: (release) => victoriaMetricsCrds({ labels: chartLabels(victoriaMetricsOperatorCrds, release, 'victoria-metrics-operator-crds') }),
};
export const prometheusOperatorCrds: Chart = {
  name: 'prometheus-operator-crds', serves: /^2[4-9]\.\d+\.\d+$/, appVersion: () => 'v0.86.0',
  render: () => prometheusCrds({ annotations: { 'operator.prometheus.io/version': '0.86.0' } }),
};
export const cloudnativePg: Chart = {
  name: 'cloudnative-pg', serves: /^0\.26\.\d+$/, appVersion: () => '1.27.1',
  render(release) {
    const labels = chartLabels(cloudnativePg, release, 'cloudnative-pg');
    const selector = { 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/name': 'cloudnative-pg' };
    const name = word(release, 'fullnameOverride', release.name);
    return [
      ...(flag(release, 'crds.create', true) ? cloudnativePgCrds({ annotations: { 'helm.sh/resource-policy': 'keep' } }) : []),
      ...account(release, name, labels, [{ apiGroups: ['postgresql.cnpg.io', ''], resources: ['*'], verbs: ['*'] }]),
      configMap(release, 'cnpg-controller-manager-config', labels, {}),
      service(release, 'cnpg-webhook-service', labels, selector, { 'webhook-server': 443 }),
      deployment({
        release, name, labels, selector, image: 'ghcr.io/cloudnative-pg/cloudnative-pg:1.27.1', container: 'manager', ports: { metrics: 8080, 'webhook-server': 9443 },
        serviceAccount: name, replicas: count(release, 'replicaCount', 1),
      }),
    ];
  },
};
