import { describe, expect, test } from 'vitest';
import { establishCrds, ESTABLISH_DELAY } from '../../../lab/kube/crd-establish.ts';
import { ApiError } from '../../../lab/world/types.ts';
import { faultBoard } from '../../../lab/world/fault-board.ts';
import type { KubeObject, Ref, Store, StoreEvent } from '../../../lab/world/types.ts';
import { configMap, crd, deployment, namespace, newStore } from './harness.ts';

const ref = (object: KubeObject): Ref => ({ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }) });
function refusal(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
function heard(store: Store): string[] {
  const out: string[] = [];
  store.onChange((event: StoreEvent) => { out.push(`${event.type} ${event.object.kind} ${event.object.metadata.name}`); });
  return out;
}
const owned = (object: KubeObject, ...owners: KubeObject[]): KubeObject => ({ ...object, metadata: { ...object.metadata, ownerReferences: owners.map((owner) => ({ apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid ?? '' })) } });

describe('creating and updating', () => {
  test('a new object gets uid, version, generation and time; a spec change counts the generation, metadata does not', () => {
    const { store } = newStore();
    const made = store.create(deployment('web'));
    expect(made.metadata).toMatchObject({ uid: 'uid-5', generation: 1, creationTimestamp: '2026-01-01T00:00:00Z', resourceVersion: '5' });
    const labelled = store.patch(ref(made), 'merge', { metadata: { labels: { a: 'b' } } });
    expect(labelled.metadata).toMatchObject({ generation: 1, resourceVersion: '6' });
    expect(store.patch(ref(made), 'merge', { spec: { replicas: 3 } }).metadata).toMatchObject({ generation: 2, resourceVersion: '7' });
  });
  test('an update that changes nothing keeps the version and tells nobody', () => {
    const { store } = newStore();
    const made = store.create(configMap('a', { k: 'v' }));
    const events = heard(store);
    expect(store.update(configMap('a', { k: 'v' })).metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    expect(store.patch(ref(made), 'merge', { data: { k: 'v' } })).toBe(made);
    expect(events).toEqual([]);
    store.update(configMap('a', { k: 'w' }));
    expect(events).toEqual(['MODIFIED ConfigMap a']);
  });
  test('a main update leaves status alone and a status update leaves spec alone', () => {
    const { store } = newStore();
    const made = store.create({ ...deployment('web'), status: { replicas: 9 } });
    expect(made.status).toBeUndefined();
    store.updateStatus(ref(made), { replicas: 1 });
    const after = store.update({ ...deployment('web', 'nginx:2'), status: { replicas: 5 } });
    expect(after.status).toEqual({ replicas: 1 });
    expect(after.metadata.generation).toBe(2);
    expect(store.updateStatus(ref(made), { replicas: 2 }).metadata.generation).toBe(2);
  });
  test('objects handed out are frozen to the bottom', () => {
    const { store } = newStore();
    const made = store.create(deployment('web'));
    expect(Object.isFrozen(made.spec?.['template'])).toBe(true);
  });
  test('generateName gives different names with the prefix', () => {
    const { store } = newStore();
    const make = (): string => store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: '', generateName: 'job-', namespace: 'default' } }).metadata.name;
    const names = [make(), make()];
    expect(names.every((name) => /^job-[a-z0-9]{5}$/.test(name))).toBe(true);
    expect(names[0]).not.toBe(names[1]);
  });
  test.each<[string, (store: Store) => unknown, number, string, string | RegExp]>([
    ['a namespace that is not there', (store) => store.create(configMap('a', {}, 'nope')), 404, 'NotFound', 'namespaces "nope" not found'],
    ['a second object of the same name', (store) => { store.create(deployment('a')); store.create(deployment('a')); }, 409, 'AlreadyExists', 'deployments.apps "a" already exists'],
    ['a stale version', (store) => { const old = store.create(configMap('a')); store.update(configMap('a', { k: '1' })); store.update({ ...old, data: { k: '2' } }); }, 409, 'Conflict', /^Operation cannot be fulfilled on configmaps "a": the object has been modified/],
    ['another uid', (store) => { store.create(configMap('a')); store.update({ ...configMap('a'), metadata: { name: 'a', namespace: 'default', uid: 'other' } }); }, 409, 'Conflict', /UID in precondition: other/],
    ['an update of nothing', (store) => store.update(configMap('a')), 404, 'NotFound', 'configmaps "a" not found'],
    ['a kind nobody serves', (store) => store.create({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a' } }), 404, 'NotFound', 'the server could not find the requested resource'],
    ['a bad name', (store) => store.create(configMap('A_b')), 422, 'Invalid', /^ConfigMap "A_b" is invalid: metadata.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain/],
    ['annotations beyond 262144 bytes', (store) => store.create({ ...crd(), metadata: { name: 'widgets.example.com', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'x'.repeat(262_144) } } }), 422, 'Invalid', 'CustomResourceDefinition.apiextensions.k8s.io "widgets.example.com" is invalid: metadata.annotations: Too long: may not be more than 262144 bytes'],
    ['a changed selector', (store) => { store.create(deployment('a')); store.patch(ref(deployment('a')), 'merge', { spec: { selector: { matchLabels: { app: 'b' } }, template: { metadata: { labels: { app: 'b' } } } } }); }, 422, 'Invalid', /spec.selector: Invalid value: .*: field is immutable/],
    ['a CRD that is not named after its plural', (store) => store.create({ ...crd(), metadata: { name: 'x.example.com' } }), 422, 'Invalid', /must be spec.names.plural/],
    ['the end of a system namespace', (store) => store.delete(ref(namespace('kube-system'))), 403, 'Forbidden', 'namespaces "kube-system" is forbidden: this namespace may not be deleted'],
    ['a deletion with another uid', (store) => { store.create(configMap('a')); store.delete(ref(configMap('a')), { preconditions: { uid: 'x' } }); }, 409, 'Conflict', /Precondition failed/],
    ['strategic merge on a custom resource', (store) => { establish(store); store.create(widget('a')); store.patch(ref(widget('a')), 'strategic', {}); }, 415, 'UnsupportedMediaType', /application\/merge-patch\+json/],
  ])('%s is refused', (_what, run, code, reason, message) => {
    const error = refusal(() => run(newStore().store));
    expect([error.code, error.reason]).toEqual([code, reason]);
    expect(error.message).toMatch(message);
  });
  test('a Service gets an address of its own, a Secret its text encoded', () => {
    const { store } = newStore({ serviceCIDR: '10.245.0.0/16' });
    const service = (name: string): KubeObject => store.create({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }] } });
    expect([service('a').spec?.['clusterIP'], service('b').spec?.['clusterIP']]).toEqual(['10.245.0.2', '10.245.0.3']);
    const secret = store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default' }, stringData: { a: 'b' } });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'Yg==' } });
    expect(secret['stringData']).toBeUndefined();
  });
  test('a dry run answers what would be and writes nothing', () => {
    const { store } = newStore();
    const before = store.dump();
    expect(store.create(deployment('a'), { dryRun: true }).metadata.generation).toBe(1);
    store.apply(deployment('a'), { manager: 'm', force: false, dryRun: true });
    expect(store.dump()).toEqual(before);
  });
});

const widget = (name: string, spec: Record<string, unknown> = {}): KubeObject => ({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name, namespace: 'default' }, spec });
function establish(store: Store, definition: KubeObject = crd()): void {
  const made = store.create(definition);
  store.updateStatus(ref(made), { conditions: [{ type: 'Established', status: 'True' }] });
}

describe('the ends of objects', () => {
  test('a finalizer keeps an object until it is taken off', () => {
    const { store } = newStore();
    const made = store.create({ ...configMap('a'), metadata: { name: 'a', namespace: 'default', finalizers: ['x/y'] } });
    const events = heard(store);
    expect(store.delete(ref(made)).metadata.deletionTimestamp).toBe('2026-01-01T00:00:00Z');
    expect(refusal(() => store.patch(ref(made), 'merge', { metadata: { finalizers: ['x/y', 'z/z'] } })).message).toContain('no new finalizers can be added');
    store.patch(ref(made), 'merge', { metadata: { finalizers: null } });
    expect(store.get(ref(made))).toBeUndefined();
    expect(events).toEqual(['MODIFIED ConfigMap a', 'MODIFIED ConfigMap a', 'DELETED ConfigMap a']);
  });
  test('dependents go with their last owner', () => {
    const { store } = newStore();
    const [a, b] = [store.create(configMap('a')), store.create(configMap('b'))];
    store.create(owned(configMap('both'), a, b));
    const child = store.create(owned(configMap('child'), a));
    store.create(owned(configMap('grandchild'), child));
    store.delete(ref(a));
    expect(store.list('v1', 'ConfigMap').map((object) => object.metadata.name)).toEqual(['b', 'both']);
    expect(store.get(ref(configMap('both')))?.metadata.ownerReferences?.map((owner) => owner.name)).toEqual(['b']);
    store.delete(ref(b));
    expect(store.list('v1', 'ConfigMap')).toEqual([]);
  });
  test('orphaned dependents stay, and foreground deletion waits for them', () => {
    const { store } = newStore();
    const a = store.create(configMap('a'));
    store.create(owned(configMap('kept'), a));
    store.delete(ref(a), { propagation: 'Orphan' });
    expect(store.get(ref(configMap('kept')))?.metadata.ownerReferences).toBeUndefined();
    const b = store.create(configMap('b'));
    const slow = owned(configMap('slow'), b);
    store.create({ ...slow, metadata: { ...slow.metadata, finalizers: ['x/y'] } });
    store.delete(ref(b), { propagation: 'Foreground' });
    expect(store.get(ref(b))?.metadata.finalizers).toEqual(['foregroundDeletion']);
    store.patch(ref(configMap('slow')), 'merge', { metadata: { finalizers: [] } });
    expect(store.get(ref(b))).toBeUndefined();
  });
  test('foreground deletion of a circle of owners ends', () => {
    const { store } = newStore();
    const a = store.create(configMap('a'));
    const b = store.create(owned(configMap('b'), a));
    store.patch(ref(a), 'merge', { metadata: { ownerReferences: owned(configMap('a'), b).metadata.ownerReferences ?? [] } });
    store.delete(ref(a), { propagation: 'Foreground' });
    expect(store.list('v1', 'ConfigMap')).toEqual([]);
    const own = store.create(configMap('own'));
    store.patch(ref(own), 'merge', { metadata: { ownerReferences: owned(configMap('own'), own).metadata.ownerReferences ?? [] } });
    store.delete(ref(own), { propagation: 'Foreground' });
    expect(store.list('v1', 'ConfigMap')).toEqual([]);
  });
  test('an object whose owner is already gone is collected a little later', () => {
    const { store, clock } = newStore();
    const a = store.create(configMap('a'));
    store.delete(ref(a));
    store.create(owned(configMap('late'), a));
    expect(store.get(ref(configMap('late')))).toBeDefined();
    clock.advance(1000);
    expect(store.get(ref(configMap('late')))).toBeUndefined();
  });
  test('a namespace ends with its contents, waits for their finalizers and takes nothing new', () => {
    const { store } = newStore();
    const space = store.create(namespace('x'));
    expect(space).toMatchObject({ status: { phase: 'Active' }, metadata: { labels: { 'kubernetes.io/metadata.name': 'x' } } });
    store.create(configMap('quick', {}, 'x'));
    const held = store.create({ ...configMap('held', {}, 'x'), metadata: { name: 'held', namespace: 'x', finalizers: ['x/y'] } });
    store.delete(ref(space));
    expect(store.get(ref(space))?.status?.['phase']).toBe('Terminating');
    expect(store.list('v1', 'ConfigMap', 'x').map((object) => object.metadata.name)).toEqual(['held']);
    expect(refusal(() => store.create(configMap('new', {}, 'x'))).message).toBe('configmaps "new" is forbidden: unable to create new content in namespace x because it is being terminated');
    store.patch(ref(held), 'json', [{ op: 'remove', path: '/metadata/finalizers' }]);
    expect(store.get(ref(space))).toBeUndefined();
  });
  test('listeners hear of a cascade in order, after it is complete, and of their own writes behind it', () => {
    const { store } = newStore();
    const a = store.create(configMap('a'));
    store.create(owned(configMap('b'), a));
    const events: string[] = [];
    store.onChange((event) => { if (event.object.metadata.name === 'a') store.create(configMap('answer')); });
    store.onChange((event) => { events.push(`${event.type} ${event.object.metadata.name}`); });
    store.delete(ref(a));
    expect(events).toEqual(['DELETED a', 'DELETED b', 'ADDED answer']);
  });
});

describe('custom resources', () => {
  const started = (): { store: Store; clock: ReturnType<typeof newStore>['clock']; faults: ReturnType<typeof faultBoard> } => {
    const { store, clock } = newStore();
    const faults = faultBoard([], () => undefined);
    establishCrds({ store, clock, faults, cluster: 'infra' });
    return { store, clock, faults };
  };
  test('a CRD is served in all its versions once it is Established, and no more when it is gone', () => {
    const { store, clock } = started();
    store.create(crd('Widget', 'example.com', ['v1', 'v1beta1']));
    expect(store.typeOf('example.com/v1', 'Widget')).toBeUndefined();
    clock.advance(ESTABLISH_DELAY);
    expect(store.typeOf('example.com/v1beta1', 'Widget')).toMatchObject({ plural: 'widgets', version: 'v1', versions: ['v1beta1'] });
    store.create({ ...widget('a', { size: 1 }), apiVersion: 'example.com/v1beta1' });
    expect(store.get(ref(widget('a')))).toMatchObject({ apiVersion: 'example.com/v1', spec: { size: 1 } });
    expect(store.list('example.com/v1beta1', 'Widget')[0]?.apiVersion).toBe('example.com/v1beta1');
    store.delete(ref(crd()));
    expect(store.typeOf('example.com/v1', 'Widget')).toBeUndefined();
    store.create(crd());
    clock.advance(ESTABLISH_DELAY);
    expect(store.list('example.com/v1', 'Widget')).toEqual([]);
  });
  test('a CRD waits for instances that are held back', () => {
    const { store } = newStore();
    establish(store);
    store.create({ ...widget('a'), metadata: { name: 'a', namespace: 'default', finalizers: ['x/y'] } });
    store.delete(ref(crd()));
    expect(store.get(ref(crd()))?.metadata.deletionTimestamp).toBeDefined();
    store.patch(ref(widget('a')), 'merge', { metadata: { finalizers: [] } });
    expect(store.get(ref(crd()))).toBeUndefined();
    expect(store.typeOf('example.com/v1', 'Widget')).toBeUndefined();
  });
  test('the fault keeps the CRD it names from being Established until it is healed', () => {
    const { store, clock, faults } = started();
    faults.set({ fault: 'crd-not-established', cluster: 'infra', object: 'widgets.example.com', since: '' });
    store.create(crd());
    store.create(crd('Gadget'));
    clock.advance(10_000);
    expect(store.typeOf('example.com/v1', 'Gadget')).toBeDefined();
    expect(store.typeOf('example.com/v1', 'Widget')).toBeUndefined();
    expect(store.get(ref(crd()))?.status?.['conditions']).toMatchObject([{ type: 'NamesAccepted', status: 'False', reason: 'PluralConflict' }, { type: 'Established', status: 'False' }]);
    faults.heal(() => true);
    clock.advance(1000);
    expect(store.typeOf('example.com/v1', 'Widget')).toBeDefined();
  });
});

describe('patches', () => {
  const containers = (store: Store): unknown => Object(store.get(ref(deployment('a')))?.spec?.['template']).spec.containers;
  test.each<[string, unknown, unknown]>([
    ['merges a container by its name', { spec: { template: { spec: { containers: [{ name: 'main', image: 'n:2' }] } } } }, [{ name: 'main', image: 'n:2', ports: [{ containerPort: 80 }] }]],
    ['adds one that is new, in the order asked for', { spec: { template: { spec: { '$setElementOrder/containers': [{ name: 'side' }, { name: 'main' }], containers: [{ name: 'side', image: 's' }] } } } }, [{ name: 'side', image: 's' }, { name: 'main', image: 'nginx:1', ports: [{ containerPort: 80 }] }]],
    ['takes one away', { spec: { template: { spec: { containers: [{ name: 'main', $patch: 'delete' }, { name: 'other', image: 'o' }] } } } }, [{ name: 'other', image: 'o' }]],
    ['replaces the whole list', { spec: { template: { spec: { containers: [{ $patch: 'replace' }, { name: 'only', image: 'o' }] } } } }, [{ name: 'only', image: 'o' }]],
  ])('strategic: %s', (_what, patch, wanted) => {
    const { store } = newStore();
    store.create(deployment('a'));
    store.patch(ref(deployment('a')), 'strategic', patch);
    expect(containers(store)).toEqual(wanted);
  });
  test('JSON patch works in order, and a failed test changes nothing', () => {
    const { store } = newStore();
    const made = store.create(configMap('a', { k: 'v' }));
    expect(store.patch(ref(made), 'json', [{ op: 'test', path: '/data/k', value: 'v' }, { op: 'move', from: '/data/k', path: '/data/l' }, { op: 'add', path: '/metadata/labels', value: { 'a~b': 'c' } }]).data).toEqual({ l: 'v' });
    const error = refusal(() => store.patch(ref(made), 'json', [{ op: 'replace', path: '/data/l', value: 'x' }, { op: 'test', path: '/data/l', value: 'no' }]));
    expect(error.code).toBe(422);
    expect(store.get(ref(made))?.data).toEqual({ l: 'v' });
  });
  test('a patch with an old resourceVersion is a conflict', () => {
    const { store } = newStore();
    store.create(configMap('a'));
    expect(refusal(() => store.patch(ref(configMap('a')), 'merge', { metadata: { resourceVersion: '1' }, data: { a: 'b' } })).reason).toBe('Conflict');
  });
});
