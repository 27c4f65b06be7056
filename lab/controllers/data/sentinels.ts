/** The Jobs that write and read sentinels (scripts/probes/sentinel.ts), done against what volumes and databases hold in the lab. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { at, list, plain, text } from '../../catalog/data.ts';
import { database, databaseUp } from './databases.ts';
import { claimsOf, type Inside } from './claims.ts';
import { contentOf, putContent, SENTINEL_FILE, SENTINEL_ROW } from './memory.ts';

/** What the Job is to do is told by this label of its pod: `write` or `read`, in a `volume` or a `postgres`. */
const DOES = 'task.dr/sentinel';

function environment(cx: ControllerContext, pod: KubeObject): Readonly<Record<string, string>> {
  const out: Record<string, string> = {};
  for (const entry of list(plain(list(pod.spec?.['containers'])[0])['env']).map(plain)) {
    const reference = plain(at(entry, 'valueFrom.secretKeyRef'));
    const secret = text(reference['name']) === undefined ? undefined : cx.store.get({ apiVersion: 'v1', kind: 'Secret', name: String(reference['name']), namespace: pod.metadata.namespace ?? '' });
    out[String(entry['name'])] = text(entry['value']) ?? Buffer.from(secret?.data?.[String(reference['key'])] ?? '', 'base64').toString();
  }
  return out;
}

/** How such a pod ends; undefined when it is none. */
export function sentinelJob(cx: ControllerContext, pod: KubeObject): Inside | undefined {
  const does = pod.metadata.labels?.[DOES];
  if (does === undefined) return undefined;
  const env = environment(cx, pod);
  const value = env['SENTINEL'] ?? '';
  if (does === 'write-volume' || does === 'read-volume') {
    const claim = claimsOf(cx, pod)[0];
    if (claim === undefined) return { exitCode: 1, message: '/data: not mounted' };
    if (does === 'write-volume') putContent(cx, claim, { ...contentOf(cx, claim), [SENTINEL_FILE]: value });
    return told(contentOf(cx, claim)[SENTINEL_FILE]);
  }
  const host = URL.canParse(env['PGURI'] ?? '') ? new URL(env['PGURI'] ?? '').hostname : '';
  const name = /^([a-z0-9-]+)-rw(\.|$)/.exec(host)?.[1];
  const own = name === undefined ? undefined : database(cx, pod.metadata.namespace ?? '', name);
  if (own === undefined) return { exitCode: 2, message: `psql: error: could not translate host name "${host}" to address: Name or service not known` };
  if (!databaseUp(cx, own.cluster)) return { exitCode: 2, message: `psql: error: connection to server at "${host}", port 5432 failed: Connection refused` };
  if (does === 'write-postgres') putContent(cx, own.volume, { ...contentOf(cx, own.volume), [SENTINEL_ROW]: value });
  return told(contentOf(cx, own.volume)[SENTINEL_ROW]);
}
const told = (found: string | undefined): Inside => ({ exitCode: 0, message: found === undefined ? 'none' : `found ${found}` });
