import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { load as loadYaml } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { at, list, plain, strings, text, whole } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { renderRelease } from '../../lab/catalog/charts.ts';
import { eachWith } from './identity.seen.ts';
import { all, appsOf, each, file, infraOf, one, type Check, type Seen } from './networking.checks.ts';
import { GLOBAL, infraHas, PLACES, release } from './observability.seen.ts';
import { built, CLUSTERS, PROJECT, type BuiltCluster } from './tree.ts';

/** What stories 17 to 40 ask for and no other check of these folders shows: figures, names of alerts, where things are, what runbooks tell. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

/** Alerts by the story that names them. */
const ALERTS: Readonly<Record<string, readonly string[]>> = {
  17: ['VMStorageDown', 'VMSelectDown', 'VMInsertDown', 'VMAuthDown', 'VMAlertDown', 'AlertmanagerDown', 'GrafanaDown', 'VictoriaMetricsClusterDegraded', 'VMStorageCapacityCritical', 'VMStorageHighMemoryUsage', 'VMStorageDiskSpaceHigh', 'VMSelectHighRequestRate', 'VMInsertHighRequestRate', 'VMInsertSlowRequests', 'VMAlertRuleEvaluationErrors', 'AlertmanagerNotificationFailures', 'GrafanaHighMemoryUsage', 'VictoriaMetricsDataIngestionStalled', 'VMStorageCapacityWarning', 'VMHighCardinality', 'VMSelectSlowQueries', 'VMSelectQueryQueueFull', 'VMDeduplicationIneffective'],
  23: ['CNPGOperatorDown', 'CNPGOperatorHighRestarts', 'CNPGWebhookErrors', 'CNPGReconciliationErrors', 'CNPGOperatorNotHighlyAvailable'],
  24: ['CNPGClusterNotReady', 'CNPGClusterPrimaryMissing', 'CNPGClusterReplicasBelowTarget', 'CNPGReplicationLagHigh', 'CNPGReplicationLagCritical', 'CNPGSyncReplicationDegraded', 'CNPGBackupFailed', 'CNPGBackupOverdue', 'CNPGStorageNearFull', 'CNPGConnectionsNearLimit', 'CNPGWALGenerationHigh', 'CNPGTableNeedsVacuum', 'CNPGPoolerNotReady', 'CNPGPoolerConnectionsHigh', 'CNPGPoolerServerConnectionsExhausted', 'CNPGPoolerWaitQueueBuildup', 'CNPGPoolerQueueDepthCritical'],
  '25b': ['DragonflyDown', 'DragonflyNoPrimary', 'DragonflyReplicaCountLow', 'DragonflyMemoryHigh', 'DragonflyMemoryCritical', 'DragonflyDiskNearFull', 'DragonflyCommandRateHigh', 'DragonflyReplicationLagHigh', 'DragonflyReplicationBroken', 'DragonflyRoleChange'],
  27: ['KeycloakDown', 'KeycloakNotHighlyAvailable', 'KeycloakHighErrorRate', 'KeycloakHighResponseTime', 'KeycloakJVMMemoryHigh', 'KeycloakJVMMemoryCritical', 'KeycloakJVMGCPressure', 'KeycloakDatabaseConnectionsHigh', 'KeycloakDatabaseConnectionsCritical', 'KeycloakClusteringIssue'],
  34: ['HarborCoreUnavailable', 'HarborRegistryUnavailable', 'HarborDatabaseConnectivityIssue', 'HarborRedisConnectivityIssue', 'HarborStorageErrors', 'HarborTrivyScanFailures', 'HarborHighLatency', 'HarborCertificateExpiringSoon'],
};
const ruleNames = (cluster: BuiltCluster): readonly string[] => all(cluster, 'VMRule').flatMap(({ spec }) => list(at(spec, 'groups'))).flatMap((group) => list(at(group, 'rules'))).map((rule) => String(at(rule, 'alert')));
/** Kinds that stand on infra alone, by the folder that brings them. */
const INFRA_ONLY = ['VMCluster', 'VMAlertmanager', 'Cluster', 'Database', 'Pooler', 'ScheduledBackup', 'ObjectStore', 'Dragonfly', 'Keycloak', 'KeycloakRealmImport'];
/** What each part of the store asks for, as the story has it: pods, processor and memory, volume, and how many must stay. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  vmstorage: ['3', '500m/2Gi', '2/4Gi', '50Gi', '2'], vmselect: ['3', '200m/500Mi', '2/2Gi', '10Gi', '2'], vminsert: ['3', '200m/500Mi', '1/1Gi', 'undefined', '2'],
};
const size = (spec: unknown, which: string): string => `${String(at(spec, `resources.${which}.cpu`))}/${String(at(spec, `resources.${which}.memory`))}`;
const postgres = (cluster: BuiltCluster): Record<string, unknown> => plain(one(cluster, 'Cluster', 'shared-postgres').spec);
const POSTGRES: Readonly<Record<string, unknown>> = {
  instances: 3, imageName: 'ghcr.io/cloudnative-pg/postgresql:16.8', 'storage.size': '80Gi', 'walStorage.size': '20Gi', 'storage.storageClass': 'openebs-local-nvme', 'walStorage.storageClass': 'openebs-local-nvme', 'superuserSecret.name': 'cnpg-superuser', 'postgresql.synchronous.method': 'any', 'postgresql.synchronous.number': 1,
  'postgresql.synchronous.maxStandbyNamesFromCluster': 2, 'postgresql.synchronous.dataDurability': 'preferred', 'postgresql.parameters.max_connections': '200', 'postgresql.parameters.shared_buffers': '512MB', 'postgresql.parameters.effective_cache_size': '1536MB', 'postgresql.parameters.work_mem': '4MB',
  'postgresql.parameters.maintenance_work_mem': '128MB', 'postgresql.parameters.min_wal_size': '2GB', 'postgresql.parameters.max_wal_size': '8GB', 'postgresql.parameters.ssl_min_protocol_version': 'TLSv1.3', 'affinity.topologyKey': 'kubernetes.io/hostname',
};
const RUNBOOKS: Readonly<Record<string, readonly string[]>> = {
  'victoria-metrics': ['First time', 'Grafana', 'Upgrade', 'Lost'], 'victoria-logs': ['Try it', 'Lost'], collectors: ['Look', 'A new target', 'Audit log of the API server'], keycloak: ['First login', 'The realm', 'Upgrade', 'Backup and restore'], harbor: ['Before the first time', 'Logging in by Keycloak', 'Upgrade', 'Restore'],
};
/** Items and fields an object asks 1Password for, wherever in it they are written. */
function asked(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(asked);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(plain(value)).flatMap(([key, each_]) => {
    if (key === 'remoteRef' || key === 'extract') return [`${String(at(each_, 'key') ?? at(each_, 'remoteKey'))}#${String(at(each_, 'property') ?? '')}`];
    return key === 'find' ? [`${String(at(each_, 'path'))}#`] : asked(each_);
  });
}

const ALL: readonly Check[] = [
  {
    holds: 'every alert the stories name is there, and no story has lost one',
    find: (seen_) => infraHas(seen_, (cluster, say) => { const names = new Set(ruleNames(cluster)); for (const [story, wanted] of Object.entries(ALERTS)) for (const name of wanted) if (!names.has(name)) say(`story ${story}: ${name}`); }),
    plant: (seen_) => { plain(list(at(list(at(one(infraOf(seen_), 'VMRule', 'cloudnative-pg-cluster').spec, 'groups'))[0], 'rules'))[0])['alert'] = 'CNPGNotReady'; },
  },
  {
    holds: 'stores, databases and identity are on infra and nowhere else', defect: 'one tree for both clusters, without the variables of the second',
    find: (seen_) => each(seen_, (cluster, say) => { for (const kind of INFRA_ONLY) if ((all(cluster, kind).length > 0) !== (cluster.name === 'infra')) say(`${all(cluster, kind).length} ${kind}`); }),
    plant: (seen_) => { const apps = appsOf(seen_); Object.assign(apps, { objects: [...apps.objects, one(infraOf(seen_), 'Dragonfly', 'dragonfly')] }); },
  },
  {
    holds: 'parts of the store are as many and as large as the story says, and a drain leaves enough of each',
    find: (seen_) => infraHas(seen_, (cluster, say) => {
      const { spec } = one(cluster, 'VMCluster', GLOBAL);
      for (const [part, wanted] of Object.entries(PARTS)) {
        const own = at(spec, part);
        const found = [at(own, 'replicaCount'), size(own, 'requests'), size(own, 'limits'), at(own, 'storage.volumeClaimTemplate.spec.resources.requests.storage'), at(own, 'podDisruptionBudget.minAvailable')].map(String);
        if (found.join() !== wanted.join()) say(`${part}: ${found.join()}`);
      }
      for (const [kind, name, replicas, left] of [['VMAuth', GLOBAL, 2, 1], ['VMAlert', GLOBAL, 2, 1], ['VMAlertmanager', GLOBAL, 3, 2], ['VMAuth', 'victoria-logs', 2, undefined]] as const) {
        const own = one(cluster, kind, name).spec;
        const budget = plain(at(own, 'podDisruptionBudget'));
        if (at(own, 'replicaCount') !== replicas || (left === undefined ? budget['maxUnavailable'] !== 1 && budget['minAvailable'] !== 1 : budget['minAvailable'] !== left)) say(`${kind} ${name}`);
      }
    }),
    plant: (seen_) => { delete plain(at(one(infraOf(seen_), 'VMCluster', GLOBAL).spec, 'vmselect'))['podDisruptionBudget']; },
  },
  {
    holds: 'the door of logs is the only address of the store that is handed out, size and time come from the settings, and the runbook shows a line going in and coming out', defect: 'values written twice',
    find: (seen_) => [
      ...each(seen_, (cluster, say) => { for (const [key, value] of Object.entries(cluster.settings)) if (/victoria-logs/.test(value) && value !== 'vmauth-victoria-logs.observability.svc.cluster.local') say(`${key} is ${value}`); }),
      ...['${OBSERVABILITY_LOGS_RETENTION}', '${OBSERVABILITY_LOGS_STORAGE_SIZE}', '${BLOCK_SC}'].filter((name) => !file(seen_, 'kubernetes/infrastructure/observability/victoria-logs/app/helmrelease.yaml').includes(name)).map((name) => `${name} is written out`),
      ...['/insert/jsonline', '/select/logsql/query'].filter((path) => !file(seen_, 'docs/runbooks/victoria-logs.md').includes(path)).map((path) => `the runbook does not show ${path}`),
      ...infraHas(seen_, (cluster, say) => { if (at(release(cluster, 'victoria-logs'), 'server.vmServiceScrape.enabled') !== true) say('the server is not scraped'); }),
    ],
    plant: (seen_) => { seen_.files.set('kubernetes/infrastructure/observability/victoria-logs/app/helmrelease.yaml', file(seen_, 'kubernetes/infrastructure/observability/victoria-logs/app/helmrelease.yaml').replace('${OBSERVABILITY_LOGS_STORAGE_SIZE}', '100Gi')); },
  },
  {
    holds: 'nothing of metrics or logs is stored on apps',
    find: (seen_) => each(seen_, (cluster, say) => {
      if (cluster.name !== 'apps') return;
      for (const object of cluster.objects.filter(({ metadata }) => PLACES.includes(metadata.namespace ?? ''))) if (/"(volumeClaimTemplates?|persistentVolumeClaim|statefulStorage)":\{|"kind":"PersistentVolumeClaim"/.test(JSON.stringify(object))) say(`${object.kind} ${object.metadata.name} keeps a volume`);
    }),
    plant: (seen_) => { plain(one(appsOf(seen_), 'VMAgent', 'platform').spec)['statefulStorage'] = { volumeClaimTemplate: { spec: {} } }; },
  },
  {
    holds: 'the operator of databases sees every namespace, twice, with its webhooks on and its definitions waited for',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const values = release(cluster, 'cloudnative-pg');
      if (values['replicaCount'] !== 2 || at(values, 'config.clusterWide') !== true || at(values, 'config.maxConcurrentReconciles') !== 10 || at(values, 'webhook.validating.failurePolicy') !== 'Fail') say('the operator');
      const checked = list(at(one(cluster, 'Kustomization', 'cloudnative-pg-operator').spec, 'healthChecks')).map((check) => String(at(check, 'name')));
      for (const name of ['clusters', 'poolers', 'backups']) if (!checked.includes(`${name}.postgresql.cnpg.io`)) say(`${name} are not waited for`);
      const made: readonly KubeObject[] = renderRelease({ name: 'cloudnative-pg', namespace: 'cnpg-system', chart: 'oci://ghcr.io/cloudnative-pg/charts/cloudnative-pg', version: '0.26.1', values }).objects;
      const budget = strings(at(one(cluster, 'PodDisruptionBudget', 'cloudnative-pg').spec, 'selector.matchLabels'));
      if (Object.keys(budget).length === 0 || !made.some(({ kind, spec }) => kind === 'Deployment' && Object.entries(budget).every(([key, value]) => strings(at(spec, 'template.metadata.labels'))[key] === value))) say('its budget chooses nobody');
    }),
    plant: (seen_) => { plain(one(infraOf(seen_), 'PodDisruptionBudget', 'cloudnative-pg').spec)['selector'] = { matchLabels: { app: 'cloudnative-pg' } }; },
  },
  {
    holds: 'PostgreSQL is as the story has it: instances, disks, copies, memory, TLS, and who may reach the object storage',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      for (const [path, value] of Object.entries(POSTGRES)) { const [head = '', ...rest] = path.split(/\.(?=[^.]*$)/); const found = rest.length === 0 ? postgres(cluster)[head] : plain(at(postgres(cluster), head))[rest[0] ?? '']; if (String(found) !== String(value)) say(`${path}: ${String(found)}`); }
      if (list(at(postgres(cluster), 'postgresql.pg_hba')).join() !== 'hostssl all all all scram-sha-256') say('who may log in');
      for (const pooler of all(cluster, 'Pooler')) if (String(at(pooler.spec, 'instances')) !== '3' || list(at(pooler.spec, 'template.spec.containers')).length === 0 || at(pooler.spec, 'template.spec.resources') !== undefined) say(`${pooler.metadata.name} is not in the operator's form`);
      if (!list(at(one(cluster, 'CiliumNetworkPolicy', 'allow-minio-egress').spec, 'egress')).some((rule) => list(at(rule, 'toCIDR')).join() === '10.25.11.3/32') || one(cluster, 'CiliumNetworkPolicy', 'allow-minio-egress').metadata.namespace !== 'cnpg-system') say('backups are kept in');
      if (!JSON.stringify(all(cluster, 'CiliumNetworkPolicy').filter(({ metadata }) => metadata.namespace === 'cnpg-system')).includes('"k8s:app.kubernetes.io/name":"vmagent"')) say('metrics are kept in');
      if (at(one(cluster, 'CronJob', 'cnpg-backup-validation').spec, 'schedule') !== '0 3 * * *' || at(one(cluster, 'ScheduledBackup', 'shared-postgres-backup').spec, 'schedule') !== '0 0 2 * * *') say('when it is backed up and looked at');
    }),
    plant: (seen_) => { plain(at(postgres(infraOf(seen_)), 'postgresql.synchronous'))['dataDurability'] = 'required'; },
  },
  {
    holds: 'Dragonfly is wired, pinned, kept to the restricted standard, and built by three files that override no name', defect: 'an instance nothing wires; a namespace over ${DRAGONFLY_NAMESPACE}',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const { spec } = one(cluster, 'Dragonfly', 'dragonfly');
      if (at(spec, 'image') !== 'ghcr.io/dragonflydb/dragonfly:v1.34.2' || at(spec, 'replicas') !== 3 || at(one(cluster, 'OCIRepository', 'dragonfly-operator').spec, 'ref.tag') !== 'v1.3.0') say('its versions');
      if (at(spec, 'podSecurityContext.runAsNonRoot') !== true || at(spec, 'podSecurityContext.seccompProfile.type') !== 'RuntimeDefault' || at(spec, 'containerSecurityContext.allowPrivilegeEscalation') !== false || list(at(spec, 'containerSecurityContext.capabilities.drop')).join() !== 'ALL') say('the namespace would refuse it');
      if (all(cluster, 'Service').some(({ metadata }) => metadata.namespace === 'dragonfly-system' && metadata.name === 'dragonfly') || at(spec, 'storage') !== undefined) say('the operator makes its Service and its volumes');
      const home = 'kubernetes/workloads/platform/databases/dragonfly';
      const files = readdirSync(join(PROJECT, home), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      if (files.length !== 3 || /^namespace:/m.test(file(seen_, `${home}/app/kustomization.yaml`))) say('its instance');
      const waits = list(at(one(cluster, 'Kustomization', 'dragonfly-cluster').spec, 'dependsOn')).map((entry) => String(at(entry, 'name')));
      for (const name of ['dragonfly-operator', 'external-secrets-store', 'openebs', 'data-gate']) if (!waits.includes(name)) say(`it does not wait for ${name}`);
    }),
    plant: (seen_) => { const home = 'kubernetes/workloads/platform/databases/dragonfly/app/kustomization.yaml'; seen_.files.set(home, `${file(seen_, home)}namespace: dragonfly-system\n`); },
  },
  {
    holds: 'everything External Secrets fetches or saves is in the list of 1Password items, item by item and field by field',
    find: (seen_) => each(seen_, (cluster, say) => {
      const rows = file(seen_, 'docs/runbooks/onepassword.md').split('\n');
      const objects = [...all(cluster, 'ExternalSecret'), ...all(cluster, 'ClusterExternalSecret'), ...all(cluster, 'PushSecret')];
      if (objects.length < 5) say(`${objects.length} objects`);
      for (const object of objects) {
        const wanted = asked(object.spec);
        if (wanted.length === 0) say(`${object.metadata.name} asks for nothing that is understood`);
        for (const each_ of wanted) {
          const [item = '', field = ''] = each_.split('#');
          if (!rows.some((row) => row.startsWith(`| Infra / ${item} | ${field}`) && row.includes(`/${object.metadata.name} (${cluster.name})`))) say(`${object.metadata.name}: ${each_}`);
        }
      }
    }),
    plant: (seen_) => { const secret = plain(list(at(one(infraOf(seen_), 'ExternalSecret', 'grafana-oidc').spec, 'data'))[0]); plain(secret['remoteRef'])['property'] = 'client_secret'; },
  },
  {
    holds: 'every volume, those operators and charts make too, is in bootstrap/dr.yaml by its own name', defect: 'volumes nobody thought of',
    find: (seen_) => {
      const sets = list(at(loadYaml(file(seen_, 'bootstrap/dr.yaml')), 'data-sets')).map(plain);
      return each(seen_, (cluster, say) => {
        const claims = claimsOf(cluster);
        if (claims.length < 3) say(`only ${claims.length} volumes`);
        for (const [namespace = '', name = ''] of claims.map((claim) => claim.split('/'))) if (!sets.some((set) => set['cluster'] === cluster.name && set['namespace'] === namespace && set['object'] === name)) say(`${namespace}/${name}`);
        const named = sets.filter((set) => set['cluster'] === cluster.name && set['kind'] === 'volume').map((set) => `${String(set['namespace'])}/${String(set['object'])}`);
        for (const name of named) if (!claims.includes(name)) say(`${name} is declared, and nobody makes it`);
      });
    },
    plant: (seen_) => { plain(one(appsOf(seen_), 'KafkaNodePool', 'controller-broker').spec)['replicas'] = 4; },
  },
  {
    holds: 'runbooks of metrics, logs, collectors, identity and the registry tell how it begins, is upgraded, lost and restored',
    find: (seen_) => Object.entries(RUNBOOKS).flatMap(([book, heads]) => heads.filter((head) => !file(seen_, `docs/runbooks/${book}.md`).includes(`\n## ${head}\n`)).map((head) => `${book}: ${head}`)),
    plant: (seen_) => { seen_.files.set('docs/runbooks/keycloak.md', file(seen_, 'docs/runbooks/keycloak.md').replace('## Upgrade', '## Versions')); },
  },
  {
    holds: 'hosts in the cluster that something is told to ask are Services the tree or an operator of it makes', defect: 'names no resolver serves',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const [host, by] of hostsOf(cluster)) { const [service = '', namespace = ''] = host.split('.'); if (!servicesOf(cluster).has(`${namespace}/${service}`)) say(`${by} asks ${host}`); }
      if (hostsOf(cluster).size < 4) say(`only ${hostsOf(cluster).size} hosts`);
    }),
    plant: (seen_) => { plain(list(at(one(appsOf(seen_), 'VMAgent', 'platform').spec, 'remoteWrite'))[0])['url'] = 'http://vminsert-global.observability.svc.infra.cluster.local:8480/insert/0/prometheus/api/v1/write'; },
  },
];

/** Every claim of a cluster, as namespace/name: those written down, those of workloads, those operators make for their objects. */
function claimsOf(cluster: BuiltCluster): readonly string[] {
  const count = (of: number, name: (index: number) => string): readonly string[] => Array.from({ length: of }, (_, index) => name(index));
  const by = (kind: string, names: (object: KubeObject) => readonly string[]): readonly string[] => all(cluster, kind).flatMap((object) => names(object).map((name) => `${object.metadata.namespace ?? ''}/${name}`));
  const rendered = releasesOf(cluster);
  return [...new Set([
    ...by('PersistentVolumeClaim', ({ metadata }) => [metadata.name]), ...rendered.filter(({ kind }) => kind === 'PersistentVolumeClaim').map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`),
    ...[...cluster.objects, ...rendered].filter(({ kind }) => kind === 'StatefulSet').flatMap(({ metadata, spec }) => list(at(spec, 'volumeClaimTemplates')).flatMap((claim) => count(whole(at(spec, 'replicas'), 1), (index) => `${metadata.namespace ?? ''}/${String(at(claim, 'metadata.name'))}-${metadata.name}-${index}`))),
    ...by('Dragonfly', ({ metadata, spec }) => (at(spec, 'snapshot.persistentVolumeClaimSpec') === undefined ? [] : count(whole(at(spec, 'replicas'), 1), (index) => `df-${metadata.name}-${index}`))),
    ...by('KafkaNodePool', ({ metadata, spec }) => list(at(spec, 'storage.volumes')).filter((volume) => at(volume, 'type') === 'persistent-claim').flatMap((volume) => count(Number(at(spec, 'replicas')), (index) => `data-${String(at(volume, 'id'))}-${strings(metadata.labels)['strimzi.io/cluster'] ?? ''}-${metadata.name}-${index}`))),
    ...by('VMCluster', ({ metadata, spec }) => ([['vmstorage', 'vmstorage-db'], ['vmselect', 'vmselect-cachedir']] as const).flatMap(([part, claim]) => (at(spec, `${part}.storage.volumeClaimTemplate`) === undefined ? [] : count(whole(at(spec, `${part}.replicaCount`), 1), (index) => `${claim}-${part}-${metadata.name}-${index}`)))),
    ...by('VMAlertmanager', ({ metadata, spec }) => (at(spec, 'storage.volumeClaimTemplate') === undefined ? [] : count(whole(at(spec, 'replicaCount'), 1), (index) => `vmalertmanager-${metadata.name}-db-vmalertmanager-${metadata.name}-${index}`))),
  ])];
}
/** What the charts of a cluster make, in the namespaces of their releases. */
function releasesOf(cluster: BuiltCluster): readonly KubeObject[] {
  return all(cluster, 'HelmRelease').flatMap((object) => {
    const source = all(cluster, 'OCIRepository').find(({ metadata }) => metadata.name === at(object.spec, 'chartRef.name') && metadata.namespace === object.metadata.namespace);
    const chart = source === undefined ? { chart: String(at(object.spec, 'chart.spec.chart')), version: String(at(object.spec, 'chart.spec.version')) } : { chart: String(at(source.spec, 'url')), version: String(at(source.spec, 'ref.tag')) };
    const namespace = object.metadata.namespace ?? '';
    return renderRelease({ name: object.metadata.name, namespace, ...chart, values: valuesOf(cluster, object) }).objects.map((made) => ({ ...made, metadata: { namespace, ...made.metadata } }));
  });
}
/** Every host of a Service that stands in what is applied, and in whose hands. */
function hostsOf(cluster: BuiltCluster): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const object of cluster.objects.filter(({ kind }) => kind !== 'CustomResourceDefinition' && !kind.endsWith('NetworkPolicy'))) {
    for (const [host] of JSON.stringify(object.kind === 'ConfigMap' ? object.data ?? {} : object.spec ?? {}).matchAll(/\b[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*\.svc(?:\.[a-z]+)*/g)) {
      // Another ending is nobody's, whatever it begins with.
      found.set(/\.svc(\.cluster\.local)?$/.test(host) ? host.replace(/\.svc.*/, '') : `nobody.${host}`, `${object.kind} ${object.metadata.name}`);
    }
  }
  return found;
}
/** Services of the tree, of its charts, and those operators make by rules of their own. */
function servicesOf(cluster: BuiltCluster): ReadonlySet<string> {
  const by = (kind: string, name: (object: KubeObject) => readonly string[]): readonly string[] => all(cluster, kind).flatMap((object) => name(object).map((service) => `${object.metadata.namespace ?? ''}/${service}`));
  const rendered = releasesOf(cluster).filter(({ kind }) => kind === 'Service').map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  return new Set([
    'default/kubernetes', ...by('Service', ({ metadata }) => [metadata.name]), ...rendered, ...by('Pooler', ({ metadata }) => [metadata.name]), ...by('Dragonfly', ({ metadata }) => [metadata.name]), ...by('Keycloak', ({ metadata }) => [`${metadata.name}-service`]),
    ...by('Kafka', ({ metadata }) => [`${metadata.name}-kafka-bootstrap`]), ...by('VMCluster', ({ metadata }) => ['vmselect', 'vmstorage', 'vminsert'].map((part) => `${part}-${metadata.name}`)), ...['VMAuth', 'VMAlert', 'VMAgent', 'VMAlertmanager'].flatMap((kind) => by(kind, ({ metadata }) => [`${kind.toLowerCase()}-${metadata.name}`])),
    ...by('Gateway', ({ metadata }) => [`cilium-gateway-${metadata.name}`]),
  ]);
}
function valuesOf(cluster: BuiltCluster, object: KubeObject): Record<string, unknown> {
  const maps = list(at(object.spec, 'valuesFrom')).map(plain).filter((from) => from['kind'] === 'ConfigMap').map((from) => all(cluster, 'ConfigMap').find(({ metadata }) => metadata.name === from['name'] && metadata.namespace === object.metadata.namespace)?.data?.[text(from['valuesKey']) ?? 'values.yaml'] ?? '');
  return Object.assign({}, ...maps.map((written) => plain(loadYaml(written))), plain(at(object.spec, 'values')));
}

describe('what the stories ask for', () => {
  test.each(ALL)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(ALL)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
});
