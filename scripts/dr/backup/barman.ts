import type { KubeObject } from '../../config/cluster.ts';
import { dig, listIn, mapIn, textIn } from '../../config/data.ts';
import type { DataSet } from '../../config/recovery.ts';
import { Failure } from '../../engine/failure.ts';
import type { Answer } from '../../engine/poll.ts';
import { KINDS } from '../../tools/kinds.ts';
import type { DrContext } from '../context.ts';
import { NO_GENERATION, type DataVerdict } from '../record.ts';
import { EVERY, freshTag, iso, isAnswer, PATIENCE, quietly, remove, scratchLabels, scratchName, sweep, timeIn, type BackedUp, type NewestBackup, type Scratch } from './shared.ts';

/** The plugin that replaces CloudNativePG's own way to object stores. */
const PLUGIN = 'barman-cloud.cloudnative-pg.io';
const HEALTHY = 'Cluster in healthy state';

/** Under which name in the ObjectStore a Cluster archives: the plugin's parameter, else the Cluster's own name. Undefined: it does not use the plugin. */
export function serverName(cluster: KubeObject): string | undefined {
  const plugin = listIn(cluster, 'spec', 'plugins').find((each) => dig(each, ['name']) === PLUGIN && dig(each, ['enabled']) !== false);
  return plugin === undefined ? undefined : textIn(plugin, 'parameters', 'serverName') ?? cluster.metadata.name;
}

/** From which server name a Cluster was bootstrapped, when it was by recovery from an external cluster. */
export function recoveredFrom(cluster: KubeObject): string | undefined {
  const source = textIn(cluster, 'spec', 'bootstrap', 'recovery', 'source');
  const external = listIn(cluster, 'spec', 'externalClusters').find((each) => source !== undefined && dig(each, ['name']) === source);
  return external === undefined ? undefined : textIn(external, 'plugin', 'parameters', 'serverName') ?? source;
}

function condition(cluster: KubeObject, type: string): { readonly status: string; readonly because: string } | undefined {
  const found = listIn(cluster, 'status', 'conditions').find((each) => dig(each, ['type']) === type);
  return found === undefined ? undefined : { status: textIn(found, 'status') ?? '', because: textIn(found, 'message') ?? textIn(found, 'reason') ?? '' };
}

/** Whether write-ahead logs arrive in the store; without them a base backup cannot be used. */
export function archiving(cluster: KubeObject): string | undefined {
  const said = condition(cluster, 'ContinuousArchiving');
  return said !== undefined && said.status !== 'True' ? `its log is not archived: ${said.because}` : undefined;
}

/** The newest base backup, by the ObjectStore's recovery window and by the Backups that are told. Pure. */
export function newestOf(set: BackedUp, cluster: KubeObject | null, store: KubeObject | null, backups: readonly KubeObject[]): NewestBackup {
  const look = `kubectl -n ${set.namespace} describe cluster.postgresql.cnpg.io ${set.object}`;
  const server = cluster === null ? undefined : serverName(cluster);
  if (cluster === null) return { is: 'none', because: `there is no Cluster ${set.namespace}/${set.object}`, hint: 'mend its name in bootstrap/dr.yaml, or bring it into the tree' };
  if (server === undefined) return { is: 'none', because: `it archives nowhere: spec.plugins names no ${PLUGIN}`, hint: look };
  if (store === null) return { is: 'none', because: `there is no ObjectStore ${set.namespace}/${set.protection.restore}`, hint: 'mend restore in bootstrap/dr.yaml: the ObjectStore it archives to' };
  const window = mapIn(store, 'status', 'serverRecoveryWindow');
  const own = backups.filter((backup) => textIn(backup, 'spec', 'cluster', 'name') === set.object && textIn(backup, 'status', 'phase') === 'completed');
  const times = [Date.parse(textIn(window[server], 'lastSuccessfulBackupTime') ?? ''), ...own.map((backup) => timeIn(backup, 'status', 'stoppedAt') ?? Number.NaN)].filter((at) => !Number.isNaN(at));
  const trouble = archiving(cluster);
  const at = Math.max(...times);
  if (times.length === 0) return { is: 'none', because: `${set.protection.restore} knows no base backup of ${server}${trouble === undefined ? '' : `; ${trouble}`}`, hint: look };
  return { is: 'there', at, size: null, note: `base backup of ${server}, with its log since`, ...(trouble === undefined ? {} : { trouble }) };
}

interface Seen { readonly cluster: KubeObject | null; readonly store: KubeObject | null; readonly backups: readonly KubeObject[] }
async function look(cx: DrContext, set: BackedUp): Promise<Seen> {
  const [cluster, store, backups] = await Promise.all([
    cx.looking.kube.get(KINDS.PostgresCluster, set.object, set.namespace), cx.looking.kube.get(KINDS.ObjectStore, set.protection.restore, set.namespace),
    cx.looking.kube.list(KINDS.PostgresBackup, { namespace: set.namespace }),
  ]);
  return { cluster, store, backups: backups.items };
}

export async function newestBackup(cx: DrContext, set: BackedUp): Promise<NewestBackup> {
  const { cluster, store, backups } = await look(cx, set);
  return newestOf(set, cluster, store, backups);
}

/** A base backup begun after this call, which holds all that was committed before. Answers when it was complete; the trigger goes, the backup stays in the store. */
export async function backUpNow(cx: DrContext, set: BackedUp, tag: string): Promise<string> {
  const name = `dr-${freshTag(tag)}`;
  const wrong = (because: string): Failure => new Failure({ exit: 'rerun', what: `${set.name} of ${cx.cluster.name} was not backed up`, because, hint: `kubectl -n ${set.namespace} describe cluster.postgresql.cnpg.io ${set.object}` });
  try {
    await cx.doors.kube.apply({
      apiVersion: 'postgresql.cnpg.io/v1', kind: 'Backup', metadata: { name, namespace: set.namespace, labels: { 'app.kubernetes.io/managed-by': 'task' } },
      spec: { cluster: { name: set.object }, method: 'plugin', pluginConfiguration: { name: PLUGIN } },
    });
    const done = await cx.wait(`a backup of ${set.name}`, async () => {
      const now = await cx.looking.kube.get(KINDS.PostgresBackup, name, set.namespace);
      if (now === null) throw wrong(`Backup ${set.namespace}/${name} was deleted while it ran`);
      const phase = textIn(now, 'status', 'phase') ?? 'not begun';
      if (phase === 'completed') return { ok: true, value: now };
      if (phase === 'failed' || phase === 'walArchivingFailing' || phase.startsWith('invalid')) throw wrong(`${phase}: ${textIn(now, 'status', 'error') ?? 'it says no more'}`);
      return { ok: false, because: `Backup ${name}: ${phase}` };
    }, { patience: PATIENCE, every: EVERY });
    if (done === undefined) return iso(cx.clock.now());
    const ended = timeIn(done, 'status', 'stoppedAt') ?? timeIn(done, 'status', 'reconciliationTerminatedAt');
    if (ended === undefined) throw wrong(`Backup ${set.namespace}/${name} is completed and does not say when`);
    return iso(ended);
  } finally {
    await quietly(cx, () => cx.doors.kube.delete(KINDS.PostgresBackup, name, set.namespace, { last: true }));
  }
}

/** What a copy needs of the original to read its files and to be read the same way. */
const COPIED = ['imageName', 'imageCatalogRef', 'imagePullSecrets', 'postgresUID', 'postgresGID', 'postgresql', 'storage', 'walStorage', 'tablespaces', 'resources', 'priorityClassName', 'schedulerName'];

/**
 * Restores the newest backup and the log since into a Cluster of one instance beside the data set. It archives nothing: no plugin is
 * named for it, so its own server name is its own, and nothing of it stays in the store.
 */
export async function restoreScratch(cx: DrContext, set: BackedUp, tag: string): Promise<Scratch> {
  const [seen] = await Promise.all([look(cx, set), sweep(cx, set, [KINDS.PostgresCluster])]);
  const { cluster } = seen;
  const server = cluster === null ? undefined : serverName(cluster);
  if (cluster === null || server === undefined) throw new Failure({ exit: 'rerun', what: `${set.name} of ${cx.cluster.name} cannot be restored into a scratch place`, because: cluster === null ? `there is no Cluster ${set.namespace}/${set.object}` : `Cluster ${set.object} archives nowhere`, hint: `kubectl -n ${set.namespace} get clusters.postgresql.cnpg.io` });
  const name = scratchName(set, tag);
  const cleanUp = async (): Promise<void> => remove(cx, set, [{ kind: KINDS.PostgresCluster, name }]);
  const spec = mapIn(cluster, 'spec');
  const how = mapIn(spec, 'bootstrap', 'recovery')['database'] === undefined ? mapIn(spec, 'bootstrap', 'initdb') : mapIn(spec, 'bootstrap', 'recovery');
  const kept = (from: Readonly<Record<string, unknown>>, keys: readonly string[]): Record<string, unknown> => Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]])));
  try {
    await cx.doors.kube.apply({
      apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', metadata: { name, namespace: set.namespace, labels: scratchLabels(set) },
      spec: {
        ...kept(spec, COPIED), instances: 1, bootstrap: { recovery: { source: 'original', ...kept(how, ['database', 'owner']) } },
        externalClusters: [{ name: 'original', plugin: { name: PLUGIN, parameters: { barmanObjectName: set.protection.restore, serverName: server } } }],
      },
    });
    const done = await cx.wait(`${set.name} to be restored into ${name}`, async () => recovery(cx, set, name), { patience: PATIENCE, every: EVERY });
    if (done === undefined) return { object: name, cleanUp, is: 'unknown', restoredFrom: null, because: 'a dry run restores nothing' };
    if (done !== 'well') return { object: name, cleanUp, restoredFrom: null, ...done };
    const newest = newestOf(set, cluster, seen.store, seen.backups);
    return { object: name, cleanUp, is: 'restored', restoredFrom: newest.is === 'there' ? iso(newest.at) : null, because: `to the end of the archive of ${server}` };
  } catch (error) {
    await quietly(cx, cleanUp);
    if (!isAnswer(error)) throw error;
    return { object: name, is: 'unknown', restoredFrom: null, because: error.because ?? error.what, cleanUp: async () => undefined };
  }
}

/** Attempts of a recovery that have to fail before it counts: the first may meet a name that is not served yet. */
const FAILURES = 2;

/** Why the recovery of a data set's own database is not over, in the words of its last attempt; undefined when it is. */
export async function openBecause(cx: DrContext, set: DataSet): Promise<string | undefined> {
  const stands = await recovery(cx, set, set.object);
  return stands.ok ? (stands.value === 'well' ? undefined : stands.value.because) : stands.because;
}

/** How a recovery stands: well, given up and why, or not yet. */
async function recovery(cx: DrContext, set: DataSet, name: string): Promise<Answer<'well' | { readonly is: 'nothing' | 'unreadable'; readonly because: string }>> {
  const [cluster, pods] = await Promise.all([
    cx.looking.kube.get(KINDS.PostgresCluster, name, set.namespace), cx.looking.kube.list(KINDS.Pod, { namespace: set.namespace, labelSelector: `cnpg.io/cluster=${name}` }),
  ]);
  if (cluster === null) return { ok: false, because: 'it is not there yet' };
  const phase = textIn(cluster, 'status', 'phase') ?? 'not begun';
  if (phase === HEALTHY) return { ok: true, value: 'well' };
  const failed = pods.items.filter((pod) => textIn(pod, 'status', 'phase') === 'Failed');
  const last = failed.at(-1);
  const because = last === undefined ? textIn(cluster, 'status', 'phaseReason') ?? phase : errorIn(await cx.looking.kube.podLog?.(last.metadata.name, set.namespace, LINES) ?? '') ?? endOf(last);
  if (failed.length >= FAILURES || phase.includes('unrecoverable')) return { ok: true, value: { is: /no target backup found/i.test(because) ? 'nothing' : 'unreadable', because } };
  return { ok: false, because: failed.length > 0 ? `${phase}; an attempt failed: ${because}` : phase };
}

const LINES = 50;
/** The error of a recovery in its log, which is one JSON object per line; what a tool of barman said on the way says more than its exit status. */
export function errorIn(log: string): string | undefined {
  const lines = log.split('\n').flatMap((line): readonly Readonly<Record<string, unknown>>[] => {
    try {
      const parsed: unknown = JSON.parse(line);
      return typeof parsed === 'object' && parsed !== null ? [mapIn(parsed)] : [];
    } catch {
      return [];
    }
  });
  const told = lines.map((line) => textIn(line, 'msg') ?? '').findLast((msg) => / ERROR: /.test(msg))?.replace(/^.* ERROR: /, '');
  return told ?? lines.map((line) => (line['level'] === 'error' ? textIn(line, 'error') : undefined)).findLast((error) => error !== undefined);
}

/** How a pod's container ended, where its log says nothing. */
function endOf(pod: KubeObject): string {
  const ended = [...listIn(pod, 'status', 'initContainerStatuses'), ...listIn(pod, 'status', 'containerStatuses')].find((each) => ![undefined, 0].includes(dig(each, ['state', 'terminated', 'exitCode']) as number | undefined));
  return textIn(ended, 'state', 'terminated', 'message') ?? `${textIn(ended, 'name') ?? 'its container'} of pod ${pod.metadata.name} ended with ${String(dig(ended, ['state', 'terminated', 'exitCode']))}`;
}

/**
 * What a rebuild made of a database. Recovery cannot come up empty: without a backup it fails and goes on failing. `known`: when the
 * newest backup of what was lost was complete, as far as anybody knows; the log after it was replayed as far as it was archived. Pure.
 */
export function becameOf(set: BackedUp, cluster: KubeObject | null, store: KubeObject | null, known: { readonly backedUp: number | undefined; readonly generation: string | undefined }): Pick<DataVerdict, 'became' | 'restoredFrom' | 'because'> {
  const not = (became: 'lost' | 'unknown', because: string): Pick<DataVerdict, 'became' | 'restoredFrom' | 'because'> => ({ became, restoredFrom: null, because });
  if (cluster === null) return not('lost', `there is no Cluster ${set.namespace}/${set.object}`);
  if (dig(cluster, ['spec', 'bootstrap', 'recovery']) === undefined) return not('lost', 'its Cluster was made anew (bootstrap.initdb): it came up empty, although a backup protects it');
  const from = recoveredFrom(cluster);
  if (from === undefined) return not('unknown', 'its Cluster does not say which archive it was restored from');
  const phase = textIn(cluster, 'status', 'phase') ?? 'not begun';
  // An instance that was ready once has come through its recovery, whatever befalls it now.
  if (phase !== HEALTHY && textIn(cluster, 'status', 'currentPrimary') === undefined) return not('unknown', `its recovery is not over: ${phase}${textIn(cluster, 'status', 'phaseReason') === undefined ? '' : `: ${textIn(cluster, 'status', 'phaseReason') ?? ''}`}`);
  const trouble = archiving(cluster);
  const tail = trouble === undefined ? '' : `; but ${trouble}`;
  if (known.generation !== undefined && known.generation !== NO_GENERATION && !from.includes(known.generation)) return { became: 'restored', restoredFrom: null, because: `restored from ${from}, which is not the archive of the generation that was lost (${known.generation})${tail}` };
  const told = Date.parse(textIn(mapIn(store, 'status', 'serverRecoveryWindow')[from], 'lastSuccessfulBackupTime') ?? '');
  const times = [told, known.backedUp ?? Number.NaN].filter((at) => !Number.isNaN(at));
  return { became: 'restored', restoredFrom: times.length === 0 ? null : iso(Math.max(...times)), because: `restored by CloudNativePG to the end of the archive of ${from}${times.length === 0 ? '; when its last backup was made nobody tells' : ', at least to its last base backup'}${tail}` };
}
