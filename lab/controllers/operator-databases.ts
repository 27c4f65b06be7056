/** What the operators of databases make beside PostgreSQL's instances: poolers and databases of CloudNativePG, and Dragonfly. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, list, plain, strings, text, whole, type Plain } from '../catalog/data.ts';
import { TIMES } from '../catalog/timings.ts';
import { databaseUp, POSTGRES } from './data/databases.ts';
import { deploymentOf, making, serviceOf, statefulSetOf } from './made.ts';
import type { OperatorKind, Outcome } from './operator-kinds.ts';

const CNPG = { 'app.kubernetes.io/name': 'cloudnative-pg' };
const DRAGONFLY = { 'app.kubernetes.io/name': 'dragonfly-operator' };
const PGBOUNCER = 'ghcr.io/cloudnative-pg/pgbouncer:1.24.1';

/** The Cluster a Pooler or a Database belongs to, when it takes connections; why not otherwise. */
function clusterOf(cx: ControllerContext, object: KubeObject): string | undefined {
  const name = text(at(object.spec, 'cluster.name')) ?? '';
  const cluster = cx.store.get({ apiVersion: POSTGRES, kind: 'Cluster', name, namespace: object.metadata.namespace ?? '' });
  if (cluster === undefined) return `cluster ${name} not found`;
  return databaseUp(cx, cluster) ? undefined : `cluster ${name} has no primary yet`;
}

const pooler = making({
  apiVersion: POSTGRES, kind: 'Pooler', operator: CNPG,
  lacks: (object, cx) => clusterOf(cx, object),
  make(object) {
    const { name } = object.metadata;
    const labels = { 'cnpg.io/poolerName': name, 'cnpg.io/podRole': 'pooler', ...strings(at(object.spec, 'template.metadata.labels')) };
    return [
      deploymentOf({ name, labels, image: PGBOUNCER, container: 'pgbouncer', replicas: whole(at(object.spec, 'instances'), 1), ports: { pgbouncer: 5432, metrics: 9127 } }),
      serviceOf(name, { 'cnpg.io/poolerName': name }, { pgbouncer: 5432 }, { labels: plain(at(object.spec, 'serviceTemplate.metadata.labels')), annotations: plain(at(object.spec, 'serviceTemplate.metadata.annotations')) }),
    ];
  },
  done: (object) => ({ instances: whole(at(object.spec, 'instances'), 1), secrets: {} }),
  open: () => ({ instances: 0 }),
});

/** Made in the cluster, or found there after a restore. */
function database(cx: ControllerContext, object: KubeObject): Outcome {
  const because = clusterOf(cx, object);
  const observed = { observedGeneration: object.metadata.generation ?? 1 };
  if (because !== undefined) return { status: { ...observed, applied: false, message: because }, again: TIMES.databaseRetry };
  const extensions = list(at(object.spec, 'extensions')).map((entry) => ({ name: plain(entry)['name'], applied: true }));
  return { status: { ...observed, applied: true, ...(extensions.length === 0 ? {} : { extensions }) } };
}

const dragonfly = making({
  apiVersion: 'dragonflydb.io/v1alpha1', kind: 'Dragonfly', operator: DRAGONFLY,
  make(object) {
    const { name } = object.metadata;
    const labels = { app: name, 'app.kubernetes.io/name': 'dragonfly', 'app.kubernetes.io/part-of': 'dragonfly' };
    const claim = plain(at(object.spec, 'snapshot.persistentVolumeClaimSpec'));
    const auth = text(at(object.spec, 'authentication.passwordFromSecret.name'));
    const pods = statefulSetOf({
      name, labels, image: text(at(object.spec, 'image')) ?? 'docker.dragonflydb.io/dragonflydb/dragonfly', container: 'dragonfly', replicas: whole(at(object.spec, 'replicas'), 1), ports: { redis: 6379, admin: 9999 },
      ...(Object.keys(claim).length === 0 ? {} : { claims: [{ name: 'df', size: at(claim, 'resources.requests.storage'), storageClass: claim['storageClassName'] }] }),
      ...(auth === undefined ? {} : { secrets: [auth] }),
    });
    const budget: KubeObject = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name, labels }, spec: { maxUnavailable: 1, selector: { matchLabels: labels } } };
    return [pods, serviceOf(name, { app: name, 'app.kubernetes.io/name': 'dragonfly' }, { redis: 6379 }, { annotations: plain(at(object.spec, 'serviceSpec.annotations')) }), ...(whole(at(object.spec, 'replicas'), 1) > 1 ? [budget] : [])];
  },
  done: (): Plain => ({ phase: 'Ready' }),
  open: (object): Plain => (text(at(object.status, 'phase')) === 'Ready' ? {} : { phase: 'ResourcesCreated' }),
});

export const DATABASE_KINDS: readonly OperatorKind[] = [
  pooler, dragonfly,
  { apiVersion: POSTGRES, kind: 'Database', operator: CNPG, afterMs: TIMES.operatorStatus, dependsOn: 'Cluster', reconcile: database },
];
