import { at, list, plain, strings, text, type Plain } from '../../lab/catalog/data.ts';
import { all, allows, allowedNames, appsOf, file, infraOf, one, settingsOf, type Check } from './networking.checks.ts';
import { alertTroubles, appsHas, boundless, items, keys, objectOf, standardOf, valuesOf, wiring } from './ci.seen.ts';
import type { BuiltCluster } from './tree.ts';

/** GitLab and its runner: one check per mistake that was made once, and per thing that was promised. */

const NS = 'gitlab-system';
const JOBS = 'gitlab-runner';
const gitlab = (cluster: BuiltCluster): Plain => valuesOf(cluster, 'gitlab', NS);
const runner = (cluster: BuiltCluster): Plain => valuesOf(cluster, 'gitlab-runner', JOBS);
const config = (cluster: BuiltCluster): string => text(at(runner(cluster), 'runners.config')) ?? '';
const external = (cluster: BuiltCluster, name: string, namespace = NS): ReturnType<typeof objectOf> => objectOf(cluster, 'ExternalSecret', name, namespace);
const filled = (cluster: BuiltCluster, name: string, key: string): string => strings(at(external(cluster, name).spec, 'target.template.data'))[key] ?? '';
const toml = (cluster: BuiltCluster, key: string): string | undefined => new RegExp(`^\\s*${key} = (.*)$`, 'm').exec(config(cluster))?.[1];

/** The six that were promised, by what each fetches. */
const SECRETS: readonly (readonly [name: string, namespace: string, items: readonly string[], keys: readonly string[]])[] = [
  ['gitlab-db-credentials', NS, ['username=kubernetes/infra/cloudnative-pg/gitlab#username', 'password=kubernetes/infra/cloudnative-pg/gitlab#password'], ['username', 'password']],
  ['gitlab-redis-credentials', NS, ['password=kubernetes/infra/dragonfly/auth#password'], ['password']],
  ['gitlab-s3-credentials', NS, ['ACCESS_KEY_ID=kubernetes/apps/gitlab/s3#ACCESS_KEY_ID', 'SECRET_ACCESS_KEY=kubernetes/apps/gitlab/s3#SECRET_ACCESS_KEY'], ['connection', 'registry']],
  ['gitlab-root-password', NS, ['password=kubernetes/apps/gitlab/root#password'], ['password']],
  ['gitlab-oidc-credentials', NS, ['client_id=kubernetes/apps/gitlab/oidc#client_id', 'client_secret=kubernetes/apps/gitlab/oidc#client_secret'], ['provider']],
  ['gitlab-runner-registration', JOBS, ['token=kubernetes/apps/gitlab/runner-token#token'], ['runner-token', 'runner-registration-token']],
  // Beside them: what the database is sealed with, and the cache's keys where jobs are (docs/decisions/0026).
  ['gitlab-rails-secrets', NS, ['secrets.yml=kubernetes/apps/gitlab/rails#secrets_yml'], ['secrets.yml']],
  ['gitlab-runner-cache', JOBS, ['accesskey=kubernetes/apps/gitlab/s3#ACCESS_KEY_ID', 'secretkey=kubernetes/apps/gitlab/s3#SECRET_ACCESS_KEY'], ['accesskey', 'secretkey']],
];
/** Labels chart 9.5.1 gives its pods (templates of each subchart, gitlab.standardLabels). */
const APPS = ['webservice', 'sidekiq', 'gitlab-shell', 'gitaly', 'toolbox', 'gitlab-exporter', 'registry', 'migrations'];
/** Services of chart 9.5.1 and the port each answers at. */
const SERVICES: Readonly<Record<string, number>> = { 'gitlab-webservice-default': 8181, 'gitlab-registry': 5000 };
/** docs.gitlab.com/administration/monitoring/prometheus/gitlab_metrics, gitlab-exporter's README, workhorse/internal/upload/destination/objectstore/prometheus.go; kube-state-metrics; cert-manager. */
const METRICS = new Set(['kube_deployment_status_replicas_available', 'gitlab_database_rows', 'sidekiq_queue_size', 'sidekiq_jobs_enqueued_size', 'gitlab_workhorse_object_storage_upload_requests', 'http_requests_total', 'sidekiq_jobs_failed_total', 'sidekiq_jobs_completion_seconds_count', 'certmanager_certificate_expiration_timestamp_seconds']);
const ALERTS = {
  GitLabWebUnavailable: 'critical 5m', GitLabSidekiqQueueBacklog: 'warning 15m', GitLabDatabaseConnectivityIssue: 'critical 5m', GitLabRedisConnectivityIssue: 'critical 5m', GitLabS3Errors: 'warning 10m', GitLabCertificateExpiringSoon: 'warning 1h',
  GitLabHighErrorRate: 'warning 10m', GitLabLowSuccessRate: 'warning 15m',
};
const BUCKETS = ['artifacts', 'lfs', 'uploads', 'packages', 'registry', 'cache'];

export const GITLAB: readonly Check[] = [
  {
    holds: 'role, database, password and pooler are those of infra, by their own names, in a mode the chart keeps to; migrations go past it', defect: 'user gitlab_app, host gitlab-pooler-rw',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const infra = infraOf(seen);
      const psql = plain(at(gitlab(cluster), 'global.psql'));
      const [host, namespace] = String(psql['host']).split('.');
      const pooler = objectOf(infra, 'Pooler', 'gitlab-pooler', 'cnpg-system');
      if (host !== pooler.metadata.name || namespace !== pooler.metadata.namespace) say(`it asks ${String(psql['host'])}`);
      const database = objectOf(infra, 'Database', 'gitlab', 'cnpg-system');
      if (psql['username'] !== database.spec?.['owner'] || psql['database'] !== database.spec?.['name']) say('another role or database');
      if (items(external(cluster, 'gitlab-db-credentials')).join() !== items(objectOf(infra, 'ExternalSecret', 'gitlab-db-credentials', 'cnpg-system')).join()) say('server and role have two passwords');
      if (at(pooler.spec, 'pgbouncer.poolMode') !== 'transaction' || psql['preparedStatements'] !== false) say('statements are prepared on connections of others');
      const direct = list(at(one(infra, 'Cluster', 'shared-postgres').spec, 'managed.services.additional')).map(plain).find((each) => each['selectorType'] === 'rw');
      if (!String(at(gitlab(cluster), 'gitlab.migrations.psql.host')).startsWith(`${String(at(direct, 'serviceTemplate.metadata.name'))}.cnpg-system.`)) say('migrations share the pooler');
      if (items(external(cluster, 'gitlab-redis-credentials')).join() !== items(one(infra, 'ExternalSecret', 'dragonfly-auth')).join()) say('Dragonfly has another password');
      const harbor = Object.entries(plain(at(all(infra, 'HelmRelease').find(({ metadata }) => metadata.name === 'harbor')?.spec, 'values.redis.external'))).filter(([key]) => key.endsWith('Index')).map(([, index]) => Number(index));
      if (harbor.includes(Number(at(gitlab(cluster), 'global.redis.database') ?? 0))) say('Harbor has that database of Dragonfly');
    }),
    plant: (seen) => { plain(at(gitlab(appsOf(seen)), 'global.psql'))['username'] = 'gitlab_app'; },
  },
  {
    holds: 'both names are routes of the tree, on both gateways, to Services and ports the chart has', defect: 'a file of routes that no kustomization names',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const routes = all(cluster, 'HTTPRoute').filter(({ metadata }) => metadata.namespace === NS);
      const domain = settingsOf(cluster)['SECRET_DOMAIN'] ?? '';
      const said = routes.map(({ metadata, spec }) => `${metadata.name} ${list(at(spec, 'hostnames')).join()}`).toSorted().join('; ');
      if (said !== `gitlab-registry registry.gitlab.apps.${domain}; gitlab-web gitlab.apps.${domain}`) say(said);
      for (const { metadata, spec } of routes) {
        const backend = plain(list(at(list(at(spec, 'rules'))[0], 'backendRefs'))[0]);
        if (SERVICES[String(backend['name'])] !== backend['port']) say(`${metadata.name} goes to ${String(backend['name'])}:${String(backend['port'])}`);
        if (list(at(spec, 'parentRefs')).map((parent) => at(parent, 'name')).join() !== ['EXTERNAL', 'INTERNAL'].map((side) => settingsOf(cluster)[`CILIUM_GATEWAY_${side}_NAME`] ?? '').join()) say(`${metadata.name} is on other gateways`);
      }
      for (const host of ['gitlab', 'registry']) if (!routes.some(({ spec }) => list(at(spec, 'hostnames')).includes(at(gitlab(cluster), `global.hosts.${host}.name`)))) say(`${host} believes in another name`);
      if (at(gitlab(cluster), 'global.ingress.enabled') !== false) say('an Ingress beside the routes');
    }),
    plant: (seen) => { for (const unit of [appsOf(seen)]) one(unit, 'HTTPRoute', 'gitlab-registry').kind = 'Nothing'; },
  },
  {
    holds: 'the runner is of GitLab\'s minor version, and proves who it is by a token of its own, in the form the chart reads', defect: 'chart 0.70.0 with a registration token, which GitLab 18 no longer takes',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const version = (name: string, namespace: string): unknown => at(objectOf(cluster, 'HelmRelease', name, namespace).spec, 'chart.spec.version');
      // Chart 9.5 is GitLab 18.5, chart 0.82 runner 18.5 (CHANGELOG of both).
      if (version('gitlab', NS) !== '9.5.1' || version('gitlab-runner', JOBS) !== '0.82.0') say(`${String(version('gitlab', NS))} with ${String(version('gitlab-runner', JOBS))}`);
      if (!/:x86_64-v18\.5\.\d+"$/.test(toml(cluster, 'helper_image') ?? '')) say(`helper ${toml(cluster, 'helper_image') ?? ''}`);
      for (const old of ['runnerRegistrationToken', 'runnerToken']) if (old in runner(cluster)) say(`${old} is set`);
      if (at(runner(cluster), 'runners.secret') !== 'gitlab-runner-registration') say('the token is from elsewhere');
      const wanted = keys(external(cluster, 'gitlab-runner-registration', JOBS));
      for (const key of ['runner-token', 'runner-registration-token']) if (!wanted.includes(key)) say(`the chart mounts ${key}`);
      if (strings(at(external(cluster, 'gitlab-runner-registration', JOBS).spec, 'target.template.data'))['runner-registration-token'] !== '') say('a registration token is kept');
      if (runner(cluster)['unregisterRunners'] !== false) say('a runner with a token of its own would be taken off GitLab when its pod goes');
    }),
    plant: (seen) => { runner(appsOf(seen))['runnerRegistrationToken'] = { secret: 'gitlab-runner-registration' }; },
  },
  {
    holds: 'each release has its list of charts beside it, which Flux may reach, and every Kustomization is in the layer after the mesh and waits for what exists', defect: 'a HelmRepository of another namespace, five of seven dependsOn unresolved, wired nowhere',
    find: (seen) => appsHas(seen, (cluster, say) => {
      for (const [name, namespace] of [['gitlab', NS], ['gitlab-runner', JOBS]] as const) {
        const source = plain(at(objectOf(cluster, 'HelmRelease', name, namespace).spec, 'chart.spec.sourceRef'));
        if (source['namespace'] !== undefined) say(`${name} takes its chart from ${String(source['namespace'])}`);
        if (!all(cluster, 'HelmRepository').some(({ metadata, spec }) => metadata.name === source['name'] && metadata.namespace === namespace && at(spec, 'url') === 'https://charts.gitlab.io')) say(`${name} has no list of charts`);
      }
      for (const host of ['charts.gitlab.io', 'gitlab-charts.s3.amazonaws.com']) if (!allows(allowedNames(cluster, 'flux-system'), host)) say(`Flux may not reach ${host}`);
      for (const trouble of wiring(cluster, { 'gitlab-infra-services': ['cilium-clustermesh'], 'gitlab-secrets': ['external-secrets-store'], 'gitlab-data': ['data-gate', 'volsync'], 'gitlab-backup': ['gitlab-data'], gitlab: ['gitlab-infra-services', 'gitlab-secrets', 'gitlab-data', 'cilium-gateway', 'rook-ceph-cluster'], 'gitlab-runner': ['gitlab'] })) say(trouble);
      const layer = cluster.units.find(({ name }) => name === 'cross-cluster');
      for (const name of ['gitlab', 'gitlab-runner']) if (layer?.objects.some(({ metadata }) => metadata.name === name) !== true) say(`${name} does not wait for the mesh`);
    }),
    plant: (seen) => { plain(at(objectOf(appsOf(seen), 'HelmRelease', 'gitlab-runner', JOBS).spec, 'chart.spec.sourceRef'))['namespace'] = NS; },
  },
  {
    holds: 'the registry has its storage in its own words, and policies choose pods by labels the chart gives, MinIO by its address', defect: 'the connection of Rails for the registry; app=gitlab, and {} for MinIO',
    find: (seen) => appsHas(seen, (cluster, say) => {
      if (at(gitlab(cluster), 'registry.storage.secret') !== 'gitlab-s3-credentials' || at(gitlab(cluster), 'registry.storage.key') !== 'registry') say('the registry reads something else');
      const storage = filled(cluster, 'gitlab-s3-credentials', 'registry');
      for (const line of ['s3:', '  bucket: gitlab-registry', '  regionendpoint: http://10.25.11.3:9000', '  pathstyle: true', 'redirect:', '  disable: true']) if (!storage.split('\n').includes(line)) say(`no ${line.trim()} in the registry's storage`);
      if (/aws_access_key_id|path_style|provider/.test(storage)) say('words of Rails');
      for (const policy of all(cluster, 'CiliumNetworkPolicy').filter(({ metadata }) => [NS, JOBS].includes(metadata.namespace ?? ''))) {
        const chosen = strings(at(policy.spec, 'endpointSelector.matchLabels'));
        const known = policy.metadata.namespace === NS ? (chosen['app'] === undefined || APPS.includes(chosen['app'])) && (chosen['release'] ?? 'gitlab') === 'gitlab' : (chosen['app'] ?? 'gitlab-runner') === 'gitlab-runner' && (chosen['release'] ?? 'gitlab-runner') === 'gitlab-runner' && (chosen['platform/ci'] ?? 'gitlab') === 'gitlab';
        if (!known) say(`${policy.metadata.name} is for ${JSON.stringify(chosen)}`);
        if (policy.metadata.name !== 'allow-internal') for (const trouble of boundless(policy)) say(`${policy.metadata.name}: ${trouble}`);
      }
      for (const [namespace, name] of [[NS, 'allow-minio-egress'], [JOBS, 'gitlab-runner-jobs-egress']] as const) if (!list(at(objectOf(cluster, 'CiliumNetworkPolicy', name, namespace).spec, 'egress')).some((rule) => list(at(rule, 'toCIDR')).join() === '10.25.11.3/32')) say(`${namespace} does not reach MinIO`);
      if (!/"platform\/ci" = "gitlab"/.test(config(cluster)) || strings(runner(cluster)['podLabels'])['platform/ci'] !== 'gitlab') say('pods of jobs have no label to be chosen by');
    }),
    plant: (seen) => { plain(plain(objectOf(appsOf(seen), 'CiliumNetworkPolicy', 'gitlab-ingress', NS).spec)['endpointSelector'])['matchLabels'] = { app: 'gitlab' }; },
  },
  {
    holds: 'objects are reached by one connection, and each kind names its bucket and nothing else', defect: 'a common connection and one per bucket',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const app = plain(at(gitlab(cluster), 'global.appConfig'));
      if (JSON.stringify(app['object_store']) !== JSON.stringify({ enabled: true, proxy_download: true, connection: { secret: 'gitlab-s3-credentials', key: 'connection' } })) say('another common form');
      for (const kind of ['artifacts', 'lfs', 'uploads', 'packages']) if (Object.keys(plain(app[kind])).join() !== 'bucket') say(`${kind} says ${Object.keys(plain(app[kind])).join()}`);
      const lines = filled(cluster, 'gitlab-s3-credentials', 'connection').split('\n');
      for (const line of ['provider: AWS', 'region: us-east-1', 'endpoint: http://10.25.11.3:9000', 'path_style: true']) if (!lines.includes(line)) say(`no ${line}`);
    }),
    plant: (seen) => { plain(at(gitlab(appsOf(seen)), 'global.appConfig.lfs'))['connection'] = { secret: 'gitlab-s3-credentials' }; },
  },
  {
    holds: 'no container of either namespace is privileged, and none may become more than it is', defect: 'Docker in Docker for jobs',
    find: (seen) => appsHas(seen, (cluster, say) => {
      for (const namespace of [NS, JOBS]) if (standardOf(seen, namespace) !== 'baseline') say(`${namespace} is ${standardOf(seen, namespace) ?? 'not said'}`);
      if (toml(cluster, 'privileged') !== 'false' || toml(cluster, 'allow_privilege_escalation') !== 'false' || toml(cluster, 'automount_service_account_token') !== 'false') say('jobs may more');
      if (/privileged: true/.test(JSON.stringify([gitlab(cluster), runner(cluster)]).replaceAll('"', ''))) say('a privileged container');
      const added = [...config(cluster).matchAll(/add = \[(.*)\]/g)].flatMap(([, names = '']) => names.split(', ').map((name) => name.replaceAll('"', '')));
      for (const capability of added) if (!['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETFCAP', 'SETGID', 'SETUID'].includes(capability)) say(`jobs have ${capability}`);
      if (toml(cluster, 'allowed_users') !== '["0", "1000"]') say(`jobs run as ${toml(cluster, 'allowed_users') ?? 'anybody'}`);
      if (list(at(runner(cluster), 'rbac.rules')).map(plain).some((rule) => list(rule['resources']).includes('*') || list(rule['verbs']).includes('*'))) say('the runner may everything in its namespace');
    }),
    plant: (seen) => { const runners = plain(runner(appsOf(seen))['runners']); runners['config'] = String(runners['config']).replace('privileged = false', 'privileged = true'); },
  },
  {
    holds: 'six ExternalSecrets and the two that are explained, each with the keys that are read of it; what seals the database is not the chart\'s to make', defect: 'hosts and ports as secrets, typed a second time',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const there = all(cluster, 'ExternalSecret').filter(({ metadata }) => [NS, JOBS].includes(metadata.namespace ?? '')).map(({ metadata }) => metadata.name).toSorted();
      if (there.filter((name) => name !== 'gitlab-gitaly-volsync-secret').join() !== SECRETS.map(([name]) => name).toSorted().join()) say(there.join());
      for (const [name, namespace, wanted, has] of SECRETS) {
        if (items(external(cluster, name, namespace)).join() !== wanted.join()) say(`${name} fetches ${items(external(cluster, name, namespace)).join()}`);
        if (keys(external(cluster, name, namespace)).join() !== has.join()) say(`${name} has ${keys(external(cluster, name, namespace)).join()}`);
      }
      const read = [['global.initialRootPassword.secret', 'gitlab-root-password'], ['global.railsSecrets.secret', 'gitlab-rails-secrets'], ['global.psql.password.secret', 'gitlab-db-credentials'], ['global.redis.auth.secret', 'gitlab-redis-credentials']] as const;
      for (const [path, name] of read) if (at(gitlab(cluster), path) !== name) say(`${path} is ${String(at(gitlab(cluster), path))}`);
      if (at(gitlab(cluster), 'shared-secrets.env') !== '') say('the chart writes what the database is sealed with');
    }),
    plant: (seen) => { plain(gitlab(appsOf(seen))['shared-secrets'])['env'] = 'production'; },
  },
  {
    holds: 'six buckets, each for one thing', defect: 'images and artifacts in one bucket',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const app = plain(at(gitlab(cluster), 'global.appConfig'));
      const said = [...['artifacts', 'lfs', 'uploads', 'packages'].map((kind) => at(app[kind], 'bucket')), at(gitlab(cluster), 'global.registry.bucket'), (toml(cluster, 'BucketName') ?? '').replaceAll('"', '')];
      if (said.join() !== BUCKETS.map((bucket) => `gitlab-${bucket}`).join()) say(said.join());
      for (const bucket of BUCKETS) if (!file(seen, 'docs/runbooks/gitlab.md').includes(`-${bucket}`)) say(`the runbook is silent about ${bucket}`);
    }),
    plant: (seen) => { plain(at(gitlab(appsOf(seen)), 'global.appConfig.uploads'))['bucket'] = 'gitlab-artifacts'; },
  },
  {
    holds: 'people are asked for at the realm there is, and sent back to where it sends them', defect: 'realm master, a host without apps',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const provider = filled(cluster, 'gitlab-oidc-credentials', 'provider');
      const realm = plain(at(one(infraOf(seen), 'KeycloakRealmImport', 'platform-realm').spec, 'realm'));
      const client = list(realm['clients']).map(plain).find((each) => each['clientId'] === 'gitlab');
      const host = String(at(one(infraOf(seen), 'Keycloak', 'keycloak').spec, 'hostname.hostname')).replace(/^https:\/\//, '');
      if (!provider.includes(`issuer: https://${host}/realms/${String(realm['realm'])}\n`)) say('another issuer');
      if (!provider.includes(`redirect_uri: ${list(client?.['redirectUris']).join()}\n`)) say('another way back');
      if (!provider.includes('pkce: true') || !provider.includes('discovery: true')) say('weaker than the client asks');
      if (!items(one(infraOf(seen), 'ExternalSecret', 'keycloak-clients')).includes('gitlab=kubernetes/apps/gitlab/oidc#client_secret')) say('Keycloak has another secret');
      if (!allows(allowedNames(cluster, NS), host)) say(`${host} is out of reach`);
      if (JSON.stringify(at(gitlab(cluster), 'global.appConfig.omniauth.providers')) !== JSON.stringify([{ secret: 'gitlab-oidc-credentials', key: 'provider' }])) say('another provider');
    }),
    plant: (seen) => { const realm = plain(at(one(infraOf(seen), 'KeycloakRealmImport', 'platform-realm').spec, 'realm')); realm['realm'] = 'master'; },
  },
  {
    holds: 'ten jobs at once, for the tags that were decided, with what each may use, and a cache of their own', defect: 'a runner that takes every job of every project',
    find: (seen) => appsHas(seen, (cluster, say) => {
      if (runner(cluster)['concurrent'] !== 10 || at(runner(cluster), 'runners.tags') !== 'kubernetes,kaniko,apps-cluster') say(`${String(runner(cluster)['concurrent'])} for ${String(at(runner(cluster), 'runners.tags'))}`);
      for (const [key, value] of [['cpu_request', '"500m"'], ['cpu_limit', '"2"'], ['memory_request', '"1Gi"'], ['memory_limit', '"4Gi"'], ['Type', '"s3"'], ['ServerAddress', '"10.25.11.3:9000"'], ['Insecure', 'true']] as const) if (toml(cluster, key) !== value) say(`${key} is ${toml(cluster, key) ?? 'not said'}`);
      for (const tag of ['kubernetes', 'kaniko', 'apps-cluster']) if (!file(seen, 'docs/runbooks/gitlab.md').includes(`\`${tag}\``)) say(`the runbook makes a runner without ${tag}`);
      if (JSON.stringify(runner(cluster)['resources']) !== JSON.stringify({ requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '500m', memory: '512Mi' } })) say('the runner itself may use more');
    }),
    plant: (seen) => { runner(appsOf(seen))['concurrent'] = 100; },
  },
  {
    holds: 'parts are as many as was decided, nothing of the chart runs that is elsewhere, and repositories have their volume', defect: 'a second PostgreSQL beside the shared one',
    find: (seen) => appsHas(seen, (cluster, say) => {
      const values = gitlab(cluster);
      for (const off of ['nginx-ingress.enabled', 'prometheus.install', 'postgresql.install', 'redis.install', 'installCertmanager', 'gitlab-runner.install', 'global.minio.enabled', 'global.kas.enabled']) if (at(values, off) !== false) say(`${off} is ${String(at(values, off))}`);
      for (const [path, count] of [['gitlab.webservice.minReplicas', 2], ['gitlab.sidekiq.minReplicas', 1], ['gitlab.gitlab-shell.minReplicas', 1], ['gitlab.toolbox.replicas', 1], ['registry.hpa.minReplicas', 1], ['registry.hpa.maxReplicas', 2]] as const) if (at(values, path) !== count) say(`${path} is ${String(at(values, path))}`);
      if (at(values, 'gitlab.gitaly.persistence.size') !== '50Gi' || at(values, 'gitlab.gitaly.persistence.storageClass') !== 'rook-ceph-block' || at(values, 'global.edition') !== 'ce') say('another volume or edition');
      const claim = objectOf(cluster, 'PersistentVolumeClaim', 'repo-data-gitlab-gitaly-0', NS);
      if (at(claim.spec, 'resources.requests.storage') !== at(values, 'gitlab.gitaly.persistence.size') || at(claim.spec, 'storageClassName') !== at(values, 'gitlab.gitaly.persistence.storageClass')) say('gitaly wants another volume than the one that is backed up');
      const source = objectOf(cluster, 'ReplicationSource', 'gitlab-gitaly-backup', NS);
      if (at(source.spec, 'sourcePVC') !== claim.metadata.name || at(source.spec, 'restic.moverSecurityContext.runAsUser') !== 1000) say('repositories are not backed up, or not by their user');
      if (!/object: repo-data-gitlab-gitaly-0\n    protection: \{by: backup, method: volsync, source: gitlab-gitaly-backup,/.test(file(seen, 'bootstrap/dr.yaml'))) say('nobody says what becomes of repositories');
    }),
    plant: (seen) => { plain(gitlab(appsOf(seen))['postgresql'])['install'] = true; },
  },
  {
    holds: 'eight alerts ask for metrics that are documented, which are fetched', defect: 'alerts on metrics nobody exports; a scrape that was listed and never written',
    find: (seen) => appsHas(seen, (cluster, say) => {
      for (const trouble of alertTroubles(seen, objectOf(cluster, 'VMRule', 'gitlab', NS), ALERTS, METRICS, 'docs/runbooks/gitlab.md')) say(trouble);
      const ports = list(at(objectOf(cluster, 'VMServiceScrape', 'gitlab', NS).spec, 'endpoints')).map((endpoint) => String(at(endpoint, 'port'))).join();
      if (ports !== 'http-metrics,http-metrics-ws,http-metrics-wh' || at(gitlab(cluster), 'gitlab.webservice.workhorse.metrics.enabled') !== true || at(gitlab(cluster), 'registry.metrics.enabled') !== true) say(`metrics are fetched at ${ports}`);
      for (const [name, namespace, app] of [['gitlab-sidekiq', NS, 'sidekiq'], ['gitlab-runner', JOBS, 'gitlab-runner']] as const) if (strings(at(objectOf(cluster, 'VMPodScrape', name, namespace).spec, 'selector.matchLabels'))['app'] !== app) say(`${name} is passed over`);
    }),
    plant: (seen) => { const [group] = list(at(objectOf(appsOf(seen), 'VMRule', 'gitlab', NS).spec, 'groups')).map(plain); plain(list(group?.['rules'])[4])['expr'] = 'gitlab_s3_errors_total > 0'; },
  },
];
