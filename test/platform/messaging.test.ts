import { describe, expect, test } from 'vitest';
import { at, list, plain, strings } from '../../lab/catalog/data.ts';
import { all, appsOf, each, file, infraOf, one, type Check, type Seen } from './networking.checks.ts';
import { alert, alerts, appsHas, configOf, container, env, kafka, KAFKA_BEANS, metricOf, needs, NS, operator, OPERATOR_NS, pod, POD_LABELS, POD_PORTS, pool, registry, REGISTRY_BEANS, RULES } from './messaging.seen.ts';
import { metricsIn, selectorsIn } from './metrics.ts';
import { psa } from './observability.seen.ts';
import { built, CLUSTERS } from './tree.ts';

/** Kafka and what stands on it: what of them must agree, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

const OPERATOR_ALERTS = ['StrimziOperatorDown', 'StrimziOperatorHighRestarts', 'StrimziOperatorNotHighlyAvailable', 'StrimziReconciliationErrors', 'StrimziSlowReconciliation', 'StrimziOperatorHighMemoryUsage', 'StrimziOperatorHighCPUThrottling', 'StrimziCRDValidationErrors'];
const KAFKA_ALERTS = ['KafkaBrokerDown', 'KafkaUnderReplicatedPartitions', 'KafkaOfflinePartitions', 'KafkaISRShrinkRateHigh', 'KafkaDiskUsageHigh', 'KafkaConsumerGroupLagHigh', 'KafkaLeaderElectionRateHigh', 'KafkaRequestHandlerIdleLow', 'KafkaNetworkHandlerIdleLow', 'KafkaNoActiveController', 'KafkaBrokerHeapUsageHigh', 'KafkaBrokerGCTimeHigh'];
const REGISTRY_ALERTS = ['SchemaRegistryDown', 'SchemaRegistryAPIErrors', 'SchemaRegistryHighLatency', 'SchemaRegistryKafkaLag', 'SchemaRegistryCompatibilityCheckFailures', 'SchemaRegistryNoLeader'];
const named = (found: readonly Record<string, unknown>[]): string => found.map((rule) => String(rule['alert'])).toSorted().join();

const OPERATOR: readonly Check[] = [
  {
    holds: 'the operator is on apps and nowhere else, at one exact version', defect: 'an empty list installs it nowhere; the shared layer would bring it to infra',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const kind of ['Kafka', 'KafkaNodePool', 'KafkaTopic', 'KafkaUser']) if (cluster.name !== 'apps' && all(cluster, kind).length > 0) say(`${kind} here`);
      const releases = all(cluster, 'HelmRelease').filter(({ metadata }) => metadata.name === 'strimzi-operator');
      if (releases.length !== (cluster.name === 'apps' ? 1 : 0)) say(`${releases.length} operators`);
      const source = all(cluster, 'OCIRepository').find(({ metadata }) => metadata.name === 'strimzi-operator')?.spec;
      if (releases.length > 0 && (at(source, 'ref.tag') !== '0.48.0' || at(source, 'url') !== 'oci://quay.io/strimzi-helm/strimzi-kafka-operator')) say('another chart');
    }),
    plant: (seen_) => { const infra = infraOf(seen_); Object.assign(infra, { objects: [...infra.objects, one(appsOf(seen_), 'HelmRelease', 'strimzi-operator')] }); },
  },
  {
    holds: 'values are in the form the chart reads: an account by name, leaders by `enable`, no gates', defect: 'an account as a map; leaderElection.enabled; gates UseKRaft and KafkaNodePools, which are gone',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const values = operator(cluster);
      if (typeof values['serviceAccount'] !== 'string') say('its account has no name');
      if (Object.keys(plain(values['leaderElection'])).join() !== 'enable' || at(values, 'leaderElection.enable') !== true) say('nobody leads');
      if (values['featureGates'] !== undefined && values['featureGates'] !== '') say(`gates ${String(values['featureGates'])}`);
      const container_ = plain(values['securityContext']);
      if (container_['readOnlyRootFilesystem'] !== true || container_['allowPrivilegeEscalation'] !== false || list(at(container_, 'capabilities.drop')).join() !== 'ALL' || at(values, 'podSecurityContext.runAsUser') !== 1000) say('its security');
    }),
    plant: (seen_) => { operator(appsOf(seen_))['serviceAccount'] = { create: true, name: 'strimzi' }; },
  },
  {
    holds: 'two of it watch messaging alone, and a drain leaves one', defect: 'every namespace watched',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const values = operator(cluster);
      if (values['replicas'] !== 2 || at(values, 'podDisruptionBudget.enabled') !== true || at(values, 'podDisruptionBudget.minAvailable') !== 1) say('one goes with its node');
      if (list(values['watchNamespaces']).join() !== NS || values['watchAnyNamespace'] !== false) say(`it watches ${list(values['watchNamespaces']).join()}`);
    }),
    plant: (seen_) => { operator(appsOf(seen_))['watchAnyNamespace'] = true; },
  },
  {
    holds: 'both namespaces are made before Flux and keep the restricted standard, and so do the pods the operator makes', defect: 'messaging/namespace.yaml that no kustomization lists',
    find: (seen_) => [
      ...[NS, OPERATOR_NS].filter((name) => psa(seen_, name) !== 'restricted').map((name) => `${name} is ${String(psa(seen_, name))}`),
      ...appsHas(seen_, (cluster, say) => { if (!list(operator(cluster)['extraEnvs']).map(plain).some((entry) => entry['name'] === 'STRIMZI_POD_SECURITY_PROVIDER_CLASS' && entry['value'] === 'restricted')) say('brokers would be refused'); }),
    ],
    plant: (seen_) => { seen_.files.set('bootstrap/namespaces.yaml', file(seen_, 'bootstrap/namespaces.yaml').replace('name: messaging\n', 'name: kafka\n')); },
  },
  {
    holds: 'names that are waited for are those of Kustomizations there are, the definitions among what is checked', defect: 'cluster-apps-messaging-strimzi-operator, which is called strimzi-operator',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const there = new Set(cluster.units.map(({ name }) => name));
      for (const [name, wanted] of Object.entries({ 'strimzi-operator': ['coredns'], kafka: ['strimzi-operator', 'rook-ceph-cluster', 'data-gate'], 'schema-registry': ['kafka'] })) {
        for (const need of [...needs(cluster, name), ...wanted]) if (!there.has(need)) say(`${name} waits for ${need}`);
        for (const need of wanted) if (!needs(cluster, name).includes(need)) say(`${name} does not wait for ${need}`);
      }
      const checked = list(at(one(cluster, 'Kustomization', 'strimzi-operator').spec, 'healthChecks')).map((check) => String(at(check, 'name')));
      for (const name of ['strimzi-cluster-operator', 'kafkas.kafka.strimzi.io', 'kafkatopics.kafka.strimzi.io', 'kafkausers.kafka.strimzi.io']) if (!checked.includes(name)) say(`${name} is not checked`);
    }),
    plant: (seen_) => { plain(list(at(one(appsOf(seen_), 'Kustomization', 'kafka').spec, 'dependsOn'))[1])['name'] = 'cluster-apps-messaging-strimzi-operator'; },
  },
  {
    holds: 'series are asked for by labels their scrape gives them', defect: 'job strimzi-operator-system/strimzi-operator, which no scrape makes',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const scrape = one(cluster, 'VMPodScrape', 'strimzi-operator');
      const pods: Record<string, string> = { name: 'strimzi-cluster-operator', 'strimzi.io/kind': 'cluster-operator' };
      const chosen = Object.entries(strings(at(scrape.spec, 'selector.matchLabels')));
      if (chosen.length === 0 || chosen.some(([key, value]) => pods[key] !== value) || at(list(at(scrape.spec, 'podMetricsEndpoints'))[0], 'port') !== 'http') say('its pods are not scraped');
      const jobs = new Set(['VMPodScrape', 'VMServiceScrape'].flatMap((kind) => all(cluster, kind)).map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`));
      for (const rule of RULES.flatMap((name) => alerts(cluster, name))) {
        for (const { name, labels } of selectorsIn(String(rule['expr']))) {
          if (labels['job'] !== undefined && !jobs.has(labels['job'])) say(`${String(rule['alert'])}: job ${labels['job']}`);
          if (labels['namespace'] === undefined) say(`${String(rule['alert'])}: ${name} of every namespace`);
        }
      }
    }),
    plant: (seen_) => { alert(appsOf(seen_), 'StrimziReconciliationErrors')['expr'] = 'increase(strimzi_reconciliations_failed_total{namespace="strimzi-operator-system", job="strimzi-cluster-operator"}[15m]) > 0'; },
  },
];

const KAFKA: readonly Check[] = [
  {
    holds: 'three nodes are controllers and brokers at once, and no word of ZooKeeper is left', defect: 'spec.zookeeper with no replicas; annotations of before 0.46',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const object = one(cluster, 'Kafka', 'kafka-cluster');
      if (/zookeeper|strimzi\.io\/(kraft|node-pools)/i.test(JSON.stringify([object, one(cluster, 'KafkaNodePool', 'controller-broker')]))) say('ZooKeeper');
      if (String(pool(cluster)['replicas']) !== '3' || list(pool(cluster)['roles']).join() !== 'controller,broker') say('its nodes');
      if (kafka(cluster)['version'] !== '4.1.0' || !String(kafka(cluster)['metadataVersion']).startsWith('4.1-')) say('its version');
      const [volume, ...more] = list(at(pool(cluster), 'storage.volumes')).map(plain);
      if (more.length > 0 || volume?.['class'] !== 'rook-ceph-block' || volume['size'] !== '100Gi' || volume['deleteClaim'] !== false) say('its volume');
    }),
    plant: (seen_) => { plain(one(appsOf(seen_), 'Kafka', 'kafka-cluster').spec)['zookeeper'] = { replicas: 0 }; },
  },
  {
    holds: 'both listeners ask for SCRAM, nothing makes itself, and two of three copies are written', defect: 'a listener that lets anybody in',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const spec = kafka(cluster);
      const listeners = list(spec['listeners']).map(plain);
      if (listeners.map((listener) => `${String(listener['name'])} ${String(listener['port'])} ${String(listener['tls'])} ${String(at(listener, 'authentication.type'))}`).join() !== 'plain 9092 false scram-sha-512,tls 9093 true scram-sha-512') say('listeners');
      for (const listener of listeners) if (list(listener['networkPolicyPeers']).length === 0) say(`${String(listener['name'])} is open to all`);
      if (at(spec, 'authorization.type') !== 'simple') say('everybody may do everything');
      const wanted = { 'offsets.topic.replication.factor': 3, 'transaction.state.log.replication.factor': 3, 'transaction.state.log.min.isr': 2, 'default.replication.factor': 3, 'min.insync.replicas': 2, 'log.retention.hours': 168, 'auto.create.topics.enable': false };
      for (const [key, value] of Object.entries(wanted)) if (plain(spec['config'])[key] !== value) say(key);
    }),
    plant: (seen_) => { delete plain(list(kafka(appsOf(seen_))['listeners'])[0])['authentication']; },
  },
  {
    holds: 'a log is cut by whole segments, and who reads on is told how many may stay', defect: 'a retention as large as a segment, said to be the limit',
    find: (seen_) => [
      ...appsHas(seen_, (cluster, say) => { const config = plain(kafka(cluster)['config']); if (Number(config['log.segment.bytes']) > Number(config['log.retention.bytes'])) say('a segment is larger than what is kept'); }),
      ...(/up to two of them stay/.test(file(seen_, 'docs/runbooks/kafka.md')) ? [] : ['the runbook is silent about segments']),
    ],
    plant: (seen_) => { plain(kafka(appsOf(seen_))['config'])['log.segment.bytes'] = 2 * 1073741824; },
  },
  {
    holds: 'each folder of messaging is applied by one Kustomization', defect: 'kafka-cluster and cluster-apps-messaging-kafka, of one path',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const paths = all(cluster, 'Kustomization').map(({ spec }) => String(at(spec, 'path'))).filter((path) => path.includes('/messaging/'));
      if (paths.length < 2) say(`${paths.length} paths`);
      for (const path of paths) if (paths.filter((other) => other === path).length > 1) say(path);
    }),
    plant: (seen_) => { plain(one(appsOf(seen_), 'Kustomization', 'schema-registry').spec)['path'] = at(all(appsOf(seen_), 'Kustomization').find(({ metadata }) => metadata.name === 'kafka')?.spec, 'path'); },
  },
  {
    holds: 'brokers, exporter and operators of topics and users are scraped as pods, by labels and ports Strimzi gives them', defect: 'scrapes of Services, which have no port tcp-prometheus',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const scrapes = all(cluster, 'VMPodScrape').filter(({ metadata }) => metadata.namespace === NS);
      for (const labels of POD_LABELS) if (!scrapes.some(({ spec }) => Object.entries(strings(at(spec, 'selector.matchLabels'))).every(([key, value]) => labels[key] === value))) say(`nobody scrapes ${labels['strimzi.io/name'] ?? ''}`);
      const ports = scrapes.flatMap(({ spec }) => list(at(spec, 'podMetricsEndpoints'))).map((endpoint) => String(at(endpoint, 'port')));
      for (const port of POD_PORTS) if (!ports.includes(port)) say(`not at ${port}`);
      for (const { metadata, spec } of all(cluster, 'VMServiceScrape')) if (JSON.stringify(spec).includes('strimzi.io')) say(`${metadata.name} scrapes a Service`);
      if (at(kafka(cluster), 'metricsConfig.valueFrom.configMapKeyRef.name') !== one(cluster, 'ConfigMap', 'kafka-metrics').metadata.name || configOf(cluster, 'kafka-metrics', String(at(kafka(cluster), 'metricsConfig.valueFrom.configMapKeyRef.key'))) === '') say('brokers export nothing');
    }),
    plant: (seen_) => { plain(list(at(one(appsOf(seen_), 'VMPodScrape', 'kafka-resources').spec, 'podMetricsEndpoints'))[0])['port'] = 'metrics'; },
  },
  {
    holds: 'a missing broker is one that does not answer', defect: 'leadercount == 0: so of an idle broker, never of a dead one',
    find: (seen_) => appsHas(seen_, (cluster, say) => { const expr = String(alert(cluster, 'KafkaBrokerDown')['expr']); if (!/^count\(up\{.*\} == 1\) < 3 or absent\(up/.test(expr)) say(expr); }),
    plant: (seen_) => { alert(appsOf(seen_), 'KafkaBrokerDown')['expr'] = 'kafka_server_replicamanager_leadercount{namespace="messaging"} == 0'; },
  },
  {
    holds: 'no controller is one nowhere: the sum over all', defect: 'each standby reports 0 for ever',
    find: (seen_) => appsHas(seen_, (cluster, say) => { const expr = String(alert(cluster, 'KafkaNoActiveController')['expr']); if (!/^sum\(kafka_controller_kafkacontroller_activecontrollercount\{[^}]*\}\) == 0$/.test(expr)) say(expr); }),
    plant: (seen_) => { alert(appsOf(seen_), 'KafkaNoActiveController')['expr'] = 'kafka_controller_kafkacontroller_activecontrollercount == 0'; },
  },
  {
    holds: 'how full a volume is, is asked of who knows its size', defect: 'a division by a constant',
    find: (seen_) => appsHas(seen_, (cluster, say) => { const expr = String(alert(cluster, 'KafkaDiskUsageHigh')['expr']); if (metricsIn(expr).toSorted().join() !== 'kubelet_volume_stats_available_bytes,kubelet_volume_stats_capacity_bytes') say(expr); }),
    plant: (seen_) => { alert(appsOf(seen_), 'KafkaDiskUsageHigh')['expr'] = 'sum(kafka_log_log_size) / 107374182400 > 0.8'; },
  },
  {
    holds: 'the rest of a node that is both is counted as such', defect: 'two pools of threads in one figure: below 0.2 it never comes (KAFKA-19606, until 4.2)',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const both = list(pool(cluster)['roles']).length === 2 && /^4\.[01]\./.test(String(kafka(cluster)['version']));
      if (/ - 1 < /.test(String(alert(cluster, 'KafkaRequestHandlerIdleLow')['expr'])) !== both) say(String(alert(cluster, 'KafkaRequestHandlerIdleLow')['expr']));
    }),
    plant: (seen_) => { kafka(appsOf(seen_))['version'] = '4.2.0'; },
  },
  {
    holds: 'every figure of brokers and Schema Registry that is asked for comes out of a bean they have, by the rules they are given', defect: 'LeaderElectionRateAndTimeMs of ZooKeeper\'s controller; errors without their class; a group that does not exist',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const made = [
        ...KAFKA_BEANS.map((bean) => metricOf(configOf(cluster, 'kafka-metrics', 'kafka-metrics-config.yml'), bean)),
        ...REGISTRY_BEANS.map((bean) => metricOf(configOf(cluster, 'schema-registry-jmx-config', 'config.yml'), bean)),
      ];
      let asked = 0;
      for (const rule of ['kafka-cluster', 'schema-registry'].flatMap((name) => alerts(cluster, name))) {
        for (const { name, labels } of selectorsIn(String(rule['expr'])).filter((selector) => selector.name.startsWith('kafka_') && selector.name !== 'kafka_consumergroup_lag')) {
          asked++;
          const own = Object.entries(labels).filter(([key]) => !['namespace', 'pod'].includes(key));
          if (!made.some((metric) => metric?.name === name && own.every(([key, value]) => metric.labels[key] === value))) say(`${String(rule['alert'])}: ${name}${JSON.stringify(Object.fromEntries(own))}`);
        }
      }
      if (asked < 10) say(`only ${asked} asked`);
      for (const rule of alerts(cluster, 'schema-registry')) if (metricsIn(String(rule['expr'])).includes('kafka_consumergroup_lag')) say('it reads without a group');
    }),
    plant: (seen_) => { alert(appsOf(seen_), 'KafkaLeaderElectionRateHigh')['expr'] = 'sum(rate(kafka_controller_controllerstats_leaderelectionrateandtimems_count{namespace="messaging"}[5m])) > 0.1'; },
  },
  {
    holds: 'eight, twelve and six alerts, by the names the stories give them',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      for (const [rule, wanted] of Object.entries({ 'strimzi-operator': OPERATOR_ALERTS, 'kafka-cluster': KAFKA_ALERTS, 'schema-registry': REGISTRY_ALERTS })) if (named(alerts(cluster, rule)) !== wanted.toSorted().join()) say(`${rule}: ${named(alerts(cluster, rule))}`);
    }),
    plant: (seen_) => { plain(list(at(one(appsOf(seen_), 'VMRule', 'kafka-cluster').spec, 'groups'))[0])['rules'] = alerts(appsOf(seen_), 'kafka-cluster').slice(1); },
  },
];

const REGISTRY: readonly Check[] = [
  {
    holds: 'it logs in to a listener there is, with what the KafkaUser\'s Secret says', defect: 'a plain connection to listeners that all ask for SCRAM',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const { protocol, port, host } = /^(?<protocol>\w+):\/\/(?<host>[\w.-]+):(?<port>\d+)$/.exec(String(env(cluster, 'KAFKASTORE_BOOTSTRAP_SERVERS')['value']))?.groups ?? {};
      const listener = list(kafka(cluster)['listeners']).map(plain).find((each_) => String(each_['port']) === port);
      if (host !== `kafka-cluster-kafka-bootstrap.${NS}.svc.cluster.local` || listener === undefined) say('it asks somebody else');
      if (protocol !== (listener?.['tls'] === true ? 'SASL_SSL' : 'SASL_PLAINTEXT') || env(cluster, 'KAFKASTORE_SECURITY_PROTOCOL')['value'] !== protocol || env(cluster, 'KAFKASTORE_SASL_MECHANISM')['value'] !== 'SCRAM-SHA-512') say(`by ${String(protocol)}`);
      const from = plain(at(env(cluster, 'KAFKASTORE_SASL_JAAS_CONFIG'), 'valueFrom.secretKeyRef'));
      if (from['name'] !== one(cluster, 'KafkaUser', 'schema-registry').metadata.name || from['key'] !== 'sasl.jaas.config' || at(one(cluster, 'KafkaUser', 'schema-registry').spec, 'authentication.type') !== 'scram-sha-512') say('nobody makes its Secret');
      if (list(container(cluster)['env']).some((entry) => /password/i.test(String(at(entry, 'value'))))) say('a password is in the tree');
    }),
    plant: (seen_) => { env(appsOf(seen_), 'KAFKASTORE_BOOTSTRAP_SERVERS')['value'] = 'kafka-cluster-kafka-bootstrap.messaging.svc.cluster.local:9092'; },
  },
  {
    holds: 'peers find each other by address', defect: 'a pod\'s name, which is in no DNS',
    find: (seen_) => appsHas(seen_, (cluster, say) => { if (at(env(cluster, 'HOST_NAME'), 'valueFrom.fieldRef.fieldPath') !== 'status.podIP') say('HOST_NAME'); }),
    plant: (seen_) => { env(appsOf(seen_), 'HOST_NAME')['valueFrom'] = { fieldRef: { fieldPath: 'metadata.name' } }; },
  },
  {
    holds: 'no Service becomes a variable of its pods', defect: 'SCHEMA_REGISTRY_PORT, which the image refuses',
    find: (seen_) => appsHas(seen_, (cluster, say) => { if (pod(cluster)['enableServiceLinks'] !== false) say('links are on'); for (const entry of list(container(cluster)['env'])) if (at(entry, 'name') === 'SCHEMA_REGISTRY_PORT') say('set by hand'); }),
    plant: (seen_) => { delete pod(appsOf(seen_))['enableServiceLinks']; },
  },
  {
    holds: 'metrics come from an agent the image itself brings, at the port and with the file it is told', defect: 'bitnami images that moved away',
    find: (seen_) => [
      ...each(seen_, (cluster, say) => { for (const object of cluster.objects) if (/bitnami/.test(JSON.stringify(object.spec ?? {}))) say(`${object.kind} ${object.metadata.name}`); }),
      ...appsHas(seen_, (cluster, say) => {
        const [, release, port, path = ''] = /-javaagent:\/usr\/share\/java\/cp-base-new\/jmx_prometheus_javaagent-([\d.]+)\.jar=(\d+):(\S+)$/.exec(String(env(cluster, 'JMX_OPTS')['value'])) ?? [];
        // What confluentinc/common pins at v7.8.0 for cp-base-new.
        if (container(cluster)['image'] !== 'docker.io/confluentinc/cp-schema-registry:7.8.0' || release !== '0.18.0') say(`agent ${String(release)} in ${String(container(cluster)['image'])}`);
        if (!list(container(cluster)['ports']).map(plain).some((each_) => each_['name'] === 'metrics' && String(each_['containerPort']) === port)) say(`nothing at ${String(port)}`);
        const mount = list(container(cluster)['volumeMounts']).map(plain).find((each_) => path.startsWith(`${String(each_['mountPath'])}/`));
        const volume = list(pod(cluster)['volumes']).map(plain).find((each_) => each_['name'] === mount?.['name']);
        if (configOf(cluster, String(at(volume, 'configMap.name')), path.slice(String(mount?.['mountPath']).length + 1)) === '') say(`nothing at ${path}`);
        const scrape = one(cluster, 'VMServiceScrape', 'schema-registry').spec;
        const service = one(cluster, 'Service', 'schema-registry');
        if (!list(at(service.spec, 'ports')).some((each_) => at(each_, 'name') === at(list(at(scrape, 'endpoints'))[0], 'port')) || strings(service.metadata.labels)['app.kubernetes.io/name'] !== strings(at(scrape, 'selector.matchLabels'))['app.kubernetes.io/name']) say('not scraped');
      }),
    ],
    plant: (seen_) => { env(appsOf(seen_), 'JMX_OPTS')['value'] = '-javaagent:/usr/share/java/cp-base-new/jmx_prometheus_javaagent-0.20.0.jar=5556:/etc/jmx-exporter/config.yml'; },
  },
  {
    holds: 'two of it, one always there, keep to the restricted standard and ask for backward compatibility', defect: 'pods the namespace refuses',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      if (at(registry(cluster).spec, 'replicas') !== 2 || at(registry(cluster).spec, 'strategy.rollingUpdate.maxUnavailable') !== 0) say('one');
      if (at(pod(cluster), 'securityContext.runAsNonRoot') !== true || at(pod(cluster), 'securityContext.seccompProfile.type') !== 'RuntimeDefault' || at(container(cluster), 'securityContext.allowPrivilegeEscalation') !== false || list(at(container(cluster), 'securityContext.capabilities.drop')).join() !== 'ALL') say('not restricted');
      if (env(cluster, 'SCHEMA_COMPATIBILITY_LEVEL')['value'] !== 'BACKWARD') say('compatibility');
    }),
    plant: (seen_) => { delete plain(pod(appsOf(seen_))['securityContext'])['seccompProfile']; },
  },
  {
    holds: 'its topic is one compacted partition with three copies, and its user may use that and its group', defect: 'a topic and a group it is not allowed',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const topic = plain(one(cluster, 'KafkaTopic', 'schemas').spec);
      if (topic['topicName'] !== env(cluster, 'KAFKASTORE_TOPIC')['value'] || topic['partitions'] !== 1 || topic['replicas'] !== 3 || plain(topic['config'])['cleanup.policy'] !== 'compact' || plain(topic['config'])['min.insync.replicas'] !== 2) say('its topic');
      const may = list(at(one(cluster, 'KafkaUser', 'schema-registry').spec, 'authorization.acls')).map((acl) => `${String(at(acl, 'resource.type'))} ${String(at(acl, 'resource.name') ?? '')} ${list(at(acl, 'operations')).join('+')}`);
      for (const wanted of [`topic ${String(topic['topicName'])} All`, `group ${String(env(cluster, 'SCHEMA_REGISTRY_GROUP_ID')['value'])} All`, 'cluster  Describe']) if (!may.includes(wanted)) say(`not: ${wanted}`);
    }),
    plant: (seen_) => { env(appsOf(seen_), 'SCHEMA_REGISTRY_GROUP_ID')['name'] = 'SCHEMA_REGISTRY_GROUP_ID'; },
  },
  {
    holds: 'no leader is one nowhere', defect: 'role != 1, which is so of every follower',
    find: (seen_) => appsHas(seen_, (cluster, say) => { const expr = String(alert(cluster, 'SchemaRegistryNoLeader')['expr']); if (!/^sum\(kafka_schema_registry_master_slave_role\{[^}]*\}\) == 0$/.test(expr)) say(expr); }),
    plant: (seen_) => { alert(appsOf(seen_), 'SchemaRegistryNoLeader')['expr'] = 'kafka_schema_registry_master_slave_role{namespace="messaging"} != 1'; },
  },
  {
    holds: 'only namespaces that say so may ask it', defect: 'an API without a login, open to all',
    find: (seen_) => appsHas(seen_, (cluster, say) => {
      const policy = one(cluster, 'CiliumNetworkPolicy', 'schema-registry-clients');
      if (Object.entries(strings(at(policy.spec, 'endpointSelector.matchLabels'))).some(([key, value]) => strings(at(registry(cluster).spec, 'template.metadata.labels'))[key] !== value)) say('it chooses nothing');
      const from = list(at(policy.spec, 'ingress')).flatMap((rule) => (at(rule, 'fromEndpoints') === undefined ? ['anybody'] : list(at(rule, 'fromEndpoints')).map((peer) => JSON.stringify(at(peer, 'matchLabels')))));
      if (from.join() !== '{"k8s:io.cilium.k8s.namespace.labels.platform/kafka":"true"}') say(from.join());
      if (!all(cluster, 'CiliumNetworkPolicy').some(({ metadata }) => metadata.namespace === NS && metadata.name.includes('deny'))) say('nothing is denied');
    }),
    plant: (seen_) => { delete plain(list(at(one(appsOf(seen_), 'CiliumNetworkPolicy', 'schema-registry-clients').spec, 'ingress'))[0])['fromEndpoints']; },
  },
  {
    holds: 'the runbooks tell of use, compatibility, clients, upgrades and what is lost',
    find: (seen_) => Object.entries({ 'schema-registry': ['Use', 'Compatibility', 'Clients', 'Upgrade', 'When Kafka is lost'], kafka: ['A topic, a user', 'What is kept', 'Upgrade'] }).flatMap(([book, heads]) => heads.filter((head) => !file(seen_, `docs/runbooks/${book}.md`).includes(`\n## ${head}\n`)).map((head) => `${book}: ${head}`)),
    plant: (seen_) => { seen_.files.set('docs/runbooks/kafka.md', '# Kafka'); },
  },
];

const ALL = [...OPERATOR, ...KAFKA, ...REGISTRY];
describe('messages between programs', () => {
  test.each(ALL)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(ALL)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
});
