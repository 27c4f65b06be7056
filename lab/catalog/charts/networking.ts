/** Charts of the networking layer: image sharing, and the general chart that small workloads are written with. */
import type { KubeObject } from '../../world/types.ts';
import { at, isPlain, list, plain, text, whole, type Plain } from '../data.ts';
import { chartLabels, configMap, count, daemonSet, flag, service, serviceMonitor, word, type Chart, type ReleaseRequest } from '../chart.ts';

export const spegel: Chart = {
  name: 'spegel', serves: /^0\.4\.\d+$/, appVersion: (version) => `v${version}`,
  render(release) {
    const labels = chartLabels(spegel, release, 'spegel');
    const selector = { 'app.kubernetes.io/component': 'spegel', 'app.kubernetes.io/name': 'spegel', 'app.kubernetes.io/instance': release.name };
    const metrics = { ...labels, 'app.kubernetes.io/component': 'metrics' };
    return [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: release.name, namespace: release.namespace, labels } },
      service(release, release.name, metrics, selector, { metrics: count(release, 'service.metrics.port', 9090) }),
      service(release, `${release.name}-registry`, labels, selector, { registry: count(release, 'service.registry.port', 5000) }, { type: 'NodePort' }),
      service(release, `${release.name}-bootstrap`, labels, selector, { router: count(release, 'service.router.port', 5001) }, { clusterIP: 'None' }),
      daemonSet({
        release, name: release.name, labels: { ...labels, 'app.kubernetes.io/component': 'spegel' }, selector, image: `ghcr.io/spegel-org/spegel:v${release.version}`, container: 'registry',
        serviceAccount: release.name, priority: word(release, 'priorityClassName', 'system-node-critical'), everywhere: true,
        args: ['registry', `--containerd-registry-config-path=${word(release, 'spegel.containerdRegistryConfigPath', '/etc/containerd/certs.d')}`, ...list(at(release.values, 'spegel.mirroredRegistries')).map((registry) => mirrored(release, String(registry)))],
        ...(at(release.values, 'resources') === undefined ? {} : { resources: at(release.values, 'resources') }),
      }),
      ...(flag(release, 'serviceMonitor.enabled', false) ? [serviceMonitor(release, release.name, labels, metrics, 'metrics')] : []),
      ...(flag(release, 'grafanaDashboard.enabled', false) ? [configMap(release, `${release.name}-dashboard`, { ...labels, grafana_dashboard: '1' }, { 'spegel.json': '{}' })] : []),
    ];
  },
};
/** As Spegel itself: a registry without its scheme ends the process. */
function mirrored(release: ReleaseRequest, registry: string): string {
  if (!/^https?:\/\//.test(registry)) throw new Error(`catalog: ${release.name}: mirrored registry ${registry} has no scheme, Spegel would not start`);
  return registry;
}

/** Probes, images, environment and mounts of one container, as the chart takes them over. */
function container(name: string, spec: Plain): Plain {
  const image = plain(spec['image']);
  const env = plain(spec['env']);
  return {
    name, image: `${text(image['repository']) ?? ''}:${text(image['tag']) ?? 'latest'}`, imagePullPolicy: 'IfNotPresent',
    ...(spec['args'] === undefined ? {} : { args: list(spec['args']).map(String) }),
    ...(Object.keys(env).length === 0 ? {} : { env: Object.entries(env).map(([key, value]) => (isPlain(value) ? { name: key, ...value } : { name: key, value: String(value) })) }),
    ...(spec['envFrom'] === undefined ? {} : { envFrom: spec['envFrom'] }),
    ...(spec['resources'] === undefined ? {} : { resources: spec['resources'] }),
    ...(spec['securityContext'] === undefined ? {} : { securityContext: spec['securityContext'] }),
  };
}

const WORKLOADS: Readonly<Record<string, string>> = { deployment: 'Deployment', daemonset: 'DaemonSet', statefulset: 'StatefulSet' };

export const appTemplate: Chart = {
  name: 'app-template', serves: /^4\.\d+\.\d+$/, appVersion: () => '',
  render(release) {
    const labels = chartLabels(appTemplate, release, release.name);
    const controllers = Object.entries(plain(release.values['controllers']));
    const named = (id: string, all: number): string => (all === 1 ? release.name : `${release.name}-${id}`);
    const selectorOf = (controller: string): Record<string, string> => ({ 'app.kubernetes.io/controller': controller, 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/name': release.name });
    const volumes = Object.entries(plain(release.values['persistence'])).map(([name, entry]) => volume(name, plain(entry)));
    const out: KubeObject[] = controllers.map(([id, entry]): KubeObject => {
      const controller = plain(entry);
      const kind = WORKLOADS[text(controller['type']) ?? 'deployment'];
      if (kind === undefined) throw new Error(`catalog: app-template: ${id} is a ${String(controller['type'])}, which the lab does not know`);
      const pod = { ...plain(release.values['defaultPodOptions']), ...plain(controller['pod']) };
      return {
        apiVersion: 'apps/v1', kind, metadata: { name: named(id, controllers.length), namespace: release.namespace, labels: { ...labels, 'app.kubernetes.io/controller': id } },
        spec: {
          ...(kind === 'DaemonSet' ? {} : { replicas: whole(controller['replicas'], 1) }), selector: { matchLabels: selectorOf(id) },
          template: {
            metadata: { labels: selectorOf(id) },
            spec: {
              ...pod, serviceAccountName: text(at(controller, 'serviceAccount.name')) ?? 'default',
              containers: Object.entries(plain(controller['containers'])).map(([name, spec]) => container(name, plain(spec))), ...(volumes.length > 0 ? { volumes } : {}),
            },
          },
        },
      };
    });
    const services = Object.entries(plain(release.values['service']));
    for (const [id, entry] of services) {
      const ports = Object.fromEntries(Object.entries(plain(plain(entry)['ports'])).map(([name, port]) => [name, whole(plain(port)['port'], 80)]));
      out.push(service(release, named(id, services.length), { ...labels, 'app.kubernetes.io/service': named(id, services.length) }, selectorOf(text(plain(entry)['controller']) ?? controllers[0]?.[0] ?? ''), ports));
    }
    for (const [id, entry] of Object.entries(plain(release.values['serviceMonitor']))) {
      const identifier = text(at(plain(entry), 'service.identifier'));
      const port = text(plain(list(plain(entry)['endpoints'])[0])['port']) ?? '';
      const ports = plain(at(plain(services.find(([name]) => name === identifier)?.[1]), 'ports'));
      if (ports[port] === undefined) throw new Error(`catalog: app-template: serviceMonitor ${id} asks for port ${port} of service ${identifier ?? ''}, which is not there`);
      out.push(serviceMonitor(release, release.name, labels, { 'app.kubernetes.io/instance': release.name, 'app.kubernetes.io/name': release.name }, port));
    }
    return out;
  },
};

function volume(name: string, entry: Plain): Plain {
  switch (entry['type']) {
    case 'configMap': return { name, configMap: { name: entry['name'] } };
    case 'secret': return { name, secret: { secretName: entry['name'] } };
    case 'emptyDir': return { name, emptyDir: {} };
    case 'persistentVolumeClaim': return { name, persistentVolumeClaim: { claimName: entry['existingClaim'] } };
    default: throw new Error(`catalog: app-template: persistence ${name} of type ${String(entry['type'])} is not known to the lab`);
  }
}
