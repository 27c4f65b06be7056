import type { Path } from '../../../config/source.ts';
import type { Built } from '../../model.types.ts';
import type { Index } from '../../index/index.ts';
import { at, entries, fields, isHole, text, whole, type Fields } from '../../index/read.ts';
import { selects, type Verdict } from '../../index/selectors.ts';

export const GATEWAY = 'gateway.networking.k8s.io';

/** Kinds of routes, with the protocols of listeners they can attach to. */
export const ROUTES: Readonly<Record<string, readonly string[]>> = { HTTPRoute: ['HTTP', 'HTTPS'], GRPCRoute: ['HTTP', 'HTTPS'], TLSRoute: ['TLS'], TCPRoute: ['TCP', 'TLS'], UDPRoute: ['UDP'] };

export interface Listener { readonly name: string | undefined; readonly fields: Fields; readonly path: Path }

export function listeners(gateway: Built): readonly Listener[] {
  return entries(at(gateway.object['spec'], 'listeners')).map(({ entry, index }): Listener => ({ name: text(entry['name']), fields: entry, path: ['spec', 'listeners', index] }));
}

/** Whether routes of a namespace may attach to a listener of a Gateway. */
export function admits(index: Index, listener: Listener, gateway: string, namespace: string): Verdict {
  const from = at(listener.fields, 'allowedRoutes', 'namespaces');
  const who = at(from, 'from') ?? 'Same';
  if (isHole(who)) return undefined;
  if (who === 'All') return true;
  if (who === 'Selector') {
    const labels = index.namespaces.get(namespace)?.labels;
    return labels === undefined ? undefined : selects(at(from, 'selector'), labels);
  }
  return who === 'Same' ? gateway === namespace : false;
}

/** Whether a listener takes routes of a kind. */
export function takes(listener: Listener, kind: string): Verdict {
  const kinds = entries(at(listener.fields, 'allowedRoutes', 'kinds'));
  if (kinds.length > 0) return kinds.some(({ entry }) => entry['kind'] === kind);
  const protocol = text(listener.fields['protocol']);
  // Implementations have protocols of their own.
  return protocol === undefined || protocol.includes('/') || protocol.includes('.') ? undefined : (ROUTES[kind] ?? []).includes(protocol);
}

/** Whether names of a route and of a listener have one in common; either may say none, which is all of them. */
export function intersects(listener: unknown, names: readonly unknown[]): Verdict {
  if (listener === undefined || listener === null || listener === '' || names.length === 0) return true;
  if (isHole(listener) || names.some(isHole)) return undefined;
  return names.some((name) => share(String(listener).toLowerCase(), String(name).toLowerCase()));
}

function share(a: string, b: string): boolean {
  if (a === b) return true;
  const covers = (wild: string, name: string): boolean => wild.startsWith('*.') && name.endsWith(wild.slice(1)) && name !== wild.slice(1);
  return covers(a, b) || covers(b, a);
}

/** A place that leads on to something: a Service, mostly. */
export interface BackendRef { readonly built: Built; readonly ref: Fields; readonly path: Path; readonly namespace: string }

/** What the rules of a route lead to, mirrors among it. */
export function backends(route: Built, namespace: string): readonly BackendRef[] {
  const of = (refs: unknown, path: Path): readonly BackendRef[] => entries(refs).flatMap(({ entry, index }) => [
    { built: route, ref: entry, path: [...path, index], namespace },
    ...mirrors(entry['filters'], [...path, index, 'filters']),
  ]);
  const mirrors = (filters: unknown, path: Path): readonly BackendRef[] => entries(filters).flatMap(({ entry, index }) => {
    const ref = fields(at(entry, 'requestMirror', 'backendRef'));
    return ref['name'] === undefined ? [] : [{ built: route, ref, path: [...path, index, 'requestMirror', 'backendRef'], namespace }];
  });
  return entries(at(route.object['spec'], 'rules')).flatMap(({ entry, index }) => [...of(entry['backendRefs'], ['spec', 'rules', index, 'backendRefs']), ...mirrors(entry['filters'], ['spec', 'rules', index, 'filters'])]);
}

/** Whether a ReferenceGrant of `to`'s namespace lets objects of a kind and namespace name it. */
export function granted(index: Index, from: { readonly kind: string; readonly namespace: string }, to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string }): Verdict {
  const found = index.kindIn(`${GATEWAY}/ReferenceGrant`, to.namespace).some(({ object }) => (
    entries(at(object['spec'], 'from')).some(({ entry }) => entry['kind'] === from.kind && (entry['group'] ?? GATEWAY) === GATEWAY && entry['namespace'] === from.namespace)
    && entries(at(object['spec'], 'to')).some(({ entry }) => entry['kind'] === to.kind && (entry['group'] ?? '') === to.group && (entry['name'] === undefined || entry['name'] === to.name))
  ));
  return found ? true : index.unseen(to.namespace) === undefined ? false : undefined;
}

/** Ports of a Service: numbers and names; undefined when it is not here, or they are not known. */
export function servicePorts(service: Built | undefined): { readonly numbers: readonly number[]; readonly names: readonly string[] } | undefined {
  const ports = entries(at(service?.object['spec'], 'ports')).map(({ entry }) => ({ number: whole(entry['port']), name: entry['name'] }));
  if (service === undefined || isHole(at(service.object['spec'], 'ports')) || ports.some(({ number, name }) => number === undefined || isHole(name))) return undefined;
  return { numbers: ports.flatMap(({ number }) => number ?? []), names: ports.flatMap(({ name }) => text(name) ?? []) };
}

