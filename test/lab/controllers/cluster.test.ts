import { describe, expect, test } from 'vitest';
import { restarts } from '../../../lab/controllers/pods.ts';
import { kstatus } from '../../../lab/flux/kstatus.ts';
import type { KubeObject } from '../../../lab/world/types.ts';
import { CILIUM, helmInstall, INFRA, readyCluster, rig, said, type Rig } from './rig.ts';

const web = (replicas: number, image = 'nginx:1'): KubeObject => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } } },
});
const pods = (r: Rig, app: string): readonly KubeObject[] => r.store.list('v1', 'Pod', 'default').filter((pod) => pod.metadata.labels?.['app'] === app);
const deployment = (r: Rig): KubeObject => r.get('apps/v1', 'Deployment', 'web', 'default');

describe('a cluster without its network plugin', () => {
  test('registers nodes a while after the kubelets start, not Ready, and says the CNI is missing', async () => {
    const r = rig();
    await r.clock.advance(4_000);
    expect(r.store.list('v1', 'Node')).toHaveLength(0);
    await r.clock.advance(3_000);
    const nodes = r.store.list('v1', 'Node');
    expect(nodes.map((node) => node.metadata.name)).toEqual(INFRA.machines.map((machine) => machine.name));
    for (const node of nodes) expect(said(node)).toMatch(/^False KubeletNotReady: container runtime network not ready: .*cni plugin not initialized$/);
    expect(nodes[0]?.metadata.labels).toHaveProperty('node-role.kubernetes.io/control-plane', '');
  });
  test('leaves a Deployment unready and says why', async () => {
    const r = rig();
    r.store.create(web(2));
    await r.clock.advance(60_000);
    expect(kstatus(deployment(r))).toEqual({ status: 'InProgress', message: 'Available: 0/2' });
    for (const pod of pods(r, 'web')) expect(said(pod, 'PodScheduled')).toMatch(/^False Unschedulable: 0\/3 nodes are available: 3 node\(s\) had untolerated taint \{node.kubernetes.io\/not-ready: \}/);
  });
  test('runs pods of the host network, so that Cilium can come up and make the nodes Ready', async () => {
    const r = rig();
    await r.clock.advance(8_000);
    const { gatewayApiCrds } = await import('../../../lab/catalog/crd-tables.ts');
    for (const crd of gatewayApiCrds()) r.store.create(crd);
    const ms = await helmInstall(r, 'cilium', 'kube-system', '1.18.3', CILIUM);
    expect(ms).toBeGreaterThan(20_000);
    expect(ms).toBeLessThan(50_000);
    for (const node of r.store.list('v1', 'Node')) {
      expect(said(node)).toBe('True KubeletReady: kubelet is posting ready status');
      expect(node.spec?.['taints']).toBeUndefined();
    }
    expect(r.store.list('cilium.io/v2', 'CiliumNode')).toHaveLength(3);
  });
});

describe('workloads', () => {
  test('a Deployment spreads its pods, becomes Available and fills in every figure a rollout is judged by', async () => {
    const r = await readyCluster();
    r.store.create(web(3));
    await r.clock.advance(10_000);
    expect(new Set(pods(r, 'web').map((pod) => pod.spec?.['nodeName'])).size).toBe(3);
    expect(deployment(r).status).toMatchObject({ observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 });
    expect(said(deployment(r), 'Available')).toMatch(/^True MinimumReplicasAvailable/);
    expect(said(deployment(r), 'Progressing')).toMatch(/^True NewReplicaSetAvailable/);
  });
  test('a new template replaces every pod, and there is never less than before', async () => {
    const r = await readyCluster();
    r.store.create(web(2));
    await r.clock.advance(10_000);
    const before = pods(r, 'web').map((pod) => pod.metadata.uid);
    const least = { ready: Number.POSITIVE_INFINITY };
    r.store.onChange(() => { least.ready = Math.min(least.ready, pods(r, 'web').filter((pod) => said(pod).startsWith('True')).length); });
    r.store.update({ ...deployment(r), spec: web(2, 'nginx:2').spec ?? {} });
    await r.clock.advance(20_000);
    expect(pods(r, 'web')).toHaveLength(2);
    expect(pods(r, 'web').some((pod) => before.includes(pod.metadata.uid))).toBe(false);
    expect(least.ready).toBe(2);
    expect(kstatus(deployment(r)).status).toBe('Current');
  });
  test('scaling down removes pods and zero replicas are fine', async () => {
    const r = await readyCluster();
    r.store.create(web(3));
    await r.clock.advance(10_000);
    r.store.update({ ...deployment(r), spec: { ...deployment(r).spec, replicas: 0 } });
    await r.clock.advance(5_000);
    expect(pods(r, 'web')).toHaveLength(0);
    expect(kstatus(deployment(r)).status).toBe('Current');
  });
  test('a StatefulSet comes up in order with a bound claim per pod', async () => {
    const r = await readyCluster();
    r.store.create({
      apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'db', namespace: 'default' },
      spec: { replicas: 2, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: 'db:1' }] } }, volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }] },
    });
    await r.clock.advance(3_000);
    expect(pods(r, 'db').map((pod) => pod.metadata.name)).toEqual(['db-0']);
    await r.clock.advance(12_000);
    expect(pods(r, 'db').map((pod) => pod.metadata.name)).toEqual(['db-0', 'db-1']);
    expect(r.store.list('v1', 'PersistentVolumeClaim', 'default').map((claim) => claim.status?.['phase'])).toEqual(['Bound', 'Bound']);
    expect(kstatus(r.get('apps/v1', 'StatefulSet', 'db', 'default')).status).toBe('Current');
  });
  test('a Job completes once and stays complete', async () => {
    const r = await readyCluster();
    r.store.create({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once', namespace: 'default' }, spec: { template: { metadata: { labels: { app: 'once' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'once', image: 'once:1' }] } } } });
    await r.clock.advance(10_000);
    expect(said(r.get('batch/v1', 'Job', 'once', 'default'), 'Complete')).toMatch(/^True/);
    expect(pods(r, 'once').map((pod) => pod.status?.['phase'])).toEqual(['Succeeded']);
  });
  test('a Service gets an address of the service range and endpoints of ready pods only', async () => {
    const r = await readyCluster();
    r.store.create({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
    r.store.create(web(2));
    await r.clock.advance(10_000);
    expect(r.get('v1', 'Service', 'web', 'default').spec?.['clusterIP']).toMatch(/^10\.245\.0\.\d+$/);
    const slices = r.store.list('discovery.k8s.io/v1', 'EndpointSlice', 'default').filter((slice) => slice.metadata.labels?.['kubernetes.io/service-name'] === 'web');
    expect(slices).toHaveLength(1);
    expect(slices[0]?.['endpoints']).toMatchObject([{ conditions: { ready: true } }, { conditions: { ready: true } }]);
  });
});

describe('machines', () => {
  test('a machine that goes away makes its node Unknown after the grace, and pods leave it later', async () => {
    const r = await readyCluster();
    r.store.create(web(3));
    await r.clock.advance(10_000);
    r.up.delete('infra-02');
    r.machinesChanged();
    await r.clock.advance(30_000);
    expect(said(r.get('v1', 'Node', 'infra-02'))).toMatch(/^True/);
    await r.clock.advance(15_000);
    expect(said(r.get('v1', 'Node', 'infra-02'))).toBe('Unknown NodeStatusUnknown: Kubelet stopped posting node status.');
    expect(kstatus(deployment(r))).toEqual({ status: 'InProgress', message: 'Available: 2/3' });
    await r.clock.advance(310_000);
    expect(kstatus(deployment(r)).status).toBe('Current');
    expect(pods(r, 'web').every((pod) => pod.spec?.['nodeName'] !== 'infra-02')).toBe(true);
  });
  test('a reboot restarts the containers in the same pods', async () => {
    const r = await readyCluster();
    r.store.create(web(3));
    await r.clock.advance(10_000);
    const before = pods(r, 'web').map((pod) => pod.metadata.uid).toSorted();
    r.bootIds.set('infra-01', 'boot-2');
    r.machinesChanged();
    await r.clock.advance(60_000);
    expect(pods(r, 'web').map((pod) => pod.metadata.uid).toSorted()).toEqual(before);
    expect(pods(r, 'web').map((pod) => [pod.spec?.['nodeName'], restarts(pod)]).toSorted()).toEqual([['infra-01', 1], ['infra-02', 0], ['infra-03', 0]]);
    for (const node of r.store.list('v1', 'Node')) expect(said(node)).toMatch(/^True/);
  });
});

test('controllers started again over the same store change nothing and go on', async () => {
  const r = await readyCluster();
  r.store.create(web(2));
  await r.clock.advance(1_500);
  r.restart();
  await r.clock.advance(10_000);
  expect(kstatus(deployment(r)).status).toBe('Current');
  const version = r.store.resourceVersion;
  r.restart();
  await r.clock.advance(60_000);
  expect(r.store.resourceVersion).toBe(version);
  expect(r.log.filter((entry) => entry.kind === 'world')).toEqual([]);
});
