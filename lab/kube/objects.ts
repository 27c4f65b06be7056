/** Where the objects of one cluster lie, with the indexes the life cycle needs, and the queue of their changes. */
import type { KubeObject, Ref, StoreEvent } from '../world/types.ts';
import { freeze } from './json.ts';

export const groupOf = (apiVersion: string): string => (apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '');
export const bucketOf = (apiVersion: string, kind: string): string => `${groupOf(apiVersion)}/${kind}`;
const NONE: readonly KubeObject[] = [];
const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

export interface Objects {
  get(bucket: string, namespace: string | undefined, name: string): KubeObject | undefined;
  /** In the order of namespace and name. */
  list(bucket: string): readonly KubeObject[];
  all(): KubeObject[];
  byUid(uid: string): KubeObject | undefined;
  ownedBy(uid: string): readonly KubeObject[];
  /** Everything that lies in a namespace. */
  inNamespace(namespace: string): readonly KubeObject[];
  /** Writes an object with the next resourceVersion, freezes it and queues its event. */
  put(object: KubeObject, before: KubeObject | undefined): KubeObject;
  /** Takes an object away; its event carries it with a new resourceVersion. */
  remove(object: KubeObject): KubeObject;
  /** Puts objects back as they were dumped, without events. */
  restore(objects: readonly KubeObject[], version: number): void;
  version(): number;
  onChange(listener: (event: StoreEvent) => void): () => void;
  /** Runs a change; listeners are told, in order, when the outermost one is complete. */
  change<T>(run: () => T): T;
}

const index = (map: Map<string, Set<string>>, key: string, uid: string, on: boolean): void => {
  const set = map.get(key) ?? new Set();
  if (on) set.add(uid);
  else set.delete(uid);
  if (set.size === 0) map.delete(key);
  else map.set(key, set);
};
export function createObjects(): Objects {
  const buckets = new Map<string, { readonly items: Map<string, KubeObject>; sorted: readonly KubeObject[] | undefined }>();
  const uids = new Map<string, KubeObject>();
  const owned = new Map<string, Set<string>>();
  const spaces = new Map<string, Set<string>>();
  const listeners = new Set<(event: StoreEvent) => void>();
  const queue: StoreEvent[] = [];
  let version = 0;
  let depth = 0;
  let draining = false;

  const mark = (object: KubeObject, on: boolean): void => {
    const uid = object.metadata.uid ?? '';
    for (const owner of object.metadata.ownerReferences ?? []) index(owned, owner.uid, uid, on);
    if (object.metadata.namespace !== undefined) index(spaces, object.metadata.namespace, uid, on);
    if (on) uids.set(uid, object);
    else uids.delete(uid);
  };
  const bucketFor = (object: KubeObject): { readonly items: Map<string, KubeObject>; sorted: readonly KubeObject[] | undefined } => {
    const name = bucketOf(object.apiVersion, object.kind);
    const bucket = buckets.get(name) ?? { items: new Map<string, KubeObject>(), sorted: undefined };
    buckets.set(name, bucket);
    bucket.sorted = undefined;
    return bucket;
  };
  const lay = (object: KubeObject, before: KubeObject | undefined): KubeObject => {
    const frozen = freeze(object);
    if (before !== undefined) mark(before, false);
    bucketFor(frozen).items.set(keyOf(frozen.metadata.namespace, frozen.metadata.name), frozen);
    mark(frozen, true);
    return frozen;
  };
  const resolve = (set: ReadonlySet<string> | undefined): KubeObject[] => [...(set ?? [])].flatMap((uid) => uids.get(uid) ?? []);
  const drain = (): void => {
    if (draining) return;
    draining = true;
    const failed: unknown[] = [];
    try {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) {
        const told = Array.from(listeners);
        for (const listener of told) {
          try {
            listener(event);
          } catch (error) {
            failed.push(error);
          }
        }
      }
    } finally {
      draining = false;
    }
    // The change stands and everyone was told; whoever's listener broke must still hear of it.
    if (failed.length > 0) throw failed[0];
  };

  return {
    get: (bucket, namespace, name) => buckets.get(bucket)?.items.get(keyOf(namespace, name)),
    list(bucket) {
      const found = buckets.get(bucket);
      if (found === undefined) return NONE;
      found.sorted ??= [...found.items].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
      return found.sorted;
    },
    all: () => [...uids.values()],
    byUid: (uid) => uids.get(uid),
    ownedBy: (uid) => resolve(owned.get(uid)),
    inNamespace: (namespace) => resolve(spaces.get(namespace)),
    put(object, before) {
      object.metadata.resourceVersion = String(++version);
      const frozen = lay(object, before);
      queue.push({ type: before === undefined ? 'ADDED' : 'MODIFIED', object: frozen, before });
      return frozen;
    },
    remove(object) {
      bucketFor(object).items.delete(keyOf(object.metadata.namespace, object.metadata.name));
      mark(object, false);
      const last = freeze({ ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } });
      queue.push({ type: 'DELETED', object: last, before: object });
      return last;
    },
    restore(objects, at) {
      for (const object of objects) lay(object, undefined);
      version = at;
    },
    version: () => version,
    onChange(listener) {
      listeners.add(listener);
      return () => { listeners.delete(listener); };
    },
    change(run) {
      depth++;
      try {
        return run();
      } finally {
        depth--;
        if (depth === 0) drain();
      }
    },
  };
}

/** `{apiVersion, kind, name, namespace}` of an object. */
export const refOf = (object: KubeObject): Ref => ({ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }) });
