/** CloudNativePG: from a Cluster to its Secrets, Services, volumes and pods; what it says of itself, and its log on the way to the archive. */
import type { ControllerContext, KubeObject, Ref } from '../../world/types.ts';
import { at, conditionOf, iso, list, plain, podReady, refOf, sha256, strings, text, whole, withConditions, type Condition, type Plain } from '../../catalog/data.ts';
import { TIMES } from '../../catalog/timings.ts';
import { deploymentUp } from '../flux/common.ts';
import type { Outcome } from '../operator-kinds.ts';
import { archive, BARMAN, destinationOf, PLUGIN, sourceOf, type Place } from './barman.ts';
import { befallsStore } from './faults.ts';
import { contentOf } from './memory.ts';

export const POSTGRES = 'postgresql.cnpg.io/v1';
const PORT = 5432;

const ownedBy = (cluster: KubeObject): NonNullable<KubeObject['metadata']['ownerReferences']> => [{ apiVersion: cluster.apiVersion, kind: cluster.kind, name: cluster.metadata.name, uid: cluster.metadata.uid ?? '', controller: true }];
const labelsOf = (cluster: KubeObject, instance: string): Record<string, string> => ({ 'cnpg.io/cluster': cluster.metadata.name, 'cnpg.io/instanceName': instance, 'app.kubernetes.io/managed-by': 'cloudnative-pg' });
const ref = (cluster: KubeObject, kind: string, name: string, apiVersion = 'v1'): Ref => ({ apiVersion, kind, name, namespace: cluster.metadata.namespace ?? '' });

function ensure(cx: ControllerContext, object: KubeObject): KubeObject { return cx.store.get(refOf(object)) ?? cx.store.create(object); }

/** A database, and the volume of its first instance, which is what it holds; undefined when there is none of that name. */
export function database(cx: ControllerContext, namespace: string, name: string): { readonly cluster: KubeObject; readonly volume: KubeObject } | undefined {
  if (cx.store.typeOf(POSTGRES, 'Cluster') === undefined) return undefined;
  const cluster = cx.store.get({ apiVersion: POSTGRES, kind: 'Cluster', name, namespace });
  const volume = cx.store.get({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: `${name}-1`, namespace });
  return cluster === undefined || volume === undefined ? undefined : { cluster, volume };
}
function instance(cx: ControllerContext, cluster: KubeObject, n: number): KubeObject | undefined { return cx.store.get(ref(cluster, 'Pod', `${cluster.metadata.name}-${n}`)); }
/** Whether its primary takes connections. */
export function databaseUp(cx: ControllerContext, cluster: KubeObject): boolean {
  const pod = instance(cx, cluster, 1);
  return text(at(cluster.status, 'currentPrimary')) !== undefined && pod !== undefined && podReady(pod);
}

function secrets(cx: ControllerContext, cluster: KubeObject): void {
  const { name, namespace = '' } = cluster.metadata;
  const begin = plain(at(cluster.spec, 'bootstrap.recovery') ?? at(cluster.spec, 'bootstrap.initdb'));
  const dbname = text(begin['database']) ?? 'app'; const username = text(begin['owner']) ?? dbname;
  if (cx.store.get(ref(cluster, 'Secret', `${name}-app`)) !== undefined) return;
  const password = sha256(`${cluster.metadata.uid ?? ''} ${username}`).slice(0, 48);
  const host = `${name}-rw`;
  const uri = (where: string): string => `postgresql://${username}:${password}@${where}:${PORT}/${dbname}`;
  const data = {
    username, user: username, password, dbname, host, port: String(PORT), pgpass: `${host}:${PORT}:${dbname}:${username}:${password}\n`, uri: uri(`${host}.${namespace}`), 'fqdn-uri': uri(`${host}.${namespace}.svc.cluster.local`),
    'jdbc-uri': `jdbc:postgresql://${host}.${namespace}:${PORT}/${dbname}?password=${password}&user=${username}`,
  };
  ensure(cx, {
    apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/basic-auth', metadata: { name: `${name}-app`, namespace, labels: { 'cnpg.io/cluster': name, 'cnpg.io/userType': 'app', 'cnpg.io/reload': 'true' }, ownerReferences: ownedBy(cluster) },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  });
}
function services(cx: ControllerContext, cluster: KubeObject): void {
  const { name, namespace = '' } = cluster.metadata;
  for (const [suffix, role] of [['rw', { 'cnpg.io/instanceRole': 'primary' }], ['ro', { 'cnpg.io/instanceRole': 'replica' }], ['r', { 'cnpg.io/podRole': 'instance' }]] as const) {
    ensure(cx, {
      apiVersion: 'v1', kind: 'Service', metadata: { name: `${name}-${suffix}`, namespace, labels: { 'cnpg.io/cluster': name }, ownerReferences: ownedBy(cluster) },
      spec: { type: 'ClusterIP', selector: { 'cnpg.io/cluster': name, ...role }, ports: [{ name: 'postgres', port: PORT, protocol: 'TCP', targetPort: PORT }] },
    });
  }
  for (const own of list(at(cluster.spec, 'managed.services.additional')).map(plain)) {
    const of = plain(at(own, 'serviceTemplate.metadata'));
    const role = own['selectorType'] === 'rw' ? { 'cnpg.io/instanceRole': 'primary' } : own['selectorType'] === 'ro' ? { 'cnpg.io/instanceRole': 'replica' } : { 'cnpg.io/podRole': 'instance' };
    ensure(cx, {
      apiVersion: 'v1', kind: 'Service', metadata: { name: text(of['name']) ?? `${name}-${String(own['selectorType'])}`, namespace, labels: { 'cnpg.io/cluster': name, 'cnpg.io/isManaged': 'true' }, annotations: strings(of['annotations']), ownerReferences: ownedBy(cluster) },
      spec: { type: 'ClusterIP', selector: { 'cnpg.io/cluster': name, ...role }, ports: [{ name: 'postgres', port: PORT, protocol: 'TCP', targetPort: PORT }] },
    });
  }
}
function volume(cx: ControllerContext, cluster: KubeObject, n: number): void {
  const storage = plain(at(cluster.spec, 'storage'));
  const name = `${cluster.metadata.name}-${n}`;
  ensure(cx, {
    apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: cluster.metadata.namespace ?? '', labels: { ...labelsOf(cluster, name), 'cnpg.io/pvcRole': 'PG_DATA' }, ownerReferences: ownedBy(cluster) },
    spec: { accessModes: ['ReadWriteOnce'], ...(storage['storageClass'] === undefined ? {} : { storageClassName: storage['storageClass'] }), resources: { requests: { storage: text(storage['size']) ?? '1Gi' } } },
  });
}
function podSpec(cluster: KubeObject, n: number, container: string): Plain {
  return {
    serviceAccountName: 'default', automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, runAsUser: 26, runAsGroup: 26, fsGroup: 26, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{
      name: container, image: text(at(cluster.spec, 'imageName')) ?? 'ghcr.io/cloudnative-pg/postgresql:17.6', resources: plain(at(cluster.spec, 'resources')), volumeMounts: [{ name: 'pgdata', mountPath: '/var/lib/postgresql/data' }],
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    }],
    volumes: [{ name: 'pgdata', persistentVolumeClaim: { claimName: `${cluster.metadata.name}-${n}` } }],
  };
}
function pod(cx: ControllerContext, cluster: KubeObject, n: number): KubeObject {
  const name = `${cluster.metadata.name}-${n}`;
  volume(cx, cluster, n);
  return ensure(cx, {
    apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: cluster.metadata.namespace ?? '', labels: { ...labelsOf(cluster, name), 'cnpg.io/instanceRole': n === 1 ? 'primary' : 'replica', role: n === 1 ? 'primary' : 'replica', 'cnpg.io/podRole': 'instance' }, ownerReferences: ownedBy(cluster) },
    spec: podSpec(cluster, n, 'postgres'),
  });
}

/** The Job that makes the first instance. Done: it is gone, and the primary is known. */
function begun(cx: ControllerContext, cluster: KubeObject): boolean {
  const role = at(cluster.spec, 'bootstrap.recovery') === undefined ? 'initdb' : 'full-recovery';
  const name = `${cluster.metadata.name}-1`;
  const labels = { ...labelsOf(cluster, name), 'cnpg.io/jobRole': role };
  volume(cx, cluster, 1);
  const job = ensure(cx, {
    apiVersion: 'batch/v1', kind: 'Job', metadata: { name: `${name}-${role}`, namespace: cluster.metadata.namespace ?? '', labels, ownerReferences: ownedBy(cluster) },
    spec: { template: { metadata: { labels }, spec: { ...podSpec(cluster, 1, role), restartPolicy: 'Never' } } },
  });
  if (conditionOf(job, 'Complete')?.['status'] !== 'True') return false;
  cx.store.delete(refOf(job));
  return true;
}

const notReady: Condition = { type: 'Ready', status: 'False', reason: 'ClusterIsNotReady', message: 'Cluster Is Not Ready' };
const isReady: Condition = { type: 'Ready', status: 'True', reason: 'ClusterIsReady', message: 'Cluster is Ready' };

/** What comes of archiving the log, as a condition; none for a database that has no archive. */
function archiving(cx: ControllerContext, cluster: KubeObject, place: Place | { readonly error: string } | undefined): readonly Condition[] {
  const own = database(cx, cluster.metadata.namespace ?? '', cluster.metadata.name);
  if (place === undefined || own === undefined) return [];
  // The archive must be empty when the first segment comes; from then on it is this database's own.
  const first = conditionOf(cluster, 'ContinuousArchiving')?.['status'] !== 'True' && cluster.metadata.annotations?.['cnpg.io/skipEmptyWalArchiveCheck'] !== 'enabled';
  const trouble = 'error' in place ? `rpc error: code = Unknown desc = ${place.error}` : archive(cx, place, cluster, contentOf(cx, own.volume), first);
  return [trouble === undefined
    ? { type: 'ContinuousArchiving', status: 'True', reason: 'ContinuousArchivingSuccess', message: 'Continuous archiving is working' }
    : { type: 'ContinuousArchiving', status: 'False', reason: 'ContinuousArchivingFailing', message: trouble }];
}

/** When the log was last looked after, so that other reasons to look at a database do not close a segment each. */
const segments = new WeakMap<object, Map<string, number>>();

export function postgres(cx: ControllerContext, cluster: KubeObject): Outcome {
  const now = cx.clock.now();
  const { name } = cluster.metadata;
  const say = (phase: string, phaseReason: string, conditions: readonly Condition[], more: Plain = {}): Plain => ({ ...more, phase, phaseReason: phaseReason === '' ? undefined : phaseReason, conditions: withConditions(cluster, now, conditions) });
  const needed = list(at(cluster.spec, 'plugins')).map(plain).some((entry) => entry['name'] === PLUGIN) || sourceOf(cx, cluster) !== undefined;
  if (needed && !deploymentUp(cx, BARMAN)) return { status: say('Cluster cannot proceed to reconciliation due to an unknown plugin being required', `Unknown plugin: '${PLUGIN}'`, [notReady]), again: TIMES.databaseRetry };
  secrets(cx, cluster);
  services(cx, cluster);
  const image = text(at(cluster.spec, 'imageName')) ?? 'ghcr.io/cloudnative-pg/postgresql:17.6';
  const common = { image, writeService: `${name}-rw`, readService: `${name}-r`, ...(needed ? { pluginStatus: [{ name: PLUGIN, version: '0.9.0', capabilities: ['TYPE_RECONCILER_HOOKS', 'TYPE_LIFECYCLE_SERVICE'] }] } : {}) };
  if (text(at(cluster.status, 'currentPrimary')) === undefined) {
    if (!begun(cx, cluster)) return { status: say('Setting up primary', `Creating primary instance ${name}-1`, [notReady], { ...common, instances: 1 }), again: TIMES.databaseRetry };
    return { status: say('Setting up primary', `Creating primary instance ${name}-1`, [notReady], { ...common, instances: 1, currentPrimary: `${name}-1`, targetPrimary: `${name}-1`, currentPrimaryTimestamp: iso(now), timelineID: 1 }), again: 1 };
  }
  const instances = whole(at(cluster.spec, 'instances'), 1);
  const primary = pod(cx, cluster, 1);
  const wanted = podReady(primary) ? instances : 1;
  const all = Array.from({ length: wanted }, (_, index) => pod(cx, cluster, index + 1));
  const healthy = all.filter(podReady).map((each) => each.metadata.name);
  const counted = { ...common, instances: all.length, readyInstances: healthy.length, instanceNames: all.map((each) => each.metadata.name), instancesStatus: { healthy } };
  if (healthy.length < instances) {
    const phase = !podReady(primary) ? 'Waiting for the instances to become active' : 'Creating a new replica';
    return { status: say(phase, '', [notReady], counted), again: TIMES.databaseRetry };
  }
  const times = segments.get(cx.store) ?? new Map<string, number>();
  segments.set(cx.store, times);
  // A segment that could not be archived is tried again sooner, and a store that is gone shows with the next.
  const archived = conditionOf(cluster, 'ContinuousArchiving')?.['status'];
  const due = (times.get(cluster.metadata.uid ?? '') ?? Number.NEGATIVE_INFINITY) + (archived === 'False' || befallsStore(cx) ? TIMES.walRetry : TIMES.walSegment);
  const log = now < due ? [] : archiving(cx, cluster, destinationOf(cx, cluster));
  if (now >= due) times.set(cluster.metadata.uid ?? '', now);
  return { status: say('Cluster in healthy state', '', [isReady, ...log], counted), again: now < due ? due - now : archived === 'False' ? TIMES.walRetry : TIMES.walSegment };
}
