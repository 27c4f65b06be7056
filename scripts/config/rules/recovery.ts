import { RECOVERY_FILE, type WrittenDataSet } from '../recovery-file.ts';
import type { At, Report } from '../source.ts';
import { listed, meant } from '../words.ts';
import type { WrittenSite } from '../written.ts';
import { isLabel } from './names.ts';
import { treeIsWhole, type Rule } from './rule.ts';
import { reference } from './secrets.ts';

const dataSets = (site: WrittenSite): readonly WrittenDataSet[] => site.recovery.flatMap((each) => each['data-sets']?.value ?? []);
const stores = (site: WrittenSite) => site.recovery.flatMap((each) => each.stores?.value ?? []);

/** Tells the second of two that claim the same thing; both are named by where they stand. */
function once(seen: Map<string, At<string>>, key: string, at: At<string>, rule: string, what: string, report: Report): void {
  const first = seen.get(key);
  if (first !== undefined) report(at.spot, rule, `${what} is already at ${first.spot.file}:${first.spot.line}`, 'choose another name, or remove one of them');
  else seen.set(key, at);
}

/** Names become parts of ids (`backup:infra/ledger`) and of names of objects, so they are labels, and each stands for one thing. */
export const recoveryNames: Rule = (site, { report }) => {
  const seen = new Map<string, At<string>>();
  for (const set of dataSets(site)) {
    if (set.name !== undefined && isLabel(set.name, 'data set', report) && set.cluster !== undefined) once(seen, `set ${set.cluster.value}/${set.name.value}`, set.name, 'data-set-twice', `data set ${set.name.value} of ${set.cluster.value}`, report);
    if (set.namespace !== undefined) isLabel(set.namespace, 'namespace', report);
    if (set.object === undefined) continue;
    if (set.object.value.length > 253 || !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(set.object.value)) report(set.object.spot, 'name', `${set.object.value} cannot be the name of an object: lower-case letters, digits, - and . only`, 'as kubectl get shows it, without its kind');
    // One thing protected in two ways would be judged twice, and differently.
    if (set.cluster !== undefined && set.namespace !== undefined && set.kind !== undefined) once(seen, `object ${set.cluster.value} ${set.kind.value} ${set.namespace.value}/${set.object.value}`, set.object, 'data-set-twice', `${set.kind.value} ${set.namespace.value}/${set.object.value} of ${set.cluster.value}`, report);
  }
  for (const [what, entries] of [['store', stores(site)], ['outside state', site.recovery.flatMap((each) => each.outside?.value ?? [])], ['freeze hook', site.recovery.flatMap((each) => each.freeze?.value ?? [])], ['change freeze', site.calendar]] as const) {
    for (const { name } of entries) if (name !== undefined && isLabel(name, what, report)) once(seen, `${what} ${name.value}`, name, 'name-twice', `${what} ${name.value}`, report);
  }
};

/** The cluster a data set belongs to is there. */
export const dataSetsKnown: Rule = (site, { report }) => {
  // Without any cluster that is what is wrong.
  for (const { cluster } of site.stems.length === 0 ? [] : dataSets(site)) {
    if (cluster !== undefined && !site.stems.includes(cluster.value)) report(cluster.spot, 'cluster-unknown', `there is no cluster ${cluster.value}`, meant(cluster.value, site.stems, `known: ${listed(site.stems)}`));
  }
};

const METHOD = { volume: 'volsync', postgres: 'barman' } as const;

/** How a set is protected fits what it is, and its store is known. */
export const protections: Rule = (site, { report }) => {
  const known = stores(site).flatMap(({ name }) => name?.value ?? []);
  for (const { kind, protection } of dataSets(site)) {
    const by = protection?.by;
    if (protection === undefined || by === undefined) continue;
    if (kind !== undefined && kind.value !== 'object' && by.value === 'git') report(by.spot, 'protection', `git brings back objects, not what is in a ${kind.value === 'volume' ? 'volume' : 'database'}`, 'by: backup, or by: none with a reason');
    if (!('method' in protection)) continue;
    if (kind?.value === 'object') report(by.spot, 'protection', 'a backup is of a volume or a postgres, this is an object', 'by: git, or by: none with a reason');
    else if (kind !== undefined && protection.method !== undefined && protection.method.value !== METHOD[kind.value]) report(protection.method.spot, 'protection', `${protection.method.value} does not back up a ${kind.value}`, `did you mean ${METHOD[kind.value]}?`);
    const { store } = protection;
    if (store !== undefined && !known.includes(store.value)) report(store.spot, 'store-unknown', `there is no store ${store.value}`, meant(store.value, known, known.length === 0 ? 'add it to stores' : `known: ${listed(known)}`));
  }
};

/** What git is said to bring back is in the tree. Of what a lab adds only the lab's own tree could tell. */
export const gitBringsBack: Rule = (site, sources) => {
  if (!treeIsWhole(sources)) return;
  for (const set of dataSets(site)) {
    const { cluster, namespace, object } = set;
    if (set.spot.file !== RECOVERY_FILE || set.protection?.by?.value !== 'git' || set.kind?.value !== 'object' || cluster === undefined || namespace === undefined || object === undefined) continue;
    const tree = site.trees.find((each) => each.cluster === cluster.value);
    if (tree === undefined) continue;
    const there = [...tree.objects.flatMap((each) => (each.kind === 'ConfigMap' || each.kind === 'Secret' ? [`${each.namespace ?? ''}/${each.name}`] : [])), ...tree.generated.keys()];
    const wanted = `${namespace.value}/${object.value}`;
    // What is wrong with the settings is told by their own rules.
    if (wanted === 'flux-system/cluster-settings') continue;
    if (!there.includes(wanted)) sources.report(object.spot, 'not-in-git', `the tree of ${cluster.value} has no ConfigMap or Secret ${wanted}: git cannot bring it back`, meant(wanted, there, 'add it to the tree, or say by: none with a reason'));
  }
};

/** Where backups are kept: a URL without a path, and a bucket by the rules of S3. */
export const storesForm: Rule = (site, { report }) => {
  for (const { endpoint, bucket } of stores(site)) {
    if (endpoint !== undefined && !/^https?:\/\/[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/.test(endpoint.value)) report(endpoint.spot, 'store-endpoint', `${endpoint.value} is no endpoint of an object store`, 'https://host or http://host:port, without a path');
    if (bucket !== undefined && !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket.value)) report(bucket.spot, 'store-bucket', `${bucket.value} cannot be a bucket: 3 to 63 lower-case letters, digits, - and .`, 'the bucket alone, without a prefix');
  }
};

/** A check that can be done: a command has words, a reference its form. */
export const outsideChecks: Rule = (site, { report }) => {
  for (const { outside, freeze, power } of site.recovery) {
    for (const { check } of outside?.value ?? []) {
      if (check !== undefined && 'reference' in check && check.reference !== undefined) reference(check.reference, 'value', 'reference', { report });
      if (check !== undefined && 'argv' in check) runnable(check.argv, 'argv', report);
    }
    for (const hook of freeze?.value ?? []) {
      runnable(hook.freeze, 'freeze', report);
      runnable(hook.unfreeze, 'unfreeze', report);
    }
    for (const { value } of power ?? []) {
      if (!('status' in value)) continue;
      runnable(value.status, 'status', report);
      runnable(value.on, 'on', report);
    }
  }
};

/** Commands never go through a shell, so what only a shell understands would be passed on as it is. */
function runnable(argv: At<readonly At<string>[]> | undefined, what: string, report: Report): void {
  const [tool] = argv?.value ?? [];
  if (argv !== undefined && tool === undefined) report({ ...argv.spot, length: 1 }, 'command-empty', `${what} names no command`, 'write [command, argument, ...]');
  else if (tool !== undefined && /[\s|&;<>$`]/.test(tool.value)) report(tool.spot, 'command-shell', `${tool.value} is no command: there is no shell here`, /\s/.test(tool.value) ? `did you mean [${tool.value.trim().split(/\s+/).join(', ')}]?` : 'put it into a script and name that');
}

/** Power hooks are those of machines. */
export const powerKnown: Rule = (site, { report }) => {
  const written = site.clusters.map(({ machines }) => machines?.value.map(({ name }) => name));
  const names = written.flatMap((each) => each ?? []).flatMap((name) => name ?? []);
  const machines = new Set(names.map(({ value }) => value));
  // A machine whose file or name is wrong cannot be found by its name; that was told there.
  const whole = site.stems.length > 0 && site.clusters.length === site.stems.length && written.every((each) => each?.every((name) => name !== undefined && isLabel(name, 'machine', () => undefined)) === true);
  if (!whole || machines.size < names.length) return;
  for (const { power } of site.recovery) {
    for (const { key } of power ?? []) if (!machines.has(key.value)) report(key.spot, 'machine-unknown', `there is no machine ${key.value}`, meant(key.value, machines, `known: ${listed([...machines])}`));
  }
};

/** A day of the calendar that there is. */
function isDay(text: string): boolean {
  const at = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
}

/** Change freezes begin before they end, on days there are. */
export const calendarDays: Rule = (site, { report }) => {
  for (const { name, from, until } of site.calendar) {
    for (const day of [from, until]) {
      if (day !== undefined && !isDay(day.value)) report(day.spot, 'calendar-day', `${day.value} is no day of the calendar`, 'written year-month-day, like 2025-12-22');
    }
    if (from !== undefined && until !== undefined && isDay(from.value) && isDay(until.value) && from.value > until.value) {
      report(until.spot, 'calendar-order', `${name?.value ?? 'this change freeze'} ends on ${until.value}, before it begins (${from.value})`, 'the day it begins comes first; both are included');
    }
  }
};
