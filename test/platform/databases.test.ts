import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { load, loadAll } from 'js-yaml';
import { at, list, plain, strings, text, whole } from '../../lab/catalog/data.ts';
import { isObject } from '../../lab/catalog/install.ts';
import { build } from '../../lab/flux/kustomize.ts';
import { substituteObject } from '../../lab/flux/substitute.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { KNOWN, metricsIn } from './metrics.ts';
import { all, each, file, infraOf, one, type Check, type Seen } from './networking.checks.ts';
import { built, CLUSTERS, PROJECT, type BuiltCluster } from './tree.ts';

/** The databases of the platform: what of them must agree, and that each check finds the mistake it is for. */

const trees = CLUSTERS.map(built);
function seen(): Seen { return { clusters: structuredClone(trees), files: new Map() }; }

/** Of the specification: who keeps what in the shared PostgreSQL, and how each reaches it. */
const APPS = { gitlab: 'transaction', harbor: 'transaction', keycloak: 'session', mattermost: 'transaction', synergyflow: 'transaction' } as const;
const SHARED = 'shared-postgres';
const PLUGIN = 'barman-cloud.cloudnative-pg.io';
const HOME = 'kubernetes/workloads/platform/databases';

/** Clusters that have the database at all. */
function eachWith(seen_: Seen, find: (cluster: BuiltCluster, say: (trouble: string) => void) => void): readonly string[] {
  return each(seen_, (cluster, say) => { if (all(cluster, 'Cluster').length > 0) find(cluster, say); });
}
const pluginOf = (cluster: KubeObject): unknown => list(at(cluster.spec, 'plugins')).map(plain).find((entry) => entry['name'] === PLUGIN);
function manifests(path: string): readonly KubeObject[] {
  return readdirSync(join(PROJECT, path), { withFileTypes: true }).filter((entry) => entry.name.endsWith('.yaml') && entry.name !== 'kustomization.yaml')
    .flatMap((entry) => loadAll(readFileSync(join(PROJECT, path, entry.name), 'utf8')).filter(isObject));
}

const POSTGRES: readonly Check[] = [
  {
    holds: 'every consumer has a database, its owner, its password in both forms, and a pooler in the mode it can live with', defect: 'roles, secrets and poolers that do not know each other',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const roles = list(at(one(cluster, 'Cluster', SHARED).spec, 'managed.roles')).map(plain);
      for (const [app, mode] of Object.entries(APPS)) {
        const secret = `${app}-db-credentials`;
        if (at(one(cluster, 'Database', app).spec, 'owner') !== app || at(one(cluster, 'Database', app).spec, 'cluster.name') !== SHARED) say(`database ${app} is somebody else's`);
        if (at(roles.find((role) => role['name'] === app), 'passwordSecret.name') !== secret) say(`role ${app} takes its password from elsewhere`);
        const wanted = list(at(one(cluster, 'ExternalSecret', secret).spec, 'data')).map((entry) => `${String(at(entry, 'remoteRef.key'))}#${String(at(entry, 'remoteRef.property'))}`).join();
        if (wanted !== `kubernetes/infra/cloudnative-pg/${app}#username,kubernetes/infra/cloudnative-pg/${app}#password`) say(`the password of ${app} comes from ${wanted}`);
        const pooler = one(cluster, 'Pooler', `${app}-pooler`);
        if (at(pooler.spec, 'pgbouncer.poolMode') !== mode || at(pooler.spec, 'cluster.name') !== SHARED || at(pooler.spec, 'type') !== 'rw') say(`${app}-pooler is ${String(at(pooler.spec, 'pgbouncer.poolMode'))}`);
        if (!all(cluster, 'PodDisruptionBudget').some((budget) => strings(at(budget.spec, 'selector.matchLabels'))['cnpg.io/poolerName'] === `${app}-pooler`)) say(`${app}-pooler has no budget`);
      }
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'Pooler', 'keycloak-pooler').spec, 'pgbouncer'))['poolMode'] = 'transaction'; },
  },
  {
    holds: 'all pools together fit into the connections there are', defect: 'pools that open more than the server takes',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const most = Number(at(one(cluster, 'Cluster', SHARED).spec, 'postgresql.parameters.max_connections'));
      const pools = all(cluster, 'Pooler').reduce((sum, pooler) => sum + whole(at(pooler.spec, 'instances'), 0) * Number(at(pooler.spec, 'pgbouncer.parameters.default_pool_size')), 0);
      if (!(pools <= most - 10)) say(`${pools} of ${most}`);
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'Pooler', 'gitlab-pooler').spec, 'pgbouncer.parameters'))['default_pool_size'] = '25'; },
  },
  {
    holds: 'nothing is set that the operator fixes itself', defect: 'parameters its webhook refuses',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      for (const name of Object.keys(plain(at(one(cluster, 'Cluster', SHARED).spec, 'postgresql.parameters')))) if (['ssl', 'ssl_prefer_server_ciphers', 'archive_command', 'port', 'listen_addresses', 'wal_level'].includes(name)) say(name);
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'Cluster', SHARED).spec, 'postgresql.parameters'))['ssl'] = 'on'; },
  },
  {
    holds: 'extensions are objects with a name', defect: 'extensions written as plain words',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      for (const database of all(cluster, 'Database')) for (const extension of list(at(database.spec, 'extensions'))) if (text(at(extension, 'name')) === undefined) say(`${database.metadata.name}: ${JSON.stringify(extension)}`);
      if (list(at(one(cluster, 'Database', 'gitlab').spec, 'extensions')).length < 3) say('gitlab lacks extensions');
    }),
    plant: (seen_) => { plain(one(infraOf(seen_), 'Database', 'harbor').spec)['extensions'] = ['uuid-ossp']; },
  },
  {
    holds: 'it archives by the plugin, under the name of this generation, without encryption the store cannot do', defect: 'backups in the form that is going away',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const database = one(cluster, 'Cluster', SHARED);
      const parameters = strings(at(pluginOf(database), 'parameters'));
      if (at(database.spec, 'backup') !== undefined) say('it backs up in tree');
      if (parameters['serverName'] !== `${SHARED}-${cluster.settings['DATA_GENERATION'] ?? ''}`) say(`it archives as ${parameters['serverName'] ?? 'nothing'}`);
      const store = one(cluster, 'ObjectStore', parameters['barmanObjectName'] ?? '');
      if (JSON.stringify(store.spec).includes('encryption')) say('the store is asked to encrypt');
      const schedule = one(cluster, 'ScheduledBackup', 'shared-postgres-backup');
      if (at(schedule.spec, 'method') !== 'plugin' || String(at(schedule.spec, 'schedule')).split(' ').length !== 6) say('the schedule is not one of the operator');
    }),
    plant: (seen_) => { plain(at(pluginOf(one(infraOf(seen_), 'Cluster', SHARED)), 'parameters'))['serverName'] = SHARED; },
  },
  {
    holds: 'a script of ours keeps its own variables', defect: 'a script whose variables Flux empties',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const script = JSON.stringify(at(one(cluster, 'CronJob', 'cnpg-backup-validation').spec, 'jobTemplate.spec.template.spec.containers'));
      for (const own of ['$ACCESS_KEY_ID', '$archive/base', '$archive/wals']) if (!script.includes(own)) say(`${own} is gone`);
      if (/\bjq\b/.test(script)) say('its image has no jq');
    }),
    plant: (seen_) => { plain(list(at(one(infraOf(seen_), 'CronJob', 'cnpg-backup-validation').spec, 'jobTemplate.spec.template.spec.containers'))[0])['args'] = ['mc find "/base"']; },
  },
  {
    holds: 'the other cluster reaches the one pooler it needs under the same name', defect: 'a Service of a pooler that nobody shares',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      for (const pooler of all(cluster, 'Pooler')) {
        const global = strings(at(pooler.spec, 'serviceTemplate.metadata.annotations'))['service.cilium.io/global'] === 'true';
        if (global !== (pooler.metadata.name === 'gitlab-pooler')) say(pooler.metadata.name);
      }
    }),
    plant: (seen_) => { delete plain(one(infraOf(seen_), 'Pooler', 'gitlab-pooler').spec)['serviceTemplate']; },
  },
  {
    holds: 'operator and definitions are of one chart at one version', defect: 'definitions of another version than the operator',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      const releases = list(at(load(file(seen_, 'helmfile.d/00-crds.yaml')), 'releases')).map(plain);
      const before = releases.find((release) => String(release['chart']).endsWith('/cloudnative-pg'))?.['version'];
      const tag = at(one(cluster, 'OCIRepository', 'cloudnative-pg').spec, 'ref.tag');
      if (before !== tag) say(`${String(before)} before, ${String(tag)} after`);
      if (at(one(cluster, 'HelmRelease', 'cloudnative-pg').spec, 'values.crds.create') !== false) say('both bring the definitions');
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'OCIRepository', 'cloudnative-pg').spec, 'ref'))['tag'] = '0.26.0'; },
  },
];

const alertsOf = (cluster: BuiltCluster): readonly Record<string, unknown>[] => all(cluster, 'VMRule').filter(({ metadata }) => /^(cnpg|dragonfly)/.test(metadata.namespace ?? '')).flatMap((rule) => list(at(rule.spec, 'groups'))).flatMap((group) => list(plain(group)['rules'])).map(plain);

const DRAGONFLY: readonly Check[] = [
  {
    holds: 'the flags are those of the specification, and memory leaves room for a snapshot', defect: 'a share of the memory that the comment and the figure do not agree on',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const dragonfly of all(cluster, 'Dragonfly')) {
        const args = list(at(dragonfly.spec, 'args')).map(String);
        for (const flag of ['--dbfilename=dump', '--maxmemory=1610612736', '--proactor_threads=0', '--cache_mode=true', '--cluster_mode=emulated', '--default_lua_flags=allow-undeclared-keys']) if (!args.includes(flag)) say(`${flag} is not set`);
        if (args.some((arg) => arg.startsWith('--metrics_port') || arg.startsWith('--dir'))) say('a flag that is not there, or that the operator sets');
      }
    }),
    plant: (seen_) => { plain(one(infraOf(seen_), 'Dragonfly', 'dragonfly').spec)['args'] = ['--maxmemory=1932735283']; },
  },
  {
    holds: 'whatever chooses its pods does so by the labels its operator gives them', defect: 'selectors on labels nobody sets',
    find: (seen_) => each(seen_, (cluster, say) => {
      for (const dragonfly of all(cluster, 'Dragonfly')) {
        const own = { app: dragonfly.metadata.name, 'app.kubernetes.io/name': 'dragonfly', 'app.kubernetes.io/part-of': 'dragonfly' };
        const chosen = (labels: Record<string, string>): boolean => Object.keys(labels).length > 0 && Object.entries(labels).every(([key, value]) => own[key as keyof typeof own] === value);
        const selectors = [
          ...list(at(dragonfly.spec, 'topologySpreadConstraints')).map((entry) => strings(at(entry, 'labelSelector.matchLabels'))),
          strings(at(one(cluster, 'VMPodScrape', dragonfly.metadata.name).spec, 'selector.matchLabels')), strings(at(one(cluster, 'CiliumNetworkPolicy', `${dragonfly.metadata.name}-clients`).spec, 'endpointSelector.matchLabels')),
        ];
        for (const selector of selectors) if (!chosen(selector)) say(JSON.stringify(selector));
      }
    }),
    plant: (seen_) => { plain(at(one(infraOf(seen_), 'VMPodScrape', 'dragonfly').spec, 'selector'))['matchLabels'] = { 'dragonflydb.io/name': 'dragonfly' }; },
  },
  {
    holds: 'every parameter of the component has a default, but for where its password is kept', defect: 'a component that only builds for one instance',
    find: (seen_) => {
      const uses = ['dragonfly', 'externalsecret', 'networkpolicy', 'vmpodscrape', 'vmrule'].flatMap((name) => [...file(seen_, `kubernetes/components/dragonfly/${name}.yaml`).matchAll(/\$\{(\w+)\}/g)].map(([, variable]) => variable ?? ''));
      return [...new Set(uses)].filter((name) => !['DRAGONFLY_AUTH_SECRET_PATH', 'EXTERNAL_SECRET_STORE'].includes(name));
    },
    plant: (seen_) => { seen_.files.set('kubernetes/components/dragonfly/dragonfly.yaml', file(seen_, 'kubernetes/components/dragonfly/dragonfly.yaml').replace('${DRAGONFLY_REPLICAS:=3}', '${DRAGONFLY_REPLICAS}')); },
  },
  {
    holds: 'alerts ask for metrics that are documented', defect: 'alerts on metrics nobody exports',
    find: (seen_) => eachWith(seen_, (cluster, say) => {
      if (alertsOf(cluster).length < 32) say(`only ${alertsOf(cluster).length} alerts`);
      for (const alert of alertsOf(cluster)) for (const name of metricsIn(String(alert['expr']))) if (!KNOWN.has(name)) say(`${String(alert['alert'])}: ${name}`);
    }),
    plant: (seen_) => { plain(list(plain(list(at(one(infraOf(seen_), 'VMRule', 'cloudnative-pg-cluster').spec, 'groups'))[0])['rules'])[0])['expr'] = 'cnpg_pg_cluster_ready == 0'; },
  },
];

const ALL = [...POSTGRES, ...DRAGONFLY];
describe('the databases of the platform', () => {
  test.each(ALL)('$holds', ({ find }) => { expect(find(seen())).toEqual([]); });
  test.each(ALL)('a mistake is found: $holds', ({ find, plant }) => {
    const wrong = seen();
    plant(wrong);
    expect(find(wrong)).not.toEqual([]);
  });

  test('fresh and restored are the same but for how they begin, and a restore comes from the generation before', () => {
    const tree = new Map(readdirSync(join(PROJECT, HOME), { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile()).map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(PROJECT.length + 1), readFileSync(path, 'utf8')] as const;
    }));
    const [fresh, restore] = ['fresh', 'restore'].map((mode) => build(tree, `${HOME}/shared-postgres/${mode}`));
    const without = (objects: readonly KubeObject[] = []): unknown => structuredClone(objects).map((object) => { if (object.kind === 'Cluster') { delete plain(object.spec)['bootstrap']; delete plain(object.spec)['externalClusters']; } return object; });
    expect(without(restore)).toEqual(without(fresh));
    const cluster = restore?.find(({ kind }) => kind === 'Cluster');
    const external = plain(list(at(cluster?.spec, 'externalClusters'))[0]);
    expect(at(cluster?.spec, 'bootstrap.recovery.source')).toBe(external['name']);
    expect(at(external, 'plugin.parameters.serverName')).toBe(`${SHARED}-\${DATA_FROM}`);
    expect(at(external, 'plugin.parameters.barmanObjectName')).toBe(at(pluginOf(cluster ?? { apiVersion: '', kind: '', metadata: { name: '' } }), 'parameters.barmanObjectName'));
  });

  test('a second Dragonfly beside the first shares no name with it', () => {
    const component = manifests('kubernetes/components/dragonfly');
    const named = (variables: Record<string, string>): readonly string[] => component.map((object) => substituteObject(object, { EXTERNAL_SECRET_STORE: 'onepassword', DRAGONFLY_AUTH_SECRET_PATH: 'x', ...variables })).map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);
    const [first, second] = [named({}), named({ DRAGONFLY_NAME: 'dragonfly-sessions' })];
    expect(component).toHaveLength(5);
    expect(second.filter((name) => first.includes(name))).toEqual([]);
  });
});
