import { describe, expect, test } from 'vitest';
import { at, list, plain, strings } from '../../lab/catalog/data.ts';
import { eachWith, items, objectOf } from './identity.seen.ts';
import { metricsIn } from './metrics.ts';
import { all, file, infraOf, one, type Check, type Seen } from './networking.checks.ts';
import { built, CLUSTERS, type BuiltCluster } from './tree.ts';

/** The registry of images: what of Harbor must agree, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }
/** The chart's labels on its pods (templates/_helpers.tpl, harbor.labels): the parts of Harbor. */
const PARTS = ['nginx', 'portal', 'core', 'registry', 'jobservice', 'trivy', 'exporter'];
const release = (cluster: BuiltCluster): Record<string, unknown> => plain(one(cluster, 'HelmRelease', 'harbor').spec);
const of = (cluster: BuiltCluster, path: string): unknown => at(release(cluster), `values.${path}`);
/** Keys of the chart at 1.18.0 by which it takes what is secret in the open. */
const OPEN = ['harborAdminPassword', 'secretKey', 'core.secret', 'core.xsrfKey', 'registry.credentials.password', 'registry.credentials.htpasswdString', 'database.external.password', 'redis.external.password', 'persistence.imageChartStorage.s3.accesskey', 'persistence.imageChartStorage.s3.secretkey'];
/** https://goharbor.io/docs/2.14.0/administration/metrics; kube-state-metrics; cert-manager. */
const HARBOR_METRICS = new Set(['harbor_up', 'harbor_jobservice_task_total', 'registry_http_requests_total', 'registry_http_request_duration_seconds_bucket', 'kube_deployment_status_replicas_available', 'certmanager_certificate_expiration_timestamp_seconds']);
const harborAlerts = (cluster: BuiltCluster): readonly Record<string, unknown>[] => list(at(one(cluster, 'VMRule', 'harbor').spec, 'groups')).flatMap((group) => list(plain(group)['rules'])).map(plain);
const secretOf = (cluster: BuiltCluster, name: string): string => items(objectOf(cluster, 'ExternalSecret', name, 'harbor'));

const HARBOR: readonly Check[] = [
  {
    holds: 'no credential stands in the values; each comes from one of five Secrets, under the key the chart reads', defect: 'core.secret where secretKey and xsrfKey are meant; valuesFrom for what the chart takes by name',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      for (const key of OPEN) if (of(cluster, key) !== undefined) say(`${key} is in the values`);
      const by: Readonly<Record<string, readonly [string, string]>> = {
        existingSecretAdminPassword: ['harbor-admin-credentials', 'HARBOR_ADMIN_PASSWORD='], existingSecretSecretKey: ['harbor-core-secret', 'secretKey='], 'core.existingXsrfSecret': ['harbor-core-secret', 'CSRF_KEY='],
        'registry.credentials.existingSecret': ['harbor-core-secret', 'REGISTRY_HTPASSWD='], 'database.external.existingSecret': ['harbor-db-credentials', 'password='], 'persistence.imageChartStorage.s3.existingSecret': ['harbor-s3-credentials', 'REGISTRY_STORAGE_S3_ACCESSKEY='],
      };
      for (const [key, [name, field]] of Object.entries(by)) if (of(cluster, key) !== name || !secretOf(cluster, name).includes(field)) say(key);
      const [queue, ...more] = list(release(cluster)['valuesFrom']).map(plain);
      if (more.length > 0 || queue?.['name'] !== 'harbor-redis-credentials' || queue['targetPath'] !== 'redis.external.password') say('the password of the queue');
      if (secretOf(cluster, 'harbor-redis-credentials').split('=')[1] !== items(objectOf(cluster, 'ExternalSecret', 'dragonfly-auth', 'dragonfly-system')).split('=')[1]) say('Dragonfly has another password');
      if (!items(objectOf(cluster, 'ExternalSecret', 'harbor-db-credentials', 'cnpg-system')).endsWith(secretOf(cluster, 'harbor-db-credentials'))) say('the database has another password');
    }),
    plant: (seen_) => { plain(at(release(infraOf(seen_)), 'values'))['secretKey'] = 'not-a-secure-key'; },
  },
  {
    holds: 'only keys are set that the chart has, images go to object storage through the registry, and nothing runs that is gone', defect: 'cloudFront middleware; podDisruptionBudget, podSecurityContext and notary keys the chart does not have',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const storage = plain(of(cluster, 'persistence.imageChartStorage'));
      if (storage['disableredirect'] !== true || storage['type'] !== 's3' || at(storage, 's3.v4auth') !== true || at(storage, 's3.chunksize') !== '5242880' || at(storage, 's3.regionendpoint') !== 'http://10.25.11.3:9000') say('object storage');
      if (of(cluster, 'registry.relativeurls') !== true || at(of(cluster, 'registry'), 'middleware.enabled') !== false) say('the registry');
      if (of(cluster, 'trivy.enabled') !== true) say('nothing is scanned');
      const text = JSON.stringify(release(cluster)['values']);
      for (const gone of ['notary', 'chartmuseum', 'podDisruptionBudget', 'podSecurityContext', 'notaryServerDatabase']) if (text.includes(gone)) say(gone);
    }),
    plant: (seen_) => { plain(of(infraOf(seen_), 'core'))['podDisruptionBudget'] = { minAvailable: 1 }; },
  },
  {
    holds: 'what writes to a volume of one node runs once, or has one each, and its old pod goes first', defect: 'two job services on a ReadWriteOnce volume',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      if (of(cluster, 'jobservice.replicas') !== 1 || of(cluster, 'updateStrategy.type') !== 'Recreate') say('jobservice');
      for (const name of ['core', 'portal', 'registry', 'trivy']) if (of(cluster, `${name}.replicas`) !== 2) say(`${name}: ${String(of(cluster, `${name}.replicas`))}`);
      for (const volume of ['harbor-jobservice', 'data-harbor-trivy-0', 'data-harbor-trivy-1']) if (!file(seen_, 'bootstrap/dr.yaml').includes(`object: ${volume},`)) say(`nobody says what becomes of ${volume}`);
    }),
    plant: (seen_) => { plain(of(infraOf(seen_), 'jobservice'))['replicas'] = 2; },
  },
  {
    holds: 'database and queue are those of the platform, and its connections fit', defect: 'hosts nobody serves',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const pooler = objectOf(cluster, 'Pooler', 'harbor-pooler', 'cnpg-system');
      if (of(cluster, 'database.external.host') !== `${pooler.metadata.name}.cnpg-system.svc.cluster.local` || of(cluster, 'database.external.coreDatabase') !== objectOf(cluster, 'Database', 'harbor', 'cnpg-system').spec?.['name']) say('database');
      if (Number(of(cluster, 'database.maxOpenConns')) > Number(at(pooler.spec, 'pgbouncer.parameters.max_client_conn'))) say('more connections than the pooler takes');
      if (of(cluster, 'redis.external.addr') !== `${one(cluster, 'Dragonfly', 'dragonfly').metadata.name}.dragonfly-system.svc.cluster.local:6379`) say('queue');
      if (['core', 'jobservice', 'registry'].map((name) => of(cluster, `redis.external.${name}DatabaseIndex`)).join() !== '0,1,2' || of(cluster, 'redis.external.trivyAdapterIndex') !== '5') say('databases of the queue');
    }),
    plant: (seen_) => { plain(of(infraOf(seen_), 'database.external'))['host'] = 'harbor-pooler-rw.cnpg-system.svc.cluster.local'; },
  },
  {
    holds: 'it is one host everywhere, covered by the Gateway\'s certificate, and the way in is the chart\'s own Service', defect: 'harbor.monosense.io in one place, harbor.infra in another',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const route = objectOf(cluster, 'HTTPRoute', 'harbor-web', 'harbor');
      const host = list(at(route.spec, 'hostnames')).join();
      if (of(cluster, 'externalURL') !== `https://${host}` || host !== 'harbor.infra.monosense.io') say(`${String(of(cluster, 'externalURL'))}, ${host}`);
      if (!list(at(one(cluster, 'Certificate', 'wildcard-tls').spec, 'dnsNames')).includes('*.infra.monosense.io')) say('no certificate covers it');
      const backend = plain(list(at(list(at(route.spec, 'rules'))[0], 'backendRefs'))[0]);
      if (backend['name'] !== of(cluster, 'expose.clusterIP.name') || backend['port'] !== 80 || of(cluster, 'expose.type') !== 'clusterIP' || of(cluster, 'expose.tls.enabled') !== false) say('the way in');
    }),
    plant: (seen_) => { plain(objectOf(infraOf(seen_), 'HTTPRoute', 'harbor-web', 'harbor').spec)['hostnames'] = ['harbor.monosense.io']; },
  },
  {
    holds: 'policies, budgets and scrapes choose by labels the chart sets; object storage is reached by its address', defect: 'egress to MinIO by podSelector {}, which is the same namespace only',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const known = (labels: Record<string, string>): boolean => labels['app'] === 'harbor' && (labels['release'] ?? 'harbor') === 'harbor' && (labels['component'] === undefined || PARTS.includes(labels['component'])) && Object.keys(labels).every((key) => ['app', 'release', 'component'].includes(key));
      const egress = one(cluster, 'CiliumNetworkPolicy', 'harbor-egress');
      const selectors = [
        strings(at(egress.spec, 'endpointSelector.matchLabels')), strings(at(one(cluster, 'CiliumNetworkPolicy', 'harbor-ingress').spec, 'endpointSelector.matchLabels')), strings(at(one(cluster, 'VMServiceScrape', 'harbor').spec, 'selector.matchLabels')),
        ...all(cluster, 'PodDisruptionBudget').filter(({ metadata }) => metadata.namespace === 'harbor').map((budget) => strings(at(budget.spec, 'selector.matchLabels'))),
      ];
      for (const selector of selectors) if (!known(selector)) say(JSON.stringify(selector));
      if (selectors.length !== 8) say(`${selectors.length} selectors`);
      if (list(at(list(at(egress.spec, 'egress'))[0], 'toCIDR')).join() !== '10.25.11.3/32') say('object storage is out of reach');
      if (of(cluster, 'metrics.enabled') !== true) say('nothing is measured');
    }),
    plant: (seen_) => { plain(list(at(one(infraOf(seen_), 'CiliumNetworkPolicy', 'harbor-egress').spec, 'egress'))[0])['toCIDR'] = []; },
  },
  {
    holds: 'what it waits for exists, its Secrets first, and its charts can be fetched', defect: 'dependsOn cloudnative-pg, dragonfly and external-secrets-app, which are nobody',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const names = new Set(cluster.units.map(({ name }) => name));
      const needs = list(at(all(cluster, 'Kustomization').find(({ metadata }) => metadata.name === 'harbor')?.spec, 'dependsOn')).map((entry) => String(plain(entry)['name']));
      for (const need of needs) if (!names.has(need)) say(`it waits for ${need}`);
      for (const need of ['harbor-secrets', 'shared-postgres-databases', 'dragonfly-cluster', 'cilium-gateway']) if (!needs.includes(need)) say(`it does not wait for ${need}`);
      if (!JSON.stringify(objectOf(cluster, 'CiliumNetworkPolicy', 'allow-charts-egress', 'flux-system').spec).includes('helm.goharbor.io')) say('its charts are out of reach');
    }),
    plant: (seen_) => { const kustomization = all(infraOf(seen_), 'Kustomization').find(({ metadata }) => metadata.name === 'harbor'); plain(kustomization?.spec)['dependsOn'] = [{ name: 'dragonfly' }]; },
  },
  {
    holds: 'eight alerts ask for metrics that are documented, each with its place in the runbook', defect: 'alerts on metrics nobody exports',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      if (harborAlerts(cluster).length !== 8) say(`${harborAlerts(cluster).length} alerts`);
      for (const alert of harborAlerts(cluster)) {
        for (const name of metricsIn(String(alert['expr']))) if (!HARBOR_METRICS.has(name)) say(`${String(alert['alert'])}: ${name}`);
        if (!file(seen_, 'docs/runbooks/harbor.md').includes(`### ${String(alert['alert'])}\n`)) say(`the runbook is silent about ${String(alert['alert'])}`);
      }
    }),
    plant: (seen_) => { (harborAlerts(infraOf(seen_))[4] ?? {})['expr'] = 'harbor_storage_errors > 0'; },
  },
];

describe('the registry of images', () => {
  test.each(HARBOR)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(HARBOR)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });
});
