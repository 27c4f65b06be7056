import { load } from 'js-yaml';
import { at, list, plain, strings, type Plain } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { all, each, one, type Seen } from './networking.checks.ts';
import type { BuiltCluster } from './tree.ts';

/** What the checks of Kafka and Schema Registry look at. */

export const NS = 'messaging';
export const OPERATOR_NS = 'strimzi-operator-system';
/** On apps: Kafka stands there alone. */
export function appsHas(seen_: Seen, find: (cluster: BuiltCluster, say: (trouble: string) => void) => void): readonly string[] {
  return each(seen_, (cluster, say) => { if (cluster.name === 'apps') find(cluster, say); });
}
export const operator = (cluster: BuiltCluster): Plain => plain(at(one(cluster, 'HelmRelease', 'strimzi-operator').spec, 'values'));
export const kafka = (cluster: BuiltCluster): Plain => plain(at(one(cluster, 'Kafka', 'kafka-cluster').spec, 'kafka'));
export const pool = (cluster: BuiltCluster): Plain => plain(one(cluster, 'KafkaNodePool', 'controller-broker').spec);
export const registry = (cluster: BuiltCluster): KubeObject => one(cluster, 'Deployment', 'schema-registry');
export const pod = (cluster: BuiltCluster): Plain => plain(at(registry(cluster).spec, 'template.spec'));
export const container = (cluster: BuiltCluster): Plain => plain(list(pod(cluster)['containers'])[0]);
/** The variable of Schema Registry's container as it is written: a value, or where it comes from. */
export const env = (cluster: BuiltCluster, name: string): Plain => list(container(cluster)['env']).map(plain).find((entry) => entry['name'] === `SCHEMA_REGISTRY_${name}`) ?? {};
export const alerts = (cluster: BuiltCluster, rule: string): readonly Plain[] => list(at(one(cluster, 'VMRule', rule).spec, 'groups')).flatMap((group) => list(at(group, 'rules'))).map(plain);
export const RULES = ['strimzi-operator', 'kafka-cluster', 'schema-registry'];
export function alert(cluster: BuiltCluster, name: string): Plain {
  const found = RULES.flatMap((rule) => alerts(cluster, rule)).find((each_) => each_['alert'] === name);
  if (found === undefined) throw new Error(`no alert ${name}`);
  return found;
}
export const needs = (cluster: BuiltCluster, name: string): readonly string[] => list(at(all(cluster, 'Kustomization').find(({ metadata }) => metadata.name === name)?.spec, 'dependsOn')).map((entry) => String(at(entry, 'name')));

/** What the operator puts on the pods it makes (Labels.java of 0.48), and the names of their ports (KafkaCluster, EntityTopicOperator, EntityUserOperator, MetricsModel). */
export const POD_LABELS: readonly Readonly<Record<string, string>>[] = ['kafka', 'entity-operator', 'kafka-exporter'].map((part) => ({ 'strimzi.io/cluster': 'kafka-cluster', 'strimzi.io/kind': 'Kafka', 'strimzi.io/name': `kafka-cluster-${part}` }));
export const POD_PORTS = ['tcp-prometheus', 'healthcheck'];

/**
 * Beans that a node of Kafka 4.1 has which is controller and broker (kafka.apache.org/41/operations/monitoring; ControllerMetadataMetrics and
 * QuorumControllerMetrics for the controller), as the exporter writes them. LeaderElectionRateAndTimeMs is not among them: it went with ZooKeeper.
 */
export const KAFKA_BEANS = [
  'kafka.server<type=ReplicaManager, name=UnderReplicatedPartitions><>Value', 'kafka.server<type=ReplicaManager, name=LeaderCount><>Value', 'kafka.server<type=ReplicaManager, name=IsrShrinksPerSec><>Count',
  'kafka.controller<type=KafkaController, name=OfflinePartitionsCount><>Value', 'kafka.controller<type=KafkaController, name=ActiveControllerCount><>Value',
  'kafka.server<type=KafkaRequestHandlerPool, name=RequestHandlerAvgIdlePercent><>OneMinuteRate', 'kafka.network<type=SocketServer, name=NetworkProcessorAvgIdlePercent><>Value',
];
/** Beans of Schema Registry 7.8 (its MetricsContainer; rest-utils' MetricsResourceMethodApplicationListener; the consumer of KafkaStoreReaderThread). */
export const REGISTRY_BEANS = [
  'kafka.schema.registry<type=jersey-metrics, http_status_code=5xx><>request-error-total', 'kafka.schema.registry<type=jersey-metrics, http_status_code=4xx><>subjects.versions.register.request-error-total',
  'kafka.schema.registry<type=jersey-metrics><>request-latency-95', 'kafka.schema.registry<type=jersey-metrics><>request-error-rate', 'kafka.schema.registry<type=master-slave-role><>master-slave-role', 'kafka.schema.registry<type=node-count><>node-count',
  'kafka.consumer<type=consumer-fetch-manager-metrics, client-id=KafkaStore-reader-_schemas><>records-lag-max',
];

/** Name and labels the exporter gives a bean: the first rule whose pattern is in it; characters a metric cannot have become one line below. */
export function metricOf(config: string, bean: string): { readonly name: string; readonly labels: Readonly<Record<string, string>> } | undefined {
  for (const rule of list(at(load(config), 'rules')).map(plain)) {
    const found = new RegExp(`^.*(?:${String(rule['pattern'])}).*$`).exec(bean);
    if (found === null) continue;
    const filled = (written: string): string => written.replaceAll(/\$(\d+)/g, (_, group: string) => found[Number(group)] ?? '');
    return {
      name: filled(String(rule['name'])).replaceAll(/[^a-zA-Z0-9:_]+/g, '_').replaceAll(/_+/g, '_').toLowerCase(),
      labels: Object.fromEntries(Object.entries(strings(rule['labels'])).map(([key, value]) => [filled(key), filled(value)])),
    };
  }
  return undefined;
}
export const configOf = (cluster: BuiltCluster, map: string, key: string): string => strings(one(cluster, 'ConfigMap', map).data)[key] ?? '';
