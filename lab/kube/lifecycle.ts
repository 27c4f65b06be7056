/** How objects end: finalizers, garbage collection by owner, namespaces and CRDs that take their contents along. */
import type { KubeObject } from '../world/types.ts';
import { at } from '../world/value.ts';
import { copy } from './json.ts';
import { bucketOf } from './objects.ts';
import type { Objects } from './objects.ts';

export type Propagation = 'Foreground' | 'Background' | 'Orphan';
const FOREGROUND = 'foregroundDeletion';
export const isNamespace = (object: KubeObject): boolean => object.apiVersion === 'v1' && object.kind === 'Namespace';
export const isCrd = (object: KubeObject): boolean => object.apiVersion === 'apiextensions.k8s.io/v1' && object.kind === 'CustomResourceDefinition';

export interface Lifecycle {
  /** Deletes as far as finalizers allow; the object as it is afterwards, or as it was last. */
  delete(object: KubeObject, propagation: Propagation): KubeObject;
  /** To be called after a write: an object whose last finalizer went is gone. Returns it as it was last, or undefined while it stays. */
  settle(object: KubeObject): KubeObject | undefined;
  /** Removes an object whose owners are all gone. */
  collectOrphan(uid: string): void;
}

/** `stamp` is the time now as metadata writes it; `crdGone` is told when a CRD ends or begins to end. */
export function createLifecycle(objects: Objects, stamp: () => string): Lifecycle {
  const contents = (object: KubeObject): readonly KubeObject[] => {
    if (isNamespace(object)) return objects.inNamespace(object.metadata.name);
    if (!isCrd(object)) return [];
    const bucket = `${String(at(object, 'spec', 'group'))}/${String(at(object, 'spec', 'names', 'kind'))}`;
    return objects.list(bucket);
  };
  const mark = (object: KubeObject, extraFinalizers: readonly string[]): KubeObject => {
    if (object.metadata.deletionTimestamp !== undefined) return object;
    const next = copy(object);
    next.metadata.deletionTimestamp = stamp();
    next.metadata['deletionGracePeriodSeconds'] = 0;
    // The API server counts the deletion as a change of what is wanted.
    if (next.metadata.generation !== undefined) next.metadata.generation++;
    if (extraFinalizers.length > 0) next.metadata.finalizers = [...new Set([...(next.metadata.finalizers ?? []), ...extraFinalizers])];
    if (isNamespace(next)) next.status = { ...next.status, phase: 'Terminating' };
    return objects.put(next, object);
  };
  const latest = (object: KubeObject): KubeObject | undefined => objects.byUid(object.metadata.uid ?? '');

  const remove = (object: KubeObject): KubeObject => {
    const last = objects.remove(object);
    const uid = object.metadata.uid ?? '';
    for (const dependent of objects.ownedBy(uid)) release(dependent, uid);
    for (const owner of object.metadata.ownerReferences ?? []) {
      const found = objects.byUid(owner.uid);
      if (found !== undefined) settle(found);
    }
    const space = object.metadata.namespace === undefined ? undefined : objects.get('/Namespace', undefined, object.metadata.namespace);
    if (space !== undefined) settle(space);
    for (const crd of objects.list(CRDS)) if (crd.metadata.deletionTimestamp !== undefined && bucketOf(object.apiVersion, object.kind) === `${String(at(crd, 'spec', 'group'))}/${String(at(crd, 'spec', 'names', 'kind'))}`) settle(crd);
    return last;
  };
  /** An owner is gone: the dependent goes, too, unless another owner is still there. */
  const release = (dependent: KubeObject, uid: string): void => {
    const left = (dependent.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid && objects.byUid(owner.uid) !== undefined);
    if (left.length === 0) deleteOne(dependent, 'Background');
    else forget(dependent, uid);
  };
  const forget = (dependent: KubeObject, uid: string): void => {
    const next = copy(dependent);
    next.metadata.ownerReferences = (next.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
    if (next.metadata.ownerReferences.length === 0) delete next.metadata.ownerReferences;
    objects.put(next, dependent);
  };
  /** Whether `owner` is `object` or among its owners' owners: who waits for such a dependent waits in a circle, which the collector breaks. */
  const owns = (owner: KubeObject, object: KubeObject, met = new Set<string>()): boolean => {
    const uid = object.metadata.uid ?? '';
    if (uid === owner.metadata.uid) return true;
    if (met.has(uid)) return false;
    met.add(uid);
    return (object.metadata.ownerReferences ?? []).some((reference) => {
      const next = objects.byUid(reference.uid);
      return next !== undefined && owns(owner, next, met);
    });
  };
  const settle = (object: KubeObject): KubeObject | undefined => {
    const now = latest(object);
    if (now === undefined || now.metadata.deletionTimestamp === undefined) return undefined;
    const finalizers = now.metadata.finalizers ?? [];
    if (finalizers.includes(FOREGROUND) && objects.ownedBy(now.metadata.uid ?? '').every((dependent) => owns(dependent, now))) {
      const next = copy(now);
      next.metadata.finalizers = finalizers.filter((name) => name !== FOREGROUND);
      if (next.metadata.finalizers.length === 0) return remove(now);
      objects.put(next, now);
      return undefined;
    }
    return finalizers.length === 0 && contents(now).length === 0 ? remove(now) : undefined;
  };
  const deleteOne = (object: KubeObject, propagation: Propagation): KubeObject => {
    const uid = object.metadata.uid ?? '';
    const dependents = objects.ownedBy(uid);
    if (propagation === 'Orphan') for (const dependent of dependents) forget(dependent, uid);
    const foreground = propagation === 'Foreground' && dependents.length > 0;
    const inside = contents(object);
    if (inside.length === 0 && !foreground && (object.metadata.finalizers ?? []).length === 0 && !isNamespace(object)) return remove(object);
    const marked = mark(object, foreground ? [FOREGROUND] : []);
    for (const dependent of foreground ? dependents : []) {
      const still = latest(dependent);
      if (still !== undefined && still.metadata.deletionTimestamp === undefined) deleteOne(still, 'Foreground');
    }
    for (const one of inside) {
      const still = latest(one);
      if (still !== undefined) deleteOne(still, 'Background');
    }
    return settle(marked) ?? latest(marked) ?? marked;
  };
  return {
    delete: deleteOne, settle,
    collectOrphan(uid) {
      const object = objects.byUid(uid);
      const owners = object?.metadata.ownerReferences ?? [];
      if (object !== undefined && owners.length > 0 && owners.every((owner) => objects.byUid(owner.uid) === undefined)) objects.change(() => deleteOne(object, 'Background'));
    },
  };
}
const CRDS = 'apiextensions.k8s.io/CustomResourceDefinition';
