/** What Rook makes of its custom resources: the daemons of a Ceph cluster, its CSI drivers, and pools once the cluster is there. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, conditionOf, list, plain, text, whole, withConditions, type Plain } from '../catalog/data.ts';
import { TIMES } from '../catalog/timings.ts';
import type { OperatorKind, Outcome } from './operator-kinds.ts';

const ROOK = { operator: 'rook', 'storage-backend': 'ceph' };
const CSI_IMAGE = 'quay.io/cephcsi/cephcsi:v3.15.0';
const EVERYWHERE = { tolerations: [{ operator: 'Exists' }] };

interface Daemon { readonly name: string; readonly app: string; readonly labels?: Readonly<Record<string, string>>; readonly image: string; readonly replicas?: number; readonly kind?: 'DaemonSet'; readonly spec?: Plain }

/** Daemons in the order Rook starts them; the next group begins when the one before is available. */
function groups(object: KubeObject): readonly (readonly Daemon[])[] {
  const image = text(at(object.spec, 'cephVersion.image')) ?? '';
  const letter = (index: number): string => String.fromCharCode(97 + index);
  const many = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
  const nodes = list(at(object.spec, 'storage.nodes')).map(plain);
  const disks = nodes.flatMap((node) => list(node['devices']).map(() => text(node['name']) ?? ''));
  const driver = (type: 'rbd' | 'cephfs'): Daemon[] => [
    { name: `rook-ceph.${type}.csi.ceph.com-ctrlplugin`, app: `rook-ceph.${type}.csi.ceph.com-ctrlplugin`, image: CSI_IMAGE, replicas: 2 },
    { name: `rook-ceph.${type}.csi.ceph.com-nodeplugin`, app: `rook-ceph.${type}.csi.ceph.com-nodeplugin`, image: CSI_IMAGE, kind: 'DaemonSet', spec: { hostNetwork: true, ...EVERYWHERE } },
  ];
  return [
    many(whole(at(object.spec, 'mon.count'), 3)).map((index) => ({ name: `rook-ceph-mon-${letter(index)}`, app: 'rook-ceph-mon', labels: { mon: letter(index) }, image })),
    many(whole(at(object.spec, 'mgr.count'), 1)).map((index) => ({ name: `rook-ceph-mgr-${letter(index)}`, app: 'rook-ceph-mgr', labels: { mgr: letter(index) }, image })),
    [...disks.map((node, index) => ({ name: `rook-ceph-osd-${index}`, app: 'rook-ceph-osd', labels: { osd: String(index) }, image, spec: { nodeSelector: { 'kubernetes.io/hostname': node } } })), ...driver('rbd'), ...driver('cephfs')],
  ];
}

function daemon(object: KubeObject, entry: Daemon): KubeObject {
  const labels = { app: entry.app, rook_cluster: object.metadata.name, ...entry.labels };
  const template = { metadata: { labels }, spec: { hostNetwork: at(object.spec, 'network.provider') === 'host', ...EVERYWHERE, ...entry.spec, containers: [{ name: entry.app.replaceAll('.', '-'), image: entry.image }] } };
  return {
    apiVersion: 'apps/v1', kind: entry.kind ?? 'Deployment',
    metadata: {
      name: entry.name, namespace: object.metadata.namespace ?? '', labels,
      ownerReferences: [{ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, uid: object.metadata.uid ?? '', controller: true }],
    },
    spec: { ...(entry.kind === 'DaemonSet' ? {} : { replicas: entry.replicas ?? 1 }), selector: { matchLabels: labels }, template },
  };
}

function available(cx: ControllerContext, made: KubeObject): boolean {
  const live = cx.store.get({ apiVersion: made.apiVersion, kind: made.kind, name: made.metadata.name, ...(made.metadata.namespace === undefined ? {} : { namespace: made.metadata.namespace }) });
  if (made.kind === 'Deployment') return conditionOf(live, 'Available')?.['status'] === 'True';
  return whole(live?.status?.['desiredNumberScheduled'], -1) === whole(live?.status?.['numberReady'], 0);
}

function cephCluster(cx: ControllerContext, object: KubeObject): Outcome {
  const namespace = object.metadata.namespace ?? '';
  const now = cx.clock.now();
  const condition = (ready: boolean, message: string): Plain[] => withConditions(object, now, ready
    ? [{ type: 'Ready', status: 'True', reason: 'ClusterCreated', message }] : [{ type: 'Progressing', status: 'True', reason: 'ClusterProgressing', message }], ready ? ['Progressing'] : []);
  for (const group of groups(object)) {
    const wanted = group.map((entry) => daemon(object, entry));
    for (const entry of wanted) cx.store.apply(entry, { manager: 'rook', force: true });
    const missing = wanted.filter((entry) => !available(cx, entry));
    if (missing.length > 0) {
      // One that was Ready stays so, with its health gone down, as Ceph reports it.
      const was = text(object.status?.['phase']) === 'Ready';
      const names = missing.map((entry) => entry.metadata.name).join(', ');
      if (was) return { status: { ceph: { health: 'HEALTH_WARN', details: { DAEMONS: { severity: 'HEALTH_WARN', message: `not available: ${names}` } } } }, again: TIMES.cephCluster };
      return { status: { phase: 'Progressing', state: 'Creating', message: `waiting for ${names}`, observedGeneration: object.metadata.generation ?? 1, conditions: condition(false, `waiting for ${names}`) }, again: 1_000 };
    }
  }
  const settled = text(object.status?.['phase']) === 'Ready';
  for (const [kind, name, data] of [['Secret', 'rook-ceph-mon', { 'ceph-username': 'client.admin', 'ceph-secret': 'simulated' }], ['ConfigMap', 'rook-ceph-mon-endpoints', { data: 'a=10.0.0.1:3300' }]] as const) {
    const body = kind === 'Secret' ? Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])) : data;
    if (!settled) cx.store.apply({ apiVersion: 'v1', kind, metadata: { name, namespace }, data: body }, { manager: 'rook', force: true });
  }
  return { status: {
    phase: 'Ready', state: 'Created', message: 'Cluster created successfully', observedGeneration: object.metadata.generation ?? 1,
    ceph: { health: 'HEALTH_OK' }, version: { image: at(object.spec, 'cephVersion.image'), version: '19.2.3-0' }, conditions: condition(true, 'Cluster created successfully'),
  }, again: 30_000 };
}

function blockPool(cx: ControllerContext, object: KubeObject): Outcome {
  const cluster = cx.store.list('ceph.rook.io/v1', 'CephCluster', object.metadata.namespace)[0];
  if (text(cluster?.status?.['phase']) !== 'Ready') return { status: { phase: 'Progressing', observedGeneration: object.metadata.generation ?? 1 }, again: TIMES.cephPool };
  return { status: { phase: 'Ready', observedGeneration: object.metadata.generation ?? 1, info: { failureDomain: at(object.spec, 'failureDomain'), type: 'Replicated' } } };
}

export const STORAGE_KINDS: readonly OperatorKind[] = [
  { apiVersion: 'ceph.rook.io/v1', kind: 'CephCluster', operator: ROOK, afterMs: TIMES.cephCluster, reconcile: cephCluster },
  { apiVersion: 'ceph.rook.io/v1', kind: 'CephBlockPool', operator: ROOK, afterMs: TIMES.cephPool, dependsOn: 'CephCluster', reconcile: blockPool },
];
