import { describe, expect, test } from 'vitest';
import { renderRelease } from '../../../lab/catalog/charts.ts';
import { gatewayApiCrds } from '../../../lab/catalog/crd-tables.ts';
import { podReady } from '../../../lab/catalog/data.ts';
import { helmInstall, readyCluster, rig, type Rig } from './rig.ts';

const BY_JOB = { operator: { replicas: 1 }, hubble: { relay: { enabled: true }, tls: { auto: { enabled: true, method: 'cronJob' } } } };
const MESH = { ...BY_JOB, clustermesh: { useAPIServer: true, config: { enabled: true, clusters: [{ name: 'apps', address: 'mesh.example.test', port: 2379 }] }, apiserver: { tls: { auto: { enabled: true, method: 'cronJob' } } } } };
const release = (values: Record<string, unknown>) => renderRelease({ name: 'cilium', namespace: 'kube-system', chart: 'cilium/cilium', version: '1.18.3', values });

async function machines(): Promise<Rig> {
  const r = rig();
  await r.clock.advance(8_000);
  for (const crd of gatewayApiCrds()) r.store.create(crd);
  return r;
}
function relay(r: Rig) { return r.store.list('v1', 'Pod', 'kube-system').find((pod) => pod.metadata.labels?.['k8s-app'] === 'hubble-relay'); }

describe('Cilium, as its chart at the pinned version behaves', () => {
  test('its certificate jobs are hooks, one for Hubble and one for the mesh server, and only where a job is asked for', () => {
    expect(release(MESH).hooks.map((hook) => hook.metadata.name)).toEqual(['hubble-generate-certs', 'clustermesh-apiserver-generate-certs']);
    expect(release({ hubble: { tls: { auto: { method: 'helm' } } } }).hooks).toEqual([]);
  });
  test('whoever waits for all of the release before its hooks waits for ever, and is told for what', async () => {
    const r = await machines();
    await expect(helmInstall(r, 'cilium', 'kube-system', '1.18.3', BY_JOB)).rejects.toThrow(/hubble-relay not ready/);
    expect(JSON.stringify(relay(r)?.status)).toContain('MountVolume.SetUp failed for volume \\"hubble-relay-client-certs\\" : secret \\"hubble-relay-client-certs\\" not found');
  });
  test('once the job has run, the certificates are there, signed by the cluster\'s own authority, and the relay starts', async () => {
    const r = await machines();
    r.store.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cilium-ca', namespace: 'kube-system' }, data: { 'ca.crt': 'YXV0aG9yaXR5', 'ca.key': 'a2V5' } });
    await expect(helmInstall(r, 'cilium', 'kube-system', '1.18.3', BY_JOB)).rejects.toThrow(/not ready/);
    for (const hook of release(BY_JOB).hooks) r.store.create({ ...hook, metadata: { ...hook.metadata, namespace: 'kube-system' } });
    await r.clock.advance(30_000);
    const made = r.find({ apiVersion: 'v1', kind: 'Secret', name: 'hubble-relay-client-certs', namespace: 'kube-system' });
    expect(made?.data?.['ca.crt']).toBe('YXV0aG9yaXR5');
    const pod = relay(r);
    expect(pod !== undefined && podReady(pod)).toBe(true);
  });
  test('peers of the mesh are keys of one Secret, each with its address', () => {
    const secret = release(MESH).objects.find((object) => object.kind === 'Secret' && object.metadata.name === 'cilium-clustermesh');
    expect(Object.keys(secret?.data ?? {})).toEqual(['apps']);
    expect(Buffer.from(secret?.data?.['apps'] ?? '', 'base64').toString()).toContain('- https://mesh.example.test:2379');
  });
});

describe('pods and what they refer to', () => {
  test.each([
    ['a Secret in its environment', { containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'x' } }] }] }, 'Secret', 'CreateContainerConfigError'],
    ['a key of a Secret', { containers: [{ name: 'c', image: 'i', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'x', key: 'k' } } }] }] }, 'Secret', 'CreateContainerConfigError'],
    ['a ConfigMap as a volume', { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', configMap: { name: 'x' } }] }, 'ConfigMap', 'ContainerCreating'],
  ])('%s is waited for, and then the pod starts', async (_what, spec, kind, reason) => {
    const r = await readyCluster();
    r.store.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec });
    await r.clock.advance(20_000);
    expect(JSON.stringify(r.get('v1', 'Pod', 'p', 'default').status)).toContain(`"reason":"${reason}"`);
    r.store.create({ apiVersion: 'v1', kind, metadata: { name: 'x', namespace: 'default' }, data: { k: 'dg==' } });
    await r.clock.advance(20_000);
    expect(podReady(r.get('v1', 'Pod', 'p', 'default'))).toBe(true);
  });
  test('what is optional is not waited for', async () => {
    const r = await readyCluster();
    r.store.create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', namespace: 'default' }, spec: { containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'x', optional: true } }] }] } });
    await r.clock.advance(20_000);
    expect(podReady(r.get('v1', 'Pod', 'p', 'default'))).toBe(true);
  });
});
