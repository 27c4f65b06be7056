import type { Path } from '../../../config/source.ts';
import { listed, meant } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { at, entries, isHole, isUnknown, items, text, whole, type Fields } from '../../index/read.ts';
import { admits, backends, GATEWAY, granted, intersects, listeners, ROUTES, servicePorts, takes, type BackendRef, type Listener } from './gateway-model.ts';

type Finding = Omit<Found, 'rule'>;

function routes(index: Index): readonly Built[] {
  return Object.keys(ROUTES).flatMap((kind) => index.kind(`${GATEWAY}/${kind}`));
}

export const routeParent: Rule = {
  id: 'route-parent',
  severity: 'error',
  summary: 'Routes attach to listeners that are there and take them.',
  why: 'The route is accepted by nobody, and its names answer 404 or not at all.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const route of routes(index)) {
      for (const { entry, index: position } of entries(at(route.object['spec'], 'parentRefs'))) yield* attached(index, route, entry, ['spec', 'parentRefs', position]);
    }
  },
};

function* attached(index: Index, route: Built, ref: Fields, path: Path): Iterable<Finding> {
  const name = text(ref['name']);
  const own = index.namespaceOf(route);
  const namespace = ref['namespace'] === undefined ? own : text(ref['namespace']);
  if (name === undefined || namespace === undefined) return;
  const kind = text(ref['kind']) ?? 'Gateway';
  if (kind === 'Service' && (ref['group'] === '' || ref['group'] === undefined)) {
    if (index.exists('Service', namespace, name) === false) yield { built: route, path: [...path, 'name'], message: `nobody makes Service ${namespace}/${name}`, hint: meant(name, index.names('Service', namespace), `name a Service of ${namespace}`) };
    return;
  }
  if (kind !== 'Gateway' || (ref['group'] ?? GATEWAY) !== GATEWAY) return;
  const gateway = index.find(`${GATEWAY}/Gateway`, namespace, name);
  if (gateway === undefined) {
    if (index.exists(`${GATEWAY}/Gateway`, namespace, name) !== false) return;
    const others = index.kind(`${GATEWAY}/Gateway`).filter(({ object }) => object.metadata.name === name).map((each) => index.namespaceOf(each));
    yield { built: route, path: [...path, 'name'], message: `nobody makes Gateway ${namespace}/${name}`, hint: others.length > 0 ? `there is one in ${listed(others)}: say namespace: ${others[0] ?? ''}` : meant(name, index.names(`${GATEWAY}/Gateway`, namespace), `name a Gateway of ${namespace}`) };
    return;
  }
  const all = listeners(gateway);
  if (all.length === 0 || isUnknown(at(gateway.object['spec'], 'listeners')) && all.some((each) => each.name === undefined)) return;
  const [section, port] = [ref['sectionName'], ref['port']];
  if (isHole(section) || isHole(port)) return;
  const chosen = all.filter((each) => (section === undefined || each.name === section) && (port === undefined || whole(each.fields['port']) === whole(port)));
  const related = [{ what: `Gateway ${name}`, source: { ...gateway.origin.source, at: [...gateway.origin.source.at, 'spec', 'listeners'] } }];
  const where = chosen.length === 1 ? `listener ${chosen[0]?.name ?? ''} of Gateway ${name}` : `Gateway ${name}`;
  if (chosen.length === 0) {
    const names = all.flatMap((each) => each.name ?? []);
    yield { built: route, path: [...path, section === undefined ? 'port' : 'sectionName'], message: `Gateway ${name} has no listener ${section === undefined ? `on port ${String(port)}` : String(section)}`, hint: meant(String(section ?? ''), names, `it has ${listed(names)}`), related };
    return;
  }
  const asked = (holds: (listener: Listener) => boolean | undefined): boolean => chosen.every((each) => holds(each) === false);
  if (asked((each) => admits(index, each, namespace, own))) yield { built: route, path, message: `${where} takes no routes of namespace ${own}`, hint: `let its allowedRoutes.namespaces take ${own}`, related };
  else if (asked((each) => takes(each, route.object.kind))) yield { built: route, path, message: `${where} takes no ${route.object.kind}`, hint: `attach to a listener for ${listed(ROUTES[route.object.kind] ?? [])}`, related };
  else {
    const names = items(at(route.object['spec'], 'hostnames'));
    if (!['HTTPRoute', 'GRPCRoute', 'TLSRoute'].includes(route.object.kind) || !asked((each) => intersects(each.fields['hostname'], names))) return;
    yield { built: route, path: ['spec', 'hostnames', 0], message: `none of its names is one of ${where}: ${listed([...new Set(chosen.map((each) => String(each.fields['hostname'])))])}`, hint: 'change the name, or attach to another listener', related };
  }
}

export const routeBackend: Rule = {
  id: 'route-backend',
  severity: 'error',
  summary: 'What routes lead to exists, has that port, and may be named from there.',
  why: 'Whoever comes that way gets 500.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const route of routes(index)) for (const backend of backends(route, index.namespaceOf(route))) yield* led(index, backend);
  },
};

function* led(index: Index, { built, ref, path, namespace: own }: BackendRef): Iterable<Finding> {
  const name = text(ref['name']);
  const namespace = ref['namespace'] === undefined ? own : text(ref['namespace']);
  if (name === undefined || namespace === undefined || (ref['kind'] ?? 'Service') !== 'Service' || (ref['group'] ?? '') !== '') return;
  if (index.exists('Service', namespace, name) === false) {
    yield { built, path: [...path, 'name'], message: `nobody makes Service ${namespace}/${name}`, hint: meant(name, index.names('Service', namespace), `name a Service of ${namespace}`) };
    return;
  }
  if (namespace !== own && granted(index, { kind: built.object.kind, namespace: own }, { group: '', kind: 'Service', namespace, name }) === false) {
    yield { built, path: [...path, 'namespace'], message: `no ReferenceGrant of ${namespace} lets a ${built.object.kind} of ${own} lead to Service ${name}`, hint: `add a ReferenceGrant in ${namespace}, or put the route there` };
  }
  const ports = servicePorts(index.find('Service', namespace, name));
  const port = ref['port'];
  if (port === undefined || port === null) yield { built, path: [...path, 'name'], message: `no port of Service ${namespace}/${name} is named`, hint: ports === undefined ? 'add port' : `add port: ${ports.numbers[0] ?? 80}` };
  else if (ports !== undefined && whole(port) !== undefined && !ports.numbers.includes(whole(port) ?? 0)) yield { built, path: [...path, 'port'], message: `Service ${namespace}/${name} has no port ${String(port)}`, hint: `it has ${listed(ports.numbers.map(String))}` };
}

export const hostTwice: Rule = {
  id: 'host-twice',
  severity: 'error',
  summary: 'A name and path lead to one place.',
  why: 'The older of the two wins, and the other is never reached.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const taken = new Map<string, Built>();
    for (const { built, key, path, text: said } of [...routeKeys(index), ...ingressKeys(index)]) {
      const other = taken.get(key);
      if (other === undefined) taken.set(key, built);
      else if (other !== built) yield { built, path, message: `${said} is taken by ${other.object.kind} ${index.namespaceOf(other)}/${other.object.metadata.name} already`, hint: 'change the name or the path of one of them', related: [{ what: 'the other one', source: other.origin.source }] };
    }
  },
};

interface Key { readonly built: Built; readonly key: string; readonly path: Path; readonly text: string }

function* routeKeys(index: Index): Iterable<Key> {
  for (const built of [...index.kind(`${GATEWAY}/HTTPRoute`), ...index.kind(`${GATEWAY}/GRPCRoute`)]) {
    const spec = built.object['spec'];
    const names = items(at(spec, 'hostnames'));
    if (isUnknown(names) || isUnknown(at(spec, 'parentRefs')) || names.length === 0) continue;
    for (const { entry: parent } of entries(at(spec, 'parentRefs'))) {
      const gate = JSON.stringify([parent['kind'], parent['namespace'] ?? index.namespaceOf(built), parent['name'], parent['sectionName'], parent['port']]);
      for (const [position, host] of names.entries()) {
        for (const { entry: rule } of entries(at(spec, 'rules'))) {
          const matches = items(rule['matches']).length === 0 ? [{}] : items(rule['matches']);
          for (const match of matches) {
            if (isUnknown(match)) continue;
            const where = { type: at(match, 'path', 'type') ?? 'PathPrefix', value: at(match, 'path', 'value') ?? '/' };
            yield { built, key: JSON.stringify([gate, host, where, at(match, 'method'), at(match, 'headers'), at(match, 'queryParams')]), path: ['spec', 'hostnames', position], text: `${String(host)}${String(where.value)}` };
          }
        }
      }
    }
  }
}

function* ingressKeys(index: Index): Iterable<Key> {
  for (const built of index.kind('networking.k8s.io/Ingress')) {
    const spec = built.object['spec'];
    // Controllers have ways to share a path by annotation (canaries).
    if (isHole(at(spec, 'ingressClassName')) || Object.keys(built.object.metadata.annotations ?? {}).some((key) => key.includes('canary'))) continue;
    for (const { entry: rule, index: position } of entries(at(spec, 'rules'))) {
      const host = rule['host'] ?? '*';
      for (const { entry, index: place } of entries(at(rule, 'http', 'paths'))) {
        if (isUnknown(host) || isUnknown(entry['path'])) continue;
        yield { built, key: JSON.stringify(['ingress', at(spec, 'ingressClassName'), host, entry['path'] ?? '/', entry['pathType']]), path: ['spec', 'rules', position, 'http', 'paths', place, 'path'], text: `${String(host)}${String(entry['path'] ?? '/')}` };
      }
    }
  }
}
