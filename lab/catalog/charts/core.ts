/** Charts of the bootstrap's core besides Cilium. */
import type { KubeObject } from '../../world/types.ts';
import { at, plain } from '../data.ts';
import { certManagerCrds, externalSecretsCrds, fluxOperatorCrds } from '../crd-tables.ts';
import { account, chartLabels, configMap, count, deployment, flag, hookJob, service, serviceMonitor, word, type Chart, type ReleaseRequest } from '../chart.ts';

const COREFILE = ['.:53 {', 'errors', 'health', 'ready', 'kubernetes cluster.local in-addr.arpa ip6.arpa', 'prometheus :9153', 'forward . /etc/resolv.conf', 'cache 30', 'loop', 'reload', 'loadbalance'].join('\n    ') + '\n}\n';

export const coredns: Chart = {
  name: 'coredns', serves: /^1\.4\d\.\d+$/, appVersion: () => '1.13.1',
  render(release) {
    const name = word(release, 'fullnameOverride', release.name.includes('coredns') ? release.name : `${release.name}-coredns`);
    const k8sApp = word(release, 'k8sAppLabelOverride', 'coredns');
    const labels = chartLabels(coredns, release, 'coredns', { 'k8s-app': k8sApp, 'kubernetes.io/cluster-service': 'true', 'kubernetes.io/name': 'CoreDNS' });
    const selector = { 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/name': 'coredns', 'k8s-app': k8sApp };
    const clusterIP = word(release, 'service.clusterIP', '');
    const serviceName = word(release, 'service.name', name);
    return [
      ...account(release, name, labels, [{ apiGroups: ['', 'discovery.k8s.io'], resources: ['endpointslices', 'services', 'pods', 'namespaces'], verbs: ['list', 'watch'] }]),
      configMap(release, name, labels, { Corefile: COREFILE }),
      service(release, serviceName, labels, selector, { 'udp-53': 53, 'tcp-53': 53 }, clusterIP === '' ? {} : { clusterIP }),
      deployment({
        release, name, labels, selector, image: `${word(release, 'image.repository', 'coredns/coredns')}:${word(release, 'image.tag', '1.13.1')}`, container: 'coredns',
        replicas: count(release, 'replicaCount', 1), ports: { 'udp-53': 53, 'tcp-53': 53, metrics: 9153 }, serviceAccount: name, priority: word(release, 'priorityClassName', 'system-cluster-critical'),
        resources: at(release.values, 'resources') ?? { limits: { cpu: '100m', memory: '128Mi' }, requests: { cpu: '100m', memory: '128Mi' } },
      }),
      ...(flag(release, 'prometheus.monitor.enabled', false) ? [service(release, `${name}-metrics`, labels, selector, { metrics: 9153 }), serviceMonitor(release, name, labels, selector, 'metrics')] : []),
    ];
  },
};

function certManagerPart(release: ReleaseRequest, component: string, image: string, path: string): KubeObject[] {
  const short = component === 'controller' ? 'cert-manager' : component;
  const name = component === 'controller' ? release.name : `${release.name}-${component}`;
  const labels = chartLabels(certManager, release, short, { app: short, 'app.kubernetes.io/component': component });
  const selector = { 'app.kubernetes.io/component': component, 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/name': short };
  return [
    ...account(release, name, labels, [{ apiGroups: ['cert-manager.io', 'acme.cert-manager.io', ''], resources: ['*'], verbs: ['*'] }]),
    service(release, name, labels, selector, component === 'webhook' ? { https: 443, metrics: 9402 } : { 'http-metrics': 9402 }),
    deployment({
      release, name, labels, selector, podLabels: labels, image: `quay.io/jetstack/${image}:${release.version}`, container: `cert-manager-${component}`,
      ports: { 'http-metrics': 9402 }, serviceAccount: name, replicas: count(release, path, 1),
    }),
  ];
}
export const certManager: Chart = {
  name: 'cert-manager', serves: /^v1\.19\.\d+$/, appVersion: (version) => version,
  render(release) {
    const labels = chartLabels(certManager, release, 'cert-manager', { 'app.kubernetes.io/component': 'crds' });
    return [
      ...(flag(release, 'crds.enabled', false) || flag(release, 'installCRDs', false) ? certManagerCrds({ labels, annotations: flag(release, 'crds.keep', true) ? { 'helm.sh/resource-policy': 'keep' } : {} }) : []),
      ...certManagerPart(release, 'cainjector', 'cert-manager-cainjector', 'cainjector.replicaCount'),
      ...certManagerPart(release, 'controller', 'cert-manager-controller', 'replicaCount'),
      ...certManagerPart(release, 'webhook', 'cert-manager-webhook', 'webhook.replicaCount'),
      ...(flag(release, 'prometheus.servicemonitor.enabled', false) ? [serviceMonitor(release, release.name, labels, { 'app.kubernetes.io/instance': release.name }, 'http-metrics')] : []),
    ];
  },
  hooks(release) {
    if (!flag(release, 'startupapicheck.enabled', true)) return [];
    const labels = chartLabels(certManager, release, 'startupapicheck', { app: 'startupapicheck', 'app.kubernetes.io/component': 'startupapicheck' });
    return [hookJob({
      release, name: `${release.name}-startupapicheck`, labels, selector: labels, image: `quay.io/jetstack/cert-manager-startupapicheck:${release.version}`,
      container: 'cert-manager-startupapicheck', args: ['check', 'api', '--wait=1m', '-v'],
    }, 'post-install')];
  },
};

export const externalSecrets: Chart = {
  name: 'external-secrets', serves: /^0\.20\.\d+$/, appVersion: (version) => `v${version}`,
  render(release) {
    const part = (suffix: string, container: string, replicas: string, ports: Record<string, number>): KubeObject[] => {
      const name = `${release.name}${suffix}`;
      const labels = chartLabels(externalSecrets, release, `external-secrets${suffix}`);
      return [
        ...account(release, name, labels, [{ apiGroups: ['external-secrets.io', 'generators.external-secrets.io', ''], resources: ['*'], verbs: ['*'] }]),
        deployment({
          release, name, labels, selector: { 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/name': `external-secrets${suffix}` }, podLabels: labels,
          image: `ghcr.io/external-secrets/external-secrets:v${release.version}`, container, ports, serviceAccount: name, replicas: count(release, replicas, 1),
        }),
      ];
    };
    const webhook = chartLabels(externalSecrets, release, 'external-secrets-webhook', { 'external-secrets.io/component': 'webhook' });
    const labels = chartLabels(externalSecrets, release, 'external-secrets');
    return [
      ...(flag(release, 'installCRDs', true) ? externalSecretsCrds({ labels: { 'external-secrets.io/component': 'controller' } }) : []),
      ...part('', 'external-secrets', 'replicaCount', { metrics: 8080 }),
      ...(flag(release, 'certController.create', true) ? part('-cert-controller', 'cert-controller', 'certController.replicaCount', { metrics: 8080, ready: 8081 }) : []),
      ...(flag(release, 'webhook.create', true) ? [
        ...part('-webhook', 'webhook', 'webhook.replicaCount', { metrics: 8080, webhook: 10250 }),
        service(release, `${release.name}-webhook`, webhook, { 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/name': 'external-secrets-webhook' }, { webhook: 443 }),
      ] : []),
      ...(flag(release, 'serviceMonitor.enabled', false) ? [serviceMonitor(release, `${release.name}-metrics`, labels, { 'app.kubernetes.io/instance': release.name }, 'metrics')] : []),
    ];
  },
};

export const fluxOperator: Chart = {
  name: 'flux-operator', serves: /^0\.49\.\d+$/, appVersion: (version) => `v${version}`,
  render(release) {
    const labels = chartLabels(fluxOperator, release, 'flux-operator');
    const selector = { 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/name': 'flux-operator' };
    return [
      ...(flag(release, 'installCRDs', true) ? fluxOperatorCrds({ labels }) : []),
      ...account(release, release.name, labels, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]),
      service(release, release.name, labels, selector, { http: 8080, 'http-web': 9080 }),
      deployment({
        release, name: release.name, labels, selector, podLabels: labels, image: `ghcr.io/controlplaneio-fluxcd/flux-operator:v${release.version}`, container: 'manager',
        ports: { 'http-metrics': 8080, http: 8081, 'http-web': 9080 }, serviceAccount: release.name, replicas: count(release, 'replicas', 1), hostNetwork: flag(release, 'hostNetwork', false),
        ...(at(release.values, 'resources') === undefined ? {} : { resources: at(release.values, 'resources') }),
      }),
      ...(flag(release, 'serviceMonitor.create', false) ? [serviceMonitor(release, release.name, labels, selector, 'http')] : []),
    ];
  },
};

export const fluxInstance: Chart = {
  name: 'flux-instance', serves: /^0\.49\.\d+$/, appVersion: (version) => `v${version}`,
  render(release) {
    const instance = plain(release.values['instance']);
    const sync = plain(instance['sync']);
    return [{
      apiVersion: 'fluxcd.controlplane.io/v1', kind: 'FluxInstance',
      metadata: { name: word(release, 'fullnameOverride', 'flux'), namespace: release.namespace, labels: chartLabels(fluxInstance, release, 'flux-instance') },
      spec: {
        cluster: { type: 'kubernetes', domain: 'cluster.local', networkPolicy: true, multitenant: false, tenantDefaultServiceAccount: 'default', ...plain(instance['cluster']) },
        components: at(instance, 'components') ?? ['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller'],
        distribution: { version: '2.x', registry: 'ghcr.io/fluxcd', artifact: 'oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests:latest', ...plain(instance['distribution']) },
        ...(Object.keys(plain(instance['kustomize'])).length > 0 ? { kustomize: instance['kustomize'] } : {}),
        ...(typeof sync['url'] === 'string' && sync['url'] !== '' ? { sync: { kind: 'GitRepository', interval: '1m', ...sync } } : {}),
      },
    }];
  },
};
