import { load } from 'js-yaml';
import { at, list, plain, strings, text, type Plain } from '../../lab/catalog/data.ts';
import type { KubeObject } from '../../lab/world/types.ts';
import { all, type Seen } from './networking.checks.ts';
import type { BuiltCluster, Unit } from './tree.ts';

/** Who keeps something in the shared PostgreSQL, found in the tree, and whether everything on the way there is about the same database. */

const HOME = 'cnpg-system';
const HOST = /^([\w-]+)\.cnpg-system(?:\.svc(?:\.cluster\.local)?)?$/;
/** Modes each can live with: what keeps state in its session is not handed another one's. */
const SESSION: ReadonlySet<string> = new Set(['keycloak']);
const USER = /^(user|username|db_?user(name)?)$/i;
const DATABASE = /^(database|dbname|coredatabase|db_?(database|name))$/i;
const PORT = /^(port|db_?port)$/i;

/** One place where a database is named: the object, and what stands beside the host. */
export interface Consumer { readonly cluster: BuiltCluster; readonly object: KubeObject; readonly host: string; readonly beside: Plain }

/** Everything beside a host: keys of its mapping, or, in a list of variables, the other variables. */
function* hostsIn(value: unknown, beside: Plain): Iterable<{ readonly host: string; readonly beside: Plain }> {
  if (typeof value === 'string') {
    if (HOST.test(value)) yield { host: value, beside };
    else if (value.includes(`.${HOME}.`) && value.includes('\n')) yield* hostsIn(load(value), {});
    else if (value.includes(`.${HOME}`)) yield { host: /[\w-]+\.cnpg-system[\w.]*/.exec(value)?.[0] ?? value, beside };
  } else if (Array.isArray(value)) {
    const variables = Object.fromEntries(list(value).map(plain).filter((entry) => typeof entry['name'] === 'string' && ('value' in entry || 'valueFrom' in entry)).map((entry) => [String(entry['name']), entry['value'] ?? at(entry, 'valueFrom.secretKeyRef')]));
    for (const entry of list(value)) yield* hostsIn('value' in plain(entry) ? plain(entry)['value'] : entry, Object.keys(variables).length > 0 ? variables : beside);
  } else if (typeof value === 'object' && value !== null) for (const entry of Object.values(value)) yield* hostsIn(entry, plain(value));
}

/** Whoever names a host of the namespace of databases from outside it. Policies speak of it too, and use none. */
export function consumersOf(seen: Seen): readonly Consumer[] {
  return seen.clusters.flatMap((cluster) => cluster.objects.filter(({ kind, metadata }) => metadata.namespace !== HOME && metadata.name !== 'cluster-settings' && !kind.endsWith('NetworkPolicy'))
    .flatMap((object) => [...hostsIn(object.kind === 'ConfigMap' || object.kind === 'Secret' ? object.data : object.spec, {})].map((found) => ({ cluster, object, ...found }))));
}
const appOf = (host: string): string => (HOST.exec(host)?.[1] ?? host).replace(/-pooler$/, '');
/** Where a Secret's field comes from. */
function sources(cluster: BuiltCluster, namespace: string, key?: string): ReadonlyMap<string, string> {
  return new Map(all(cluster, 'ExternalSecret').filter(({ metadata }) => metadata.namespace === namespace).flatMap((secret) => list(at(secret.spec, 'data'))
    .map((entry) => [`${String(at(secret.spec, 'target.name') ?? secret.metadata.name)}#${String(at(entry, 'secretKey'))}`, `${String(at(entry, 'remoteRef.key'))}#${String(at(entry, 'remoteRef.property'))}`] as const))
    .filter(([name]) => key === undefined || name.endsWith(`#${key}`)));
}
/** Names of Secrets that stand beside a host: `existingSecret: x`, `passwordSecret: {name: x}`, `password: {secret: x}`. */
function secretsBeside(beside: Plain): readonly string[] {
  return Object.entries(beside).flatMap(([key, value]) => {
    if (typeof value === 'string') return /secret/i.test(key) && !/key$/i.test(key) ? [value] : [];
    const name = text(at(value, 'name')) ?? text(at(value, 'secret'));
    return name !== undefined && /secret|password|user/i.test(key) ? [name] : [];
  });
}

/** A Service of the database itself that the tree asks its operator for. */
function directOf(home: BuiltCluster, service: string): Plain | undefined {
  return all(home, 'Cluster').flatMap(({ spec }) => list(at(spec, 'managed.services.additional'))).map(plain).find((each) => at(each, 'serviceTemplate.metadata.name') === service);
}
/** Everything a Kustomization has behind it when it begins: what it and its layers wait for, and, of a layer, what is in it. */
function behind(cluster: BuiltCluster, unit: Unit): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [unit];
  for (let each = open.pop(); each !== undefined; each = open.pop()) {
    const { name } = each;
    const parents = cluster.units.filter(({ objects }) => objects.some((object) => object.kind === 'Kustomization' && object.metadata.name === name && object.metadata.namespace === 'flux-system'));
    const waits = [each, ...parents].flatMap(({ object }) => list(at(object.spec, 'dependsOn')).map((entry) => String(at(entry, 'name'))));
    for (const next of cluster.units.filter((other) => waits.includes(other.name) && !reached.has(other.name))) {
      reached.add(next.name);
      const inside = next.objects.filter(({ kind }) => kind === 'Kustomization').map(({ metadata }) => metadata.name);
      open.push(next, ...cluster.units.filter((other) => inside.includes(other.name)));
      inside.forEach((child) => reached.add(child));
    }
  }
  return reached;
}

/** What does not agree, of every consumer there is and of every database somebody could use. */
export function disagreements(seen: Seen): readonly string[] {
  const found: string[] = [];
  const home = seen.clusters.find((cluster) => all(cluster, 'Pooler').length > 0);
  if (home === undefined) return ['nobody keeps databases'];
  const postgres = all(home, 'Cluster').filter(({ metadata }) => metadata.namespace === HOME);
  const roles = postgres.flatMap(({ spec }) => list(at(spec, 'managed.roles'))).map(plain);
  const keys = sources(home, HOME);

  for (const role of roles) {
    const app = String(role['name']);
    const say = (trouble: string): void => { found.push(`${app}: ${trouble}`); };
    const database = all(home, 'Database').find(({ spec }) => at(spec, 'owner') === app);
    if (role['ensure'] === 'absent' || role['login'] !== true) say('its role cannot log in');
    if (database === undefined || at(database.spec, 'name') !== app || at(database.spec, 'databaseReclaimPolicy') !== 'retain') say('its role owns no database that is called so and stays');
    const secret = String(at(role, 'passwordSecret.name'));
    if (keys.get(`${secret}#username`) !== `kubernetes/${home.name}/cloudnative-pg/${app}#username` || keys.get(`${secret}#password`) !== `kubernetes/${home.name}/cloudnative-pg/${app}#password`) say(`its role has the password of ${keys.get(`${secret}#password`) ?? 'nobody'}`);
    const pooler = all(home, 'Pooler').find(({ metadata }) => metadata.name === `${app}-pooler`);
    if (at(pooler?.spec, 'cluster.name') !== at(database?.spec, 'cluster.name') || pooler === undefined) say('its pooler is of another cluster');
    const mode = SESSION.has(app) ? 'session' : 'transaction';
    if (at(pooler?.spec, 'pgbouncer.poolMode') !== mode) say(`its pooler hands out connections per ${String(at(pooler?.spec, 'pgbouncer.poolMode'))}, not per ${mode}`);
  }
  for (const kind of ['Database', 'Pooler']) for (const { metadata } of all(home, kind)) if (!roles.some((role) => metadata.name.replace(/-pooler$/, '') === role['name'])) found.push(`${metadata.name}: a ${kind} without a role`);

  const consumers = consumersOf(seen);
  for (const { cluster, object, host, beside } of consumers) {
    const app = appOf(host);
    const namespace = object.metadata.namespace ?? '';
    const say = (trouble: string): void => { found.push(`${cluster.name} ${namespace}/${object.metadata.name}: ${trouble}`); };
    const [, service = ''] = HOST.exec(host) ?? [];
    const pooler = all(home, 'Pooler').find(({ metadata }) => metadata.name === service && metadata.namespace === HOME);
    const direct = directOf(home, service);
    if (pooler === undefined && direct === undefined || !host.endsWith('.svc.cluster.local')) { say(`no pooler answers to ${host}`); continue; }
    if (cluster.name !== home.name) {
      const mirror = all(cluster, 'Service').find(({ metadata }) => metadata.name === service && metadata.namespace === HOME);
      const global = (annotations: unknown): boolean => strings(annotations)['service.cilium.io/global'] === 'true';
      if (!global(pooler === undefined ? at(direct, 'serviceTemplate.metadata.annotations') : at(pooler.spec, 'serviceTemplate.metadata.annotations')) || mirror === undefined || !global(mirror.metadata.annotations)) say(`${host} is not there in ${cluster.name}`);
    }
    if (pooler === undefined) {
      // Past the poolers goes only who says at another place of the same object, by its pooler, who it is.
      const own = consumers.filter((other) => other.object === object && directOf(home, HOST.exec(other.host)?.[1] ?? '') === undefined).map((other) => appOf(other.host));
      if (own.length === 0 || at(direct, 'selectorType') !== 'rw') say(`${host} goes past the poolers, and nobody says for whom`);
      for (const [key, value] of Object.entries(beside)) if ((USER.test(key) || DATABASE.test(key)) && !own.includes(String(value))) say(`it goes past the poolers as ${String(value)}`);
      continue;
    }
    if (!roles.some((role) => role['name'] === app)) say(`no role ${app}`);
    const named = (pattern: RegExp): readonly unknown[] => Object.entries(beside).filter(([key, value]) => pattern.test(key) && ['string', 'number'].includes(typeof value)).map(([, value]) => value);
    for (const user of named(USER)) if (user !== app) say(`it logs in as ${String(user)}`);
    for (const database of named(DATABASE)) if (database !== app) say(`it asks for database ${String(database)}`);
    if (named(DATABASE).length === 0) say('it does not say which database');
    for (const port of named(PORT)) if (String(port) !== '5432') say(`port ${String(port)}`);
    const secrets = secretsBeside(beside);
    const own = sources(cluster, namespace);
    if (secrets.length === 0) say('it does not say where its password is');
    for (const secret of secrets) {
      const password = [...own].filter(([name, source]) => name.startsWith(`${secret}#`) && source.endsWith('#password')).map(([, source]) => source);
      if (password.join() !== `kubernetes/${home.name}/cloudnative-pg/${app}#password`) say(`${secret} holds the password of ${password.join() || 'nobody'}`);
    }
    const unit = cluster.units.find(({ objects }) => objects.includes(object));
    const parts = unit === undefined ? new Set<string>() : behind(cluster, unit);
    // Where there is no database there is no mode either: the layer that needs the other cluster is skipped until that has restored its own.
    const skipped = cluster.units.some((layer) => strings(layer.object.metadata.labels)['task/needs'] === 'mesh' && layer.objects.some(({ kind, metadata }) => kind === 'Kustomization' && metadata.name === unit?.name));
    if (cluster.name === home.name ? !parts.has('shared-postgres-databases') || !parts.has('data-gate') : !parts.has('data-gate') || !skipped) say('it may begin before its data is restored or declared fresh');
    const let_ = all(home, 'CiliumNetworkPolicy').filter(({ metadata }) => metadata.namespace === HOME).flatMap(({ spec }) => list(at(spec, 'ingress'))).some((rule) => list(at(rule, 'fromEndpoints')).some((peer) => strings(at(peer, 'matchLabels'))['k8s:io.kubernetes.pod.namespace'] === namespace) && JSON.stringify(at(rule, 'toPorts')).includes('"5432"'));
    if (!let_) say('databases do not let it in');
    const out = all(cluster, 'CiliumNetworkPolicy').filter(({ metadata }) => metadata.namespace === namespace).flatMap(({ spec }) => list(at(spec, 'egress'))).some((rule) => list(at(rule, 'toEndpoints')).some((peer) => strings(at(peer, 'matchLabels'))['k8s:io.kubernetes.pod.namespace'] === HOME) && JSON.stringify(at(rule, 'toPorts') ?? '5432').includes('5432'));
    if (!out) say('its own policies do not let it out');
  }
  return found;
}

/** Databases nobody asks for. */
export function unused(seen: Seen): readonly string[] {
  const asked = new Set(consumersOf(seen).map(({ host }) => appOf(host)));
  return seen.clusters.flatMap((cluster) => all(cluster, 'Database')).map(({ metadata }) => metadata.name).filter((name) => !asked.has(name)).toSorted();
}
