/** What Strimzi makes of a Kafka cluster, its node pools, topics and users. */
import type { ControllerContext, KubeObject } from '../world/types.ts';
import { at, isTrue, list, plain, sha256, text, whole, withConditions, type Plain } from '../catalog/data.ts';
import { TIMES } from '../catalog/timings.ts';
import { deploymentOf, making, serviceOf, statefulSetOf } from './made.ts';
import type { OperatorKind, Outcome } from './operator-kinds.ts';

const STRIMZI = { 'strimzi.io/kind': 'cluster-operator' };
const API = 'kafka.strimzi.io/v1beta2';
const CLUSTER = 'strimzi.io/cluster';

function poolsOf(cx: ControllerContext, kafka: KubeObject): readonly KubeObject[] {
  return cx.store.list(API, 'KafkaNodePool', kafka.metadata.namespace).filter((pool) => pool.metadata.labels?.[CLUSTER] === kafka.metadata.name);
}
/** An id Kafka would draw; here the same object of the same cluster has the same, so that two worlds can be compared. */
const idOf = (cx: ControllerContext, { kind, metadata }: KubeObject): string => sha256(`${cx.cluster} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`).slice(0, 22);
const observed = (object: KubeObject): Plain => ({ observedGeneration: object.metadata.generation ?? 1 });

const kafka = making({
  apiVersion: API, kind: 'Kafka', operator: STRIMZI, afterMs: TIMES.operatorStatus,
  lacks: (object, cx) => (poolsOf(cx, object).length === 0 ? `No KafkaNodePools found for Kafka cluster ${object.metadata.name}` : undefined),
  make(object, cx) {
    const { name } = object.metadata;
    const labels = (kind: string): Record<string, string> => ({ [CLUSTER]: name, 'strimzi.io/kind': 'Kafka', 'strimzi.io/name': `${name}-${kind}`, 'app.kubernetes.io/managed-by': 'strimzi-cluster-operator' });
    const version = text(at(object.spec, 'kafka.version')) ?? '4.1.0';
    const brokers = poolsOf(cx, object).map((pool) => statefulSetOf({
      name: `${name}-${pool.metadata.name}`, labels: { ...labels('kafka'), 'strimzi.io/pool-name': pool.metadata.name }, image: `quay.io/strimzi/kafka:0.48.0-kafka-${version}`, container: 'kafka', replicas: whole(at(pool.spec, 'replicas'), 1),
      ports: { 'tcp-replication': 9091, 'tcp-clients': 9092, 'tcp-clientstls': 9093, 'tcp-prometheus': 9404 },
      claims: list(at(pool.spec, 'storage.volumes')).map(plain).map((volume) => ({ name: `data-${String(volume['id'])}`, size: volume['size'], storageClass: volume['class'] })),
    }));
    return [
      ...brokers,
      serviceOf(`${name}-kafka-bootstrap`, labels('kafka'), { 'tcp-replication': 9091, 'tcp-clients': 9092, 'tcp-clientstls': 9093 }),
      serviceOf(`${name}-kafka-brokers`, labels('kafka'), { 'tcp-replication': 9091, 'tcp-clients': 9092, 'tcp-clientstls': 9093 }, { headless: true }),
      ...(at(object.spec, 'entityOperator') === undefined ? [] : [deploymentOf({ name: `${name}-entity-operator`, labels: labels('entity-operator'), image: 'quay.io/strimzi/operator:0.48.0', container: 'topic-operator', ports: { healthcheck: 8080 } })]),
      ...(at(object.spec, 'kafkaExporter') === undefined ? [] : [deploymentOf({ name: `${name}-kafka-exporter`, labels: labels('kafka-exporter'), image: `quay.io/strimzi/kafka:0.48.0-kafka-${version}`, container: 'kafka-exporter', ports: { 'tcp-prometheus': 9404 } })]),
    ];
  },
  done: (object, cx) => ({
    ...observed(object), kafkaVersion: text(at(object.spec, 'kafka.version')), operatorLastSuccessfulVersion: '0.48.0', clusterId: idOf(cx, object), kafkaMetadataVersion: text(at(object.spec, 'kafka.metadataVersion')),
    listeners: list(at(object.spec, 'kafka.listeners')).map(plain).map((listener) => ({ name: listener['name'], bootstrapServers: `${object.metadata.name}-kafka-bootstrap.${object.metadata.namespace ?? ''}.svc:${String(listener['port'])}` })),
    conditions: withConditions(object, cx.clock.now(), [{ type: 'Ready', status: 'True', reason: 'Ready', message: '' }], ['NotReady']),
  }),
  open: (object, missing, cx) => (isTrue(object, 'Ready') ? {} : { ...observed(object), conditions: withConditions(object, cx.clock.now(), [{ type: 'NotReady', status: 'True', reason: 'Creating', message: missing.join(', ') }]) }),
});

function nodePool(cx: ControllerContext, object: KubeObject): Outcome {
  const owner = cx.store.get({ apiVersion: API, kind: 'Kafka', name: object.metadata.labels?.[CLUSTER] ?? '', namespace: object.metadata.namespace ?? '' });
  if (!isTrue(owner, 'Ready')) return { again: TIMES.databaseRetry };
  return { status: { ...observed(object), clusterId: text(at(owner?.status, 'clusterId')), roles: at(object.spec, 'roles'), nodeIds: Array.from({ length: whole(at(object.spec, 'replicas'), 1) }, (_, index) => index), replicas: whole(at(object.spec, 'replicas'), 1) } };
}

/** Topics and users are the entity operator's: they wait for the cluster. */
function entity(cx: ControllerContext, object: KubeObject, more: () => Plain): Outcome {
  const name = object.metadata.labels?.[CLUSTER] ?? '';
  const owner = cx.store.get({ apiVersion: API, kind: 'Kafka', name, namespace: object.metadata.namespace ?? '' });
  if (!isTrue(owner, 'Ready')) return { again: TIMES.databaseRetry };
  return { status: { ...observed(object), ...more(), conditions: withConditions(object, cx.clock.now(), [{ type: 'Ready', status: 'True', reason: 'Ready', message: '' }]) } };
}
const topic = (cx: ControllerContext, object: KubeObject): Outcome => entity(cx, object, () => ({ topicName: text(at(object.spec, 'topicName')) ?? object.metadata.name, topicId: idOf(cx, object) }));
const user = (cx: ControllerContext, object: KubeObject): Outcome => entity(cx, object, () => {
  const { name, namespace = '' } = object.metadata;
  const password = sha256(`${object.metadata.uid ?? ''} ${name}`).slice(0, 32);
  const data = { password, 'sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required username="${name}" password="${password}";` };
  cx.store.apply({
    apiVersion: 'v1', kind: 'Secret', type: 'Opaque', metadata: { name, namespace, labels: { [CLUSTER]: object.metadata.labels?.[CLUSTER] ?? '', 'strimzi.io/kind': 'KafkaUser' }, ownerReferences: [{ apiVersion: object.apiVersion, kind: object.kind, name, uid: object.metadata.uid ?? '', controller: false }] },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
  }, { manager: 'strimzi-user-operator', force: true });
  return { username: name, secret: name };
});

export const MESSAGING_KINDS: readonly OperatorKind[] = [
  kafka,
  { apiVersion: API, kind: 'KafkaNodePool', operator: STRIMZI, afterMs: 0, dependsOn: 'Kafka', reconcile: nodePool },
  { apiVersion: API, kind: 'KafkaTopic', operator: STRIMZI, afterMs: TIMES.operatorStatus, dependsOn: 'Kafka', reconcile: topic },
  { apiVersion: API, kind: 'KafkaUser', operator: STRIMZI, afterMs: TIMES.operatorStatus, dependsOn: 'Kafka', reconcile: user },
];
