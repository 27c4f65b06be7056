/** The Barman Cloud plugin over simulated archives: where a database archives, how far its log reaches there, what a recovery finds. */
import type { Archive, Content } from '../../world/data.ts';
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, list, plain, text, type Plain } from '../../catalog/data.ts';
import { befalls } from '../faults/befalls.ts';
import { befallsStore } from './faults.ts';
import { dataOf } from './memory.ts';

export const PLUGIN = 'barman-cloud.cloudnative-pg.io';
export const BARMAN = { 'app.kubernetes.io/name': 'plugin-barman-cloud' };
export const BARMAN_API = 'barmancloud.cnpg.io/v1';

/** A place in a store: the ObjectStore that leads there and the server name below it. */
export interface Place { readonly store: KubeObject; readonly server: string; readonly key: string }

function placeOf(cx: ControllerContext, namespace: string, parameters: Plain, otherwise: string): Place | { readonly error: string } {
  const name = text(parameters['barmanObjectName']) ?? '';
  const store = cx.store.typeOf(BARMAN_API, 'ObjectStore') === undefined ? undefined : cx.store.get({ apiVersion: BARMAN_API, kind: 'ObjectStore', name, namespace });
  if (store === undefined) return { error: `objectstores.barmancloud.cnpg.io "${name}" not found` };
  const server = text(parameters['serverName']) ?? otherwise;
  const configuration = plain(at(store.spec, 'configuration'));
  return { store, server, key: `${text(configuration['endpointURL']) ?? ''} ${(text(configuration['destinationPath']) ?? '').replace(/\/+$/, '')}/${server}` };
}

/** Where a database archives its log and keeps its backups; undefined when it does not. */
export function destinationOf(cx: ControllerContext, cluster: KubeObject): Place | { readonly error: string } | undefined {
  const plugin = list(at(cluster.spec, 'plugins')).map(plain).find((entry) => entry['name'] === PLUGIN && entry['enabled'] !== false && entry['isWALArchiver'] === true);
  return plugin === undefined ? undefined : placeOf(cx, cluster.metadata.namespace ?? '', plain(plugin['parameters']), cluster.metadata.name);
}
/** Where it is recovered from; undefined when it is not. */
export function sourceOf(cx: ControllerContext, cluster: KubeObject): Place | { readonly error: string } | undefined {
  const source = text(at(cluster.spec, 'bootstrap.recovery.source'));
  if (source === undefined) return undefined;
  const external = list(at(cluster.spec, 'externalClusters')).map(plain).find((entry) => entry['name'] === source);
  if (external === undefined) return { error: `missing external cluster: ${source}` };
  return placeOf(cx, cluster.metadata.namespace ?? '', plain(at(external, 'plugin.parameters')), source);
}

/** Says that an archive was checked and may not be written to: something is there that this database did not write. */
export const notEmpty = (server: string): string => `WAL archive check failed for server ${server}: Expected empty archive`;
export function archiveIsForeign(cx: ControllerContext, place: Place, cluster: KubeObject): boolean {
  const found = dataOf(cx).archives[place.key];
  return (found !== undefined && found.writer !== cluster.metadata.uid) || befalls(cx, 'archive-not-empty', cluster);
}

const storeFailed = (server: string): string => `rpc error: code = Unknown desc = unexpected failure invoking barman-cloud-wal-archive: exit status ${server === '' ? 1 : 2}`;

/** Closes the present segment of the log and archives it. Answers why it could not, in the plugin's words. */
export function archive(cx: ControllerContext, place: Place, cluster: KubeObject, content: Content, checked: boolean): string | undefined {
  const data = dataOf(cx);
  if (befallsStore(cx)) return storeFailed(place.server);
  if (checked && archiveIsForeign(cx, place, cluster)) return storeFailed('');
  const until = cx.clock.now();
  const own = data.archives[place.key];
  if (own === undefined) data.archives[place.key] = { writer: cluster.metadata.uid ?? '', bases: [], wal: { segment: 1, until, content } };
  else own.wal = { segment: own.wal.segment + 1, until, content };
  data.changed();
  return undefined;
}

/** A log file's name on the first timeline. */
export function walName(segment: number): string { return `00000001${'0'.repeat(8)}${segment.toString(16).toUpperCase().padStart(8, '0')}`; }
export function lsn(segment: number, offset: number): string { return `0/${(segment * 0x1000000 + offset).toString(16).toUpperCase()}`; }
/** As barman names a backup: to the second, in UTC. */
export function stamp(ms: number): string { return new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, ''); }

export function archiveAt(cx: ControllerContext, place: Place): Archive | undefined { return dataOf(cx).archives[place.key]; }
