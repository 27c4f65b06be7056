import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../lab/world/types.ts';
import type { KubeObject, Store } from '../../../lab/world/types.ts';
import { configMap, crd, deployment, newStore } from './harness.ts';

const apply = (store: Store, object: KubeObject, manager: string, force = false): ReturnType<Store['apply']> => store.apply(object, { manager, force });
function conflictOf(run: () => unknown): ApiError {
  try {
    run();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('there was no conflict');
}
const managers = (object: KubeObject): unknown => object.metadata.managedFields?.map((entry) => `${String(Object(entry).manager)}/${String(Object(entry).operation)}`);
const names = (object: KubeObject): unknown => Object(object.spec?.['template']).spec.containers.map((entry: { name: string }) => entry.name);
const spec = (containers: readonly object[]): KubeObject => {
  const made = deployment('a');
  return { ...made, spec: { ...made.spec, template: { metadata: { labels: { app: 'a' } }, spec: { containers } } } };
};

describe('server-side apply', () => {
  test('the second apply changes nothing; another manager who wants the same only becomes an owner', () => {
    const { store } = newStore();
    expect(apply(store, deployment('a'), 'one')).toMatchObject({ created: true, changed: true });
    const version = store.resourceVersion;
    expect(apply(store, deployment('a'), 'one')).toMatchObject({ created: false, changed: false });
    expect(store.resourceVersion).toBe(version);
    const both = apply(store, deployment('a'), 'two');
    expect([both.changed, managers(both.object), both.object.metadata.generation]).toEqual([true, ['one/Apply', 'two/Apply'], 1]);
  });
  test('a field of another manager is a conflict that names manager and field', () => {
    const { store } = newStore();
    apply(store, configMap('a', { k: '1', l: '1' }), 'one');
    const single = conflictOf(() => apply(store, configMap('a', { k: '2' }), 'two'));
    expect([single.code, single.message]).toEqual([409, 'Apply failed with 1 conflict: conflict with "one": .data.k']);
    expect(single.details).toMatchObject({ causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.data.k' }] });
    expect(conflictOf(() => apply(store, configMap('a', { k: '2', l: '2' }), 'two')).message).toBe('Apply failed with 2 conflicts: conflicts with "one":\n- .data.k\n- .data.l');
    expect(store.get({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: 'default' })?.data).toEqual({ k: '1', l: '1' });
  });
  test('force takes the field, and the one who lost it conflicts from then on', () => {
    const { store } = newStore();
    apply(store, configMap('a', { k: '1' }), 'one');
    expect(apply(store, configMap('a', { k: '2' }), 'two', true).object.data).toEqual({ k: '2' });
    expect(conflictOf(() => apply(store, configMap('a', { k: '1' }), 'one')).message).toContain('conflict with "two": .data.k');
  });
  test('an update takes fields over and conflicts say how', () => {
    const { store } = newStore();
    apply(store, deployment('a'), 'one');
    store.patch({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'a', namespace: 'default' }, 'strategic', { spec: { template: { spec: { containers: [{ name: 'main', image: 'edited' }] } } } }, { manager: 'kubectl-edit' });
    expect(conflictOf(() => apply(store, deployment('a'), 'one')).message).toBe('Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.template.spec.containers[name="main"].image');
  });
  test('what nobody tracked belongs to before-first-apply', () => {
    const { store } = newStore();
    store.create(configMap('a', { k: '1' }));
    expect(conflictOf(() => apply(store, configMap('a', { k: '2' }), 'one')).message).toContain('conflict with "before-first-apply" using v1: .data.k');
    expect(apply(store, configMap('a', { k: '1', l: '1' }), 'one').object.data).toEqual({ k: '1', l: '1' });
  });
  test('a field that is not applied any more goes, unless another manager keeps it', () => {
    const { store } = newStore();
    apply(store, configMap('a', { mine: '1', ours: '1' }), 'one');
    apply(store, configMap('a', { ours: '1', theirs: '1' }), 'two');
    expect(apply(store, configMap('a', {}), 'one').object.data).toEqual({ ours: '1', theirs: '1' });
    expect(apply(store, configMap('a', { theirs: '1' }), 'two').object.data).toEqual({ theirs: '1' });
  });
  test('containers merge by name, each kept by whoever applied it', () => {
    const { store } = newStore();
    apply(store, spec([{ name: 'main', image: 'm', env: [{ name: 'A', value: '1' }] }]), 'one');
    const both = apply(store, spec([{ name: 'side', image: 's' }]), 'two').object;
    expect(names(both)).toEqual(['main', 'side']);
    const less = apply(store, spec([{ name: 'main', image: 'm' }]), 'one').object;
    expect(Object(less.spec?.['template']).spec.containers).toEqual([{ name: 'main', image: 'm' }, { name: 'side', image: 's' }]);
    expect(names(apply(store, spec([]), 'two').object)).toEqual(['main']);
  });
  test('defaults are nobody’s: leaving out replicas after setting them gives the default back', () => {
    const { store } = newStore();
    const three = deployment('a');
    apply(store, { ...three, spec: { ...three.spec, replicas: 3 } }, 'one');
    const back = apply(store, three, 'one');
    expect([back.object.spec?.['replicas'], back.object.metadata.generation, apply(store, three, 'one').changed]).toEqual([1, 2, false]);
  });
  test('status is not applied with the rest; its subresource has owners of its own', () => {
    const { store } = newStore();
    const made = store.create(crd());
    store.updateStatus({ apiVersion: made.apiVersion, kind: made.kind, name: made.metadata.name }, { conditions: [{ type: 'Established', status: 'True' }] });
    const widget: KubeObject = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'a', namespace: 'default' }, spec: { list: [1, 2] }, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
    expect(apply(store, widget, 'one').object.status).toBeUndefined();
    const status = (type: string): KubeObject => ({ ...widget, spec: {}, status: { conditions: [{ type, status: 'True' }] } });
    store.apply(status('Ready'), { manager: 'one', force: false, subresource: 'status' });
    const after = store.apply(status('Other'), { manager: 'two', force: false, subresource: 'status' }).object;
    expect([after.spec, after.status]).toEqual([{ list: [1, 2] }, { conditions: [{ type: 'Ready', status: 'True' }, { type: 'Other', status: 'True' }] }]);
    expect(conflictOf(() => apply(store, { ...widget, spec: { list: [1] } }, 'two')).message).toContain('.spec.list');
  });
  test('repeated keys in what is applied are refused', () => {
    const { store } = newStore();
    expect(conflictOf(() => apply(store, spec([{ name: 'x', image: 'a' }, { name: 'x', image: 'b' }]), 'one')).message).toContain('duplicate entries for key');
  });
});
