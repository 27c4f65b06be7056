/**
 * How lists merge: by key, as a set, or whole. The keys are those of the published API types
 * (`x-kubernetes-list-map-keys` for server-side apply, `patchMergeKey` for strategic merge).
 */
import { isFields } from '../world/value.ts';
import type { Fields } from '../world/value.ts';

export type ListKind = { readonly merge: 'map'; readonly keys: readonly string[] } | { readonly merge: 'set' } | { readonly merge: 'atomic' };
export interface Schema {
  /** How the list at this path (field names only, no items) merges. */
  list(path: readonly string[]): ListKind;
  /** Is the mapping at this path one value? */
  atomicMap(path: readonly string[]): boolean;
}

const ATOMIC: ListKind = { merge: 'atomic' };
const by = (...keys: string[]): ListKind => ({ merge: 'map', keys });

/** Lists that merge by key wherever they stand in a built-in kind. */
const KEYED: Readonly<Record<string, ListKind>> = {
  containers: by('name'), initContainers: by('name'), ephemeralContainers: by('name'), env: by('name'), volumes: by('name'), volumeMounts: by('mountPath'), volumeDevices: by('devicePath'),
  imagePullSecrets: by('name'), hostAliases: by('ip'), topologySpreadConstraints: by('topologyKey', 'whenUnsatisfiable'), conditions: by('type'), secrets: by('name'), resourceClaims: by('name'),
  webhooks: by('name'), matchConditions: by('name'), podIPs: by('ip'), hostIPs: by('ip'),
};
/** Mappings that are one value: selectors, references. */
const WHOLE = new Set(['selector', 'nodeSelector', 'labelSelector', 'namespaceSelector', 'podSelector', 'objectSelector', 'matchLabels', 'fieldRef', 'secretKeyRef', 'configMapKeyRef', 'resourceFieldRef', 'roleRef', 'claimRef', 'nodeSelectorTerms']);

function metadataList(path: readonly string[]): ListKind {
  if (path[1] === 'finalizers') return { merge: 'set' };
  return path[1] === 'ownerReferences' ? by('uid') : ATOMIC;
}

/** Server-side apply on built-in kinds. */
export const BUILT_IN_APPLY: Schema = {
  list(path) {
    if (path[0] === 'metadata') return metadataList(path);
    const name = path.at(-1) ?? '';
    if (name === 'ports') return path.at(-2) === 'containers' || path.at(-2) === 'initContainers' ? by('containerPort', 'protocol') : path.length === 2 && path[0] === 'spec' ? by('port', 'protocol') : ATOMIC;
    if (name === 'addresses') return path[0] === 'status' ? by('type') : ATOMIC;
    return KEYED[name] ?? ATOMIC;
  },
  atomicMap: (path) => path[0] !== 'metadata' && path[0] !== 'data' && WHOLE.has(path.at(-1) ?? ''),
};

/** Strategic merge on built-in kinds: one key per list. */
export const BUILT_IN_PATCH: Schema = {
  list(path) {
    const name = path.at(-1) ?? '';
    if (name === 'taints' && path[0] === 'spec') return by('key');
    const kind = BUILT_IN_APPLY.list(path);
    return kind.merge === 'map' ? by(...kind.keys.slice(0, 1)) : kind;
  },
  // Strategic merge goes into every mapping.
  atomicMap: () => false,
};

/** Custom resources: conditions by type, metadata as everywhere, everything else whole. */
export const CUSTOM_APPLY: Schema = {
  list: (path) => (path[0] === 'metadata' ? metadataList(path) : path[0] === 'status' && path.length === 2 && path[1] === 'conditions' ? by('type') : ATOMIC),
  atomicMap: () => false,
};

/** What a missing key counts as: the API's own default. */
const KEY_DEFAULTS: Readonly<Record<string, string>> = { protocol: 'TCP' };

/** The key of one item, as `{"name":"x"}`; undefined when a key is missing. */
export function itemKey(item: unknown, keys: readonly string[]): string | undefined {
  if (!isFields(item)) return undefined;
  const key: Fields = {};
  for (const name of keys) {
    const value = item[name] ?? KEY_DEFAULTS[name];
    if (value === undefined || typeof value === 'object') return undefined;
    key[name] = value;
  }
  return JSON.stringify(key);
}

/** The items by key; undefined when they cannot be told apart (missing or repeated keys): the list then counts as one value. */
export function keyedItems(list: readonly unknown[], keys: readonly string[]): ReadonlyMap<string, Fields> | undefined {
  const items = new Map<string, Fields>();
  for (const item of list) {
    const key = itemKey(item, keys);
    if (key === undefined || items.has(key) || !isFields(item)) return undefined;
    items.set(key, item);
  }
  return items;
}
