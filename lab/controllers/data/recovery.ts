/** How a database begins: the Jobs of CloudNativePG that make its first instance, empty or out of an archive. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, iso, text } from '../../catalog/data.ts';
import { befalls, faultsOf } from '../faults/befalls.ts';
import { archiveAt, archiveIsForeign, destinationOf, notEmpty, sourceOf, walName, type Place } from './barman.ts';
import { POSTGRES } from './databases.ts';
import { befallsStore } from './faults.ts';
import { claimsOf, type Inside } from './claims.ts';
import { putContent, SENTINEL_ROW } from './memory.ts';

export const JOB_ROLE = 'cnpg.io/jobRole';

/** How such a pod ends; undefined when it is none. */
export function bootstraps(cx: ControllerContext, pod: KubeObject): Inside | undefined {
  const role = pod.metadata.labels?.[JOB_ROLE];
  const name = pod.metadata.labels?.['cnpg.io/cluster'];
  const volume = claimsOf(cx, pod)[0];
  if (role === undefined || name === undefined || volume === undefined || cx.store.typeOf(POSTGRES, 'Cluster') === undefined) return undefined;
  const cluster = cx.store.get({ apiVersion: POSTGRES, kind: 'Cluster', name, namespace: pod.metadata.namespace ?? '' });
  if (cluster === undefined) return undefined;
  if (role === 'initdb') {
    putContent(cx, volume, { created: iso(cx.clock.now()) });
    return { exitCode: 0 };
  }
  const lines: string[] = [];
  const say = (level: 'info' | 'error', msg: string, more: Readonly<Record<string, unknown>> = {}): void => { lines.push(JSON.stringify({ level, ts: new Date(cx.clock.now()).toISOString(), msg, logging_pod: pod.metadata.name, ...more })); };
  const failed = (error: string): Inside => {
    say('error', 'Error while restoring a backup', { error });
    return { exitCode: 1, log: `${lines.join('\n')}\n` };
  };
  const from = sourceOf(cx, cluster);
  if (from === undefined) return { exitCode: 0 };
  if ('error' in from) return failed(from.error);
  const to = destinationOf(cx, cluster);
  if (to !== undefined && 'error' in to) return failed(to.error);
  if (to !== undefined && cluster.metadata.annotations?.['cnpg.io/skipEmptyWalArchiveCheck'] !== 'enabled') {
    say('info', 'barman-cloud-check-wal-archive checking the first wal');
    const tool = (text: string): void => { say('info', `${iso(cx.clock.now()).replace('T', ' ').replace('Z', ',032')} [17] ERROR: ${text}`, { logger: 'barman-cloud-check-wal-archive', pipe: 'stderr' }); };
    const invoked = (status: number): Inside => {
      say('error', 'Error invoking barman-cloud-check-wal-archive', { options: ['--endpoint-url', at(to.store.spec, 'configuration.endpointURL'), '--cloud-provider', 'aws-s3', at(to.store.spec, 'configuration.destinationPath'), to.server], exitCode: -1, error: `exit status ${status}` });
      return failed(`rpc error: code = Unknown desc = unexpected failure invoking barman-cloud-wal-archive: exit status ${status}`);
    };
    if (befallsStore(cx)) {
      tool(`Can't connect to cloud provider: Could not connect to the endpoint URL: "${text(at(to.store.spec, 'configuration.endpointURL')) ?? ''}/backups"`);
      return invoked(2);
    }
    if (archiveIsForeign(cx, to, cluster)) {
      tool(notEmpty(to.server));
      return invoked(1);
    }
  }
  if (befallsStore(cx)) {
    const url = text(at(from.store.spec, 'configuration.endpointURL')) ?? '';
    say('error', "Can't list backups", { command: 'barman-cloud-backup-list', stderr: `ERROR: Barman cloud backup list exception: Could not connect to the endpoint URL: "${url}/backups"`, error: 'exit status 4' });
    return failed('rpc error: code = Unknown desc = exit status 4');
  }
  const archive = archiveAt(cx, from);
  const base = archive?.bases.at(-1);
  if (archive === undefined || base === undefined) return failed('no target backup found');
  say('info', 'Target backup found', { backup: { id: base.id, serverName: from.server, stoppedAt: iso(base.end) } });
  if (befalls(cx, 'postgres-restore-fails', cluster) || isGone(cx, from)) {
    return failed(`rpc error: code = Unknown desc = encountered an error while checking the presence of first needed WAL in the archive: file not found ${walName(base.segment)}: WAL not found`);
  }
  const { [SENTINEL_ROW]: _lost, ...rest } = archive.wal.content;
  putContent(cx, volume, befalls(cx, 'sentinel-lost', cluster) ? rest : archive.wal.content);
  say('info', 'Restore completed', { backup: base.id });
  say('info', 'record', { logger: 'postgres', record: { message: `last completed transaction was at log time ${new Date(archive.wal.until).toISOString().replace('T', ' ').replace('Z', '+00')}` } });
  return { exitCode: 0, log: `${lines.join('\n')}\n` };
}
/** What is gone from a database's archive is missed by whoever is recovered from it, under whatever name. */
function isGone(cx: ControllerContext, from: Place): boolean {
  return faultsOf(cx, 'postgres-restore-fails').some(({ object }) => object !== undefined && from.server.startsWith(`${object.split('/').at(-1) ?? ''}-`));
}
