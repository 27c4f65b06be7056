import type { KubeObject } from '../../world/types.ts';
import { at, isPlain, list, plain, text } from '../data.ts';
import { CILIUM_CERTIFICATES } from '../cilium-certificates.ts';
import { account, chartLabels, configMap, count, daemonSet, deployment, flag, hookJob, service, serviceMonitor, word, type Chart, type ReleaseRequest } from '../chart.ts';

const RULES = [{ apiGroups: ['cilium.io', '', 'discovery.k8s.io', 'networking.k8s.io'], resources: ['*'], verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'] }];

/** Text of every scalar of the values, flattened as cilium-config has them. */
function config(release: ReleaseRequest): Record<string, string> {
  const address = word(release, 'k8sServiceHost', '');
  return {
    'cluster-name': word(release, 'cluster.name', 'default'), 'cluster-id': String(count(release, 'cluster.id', 0)),
    'kube-proxy-replacement': String(at(release.values, 'kubeProxyReplacement') ?? false), 'ipam': word(release, 'ipam.mode', 'cluster-pool'),
    'routing-mode': word(release, 'routingMode', 'tunnel'), 'enable-wireguard': String(word(release, 'encryption.type', '') === 'wireguard' && flag(release, 'encryption.enabled', false)),
    'enable-gateway-api': String(flag(release, 'gatewayAPI.enabled', false)), 'enable-bgp-control-plane': String(flag(release, 'bgpControlPlane.enabled', false)),
    'enable-hubble': String(flag(release, 'hubble.enabled', true)), 'cni-exclusive': String(flag(release, 'cni.exclusive', true)),
    ...(address === '' ? {} : { 'k8s-api-server': `https://${address}:${String(at(release.values, 'k8sServicePort') ?? 443)}` }),
  };
}

function clusterMesh(chart: Chart, release: ReleaseRequest): KubeObject[] {
  const labels = chartLabels(chart, release, 'clustermesh-apiserver', { 'k8s-app': 'clustermesh-apiserver', 'app.kubernetes.io/part-of': 'cilium' });
  const selector = { 'k8s-app': 'clustermesh-apiserver' };
  return [
    ...account(release, 'clustermesh-apiserver', labels, RULES),
    deployment({
      release, name: 'clustermesh-apiserver', labels, selector, podLabels: { 'app.kubernetes.io/name': 'clustermesh-apiserver', 'app.kubernetes.io/part-of': 'cilium' },
      image: `quay.io/cilium/clustermesh-apiserver:v${release.version}`, container: 'apiserver', ports: { etcd: 2379 }, serviceAccount: 'clustermesh-apiserver',
      replicas: count(release, 'clustermesh.apiserver.replicas', 1), ...(byJob(release, 'clustermesh.apiserver.tls') ? { secrets: ['clustermesh-apiserver-server-cert', 'clustermesh-apiserver-admin-cert'] } : {}),
    }),
    {
      ...service(release, 'clustermesh-apiserver', labels, selector, { etcd: 2379 }, { type: word(release, 'clustermesh.apiserver.service.type', 'NodePort') }),
      metadata: { name: 'clustermesh-apiserver', namespace: release.namespace, labels, annotations: annotationsOf(at(release.values, 'clustermesh.apiserver.service.annotations')) },
    },
  ];
}
/** Are the certificates made by a job of the cluster, rather than by Helm? */
function byJob(release: ReleaseRequest, path: string): boolean { return flag(release, `${path}.auto.enabled`, true) && word(release, `${path}.auto.method`, 'helm') === 'cronJob'; }
function meshes(release: ReleaseRequest): boolean { return flag(release, 'clustermesh.useAPIServer', false); }

/** Whom the agents talk to: one key per peer, each a client configuration of etcd. */
function peers(release: ReleaseRequest, labels: Record<string, string>): KubeObject[] {
  if (!flag(release, 'clustermesh.config.enabled', false)) return [];
  const data = Object.fromEntries(list(at(release.values, 'clustermesh.config.clusters')).filter(isPlain).map((peer) => {
    const folder = '/var/lib/cilium/clustermesh/common-etcd-client';
    const text = `endpoints:\n- https://${String(peer['address'])}:${String(peer['port'])}\ntrusted-ca-file: ${folder}-ca.crt\nkey-file: ${folder}.key\ncert-file: ${folder}.crt\n`;
    return [String(peer['name']), Buffer.from(text).toString('base64')];
  }));
  return [{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name: 'cilium-clustermesh', namespace: release.namespace, labels: { ...labels } }, data }];
}
function annotationsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(plain(value)).map(([key, entry]) => [key, String(entry)]));
}

function render(release: ReleaseRequest): KubeObject[] {
  const partOf = { 'app.kubernetes.io/part-of': 'cilium' };
  const agent = chartLabels(cilium, release, 'cilium-agent', { 'k8s-app': 'cilium', ...partOf });
  const operator = chartLabels(cilium, release, 'cilium-operator', { 'io.cilium/app': 'operator', name: 'cilium-operator', ...partOf });
  const out: KubeObject[] = [
    ...account(release, 'cilium', agent, RULES), ...account(release, 'cilium-operator', operator, RULES),
    configMap(release, 'cilium-config', agent, config(release)),
    daemonSet({
      release, name: 'cilium', labels: agent, selector: { 'k8s-app': 'cilium' }, podLabels: { 'app.kubernetes.io/name': 'cilium-agent', ...partOf },
      image: `quay.io/cilium/cilium:v${release.version}`, container: 'cilium-agent', hostNetwork: true, everywhere: true, priority: 'system-node-critical', serviceAccount: 'cilium',
    }),
    deployment({
      release, name: 'cilium-operator', labels: operator, selector: { 'io.cilium/app': 'operator', name: 'cilium-operator' }, podLabels: { 'app.kubernetes.io/name': 'cilium-operator', ...partOf },
      image: `quay.io/cilium/operator-generic:v${release.version}`, container: 'cilium-operator', hostNetwork: true, everywhere: true,
      priority: 'system-cluster-critical', serviceAccount: 'cilium-operator', replicas: count(release, 'operator.replicas', 2),
    }),
  ];
  if (flag(release, 'envoy.enabled', true)) {
    const envoy = chartLabels(cilium, release, 'cilium-envoy', { 'k8s-app': 'cilium-envoy', ...partOf });
    out.push(daemonSet({
      release, name: 'cilium-envoy', labels: envoy, selector: { 'k8s-app': 'cilium-envoy' }, podLabels: { 'app.kubernetes.io/name': 'cilium-envoy', ...partOf },
      image: 'quay.io/cilium/cilium-envoy:v1.34.10', container: 'cilium-envoy', hostNetwork: true, everywhere: true, priority: 'system-node-critical', ports: { 'envoy-metrics': 9964 },
    }));
  }
  if (flag(release, 'hubble.enabled', true)) {
    out.push(service(release, 'hubble-peer', { ...agent }, { 'k8s-app': 'cilium' }, { 'peer-service': 443 }));
    if (flag(release, 'hubble.relay.enabled', false)) {
      const relay = chartLabels(cilium, release, 'hubble-relay', { 'k8s-app': 'hubble-relay', ...partOf });
      out.push(service(release, 'hubble-relay', relay, { 'k8s-app': 'hubble-relay' }, { http: 80 }), deployment({
        release, name: 'hubble-relay', labels: relay, selector: { 'k8s-app': 'hubble-relay' }, podLabels: { 'app.kubernetes.io/name': 'hubble-relay', ...partOf },
        image: `quay.io/cilium/hubble-relay:v${release.version}`, container: 'hubble-relay', ports: { grpc: 4245 }, replicas: count(release, 'hubble.relay.replicas', 1),
        ...(byJob(release, 'hubble.tls') ? { secrets: ['hubble-relay-client-certs'] } : {}),
      }));
    }
    if (flag(release, 'hubble.ui.enabled', false)) {
      const ui = chartLabels(cilium, release, 'hubble-ui', { 'k8s-app': 'hubble-ui', ...partOf });
      out.push(service(release, 'hubble-ui', ui, { 'k8s-app': 'hubble-ui' }, { http: 80 }), deployment({
        release, name: 'hubble-ui', labels: ui, selector: { 'k8s-app': 'hubble-ui' }, podLabels: { 'app.kubernetes.io/name': 'hubble-ui', ...partOf },
        image: 'quay.io/cilium/hubble-ui:v0.13.3', container: 'frontend', ports: { http: 8081 },
      }));
    }
  }
  const authority = text(at(release.values, 'tls.ca.cert')); const key = text(at(release.values, 'tls.ca.key'));
  if (authority !== undefined && key !== undefined) {
    out.push({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cilium-ca', namespace: release.namespace, labels: { ...agent } }, data: { 'ca.crt': authority, 'ca.key': key } });
  }
  if (flag(release, 'gatewayAPI.enabled', false) && String(at(release.values, 'gatewayAPI.gatewayClass.create') ?? 'auto') !== 'false') {
    out.push({
      apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', metadata: { name: 'cilium', labels: { ...agent } },
      spec: { controllerName: 'io.cilium/gateway-controller', description: 'The default Cilium GatewayClass' },
    });
  }
  if (meshes(release)) out.push(...clusterMesh(cilium, release));
  out.push(...peers(release, agent));
  if (flag(release, 'prometheus.enabled', false) && flag(release, 'prometheus.serviceMonitor.enabled', false)) {
    out.push(service(release, 'cilium-agent', agent, { 'k8s-app': 'cilium' }, { metrics: 9962 }, { clusterIP: 'None' }), serviceMonitor(release, 'cilium-agent', agent, { 'k8s-app': 'cilium' }, 'metrics'));
  }
  if (flag(release, 'operator.prometheus.serviceMonitor.enabled', false)) {
    out.push(service(release, 'cilium-operator', operator, { 'io.cilium/app': 'operator' }, { metrics: 9963 }, { clusterIP: 'None' }), serviceMonitor(release, 'cilium-operator', operator, { 'io.cilium/app': 'operator' }, 'metrics'));
  }
  return out;
}

/** At these versions the jobs that make certificates are hooks: Helm runs them after it has waited for everything else. */
function hooks(release: ReleaseRequest): KubeObject[] {
  const wanted = [
    ...(flag(release, 'hubble.enabled', true) && byJob(release, 'hubble.tls') ? ['hubble-generate-certs'] : []),
    ...(meshes(release) && byJob(release, 'clustermesh.apiserver.tls') ? ['clustermesh-apiserver-generate-certs'] : []),
  ];
  return wanted.map((name) => {
    const labels = chartLabels(cilium, release, name, { 'k8s-app': name });
    return hookJob({ release, name, labels, selector: labels, image: 'quay.io/cilium/certgen:v0.2.4', container: 'certgen', args: [...CILIUM_CERTIFICATES[name] ?? []] }, 'post-install,post-upgrade');
  });
}

export const cilium: Chart = { name: 'cilium', serves: /^1\.18\.\d+$/, appVersion: (version) => version, render, hooks };
