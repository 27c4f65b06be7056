import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { Rig } from './rig.ts';

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Fields that differ between two clusters made alike: identities, counters and times, the name of the making itself. */
const VOLATILE = new Set(['uid', 'resourceVersion', 'managedFields', 'generation', 'observedGeneration', 'bootID', 'modifiedAt', 'syncedResourceVersion', 'DATA_GENERATION']);
/** Addresses of Services are drawn in the order of their making; that one has none is no chance. */
const ADDRESSES = new Set(['clusterIP', 'clusterIPs']);
/** Kinds that record what happened rather than what is. */
const RECORDS = new Set(['Event', 'Lease']);
/** Kinds whose names and addresses are drawn by lot: counted by owner. */
const DRAWN = new Set(['Pod', 'EndpointSlice']);

/**
 * What a cluster holds, one entry per object, `kind namespace/name` to a digest of all that does not differ between two clusters made
 * alike. Read through the lab's API server, with the cluster's own kubeconfig: what a person would see.
 */
export async function fingerprint(rig: Rig, cluster: string): Promise<ReadonlyMap<string, string>> {
  const get = kubeClient(rig, cluster);
  const groups = list(fields(await get('/apis'))['groups']).map((group) => `/apis/${text(fields(fields(group)['preferredVersion'])['groupVersion'])}`);
  const found = new Map<string, string>();
  for (const base of ['/api/v1', ...groups]) {
    for (const resource of list(fields(await get(base))['resources']).map(fields)) {
      const [name, kind] = [text(resource['name']), text(resource['kind'])];
      if (name.includes('/') || RECORDS.has(kind) || !list(resource['verbs']).includes('list')) continue;
      for (const item of list(fields(await get(`${base}/${name}`))['items'])) {
        const object = fields(item);
        const metadata = fields(object['metadata']);
        if (DRAWN.has(kind)) {
          const owner = fields(list(metadata['ownerReferences'])[0]);
          const key = `${kind} of ${text(owner['kind'])} ${text(metadata['namespace'])}/${text(owner['name'])}`;
          found.set(key, String(Number(found.get(key) ?? '0') + 1));
          continue;
        }
        const key = `${kind} ${text(metadata['namespace'])}/${text(metadata['name'])}`;
        found.set(key, createHash('sha256').update(JSON.stringify(lasting(kind === 'Secret' ? { ...object, data: Object.keys(fields(object['data'])).toSorted() } : object))).digest('hex').slice(0, 12));
      }
    }
  }
  return found;
}

const MOMENT = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const DURATION = /\b(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?m?s\b/g;

/** The value without what is volatile, keys in order; how long something took is left out where it is told, in a status. */
function lasting(value: unknown, told = false): unknown {
  if (typeof value === 'string') return (told ? value.replace(DURATION, '<duration>') : value).replace(MOMENT, '<moment>');
  if (Array.isArray(value)) return value.map((item) => lasting(item, told));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([key, inner]) => !VOLATILE.has(key) && !(ADDRESSES.has(key) && inner !== 'None')).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, lasting(inner, told || key === 'status')]));
}

/** The files the runner keeps of one cluster of this rig's lab. */
export function clusterFolder(rig: Rig, cluster: string): string {
  const target = fields(JSON.parse(readFileSync(join(rig.taskDir, 'lab/target.json'), 'utf8')));
  return join(rig.taskDir, 'targets', text(target['id']), cluster);
}

/** Asks a cluster's API server, with the cluster's own kubeconfig. Anything but 2xx is an error that begins with the method, the path and the status. */
export function kubeClient(rig: Rig, cluster: string): (path: string, method?: string, body?: unknown) => Promise<unknown> {
  const config = fields(load(readFileSync(join(clusterFolder(rig, cluster), 'kubeconfig.dial'), 'utf8')));
  const server = fields(fields(list(config['clusters'])[0])['cluster']);
  const user = fields(fields(list(config['users'])[0])['user']);
  const pem = (value: unknown): string => Buffer.from(text(value), 'base64').toString();
  const url = new URL(text(server['server']));
  return (path, method = 'GET', body) => new Promise((resolve, reject) => {
    const asked = request({
      host: url.hostname, port: url.port, path, method, headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) }, servername: text(server['tls-server-name']) || url.hostname,
      ca: pem(server['certificate-authority-data']), cert: pem(user['client-certificate-data']), key: pem(user['client-key-data']),
    }, (response) => {
      let said = '';
      response.setEncoding('utf8').on('data', (chunk: string) => { said += chunk; });
      response.on('end', () => (Math.floor((response.statusCode ?? 0) / 100) === 2 ? resolve(JSON.parse(said)) : reject(new Error(`${method} ${path}: ${response.statusCode} ${said.slice(0, 200)}`))));
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** What differs between two fingerprints, as sentences; empty when they are the same. */
export function differences(expected: ReadonlyMap<string, string>, found: ReadonlyMap<string, string>): readonly string[] {
  return [
    ...[...expected.keys()].filter((key) => !found.has(key)).map((key) => `missing: ${key}`),
    ...[...found.keys()].filter((key) => !expected.has(key)).map((key) => `too many: ${key}`),
    ...[...found].filter(([key, digest]) => expected.has(key) && expected.get(key) !== digest).map(([key]) => `differs: ${key}`),
  ];
}
