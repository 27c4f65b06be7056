import { renderRelease } from '../../lab/catalog/charts.ts';
import { at, groupOf, list, plain, strings, text } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { broughtBy } from '../../scripts/manifests/index/operators.ts';
import { all, appsOf, each, infraOf, type Check, type Seen } from './networking.checks.ts';
import { objectOf } from './ci.seen.ts';
import type { BuiltCluster } from './tree.ts';

/** Names: every Service somebody asks for by its whole name is made by the tree, and what is asked across the mesh is there on both sides. */

const GLOBAL = 'service.cilium.io/global';
interface Made { readonly name: string; readonly ports: readonly number[]; readonly global: boolean; readonly empty: boolean }

const marked = (annotations: unknown): boolean => strings(annotations)[GLOBAL] === 'true';
const key = (namespace: string | undefined, name: string): string => `${name}.${namespace ?? ''}`;

/** A Service of the tree itself, or of a chart. */
function ofService(service: KubeObject): Made {
  return { name: key(service.metadata.namespace, service.metadata.name), ports: list(at(service.spec, 'ports')).map((port) => Number(at(port, 'port'))), global: marked(service.metadata.annotations), empty: at(service.spec, 'selector') === undefined };
}
/** Those that operators make of an object, as they name them. */
function ofOperator(object: KubeObject): readonly Made[] {
  const { namespace, name } = object.metadata;
  const made = (own: string, ports: readonly number[], annotations: unknown): Made => ({ name: key(namespace, own), ports, global: marked(annotations), empty: false });
  switch (object.kind) {
    case 'Pooler': return [made(name, [5432], at(object.spec, 'serviceTemplate.metadata.annotations'))];
    case 'Dragonfly': return [made(name, [6379], at(object.spec, 'serviceSpec.annotations'))];
    case 'Cluster': return [...['rw', 'ro', 'r'].map((role) => made(`${name}-${role}`, [5432], {})), ...list(at(object.spec, 'managed.services.additional')).map((own) => made(text(at(own, 'serviceTemplate.metadata.name')) ?? '', [5432], at(own, 'serviceTemplate.metadata.annotations')))];
    case 'VMAuth': return [made(`vmauth-${name}`, [Number(at(object.spec, 'port'))], at(object.spec, 'serviceSpec.useAsDefault') === true ? at(object.spec, 'serviceSpec.metadata.annotations') : {})];
    default: return (broughtBy(object, groupOf(object.apiVersion))?.services ?? []).map((own) => made(own, [], {}));
  }
}
function ofRelease(cluster: BuiltCluster, release: KubeObject): readonly Made[] {
  const spec = plain(release.spec);
  const source = all(cluster, 'OCIRepository').find(({ metadata }) => metadata.name === at(spec, 'chartRef.name') && metadata.namespace === release.metadata.namespace);
  const chart = text(at(spec, 'chart.spec.chart')) ?? text(at(source?.spec, 'url')) ?? '';
  const version = text(at(spec, 'chart.spec.version')) ?? text(at(source?.spec, 'ref.tag')) ?? '';
  return renderRelease({ name: release.metadata.name, namespace: release.metadata.namespace ?? '', chart, version, values: plain(spec['values']) }).objects.filter(({ kind }) => kind === 'Service').map(ofService);
}
const rendered = new WeakMap<KubeObject, readonly Made[]>();
function servicesOf(cluster: BuiltCluster): ReadonlyMap<string, Made> {
  const released = all(cluster, 'HelmRelease').flatMap((release) => {
    const known = rendered.get(release) ?? ofRelease(cluster, release);
    rendered.set(release, known);
    return known;
  });
  return new Map([...all(cluster, 'Service').map(ofService), ...cluster.objects.flatMap(ofOperator), ...released].map((made) => [made.name, made]));
}
/** Made before Flux and by nobody here: the API itself, DNS, and what the bootstrap brings. */
const GIVEN = /^(?:kubernetes\.default|kube-dns\.kube-system)$/;
/** Whole names of Services in what a cluster applies, with the port where one is said. */
function asked(cluster: BuiltCluster): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const object of cluster.objects) {
    for (const [, name = '', namespace = '', port] of JSON.stringify(object).matchAll(/([a-z0-9][a-z0-9-]*)\.([a-z0-9][a-z0-9-]*)\.svc(?:\.cluster\.local)?(?::(\d+))?(?![\w-])/g)) {
      const by = found.get(`${name}.${namespace}`) ?? new Set<string>();
      by.add(`${object.kind} ${object.metadata.name}${port === undefined ? '' : ` ${port}`}`);
      found.set(`${name}.${namespace}`, by);
    }
  }
  return found;
}
const CONSUMERS = ['gitlab-pooler.cnpg-system', 'shared-postgres-direct.cnpg-system', 'dragonfly.dragonfly-system', 'vminsert-global.observability', 'vmauth-victoria-logs.observability'];
function mirrored(seen: Seen): readonly (Made & { readonly there: Made | undefined })[] {
  const there = servicesOf(infraOf(seen));
  return [...servicesOf(appsOf(seen)).values()].filter(({ empty }) => empty).map((made) => ({ ...made, there: there.get(made.name) }));
}

export const MESH: readonly Check[] = [
  {
    holds: 'every Service that is asked for by its whole name is made by something of the tree', defect: 'gitlab-pooler-rw, and a dragonfly that is not in apps',
    find: (seen) => each(seen, (cluster, say) => {
      const made = servicesOf(cluster);
      for (const [name, by] of asked(cluster)) if (!made.has(name) && !GIVEN.test(name)) say(`nobody makes ${name}, asked for by ${[...by].join(', ')}`);
    }),
    plant: (seen) => { plain(at(objectOf(appsOf(seen), 'HelmRelease', 'gitlab', 'gitlab-system').spec, 'values.global.psql'))['host'] = 'gitlab-pooler-rw.cnpg-system.svc.cluster.local'; },
  },
  {
    holds: 'what GitLab and the collectors ask across the mesh is a name of both clusters', defect: 'PostgreSQL and Redis names that resolve in one cluster only',
    find: (seen) => {
      const made = servicesOf(appsOf(seen));
      const names = asked(appsOf(seen));
      return CONSUMERS.flatMap((name) => [...(made.get(name)?.empty === true ? [] : [`apps has no Service ${name} without pods`]), ...(names.has(name) ? [] : [`nobody asks for ${name}`])]);
    },
    plant: (seen) => { const service = all(appsOf(seen), 'Service').find(({ metadata }) => metadata.name === 'dragonfly'); if (service !== undefined) service.kind = 'Nothing'; },
  },
  {
    holds: 'a Service without pods is global on both sides, under one name, with the ports of the other', defect: 'an annotation on one side only: no address ever comes',
    find: (seen) => mirrored(seen).flatMap(({ name, ports, global, there }) => [
      ...(global ? [] : [`${name} of apps is not global`]),
      ...(there === undefined ? [`infra has no ${name}`] : there.global ? [] : [`${name} of infra is not global`]),
      ...(there === undefined || ports.every((port) => there.ports.includes(port)) ? [] : [`${name} answers at ${there.ports.join()} and is asked at ${ports.join()}`]),
    ]),
    plant: (seen) => { plain(objectOf(infraOf(seen), 'Dragonfly', 'dragonfly', 'dragonfly-system').spec)['serviceSpec'] = {}; },
  },
  {
    holds: 'a public name that pods or people inside ask for is known inside: its route is on the internal gateway too', defect: 'names that only the world can resolve: BIND is the zone\'s own server and has none of them',
    find: (seen) => {
      const routes = seen.clusters.flatMap((cluster) => all(cluster, 'HTTPRoute').flatMap(({ metadata, spec }) => list(at(spec, 'hostnames')).map((host) => ({ host: String(host), name: `${cluster.name} ${metadata.name}`, internal: list(at(spec, 'parentRefs')).some((parent) => at(parent, 'name') === cluster.settings['CILIUM_GATEWAY_INTERNAL_NAME']) }))));
      return ['sso.monosense.io', 'harbor.infra.monosense.io', 'gitlab.apps.monosense.io', 'registry.gitlab.apps.monosense.io', 'grafana.monosense.io'].flatMap((host) => {
        const route = routes.find((each_) => each_.host === host);
        return route === undefined ? [`nobody serves ${host}`] : route.internal ? [] : [`${route.name} is unknown inside`];
      });
    },
    plant: (seen) => { plain(all(infraOf(seen), 'HTTPRoute').find(({ metadata }) => metadata.name === 'keycloak')?.spec)['parentRefs'] = [{ name: 'cilium-gateway-external' }]; },
  },
  {
    holds: 'who is asked across the mesh lets the asker in', defect: 'a policy of infra that knows only its own namespaces',
    find: (seen) => {
      const infra = infraOf(seen);
      const open = (namespace: string, port: string): boolean => all(infra, 'CiliumNetworkPolicy').filter(({ metadata }) => metadata.namespace === namespace)
        .some(({ spec }) => list(at(spec, 'ingress')).some((rule) => JSON.stringify(at(rule, 'fromEndpoints') ?? []).includes('gitlab-system') && JSON.stringify(at(rule, 'toPorts') ?? []).includes(`"${port}"`)));
      return [['cnpg-system', '5432'], ['dragonfly-system', '6379']].flatMap(([namespace = '', port = '']) => (open(namespace, port) ? [] : [`${namespace} lets GitLab in nowhere at ${port}`]));
    },
    plant: (seen) => { objectOf(infraOf(seen), 'CiliumNetworkPolicy', 'allow-clients-ingress', 'cnpg-system').spec = { endpointSelector: {}, ingress: [] }; },
  },
];
