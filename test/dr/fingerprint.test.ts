import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import { compareFingerprints, FINGERPRINT_KINDS, sectionsOf, type Fingerprint } from '../../scripts/dr/fingerprint.ts';
import { readFingerprint } from '../../scripts/dr/read-fingerprint.ts';
import { Failure } from '../../scripts/engine/failure.ts';

const object = (kind: string, name: string, more: Partial<KubeObject> = {}): KubeObject => ({ apiVersion: 'v1', kind, ...more, metadata: { name, namespace: 'n', ...more.metadata } });
const EMPTY = Object.fromEntries(Object.keys(FINGERPRINT_KINDS).map((name) => [name, [] as KubeObject[]]));
const print = (lists: Readonly<Record<string, readonly KubeObject[]>>, missing?: Readonly<Record<string, string>>): Fingerprint => ({
  format: 1, cluster: 'apps', at: '2026-01-01T00:00:00Z', target: { id: 'lab', engine: 'embedded', speed: 60 }, ...sectionsOf(missing === undefined ? { ...EMPTY, ...lists } : Object.fromEntries(Object.entries({ ...EMPTY, ...lists }).filter(([name]) => missing[name] === undefined)), missing),
});
const deployment = (image: string, replicas = 2): KubeObject => object('Deployment', 'web', { spec: { replicas, template: { spec: { containers: [{ image }] } } } });

describe('what makes two platforms the same', () => {
  test.each<[string, keyof typeof EMPTY, KubeObject, KubeObject]>([
    ['another uid, version, time and cluster address', 'services', object('Service', 's', { metadata: { name: 's', namespace: 'n', uid: 'a', resourceVersion: '1' }, spec: { clusterIP: '10.1.1.1', ports: [{ port: 80 }] } }), object('Service', 's', { metadata: { name: 's', namespace: 'n', uid: 'b', resourceVersion: '9' }, spec: { clusterIP: '10.1.1.9', ports: [{ port: 80 }] } })],
    ['another volume behind the same claim', 'claims', object('PersistentVolumeClaim', 'c', { spec: { storageClassName: 'ceph', volumeName: 'pvc-1' }, status: { phase: 'Bound' } }), object('PersistentVolumeClaim', 'c', { spec: { storageClassName: 'ceph', volumeName: 'pvc-2' }, status: { phase: 'Bound' } })],
    ['another order of the same listeners', 'gateways', object('Gateway', 'g', { spec: { listeners: [{ protocol: 'HTTP', port: 80 }, { protocol: 'HTTPS', port: 443 }] } }), object('Gateway', 'g', { spec: { listeners: [{ protocol: 'HTTPS', port: 443 }, { protocol: 'HTTP', port: 80 }] } })],
  ])('%s is no difference', (_name, list, a, b) => {
    expect(compareFingerprints(print({ [list]: [a] }), print({ [list]: [b] }))).toEqual([]);
  });
  test('the order in which objects are listed is none, whatever they are', () => {
    fc.assert(fc.property(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd')), (names) => {
      const made = names.map((name) => object('Service', name, { spec: { ports: [{ port: 1 }] } }));
      expect(compareFingerprints(print({ services: made }), print({ services: made.toReversed() }))).toEqual([]);
    }), { numRuns: 20 });
  });
});

describe('what is told', () => {
  test.each<[string, Readonly<Record<string, readonly KubeObject[]>>, Readonly<Record<string, readonly KubeObject[]>>, readonly string[]]>([
    ['another image', { deployments: [deployment('web:1')] }, { deployments: [deployment('web:2')] }, ['workloads Deployment n/web images changed: web:1 -> web:2']],
    ['fewer replicas', { deployments: [deployment('web:1', 3)] }, { deployments: [deployment('web:1', 1)] }, ['workloads Deployment n/web replicas changed: 3 -> 1']],
    ['a workload that did not come back', { deployments: [deployment('web:1')] }, {}, ['workloads Deployment n/web  gone: images=web:1 replicas=2 -> ']],
    ['a namespace that lost its Pod Security', { namespaces: [object('Namespace', 'x', { metadata: { name: 'x', namespace: undefined as never, labels: { 'pod-security.kubernetes.io/enforce': 'restricted', team: 'a' } } })] }, { namespaces: [object('Namespace', 'x', { metadata: { name: 'x', namespace: undefined as never } })] }, ['namespaces x enforce gone: restricted -> ']],
    ['a load balancer at another address', { services: [object('Service', 's', { status: { loadBalancer: { ingress: [{ ip: '10.25.11.120' }] } } })] }, { services: [object('Service', 's', { status: { loadBalancer: { ingress: [{ ip: '10.25.11.121' }] } } })] }, ['services n/s addresses changed: 10.25.11.120 -> 10.25.11.121']],
    ['a release at another chart version', { helmReleases: [object('HelmRelease', 'r', { status: { history: [{ chartName: 'c', chartVersion: '1.0.0' }, { chartName: 'c', chartVersion: '0.9.0' }] } })] }, { helmReleases: [object('HelmRelease', 'r', { status: { history: [{ chartName: 'c', chartVersion: '1.1.0' }] } })] }, ['releases n/r version changed: 1.0.0 -> 1.1.0']],
    ['a claim that is not bound', { claims: [object('PersistentVolumeClaim', 'c', { status: { phase: 'Bound' } })] }, { claims: [object('PersistentVolumeClaim', 'c', { status: { phase: 'Pending' } })] }, ['volumes n/c phase changed: Bound -> Pending']],
  ])('%s', (_name, before, after, told) => {
    expect(compareFingerprints(print(before), print(after)).map((each) => `${each.section} ${each.key} ${each.field} ${each.kind}: ${each.before} -> ${each.after}`)).toEqual(told);
  });
  test('a section that could not be read on one side, with the reason, and not one false difference of its objects', () => {
    const differences = compareFingerprints(print({ deployments: [deployment('web:1')], daemonSets: [object('DaemonSet', 'd')] }), print({ daemonSets: [object('DaemonSet', 'd')] }, { deployments: 'connection refused' }));
    expect(differences).toEqual([{ section: 'workloads', key: '', field: '', kind: 'cannot be compared', before: 'read', after: 'deployments: connection refused' }]);
  });
  test('an object on its way out belongs to neither', () => {
    const going = object('Service', 's', { metadata: { name: 's', namespace: 'n', deletionTimestamp: '2026-01-01T00:00:00Z' } });
    expect(compareFingerprints(print({ services: [going] }), print({}))).toEqual([]);
  });
});

test('no value of a Secret is in a fingerprint, for no Secret is asked for', () => {
  expect(Object.values(FINGERPRINT_KINDS).map((kind) => kind.kind)).not.toContain('Secret');
});

test('a list that fails is named with its reason; a bug is not swallowed', async () => {
  const target = { id: 'lab', engine: 'embedded' as const, speed: 60 };
  const broken = await readFingerprint({ list: async (kind) => { if (kind.kind === 'Service') throw new Failure({ exit: 'rerun', what: 'cannot list', because: 'connection refused' }); return { items: [], missing: false }; } }, 'apps', target);
  expect(broken.unread).toEqual({ services: 'services: connection refused' });
  expect(Object.keys(broken.sections)).toContain('nodes');
  await expect(readFingerprint({ list: async () => { throw new TypeError('bug'); } }, 'apps', target)).rejects.toThrow('bug');
});
