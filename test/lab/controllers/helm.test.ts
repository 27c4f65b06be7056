import { describe, expect, test, vi } from 'vitest';
import { at, list } from '../../../lab/catalog/data.ts';
import { historyOf } from '../../../lab/catalog/release.ts';
import type { KubeObject } from '../../../lab/world/types.ts';
import { fluxCluster, helmInstall, request, ROOT_DIR, said, type Rig } from './rig.ts';

const SOURCE = (chart: string, version: string): string => JSON.stringify({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'OCIRepository', metadata: { name: chart, namespace: 'kube-system' }, spec: { interval: '12h', url: `oci://registry.example.test/charts/${chart}`, ref: { tag: version } } });
const RELEASE = (chart: string, values: object, more: object = {}): string => JSON.stringify({
  apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', metadata: { name: chart, namespace: 'kube-system' },
  spec: { interval: '10m', timeout: '1m', chartRef: { kind: 'OCIRepository', name: chart }, values, install: { remediation: { retries: 1 } }, upgrade: { remediation: { retries: 1 } }, ...more },
});
const tree = (chart: string, version: string, values: object, more: object = {}): Record<string, string> => ({ [`${ROOT_DIR}/source.yaml`]: SOURCE(chart, version), [`${ROOT_DIR}/release.yaml`]: RELEASE(chart, values, more) });
const release = (r: Rig, name = 'coredns'): KubeObject => r.get('helm.toolkit.fluxcd.io/v2', 'HelmRelease', name, 'kube-system');
const podUids = (r: Rig, app: string): unknown[] => r.store.list('v1', 'Pod', 'kube-system').filter((pod) => pod.metadata.labels?.['k8s-app'] === app).map((pod) => pod.metadata.uid).toSorted();
const history = (r: Rig, name = 'coredns'): string[] => historyOf(r.store.list('v1', 'Secret', 'kube-system'), name).map((record) => `${record.revision} ${record.status}`);
const VALUES = { replicaCount: 2, service: { clusterIP: '10.245.0.10' } };
const MINUTE = 60_000;

describe('a HelmRelease', () => {
  test('installs its chart, says which, and keeps its record as Helm does', async () => {
    const r = await fluxCluster(tree('coredns', '1.45.0', VALUES));
    await r.clock.advance(MINUTE);
    expect(said(release(r))).toBe('True InstallSucceeded: Helm install succeeded for release kube-system/coredns.v1 with chart coredns@1.45.0');
    expect(said(release(r), 'Released')).toMatch(/^True InstallSucceeded/);
    expect(list(release(r).status?.['history'])[0]).toMatchObject({ name: 'coredns', version: 1, chartVersion: '1.45.0', status: 'deployed' });
    expect(history(r)).toEqual(['1 deployed']);
    expect(at(r.get('v1', 'Service', 'coredns', 'kube-system').spec, 'clusterIP')).toBe('10.245.0.10');
  });
  test('adopts a release that helm made, without restarting a pod', async () => {
    const r = await fluxCluster({});
    await helmInstall(r, 'coredns', 'kube-system', '1.45.0', VALUES);
    const before = podUids(r, 'coredns');
    r.files = new Map(Object.entries(tree('coredns', '1.45.0', VALUES)));
    r.commit = 'c'.repeat(40);
    await r.clock.advance(3 * MINUTE);
    expect(said(release(r))).toBe('True UpgradeSucceeded: Helm upgrade succeeded for release kube-system/coredns.v2 with chart coredns@1.45.0');
    expect(podUids(r, 'coredns')).toEqual(before);
    expect(history(r)).toEqual(['1 superseded', '2 deployed']);
  });
  test('restarts the pods when the values it brings are not those the release had', async () => {
    const r = await fluxCluster({});
    await helmInstall(r, 'coredns', 'kube-system', '1.45.0', VALUES);
    const before = podUids(r, 'coredns');
    r.files = new Map(Object.entries(tree('coredns', '1.45.0', { ...VALUES, service: { clusterIP: '10.245.0.10', name: 'coredns' } })));
    r.commit = 'c'.repeat(40);
    await r.clock.advance(3 * MINUTE);
    expect(said(release(r))).toMatch(/^True UpgradeSucceeded/);
    expect(podUids(r, 'coredns').some((uid) => before.includes(uid))).toBe(false);
  });
  test('takes values from ConfigMaps under its own and upgrades when a watched one changes', async () => {
    const map = (replicas: number): string => JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coredns-values', namespace: 'kube-system', labels: { 'reconcile.fluxcd.io/watch': 'Enabled' } }, data: { 'values.yaml': `replicaCount: ${replicas}\nimage: {tag: one}\n` } });
    const r = await fluxCluster({ ...tree('coredns', '1.45.0', { image: { tag: 'two' } }, { valuesFrom: [{ kind: 'ConfigMap', name: 'coredns-values' }] }), [`${ROOT_DIR}/values.yaml`]: map(2) });
    await r.clock.advance(MINUTE);
    const deployment = (): KubeObject => r.get('apps/v1', 'Deployment', 'coredns', 'kube-system');
    expect(deployment().spec).toMatchObject({ replicas: 2, template: { spec: { containers: [{ image: 'coredns/coredns:two' }] } } });
    r.files.set(`${ROOT_DIR}/values.yaml`, map(3));
    r.commit = 'd'.repeat(40);
    await r.clock.advance(2 * MINUTE);
    expect(deployment().spec).toMatchObject({ replicas: 3 });
    expect(history(r)).toEqual(['1 superseded', '2 deployed']);
  });
  test.each([
    ['a chart the lab does not have', tree('nonsense', '1.0.0', {}), 'nonsense', /^False SourceNotReady: OCIRepository 'kube-system\/nonsense' is not ready: failed to determine artifact digest: .*MANIFEST_UNKNOWN.*no chart nonsense/],
    ['a version nobody published', tree('coredns', '99.0.0', {}), 'coredns', /^False SourceNotReady: OCIRepository 'kube-system\/coredns' is not ready: .*manifests\/99\.0\.0: MANIFEST_UNKNOWN/],
    ['values that are not there', tree('coredns', '1.45.0', {}, { valuesFrom: [{ kind: 'ConfigMap', name: 'gone' }] }), 'coredns', /^False ValuesError: could not resolve ConfigMap chart values reference 'kube-system\/gone' with key 'values.yaml': configmaps "gone" not found$/],
    ['a dependency that is not there', tree('coredns', '1.45.0', {}, { dependsOn: [{ name: 'gone' }] }), 'coredns', /^False DependencyNotReady: unable to get 'kube-system\/gone' dependency: helmreleases.helm.toolkit.fluxcd.io "gone" not found$/],
  ])('says what is wrong with %s', async (_name, files, name, expected) => {
    const r = await fluxCluster(files);
    await r.clock.advance(MINUTE);
    expect(said(release(r, name))).toMatch(expected);
  });
  test('of a HelmRepository gets its HelmChart made', async () => {
    const r = await fluxCluster({
      [`${ROOT_DIR}/repo.yaml`]: JSON.stringify({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'HelmRepository', metadata: { name: 'charts', namespace: 'kube-system' }, spec: { interval: '1h', url: 'https://charts.example.test' } }),
      [`${ROOT_DIR}/release.yaml`]: JSON.stringify({ apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', metadata: { name: 'coredns', namespace: 'kube-system' }, spec: { interval: '10m', chart: { spec: { chart: 'coredns', version: '1.45.0', sourceRef: { kind: 'HelmRepository', name: 'charts' } } }, values: VALUES } }),
    });
    await r.clock.advance(MINUTE);
    expect(said(r.get('source.toolkit.fluxcd.io/v1', 'HelmChart', 'kube-system-coredns', 'kube-system'))).toBe("True Succeeded: pulled 'coredns' chart with version '1.45.0'");
    expect(said(release(r))).toMatch(/^True InstallSucceeded/);
  });
  test('gives up after its retries when nothing gets ready, and a reset by request starts it over', async () => {
    const r = await fluxCluster(tree('coredns', '1.45.0', VALUES));
    for (const node of r.store.list('v1', 'Node')) r.store.update({ ...node, spec: { ...node.spec, taints: [{ key: 'closed', effect: 'NoSchedule' }] } });
    await r.clock.advance(5 * MINUTE);
    expect(said(release(r), 'Stalled')).toBe('True RetriesExceeded: Failed to install after 2 attempt(s)');
    expect(said(release(r))).toMatch(/^False InstallFailed: Helm install failed for release kube-system\/coredns with chart coredns@1\.45\.0: resource Deployment\/kube-system\/coredns not ready[\s\S]*context deadline exceeded/);
    for (const node of r.store.list('v1', 'Node')) { const { taints: _taints, ...spec } = node.spec ?? {}; r.store.update({ ...node, spec }); }
    r.store.patch({ apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', name: 'coredns', namespace: 'kube-system' }, 'merge', { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': 't1', 'reconcile.fluxcd.io/resetAt': 't1' } } });
    await r.clock.advance(MINUTE);
    expect(said(release(r))).toMatch(/^True InstallSucceeded/);
    expect(said(release(r), 'Stalled')).toBe('not told');
    expect(release(r).status).toMatchObject({ lastHandledReconcileAt: 't1', lastHandledResetAt: 't1' });
  });
  test('answers a request even when there is nothing to do', async () => {
    const r = await fluxCluster(tree('coredns', '1.45.0', VALUES));
    await r.clock.advance(MINUTE);
    request(r, release(r), 'now');
    await r.clock.advance(5_000);
    expect(release(r).status?.['lastHandledReconcileAt']).toBe('now');
    expect(history(r)).toEqual(['1 deployed']);
  });
  test('that is up to date is looked at once in an interval, however long it runs', async () => {
    const r = await fluxCluster(tree('coredns', '1.45.0', VALUES));
    await r.clock.advance(2 * MINUTE);
    const looks = vi.spyOn(r.store, 'list');
    await r.clock.advance(65 * MINUTE);
    expect(looks.mock.calls.filter(([, kind, namespace]) => kind === 'Secret' && namespace === 'kube-system').length).toBeLessThanOrEqual(7);
  });
  test('takes its objects and its record along when it leaves the tree', async () => {
    const r = await fluxCluster(tree('coredns', '1.45.0', VALUES));
    await r.clock.advance(MINUTE);
    r.files.delete(`${ROOT_DIR}/release.yaml`);
    r.commit = 'f'.repeat(40);
    await r.clock.advance(2 * MINUTE);
    expect(podUids(r, 'coredns')).toEqual([]);
    expect(history(r)).toEqual([]);
  });
});

describe('fault helmrelease-stalled', () => {
  test.each(['before it was installed', 'when it was Ready'])('set %s: Stalled with a because, and Ready again when healed', async (when) => {
    const r = await fluxCluster(tree('coredns', '1.45.0', VALUES));
    if (when === 'when it was Ready') await r.clock.advance(MINUTE);
    r.faults.push({ fault: 'helmrelease-stalled', cluster: 'infra', object: 'kube-system/coredns', since: '' });
    await r.clock.advance(2 * MINUTE);
    expect(said(release(r))).toMatch(/^False (Install|Upgrade)Failed: Helm (install|upgrade) failed for release kube-system\/coredns with chart coredns@1\.45\.0: context deadline exceeded/);
    expect(said(release(r), 'Stalled')).toMatch(/^True RetriesExceeded: Failed to (install|upgrade) after 2 attempt\(s\)$/);
    r.faults.length = 0;
    await r.clock.advance(MINUTE);
    expect(said(release(r))).toMatch(/^True InstallSucceeded/);
    expect(said(release(r), 'Stalled')).toBe('not told');
  });
  test('leaves other releases alone', async () => {
    const r = await fluxCluster(tree('coredns', '1.45.0', VALUES));
    r.faults.push({ fault: 'helmrelease-stalled', cluster: 'infra', object: 'kube-system/other', since: '' });
    await r.clock.advance(MINUTE);
    expect(said(release(r))).toMatch(/^True/);
  });
});

test('a release whose objects somebody else made is refused as Helm refuses it', async () => {
  const r = await fluxCluster({});
  r.store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'coredns', namespace: 'kube-system' }, data: {} });
  await expect(helmInstall(r, 'coredns', 'kube-system', '1.45.0', VALUES)).rejects.toThrow('unable to continue with install: ConfigMap "coredns" in namespace "kube-system" exists and cannot be imported into the current release: invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"');
});
