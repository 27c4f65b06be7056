import { describe, expect, test } from 'vitest';
import { isTrue } from '../../../lab/catalog/data.ts';
import { configMap, configMapYaml, fluxCluster, ks, kustomization, request, ROOT_DIR, said, type Rig } from './rig.ts';

const REVISION = (r: Rig): string => `refs/heads/main@sha1:${r.commit}`;
function commit(r: Rig, letter: string, files: Readonly<Record<string, string | undefined>>): void {
  const next = new Map(r.files);
  for (const [path, content] of Object.entries(files)) { if (content === undefined) next.delete(path); else next.set(path, content); }
  r.files = next;
  r.commit = letter.repeat(40);
}
const MINUTES = 60_000;

describe('a Flux instance', () => {
  test('brings CRDs, controllers and the sync, and says Ready with what it installed', async () => {
    const r = await fluxCluster({ [`${ROOT_DIR}/a.yaml`]: configMapYaml('a') });
    await r.clock.advance(20_000);
    const instance = r.get('fluxcd.controlplane.io/v1', 'FluxInstance', 'flux', 'flux-system');
    expect(said(instance)).toMatch(/^True ReconciliationSucceeded: Reconciliation finished in \d+s$/);
    expect(instance.status?.['lastAppliedRevision']).toMatch(/^v2\.9\.5@sha256:/);
    for (const name of ['source-controller', 'kustomize-controller', 'helm-controller', 'notification-controller']) expect(isTrue(r.get('apps/v1', 'Deployment', name, 'flux-system'), 'Available')).toBe(true);
    const source = r.get('source.toolkit.fluxcd.io/v1', 'GitRepository', 'flux-system', 'flux-system');
    expect(said(source)).toBe(`True Succeeded: stored artifact for revision '${REVISION(r)}'`);
    expect(said(kustomization(r, 'flux-system'))).toBe(`True ReconciliationSucceeded: Applied revision: ${REVISION(r)}`);
    expect(configMap(r, 'a')?.metadata.labels).toEqual({ 'kustomize.toolkit.fluxcd.io/name': 'flux-system', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' });
  });
  test('refuses a distribution it does not have', async () => {
    const r = await fluxCluster({ [`${ROOT_DIR}/a.yaml`]: configMapYaml('a') });
    const ref = { apiVersion: 'fluxcd.controlplane.io/v1', kind: 'FluxInstance', name: 'flux', namespace: 'flux-system' };
    r.store.patch(ref, 'merge', { spec: { distribution: { version: '1.x' } } });
    await r.clock.advance(10_000);
    expect(said(r.get(ref.apiVersion, ref.kind, ref.name, ref.namespace))).toMatch(/^False BuildFailed: no match found for semver: 1\.x/);
  });
});

describe('a Kustomization', () => {
  const two = { [`${ROOT_DIR}/ks.yaml`]: `${ks('first', 'kubernetes/first', { wait: true })}\n---\n${ks('second', 'kubernetes/second', { dependsOn: [{ name: 'first' }] })}`, 'kubernetes/first/cm.yaml': configMapYaml('one'), 'kubernetes/second/cm.yaml': configMapYaml('two') };
  test('waits for its dependency, then applies', async () => {
    const r = await fluxCluster(two);
    await r.clock.advance(9_000);
    const seen = new Set<string>();
    r.store.onChange((event) => { if (event.object.kind === 'Kustomization' && event.object.metadata.name === 'second') seen.add(said(event.object)); });
    await r.clock.advance(60_000);
    expect(configMap(r, 'two')).toBeDefined();
    expect(said(kustomization(r, 'second'))).toMatch(/^True/);
    expect([...seen].at(-1)).toMatch(/^True/);
  });
  test('says which dependency it waits for and applies nothing meanwhile', async () => {
    const r = await fluxCluster({ ...two, 'kubernetes/first/cm.yaml': 'apiVersion: example.test/v1\nkind: Widget\nmetadata: {name: x, namespace: default}\n' });
    await r.clock.advance(60_000);
    expect(said(kustomization(r, 'first'))).toBe('False ReconciliationFailed: Widget/default/x dry-run failed: no matches for kind "Widget" in version "example.test/v1"');
    expect(said(kustomization(r, 'second'))).toBe("False DependencyNotReady: dependency 'flux-system/first' is not ready");
    expect(configMap(r, 'two')).toBeUndefined();
  });
  test('prunes what has left the tree, but not what opted out or is not its own', async () => {
    const kept = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kept', namespace: 'default', annotations: { 'kustomize.toolkit.fluxcd.io/prune': 'disabled' } }, data: { a: 'b' } });
    const r = await fluxCluster({ [`${ROOT_DIR}/a.yaml`]: configMapYaml('a'), [`${ROOT_DIR}/b.yaml`]: configMapYaml('b'), [`${ROOT_DIR}/kept.yaml`]: kept });
    await r.clock.advance(30_000);
    expect(configMap(r, 'b')).toBeDefined();
    commit(r, 'c', { [`${ROOT_DIR}/b.yaml`]: undefined, [`${ROOT_DIR}/kept.yaml`]: undefined });
    await r.clock.advance(2 * MINUTES);
    expect(kustomization(r, 'flux-system').status?.['lastAppliedRevision']).toBe(REVISION(r));
    expect(configMap(r, 'a')).toBeDefined();
    expect(configMap(r, 'b')).toBeUndefined();
    expect(configMap(r, 'kept')).toBeDefined();
  });
  test('fails its health check with the names of what never got ready, and recovers on the next commit', async () => {
    const broken = JSON.stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'stuck', namespace: 'default' }, spec: { replicas: 1, selector: { matchLabels: { app: 's' } }, template: { metadata: { labels: { app: 's' } }, spec: { nodeSelector: {}, tolerations: [], containers: [{ name: 's', image: 's' }] } } } });
    const r = await fluxCluster({ [`${ROOT_DIR}/ks.yaml`]: ks('app', 'kubernetes/app', { wait: true }), 'kubernetes/app/d.yaml': broken });
    for (const node of r.store.list('v1', 'Node')) r.store.update({ ...node, spec: { ...node.spec, taints: [{ key: 'closed', effect: 'NoSchedule' }] } });
    await r.clock.advance(10_000);
    expect(said(kustomization(r, 'app'))).toBe('Unknown Progressing: Reconciliation in progress');
    expect(said(kustomization(r, 'app'), 'Reconciling')).toMatch(/Running health checks for revision .* with a timeout of 2m0s/);
    await r.clock.advance(3 * MINUTES);
    expect(said(kustomization(r, 'app'))).toMatch(/^False HealthCheckFailed: health check failed after 2m\d+s: timeout waiting for: \[Deployment\/default\/stuck status: 'InProgress'\]$/);
    commit(r, 'd', { 'kubernetes/app/d.yaml': configMapYaml('fine') });
    await r.clock.advance(2 * MINUTES);
    expect(said(kustomization(r, 'app'))).toMatch(/^True/);
  });
  test.each([
    ['a path that is not there', { path: 'kubernetes/nowhere' }, {}, /^False BuildFailed: kustomization path not found: stat .*kubernetes\/nowhere: no such file or directory$/],
    ['a kustomize field the lab does not know', {}, { 'kubernetes/app/kustomization.yaml': 'namePrefix: x-\nresources: []\n' }, /^False BuildFailed: kustomize build failed: kubernetes\/app\/kustomization.yaml: field namePrefix is not in the subset/],
    ['a variable that is not set', { postBuild: { substitute: { OTHER: 'x' } } }, { 'kubernetes/app/cm.yaml': configMapYaml('app', { key: '${MISSING}' }) }, /^False BuildFailed: post build failed for 'app': envsubst error: variable not set \(strict mode\): "MISSING"$/],
    ['a settings map that is not there', { postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'settings' }] } }, {}, /^False BuildFailed: post build failed: substitute from 'ConfigMap\/settings' error: configmaps "settings" not found$/],
  ])('says what is wrong with %s', async (_name, spec, files, expected) => {
    const r = await fluxCluster({ [`${ROOT_DIR}/ks.yaml`]: ks('app', 'kubernetes/app', spec), 'kubernetes/app/cm.yaml': configMapYaml('app'), ...files });
    await r.clock.advance(30_000);
    expect(said(kustomization(r, 'app'))).toMatch(expected);
  });
  test('substitutes from ConfigMaps and inline, inline winning', async () => {
    const r = await fluxCluster({
      [`${ROOT_DIR}/settings.yaml`]: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'flux-system' }, data: { A: 'from-map', B: 'from-map' } }),
      [`${ROOT_DIR}/ks.yaml`]: ks('app', 'kubernetes/app', { postBuild: { substituteFrom: [{ kind: 'ConfigMap', name: 'settings' }], substitute: { B: 'inline' } } }), 'kubernetes/app/cm.yaml': configMapYaml('app', { key: '${A} ${B} ${C:=default}' }),
    });
    await r.clock.advance(30_000);
    expect(configMap(r, 'app')?.data).toEqual({ key: 'from-map inline default' });
  });
  test('does nothing while suspended and catches up when resumed', async () => {
    const r = await fluxCluster({ [`${ROOT_DIR}/ks.yaml`]: ks('app', 'kubernetes/app', { suspend: true }), 'kubernetes/app/cm.yaml': configMapYaml('app') });
    await r.clock.advance(MINUTES);
    expect(configMap(r, 'app')).toBeUndefined();
    r.store.patch({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', name: 'app', namespace: 'flux-system' }, 'merge', { spec: { suspend: null } });
    await r.clock.advance(10_000);
    expect(configMap(r, 'app')).toBeDefined();
  });
  test('puts back what was changed by hand when asked, and says which request it answered', async () => {
    const r = await fluxCluster({ [`${ROOT_DIR}/a.yaml`]: configMapYaml('a') });
    await r.clock.advance(30_000);
    r.store.patch({ apiVersion: 'v1', kind: 'ConfigMap', name: 'a', namespace: 'default' }, 'merge', { data: { a: 'changed' } });
    request(r, kustomization(r, 'flux-system'), 'token-1');
    await r.clock.advance(5_000);
    expect(configMap(r, 'a')?.data).toEqual({ a: 'b' });
    expect(kustomization(r, 'flux-system').status?.['lastHandledReconcileAt']).toBe('token-1');
  });
  test('takes everything it made with it when it is deleted with prune', async () => {
    const r = await fluxCluster({ [`${ROOT_DIR}/ks.yaml`]: ks('app', 'kubernetes/app'), 'kubernetes/app/cm.yaml': configMapYaml('app') });
    await r.clock.advance(30_000);
    expect(configMap(r, 'app')).toBeDefined();
    commit(r, 'e', { [`${ROOT_DIR}/ks.yaml`]: configMapYaml('empty') });
    await r.clock.advance(2 * MINUTES);
    expect(r.find({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', name: 'app', namespace: 'flux-system' })).toBeUndefined();
    expect(configMap(r, 'app')).toBeUndefined();
  });
  test('that is up to date writes nothing, however long it runs', async () => {
    const r = await fluxCluster(two);
    await r.clock.advance(2 * MINUTES);
    const version = r.store.resourceVersion;
    await r.clock.advance(45 * MINUTES);
    expect(r.store.resourceVersion).toBe(version);
    expect(r.log.filter((entry) => entry.kind === 'world')).toEqual([]);
  });
  test('is finished by controllers that were restarted in the middle', async () => {
    const r = await fluxCluster(two);
    for (let i = 0; i < 8; i++) { await r.clock.advance(1_700); r.restart(); }
    await r.clock.advance(40_000);
    for (const name of ['first', 'second', 'flux-system']) expect(said(kustomization(r, name))).toMatch(/^True/);
  });
});

test('a Git repository the lab does not have is refused instead of being answered with the wrong files', async () => {
  const r = await fluxCluster({ [`${ROOT_DIR}/git.yaml`]: JSON.stringify({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', metadata: { name: 'other', namespace: 'flux-system' }, spec: { interval: '1m', url: 'https://git.example.test/other' } }) });
  await r.clock.advance(30_000);
  expect(said(r.get('source.toolkit.fluxcd.io/v1', 'GitRepository', 'other', 'flux-system'))).toMatch(/^False GitOperationFailed: .*unable to clone 'https:\/\/git.example.test\/other'/);
});

describe('fault dependency-cycle', () => {
  const tree = { [`${ROOT_DIR}/ks.yaml`]: `${ks('first', 'kubernetes/first')}\n---\n${ks('second', 'kubernetes/second', { dependsOn: [{ name: 'first' }] })}`, 'kubernetes/first/cm.yaml': configMapYaml('one'), 'kubernetes/second/cm.yaml': configMapYaml('two') };
  const fault = { fault: 'dependency-cycle', cluster: 'infra', since: '' };
  test.each(['before Flux comes up', 'when all was Ready'])('set %s: both wait for each other until it is healed', async (when) => {
    const r = await fluxCluster(tree);
    if (when === 'when all was Ready') await r.clock.advance(MINUTES);
    r.faults.push(fault);
    await r.clock.advance(2 * MINUTES);
    expect(said(kustomization(r, 'first'))).toBe("False DependencyNotReady: dependency 'flux-system/second' is not ready");
    expect(said(kustomization(r, 'second'))).toBe("False DependencyNotReady: dependency 'flux-system/first' is not ready");
    r.faults.length = 0;
    await r.clock.advance(2 * MINUTES);
    for (const name of ['first', 'second']) expect(said(kustomization(r, name))).toMatch(/^True/);
  });
});
