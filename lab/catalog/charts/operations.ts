/** Charts that keep the platform in shape. */
import { at } from '../data.ts';
import { account, chartLabels, count, deployment, flag, word, type Chart } from '../chart.ts';

export const reloader: Chart = {
  name: 'reloader', serves: /^2\.2\.\d+$/, appVersion: () => 'v1.4.10',
  render(release) {
    const name = word(release, 'fullnameOverride', `${release.name}-reloader`);
    const selector = { app: name, release: release.name };
    const labels = { ...chartLabels(reloader, release, 'reloader'), ...selector };
    const ha = flag(release, 'reloader.enableHA', false);
    return [
      ...account(release, name, labels, [{ apiGroups: ['', 'apps', 'batch'], resources: ['*'], verbs: ['*'] }]),
      deployment({
        release, name, labels, selector, podLabels: labels, image: 'ghcr.io/stakater/reloader:v1.4.10', container: name, ports: { http: 9090 }, serviceAccount: name,
        // As in the chart: more than one replica only with leader election.
        replicas: ha ? count(release, 'reloader.deployment.replicas', 1) : 1, resources: at(release.values, 'reloader.deployment.resources') ?? {},
      }),
      ...(flag(release, 'reloader.podDisruptionBudget.enabled', false) ? [{
        apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, namespace: release.namespace, labels }, spec: { minAvailable: count(release, 'reloader.podDisruptionBudget.minAvailable', 1), selector: { matchLabels: selector } },
      }] : []),
      ...(flag(release, 'reloader.podMonitor.enabled', false) ? [{
        apiVersion: 'monitoring.coreos.com/v1', kind: 'PodMonitor', metadata: { name, namespace: release.namespace, labels }, spec: { selector: { matchLabels: selector }, podMetricsEndpoints: [{ port: 'http', path: '/metrics' }] },
      }] : []),
    ];
  },
};
