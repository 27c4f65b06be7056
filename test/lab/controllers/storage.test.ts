import { describe, expect, test } from 'vitest';
import { externalSecretsCrds, cephCrds, cephCsiCrds } from '../../../lab/catalog/crd-tables.ts';
import { at } from '../../../lab/catalog/data.ts';
import { ExpressionError, holds, statusByExpressions } from '../../../lab/flux/health-expressions.ts';
import type { KubeObject } from '../../../lab/world/types.ts';
import { helmInstall, INFRA, readyCluster, said, type Rig } from './rig.ts';

const CLUSTER: KubeObject = {
  apiVersion: 'ceph.rook.io/v1', kind: 'CephCluster', metadata: { name: 'rook-ceph', namespace: 'rook-ceph' },
  spec: { cephVersion: { image: 'quay.io/ceph/ceph:v19.2.3' }, mon: { count: 3 }, mgr: { count: 2 }, network: { provider: 'host' }, storage: { nodes: INFRA.machines.map(({ name }) => ({ name, devices: [{ name: `/dev/disk/by-id/${name}` }] })) } },
};
const POOL: KubeObject = { apiVersion: 'ceph.rook.io/v1', kind: 'CephBlockPool', metadata: { name: 'pool', namespace: 'rook-ceph' }, spec: { failureDomain: 'host', replicated: { size: 3 } } };
const phase = (r: Rig, object: KubeObject): unknown => at(r.get(object.apiVersion, object.kind, object.metadata.name, 'rook-ceph').status, 'phase');

describe('Rook', () => {
  test('brings up monitors, managers and one OSD per named disk, and only then is the cluster Ready, and only then its pools', async () => {
    const r = await readyCluster();
    for (const crd of [...cephCrds(), ...cephCsiCrds()]) r.store.create(crd);
    await helmInstall(r, 'rook-ceph', 'rook-ceph', 'v1.18.6', { crds: { enabled: false }, csi: { rookUseCsiOperator: false } });
    r.store.create(CLUSTER);
    r.store.create(POOL);
    await r.clock.advance(12_000);
    expect(phase(r, CLUSTER)).toBe('Progressing');
    expect(phase(r, POOL)).toBe('Progressing');
    await r.clock.advance(120_000);
    expect(phase(r, CLUSTER)).toBe('Ready');
    expect(phase(r, POOL)).toBe('Ready');
    const names = r.store.list('apps/v1', 'Deployment', 'rook-ceph').map(({ metadata }) => metadata.name);
    expect(names.filter((name) => name.startsWith('rook-ceph-osd-'))).toHaveLength(3);
    const homes = r.store.list('v1', 'Pod', 'rook-ceph').filter(({ metadata }) => metadata.labels?.['app'] === 'rook-ceph-osd').map((pod) => pod.spec?.['nodeName']);
    expect(homes.length).toBe(3);
  });
});

describe('health by expressions', () => {
  const ready = { ...CLUSTER, status: { phase: 'Ready', ceph: { health: 'HEALTH_WARN' } } };
  test.each([
    ["status.phase == 'Ready'", true], ["status.phase != 'Ready'", false], ['has(status.phase)', true], ['!has(status.none)', true], ["has(status.none) && status.none == 'x'", false],
    ["status.none == 'x' || status.phase == 'Ready'", true], ["status.ceph.health in ['HEALTH_OK', 'HEALTH_WARN']", true], ["status.ceph.health in ['HEALTH_OK']", false],
  ])('%s is %s', (expression, expected) => { expect(holds(ready, expression)).toBe(expected); });
  test('another form is refused', () => { expect(() => holds(ready, 'size(status.conditions) > 1')).toThrow(ExpressionError); });
  test('without a status it is in progress; failed comes before current; another kind is not judged', () => {
    const expressions = [{ apiVersion: CLUSTER.apiVersion, kind: 'CephCluster', current: "has(status.phase) && status.phase == 'Ready'", failed: "has(status.ceph.health) && status.ceph.health == 'HEALTH_ERR'" }];
    expect(statusByExpressions(expressions, CLUSTER)?.status).toBe('InProgress');
    expect(statusByExpressions(expressions, ready)?.status).toBe('Current');
    expect(statusByExpressions(expressions, { ...ready, status: { phase: 'Ready', ceph: { health: 'HEALTH_ERR' } } })?.status).toBe('Failed');
    expect(statusByExpressions(expressions, POOL)).toBeUndefined();
  });
});

describe('a secret that is saved', () => {
  const STORE: KubeObject = { apiVersion: 'external-secrets.io/v1', kind: 'ClusterSecretStore', metadata: { name: 'onepassword' }, spec: { provider: { fake: {} } } };
  const BACK: KubeObject = {
    apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', metadata: { name: 'tls', namespace: 'default' },
    spec: { refreshPolicy: 'CreatedOnce', secretStoreRef: { kind: 'ClusterSecretStore', name: 'onepassword' }, target: { name: 'tls', template: { type: 'kubernetes.io/tls', metadata: { annotations: { from: 'saved' } } } }, dataFrom: [{ find: { path: 'saved/tls', name: { regexp: '^tls\\.(crt|key)$' } } }] },
  };
  async function withStore(saved: Map<string, string>): Promise<Rig> {
    const r = await readyCluster();
    Object.assign(r.cx, {
      secret: (item: string, field: string) => saved.get(`${item}/${field}`), keepSecret: (item: string, field: string, value: string) => { saved.set(`${item}/${field}`, value); },
      secretFields: (item: string) => [...saved.keys()].filter((key) => key.startsWith(`${item}/`)).map((key) => key.slice(item.length + 1)),
    });
    for (const crd of externalSecretsCrds()) r.store.create(crd);
    await helmInstall(r, 'external-secrets', 'external-secrets', '0.20.4', { installCRDs: false });
    r.store.create(STORE);
    r.store.create(BACK);
    await r.clock.advance(20_000);
    return r;
  }

  test('where none was saved, the search is content and writes nothing; a push saves what comes later', async () => {
    const saved = new Map<string, string>();
    const r = await withStore(saved);
    expect(said(r.get('external-secrets.io/v1', 'ExternalSecret', 'tls', 'default'))).toMatch(/^True SecretSynced: secret retained/);
    expect(r.find({ apiVersion: 'v1', kind: 'Secret', name: 'tls', namespace: 'default' })).toBeUndefined();
    r.store.create({ apiVersion: 'external-secrets.io/v1alpha1', kind: 'PushSecret', metadata: { name: 'tls', namespace: 'default' }, spec: { secretStoreRefs: [{ kind: 'ClusterSecretStore', name: 'onepassword' }], selector: { secret: { name: 'tls' } }, data: [{ match: { secretKey: 'tls.crt', remoteRef: { remoteKey: 'saved/tls', property: 'tls.crt' } } }] } });
    await r.clock.advance(5_000);
    expect(said(r.get('external-secrets.io/v1alpha1', 'PushSecret', 'tls', 'default'))).toMatch(/^False Errored: could not get source secret/);
    r.store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'tls', namespace: 'default' }, data: { 'tls.crt': Buffer.from('certificate').toString('base64') } });
    await r.clock.advance(5_000);
    expect(said(r.get('external-secrets.io/v1alpha1', 'PushSecret', 'tls', 'default'))).toMatch(/^True Synced/);
    expect(saved.get('saved/tls/tls.crt')).toBe('certificate');
  });

  test('where one was saved it is put back once, and what becomes of it later is left alone', async () => {
    const r = await withStore(new Map([['saved/tls/tls.crt', 'old'], ['saved/tls/tls.key', 'key'], ['saved/tls/notes', 'x']]));
    const back = r.get('v1', 'Secret', 'tls', 'default');
    expect(back.metadata.annotations).toEqual({ from: 'saved' });
    expect(Object.keys(back.data ?? {}).toSorted()).toEqual(['tls.crt', 'tls.key']);
    r.store.update({ ...back, data: { ...back.data, 'tls.crt': Buffer.from('renewed').toString('base64') } });
    const external = r.get('external-secrets.io/v1', 'ExternalSecret', 'tls', 'default');
    r.store.update({ ...external, metadata: { ...external.metadata, annotations: { look: 'again' } } });
    await r.clock.advance(60_000);
    expect(Buffer.from(r.get('v1', 'Secret', 'tls', 'default').data?.['tls.crt'] ?? '', 'base64').toString()).toBe('renewed');
  });
});
