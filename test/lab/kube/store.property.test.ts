import { fc } from '../../fast-check.ts';
import { expect, test } from 'vitest';
import { createStore } from '../../../lab/kube/store.ts';
import { ApiError } from '../../../lab/world/types.ts';
import type { KubeObject, Store } from '../../../lab/world/types.ts';
import { configMap, counted, deployment, handClock, namespace, newStore } from './harness.ts';

type Op = (store: Store) => void;
const name = fc.constantFrom('a', 'b', 'c');
const space = fc.constantFrom('default', 'x', 'y');
const data = fc.dictionary(fc.constantFrom('k', 'l', 'm'), fc.constantFrom('1', '2'), { maxKeys: 3 });
const manager = fc.constantFrom('one', 'two');
const ref = (name: string, namespace: string): { apiVersion: string; kind: string; name: string; namespace: string } => ({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace });

const op: fc.Arbitrary<Op> = fc.oneof(
  fc.tuple(name, space, data).map(([n, s, d]): Op => (store) => { store.create(configMap(n, d, s)); }),
  fc.tuple(name, space, data).map(([n, s, d]): Op => (store) => { store.update(configMap(n, d, s)); }),
  fc.tuple(name, space, data, manager, fc.boolean()).map(([n, s, d, m, force]): Op => (store) => { store.apply(configMap(n, d, s), { manager: m, force }); }),
  fc.tuple(name, space, data).map(([n, s, d]): Op => (store) => { store.patch(ref(n, s), 'merge', { data: d, metadata: { finalizers: Object.keys(d).length > 2 ? ['x/y'] : null } }, { manager: 'kubectl' }); }),
  fc.tuple(name, space, fc.constantFrom('Background' as const, 'Foreground' as const, 'Orphan' as const)).map(([n, s, propagation]): Op => (store) => { store.delete(ref(n, s), { propagation }); }),
  fc.tuple(name, name, space).map(([child, parent, s]): Op => (store) => {
    const owner = store.get(ref(parent, s));
    if (owner !== undefined) store.patch(ref(child, s), 'merge', { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: parent, uid: owner.metadata.uid }] } });
  }),
  space.map((s): Op => (store) => { store.create(namespace(s)); }),
  space.map((s): Op => (store) => { store.delete({ apiVersion: 'v1', kind: 'Namespace', name: s }); }),
);
/** Runs what may be refused; only refusals are expected. */
function run(store: Store, ops: readonly Op[]): void {
  for (const one of ops) {
    try {
      one(store);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
}
const key = (object: KubeObject): string => `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
const everything = (store: Store): KubeObject[] => [...store.list('v1', 'Namespace'), ...store.list('v1', 'ConfigMap')];

test('whatever happens, replaying the events gives what a list gives, with versions that only grow', () => {
  fc.assert(fc.property(fc.array(op, { maxLength: 40 }), (ops) => {
    const { store } = newStore();
    const replayed = new Map(everything(store).map((object) => [key(object), object]));
    let version = Number(store.resourceVersion);
    store.onChange(({ type, object, before }) => {
      expect(Number(object.metadata.resourceVersion)).toBe(++version);
      expect(replayed.get(key(object))).toBe(before);
      if (type === 'DELETED') replayed.delete(key(object));
      else replayed.set(key(object), object);
    });
    run(store, ops);
    expect(new Map(everything(store).map((object) => [key(object), object]))).toEqual(replayed);
  }), { numRuns: 200 });
});

test('a store made of a dump is the same store, and goes on the same way', () => {
  fc.assert(fc.property(fc.array(op, { maxLength: 30 }), fc.array(op, { maxLength: 10 }), (before, after) => {
    const { store } = newStore();
    run(store, before);
    const dumped: unknown = JSON.parse(JSON.stringify(store.dump()));
    const other = createStore({ clock: handClock(), uid: counted('later'), dump: dumped });
    expect(other.dump()).toEqual(store.dump());
    const third = createStore({ clock: handClock(), uid: counted('later'), dump: dumped });
    run(other, after);
    run(third, after);
    expect(other.dump()).toEqual(third.dump());
  }), { numRuns: 100 });
});

test('nothing outlives its namespace or all its owners, and the namespace of every object is there', () => {
  fc.assert(fc.property(fc.array(op, { maxLength: 40 }), (ops) => {
    const { store, clock } = newStore();
    run(store, ops);
    clock.advance(2000);
    const uids = new Set(everything(store).map((object) => object.metadata.uid));
    for (const object of store.list('v1', 'ConfigMap')) {
      expect(store.get({ apiVersion: 'v1', kind: 'Namespace', name: object.metadata.namespace ?? '' })).toBeDefined();
      const owners = object.metadata.ownerReferences ?? [];
      const orphaned = owners.length > 0 && object.metadata.deletionTimestamp === undefined && !owners.some((owner) => uids.has(owner.uid));
      expect(orphaned).toBe(false);
    }
  }), { numRuns: 200 });
});

const containers = fc.uniqueArray(fc.record({ name: fc.constantFrom('p', 'q', 'r'), image: fc.constantFrom('1', '2'), env: fc.uniqueArray(fc.record({ name: fc.constantFrom('E', 'F'), value: fc.constantFrom('1', '2') }), { selector: (entry) => entry.name }) }), { selector: (entry) => entry.name, minLength: 1 });
const applied = fc.record({ containers, replicas: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }), annotations: fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2')) }).map(({ containers: list, replicas, annotations }): KubeObject => {
  const base = deployment('d');
  return { ...base, metadata: { ...base.metadata, annotations }, spec: { ...base.spec, ...(replicas === undefined ? {} : { replicas }), template: { metadata: { labels: { app: 'd' } }, spec: { containers: list } } } };
});
test('after a forced apply the live object holds what was applied, a second one changes nothing, and a dry run foretells the real one', () => {
  fc.assert(fc.property(fc.array(fc.tuple(applied, manager), { minLength: 1, maxLength: 6 }), (steps) => {
    const { store } = newStore();
    for (const [object, by] of steps) {
      const foretold = store.apply(object, { manager: by, force: true, dryRun: true });
      const done = store.apply(object, { manager: by, force: true });
      expect(foretold.changed).toBe(done.changed);
      expect(foretold.object.spec).toEqual(done.object.spec);
      expect(done.object.metadata.annotations ?? {}).toMatchObject(object.metadata.annotations ?? {});
      const live: KubeObject[] = Object(done.object.spec?.['template']).spec.containers;
      for (const wanted of Object(object.spec?.['template']).spec.containers) expect(live).toContainEqual(expect.objectContaining({ name: wanted.name, image: wanted.image }));
      expect(store.apply(object, { manager: by, force: true })).toMatchObject({ changed: false, object: { metadata: { resourceVersion: done.object.metadata.resourceVersion } } });
    }
  }), { numRuns: 150 });
});
