import { describe, expect, test } from 'vitest';
import { bytesOf, frozenChanges } from '../../../scripts/manifests/diff/immutable.ts';

const object = (apiVersion: string, kind: string, rest: object) => ({ apiVersion, kind, metadata: { name: 'x', namespace: 'n' }, ...rest });
const spec = (apiVersion: string, kind: string) => (of: object) => object(apiVersion, kind, { spec: of });
const service = spec('v1', 'Service');
const stateful = spec('apps/v1', 'StatefulSet');
const claim = spec('v1', 'PersistentVolumeClaim');
const job = spec('batch/v1', 'Job');
const storage = (of: object) => object('storage.k8s.io/v1', 'StorageClass', { provisioner: 'p', ...of });
const definition = (versions: readonly object[], scope = 'Namespaced') => object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', { spec: { group: 'g', scope, names: { kind: 'K', plural: 'ks' }, versions } });

describe('fields that can be set once', () => {
  test.each([
    ['the address of a Service', service({ clusterIP: '10.0.0.1' }), service({ clusterIP: '10.0.0.2' }), ['spec.clusterIP']],
    ['a Service that says now which address it has', service({ ports: [] }), service({ clusterIP: '10.0.0.2' }), []],
    ['a Service that no longer says it', service({ clusterIP: '10.0.0.1' }), service({}), []],
    ['a Service that is headless from now on', service({ clusterIP: '10.0.0.1' }), service({ clusterIP: 'None' }), ['spec.clusterIP']],
    ['a Service with other ports', service({ ports: [{ port: 1 }] }), service({ ports: [{ port: 2 }] }), []],
    ['the selector of a Deployment', spec('apps/v1', 'Deployment')({ selector: { matchLabels: { a: 'b' } } }), spec('apps/v1', 'Deployment')({ selector: { matchLabels: { a: 'c' } } }), ['spec.selector']],
    ['the image of a Deployment', spec('apps/v1', 'Deployment')({ template: 1 }), spec('apps/v1', 'Deployment')({ template: 2 }), []],
    ['claim templates of a StatefulSet', stateful({ volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: { resources: { requests: { storage: '1Gi' } } } }] }), stateful({ volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: { resources: { requests: { storage: '2Gi' } } } }] }), ['spec.volumeClaimTemplates']],
    ['claim templates that say what the API adds', stateful({ volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: {} }] }), stateful({ volumeClaimTemplates: [{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'd' }, spec: { volumeMode: 'Filesystem' } }] }), []],
    ['the service name of a StatefulSet', stateful({ serviceName: 'a' }), stateful({ serviceName: 'b' }), ['spec.serviceName']],
    ['replicas and pods of a StatefulSet', stateful({ replicas: 1, template: 1, updateStrategy: 1 }), stateful({ replicas: 2, template: 2, updateStrategy: 2, podManagementPolicy: 'OrderedReady' }), []],
    ['the pods of a Job', job({ template: 1, backoffLimit: 1 }), job({ template: 2, backoffLimit: 2 }), ['spec.template']],
    ['the class of a claim', claim({ storageClassName: 'a' }), claim({ storageClassName: 'b' }), ['spec.storageClassName']],
    ['a claim that says now which class it has', claim({ accessModes: ['ReadWriteOnce'] }), claim({ accessModes: ['ReadWriteOnce'], storageClassName: 'b' }), []],
    ['a claim that grows', claim({ resources: { requests: { storage: '900Mi' } } }), claim({ resources: { requests: { storage: '1Gi' } } }), []],
    ['a claim that shrinks', claim({ resources: { requests: { storage: '1Gi' } } }), claim({ resources: { requests: { storage: '1G' } } }), ['spec.resources.requests.storage']],
    ['parameters of a storage class', storage({ parameters: { a: '1' } }), storage({ parameters: { a: '2' }, allowVolumeExpansion: true }), ['parameters']],
    ['a storage class that says what was understood', storage({}), storage({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }), []],
    ['who a binding is for, and to what', object('rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { name: 'a' }, subjects: 1 }), object('rbac.authorization.k8s.io/v1', 'RoleBinding', { roleRef: { name: 'b' }, subjects: 2 }), ['roleRef']],
    ['a sealed ConfigMap', object('v1', 'ConfigMap', { immutable: true, data: { a: '1' } }), object('v1', 'ConfigMap', { immutable: true, data: { a: '2' } }), ['data']],
    ['an open ConfigMap', object('v1', 'ConfigMap', { data: { a: '1' } }), object('v1', 'ConfigMap', { immutable: true, data: { a: '2' } }), []],
    ['the type of a Secret', object('v1', 'Secret', { type: 'Opaque' }), object('v1', 'Secret', { type: 'kubernetes.io/tls' }), ['type']],
    ['the type a Secret has anyway', object('v1', 'Secret', {}), object('v1', 'Secret', { type: 'Opaque' }), []],
    ['where a kind lives', definition([{ name: 'v1', storage: true }]), definition([{ name: 'v1', storage: true }], 'Cluster'), ['spec.scope']],
    ['the version objects are stored in', definition([{ name: 'v1', storage: true }, { name: 'v2' }]), definition([{ name: 'v2', storage: true }]), ['spec.versions']],
    ['a version nothing is stored in', definition([{ name: 'v1' }, { name: 'v2', storage: true }]), definition([{ name: 'v2', storage: true }]), []],
    ['the same name of another group', object('a/v1', 'Job', { spec: { template: 1 } }), object('b/v1', 'Job', { spec: { template: 2 } }), []],
    ['another version of the same', object('batch/v1beta1', 'Job', { spec: { template: 1 } }), object('batch/v1', 'Job', { spec: { template: 1 } }), []],
  ])('%s', (_, before, after, paths) => {
    expect(frozenChanges(before, after).map(({ path }) => path.join('.'))).toEqual(paths);
    expect(frozenChanges(before, structuredClone(before))).toEqual([]);
  });

  test.each([['1Gi', 2 ** 30], ['1.5G', 1.5e9], [100, 100], ['1000m', 1], ['x', undefined], [undefined, undefined], ['1 Gi', undefined]])('%s is %s bytes', (quantity, bytes) => {
    expect(bytesOf(quantity)).toBe(bytes);
  });
});
