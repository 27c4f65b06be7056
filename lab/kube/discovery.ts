/** What the API says about itself: versions, groups, resources; plain and aggregated. */
import type { ResourceType, Store } from '../world/types.ts';
import { servedVersions } from './registry.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const SCALABLE = new Set(['apps/Deployment', 'apps/StatefulSet', 'apps/ReplicaSet']);
export const scalable = (type: ResourceType): boolean => SCALABLE.has(`${type.group}/${type.kind}`);

interface Sub { readonly name: string; readonly kind: string; readonly group?: string; readonly version?: string; readonly verbs: readonly string[] }
function subresources(type: ResourceType): Sub[] {
  const status = type.hasStatus ? [{ name: 'status', kind: type.kind, verbs: ['get', 'patch', 'update'] }] : [];
  const scale = scalable(type) ? [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get', 'patch', 'update'] }] : [];
  const pod = type.group === '' && type.kind === 'Pod' ? [{ name: 'log', kind: 'Pod', verbs: ['get'] }, { name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] }] : [];
  return [...status, ...scale, ...pod];
}

/** Versions of a group in the order clients should prefer them: v2, v1, v1beta1, v1alpha1. */
function rank(version: string): number[] {
  const [, major = '0', stage = '', minor = '0'] = /^v(\d+)(alpha|beta)?(\d+)?$/.exec(version) ?? [];
  return [stage === '' ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor)];
}
function byPriority(a: string, b: string): number {
  const [left, right] = [rank(a), rank(b)];
  for (const [index, value] of left.entries()) if (value !== right[index]) return (right[index] ?? 0) - value;
  return a < b ? -1 : 1;
}

/** Group name to its versions, built-in ones first. */
function groups(store: Store): Map<string, string[]> {
  const out = new Map<string, string[]>();
  for (const type of store.types()) out.set(type.group, [...new Set([...(out.get(type.group) ?? []), ...servedVersions(type)])].toSorted(byPriority));
  return out;
}
/** Every group and version that is served, as paths below the root: `api/v1`, `apis/apps/v1`. */
export const groupVersionPaths = (store: Store): string[] => [...groups(store)].flatMap(([group, versions]) => versions.map((version) => (group === '' ? `api/${version}` : `apis/${group}/${version}`)));
export const typesIn = (store: Store, group: string, version: string): ResourceType[] => store.types().filter((type) => type.group === group && servedVersions(type).includes(version));

export const versionInfo = (kubernetesVersion: string): object => {
  const [major = '1', minor = '0'] = kubernetesVersion.replace(/^v/, '').split('.');
  return { major, minor, gitVersion: `v${kubernetesVersion.replace(/^v/, '')}`, gitCommit: 'simulated', gitTreeState: 'clean', buildDate: '1970-01-01T00:00:00Z', goVersion: 'none', compiler: 'none', platform: 'simulated' };
};
export const apiVersions = (address: string): object => ({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }] });

function apiGroup(group: string, versions: readonly string[]): object {
  const list = versions.map((version) => ({ groupVersion: `${group}/${version}`, version }));
  return { name: group, versions: list, preferredVersion: list[0] };
}
export const apiGroupList = (store: Store): object => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: [...groups(store)].filter(([group]) => group !== '').map(([group, versions]) => apiGroup(group, versions)) });
/** undefined when the group is not served. */
export function apiGroupOf(store: Store, group: string): object | undefined {
  const versions = groups(store).get(group);
  return versions === undefined || group === '' ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group, versions) };
}
/** undefined when nothing is served there. */
export function apiResourceList(store: Store, group: string, version: string): object | undefined {
  const types = typesIn(store, group, version);
  if (types.length === 0) return undefined;
  return {
    kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group === '' ? version : `${group}/${version}`,
    resources: types.flatMap((type) => [
      { name: type.plural, singularName: type.singular, namespaced: type.namespaced, kind: type.kind, verbs: VERBS, ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}), ...(all(type) ? { categories: ['all'] } : {}) },
      ...subresources(type).map(({ name, ...sub }) => ({ name: `${type.plural}/${name}`, singularName: '', namespaced: type.namespaced, ...sub })),
    ]),
  };
}
const ALL = new Set(['/Pod', '/Service', '/ReplicationController', 'apps/Deployment', 'apps/DaemonSet', 'apps/StatefulSet', 'apps/ReplicaSet', 'batch/Job', 'batch/CronJob', 'autoscaling/HorizontalPodAutoscaler']);
const all = (type: ResourceType): boolean => ALL.has(`${type.group}/${type.kind}`);

export const AGGREGATED_TYPE = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
/** Does the client take the aggregated form, version 2? */
export const wantsAggregated = (accept: string): boolean => accept.split(',').some((entry) => /as=APIGroupDiscoveryList/.test(entry) && /v=v2(;|$)/.test(entry.trim()));
/** Everything below /api (core) or /apis at once. */
export function aggregated(store: Store, core: boolean): object {
  return {
    kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', metadata: {},
    items: [...groups(store)].filter(([group]) => (group === '') === core).map(([group, versions]) => ({
      metadata: { ...(group === '' ? {} : { name: group }), creationTimestamp: null },
      versions: versions.map((version) => ({
        version, freshness: 'Current',
        resources: typesIn(store, group, version).map((type) => ({
          resource: type.plural, responseKind: { group, version, kind: type.kind }, scope: type.namespaced ? 'Namespaced' : 'Cluster', singularResource: type.singular, verbs: VERBS,
          ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}), ...(all(type) ? { categories: ['all'] } : {}),
          subresources: subresources(type).map((sub) => ({ subresource: sub.name, responseKind: { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind }, verbs: sub.verbs })),
        })),
      })),
    })),
  };
}
