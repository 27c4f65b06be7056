/** A tiny Kubernetes client over a kubeconfig: what the stand-ins of helmfile, helm and flux reach a cluster with. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { load } from 'js-yaml';
import { ApiError, type KubeObject, type Ref } from '../world/types.ts';
import { isPlain, list, plain, text, type Plain } from '../catalog/data.ts';
import { isObject, type ClusterAccess } from '../catalog/install.ts';

export class KubeconfigError extends Error {}

interface Place { readonly server: URL; readonly ca: string | undefined; readonly serverName: string | undefined; readonly cert: string | undefined; readonly key: string | undefined; readonly token: string | undefined }

const decoded = (value: unknown): string | undefined => (typeof value === 'string' ? Buffer.from(value, 'base64').toString() : undefined);
const named = (value: unknown, name: string): Plain | undefined => list(value).map(plain).find((entry) => entry['name'] === name);

/** Cluster and user of a kubeconfig's context. Throws KubeconfigError in the words client-go uses. */
export function readKubeconfig(file: string, context: string | undefined): Place {
  let content: string;
  try { content = readFileSync(file, 'utf8'); } catch { throw new KubeconfigError(`stat ${file}: no such file or directory`); }
  const config = plain(load(content));
  const wanted = context ?? text(config['current-context']) ?? '';
  const entry = plain(named(config['contexts'], wanted)?.['context']);
  if (Object.keys(entry).length === 0) throw new KubeconfigError(`context "${wanted}" does not exist`);
  const cluster = plain(named(config['clusters'], text(entry['cluster']) ?? '')?.['cluster']);
  const user = plain(named(config['users'], text(entry['user']) ?? '')?.['user']);
  const server = text(cluster['server']);
  if (server === undefined) throw new KubeconfigError(`cluster "${String(entry['cluster'])}" does not exist`);
  return {
    server: new URL(server), ca: decoded(cluster['certificate-authority-data']), serverName: text(cluster['tls-server-name']),
    cert: decoded(user['client-certificate-data']), key: decoded(user['client-key-data']), token: text(user['token']),
  };
}

export interface KubeApi extends ClusterAccess {
  /** Raw request below the server's root; undefined for 404. Throws ApiError as the server says it, Error when it cannot be reached. */
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown>;
  listAll(apiVersion: string, kind: string, namespace?: string): Promise<readonly KubeObject[]>;
  merge(ref: Ref, patch: unknown): Promise<void>;
  close(): void;
}
const TRIES = 10;
/** Seconds that a server asks for are the lab's. */
const pause = (seconds: number): number => Math.max(10, (seconds * 1000) / labSpeed());
const sleep = (ms: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, ms); });

/** Opens a cluster. `agent` is what the server sees as User-Agent. */
export function openCluster(kubeconfig: string, context: string | undefined, agent: string): KubeApi {
  const place = readKubeconfig(kubeconfig, context);
  const connections = new Agent({
    keepAlive: true, maxSockets: 4, ...(place.ca === undefined ? {} : { ca: place.ca }), ...(place.cert === undefined ? {} : { cert: place.cert }), ...(place.key === undefined ? {} : { key: place.key }),
    ...(place.serverName === undefined ? {} : { servername: place.serverName }),
  });
  const kinds = new Map<string, Promise<ReadonlyMap<string, { readonly plural: string; readonly namespaced: boolean }>>>();

  function once(method: string, path: string, body: unknown, contentType: string): Promise<{ readonly code: number; readonly text: string; readonly retryAfter: string | undefined }> {
    return new Promise((resolve, reject) => {
      const payload = body === undefined ? undefined : JSON.stringify(body);
      const message = request({
        agent: connections, host: place.server.hostname, port: place.server.port === '' ? 443 : Number(place.server.port), method, path,
        headers: {
          'user-agent': agent, accept: 'application/json', ...(place.token === undefined ? {} : { authorization: `Bearer ${place.token}` }),
          ...(payload === undefined ? {} : { 'content-type': contentType, 'content-length': String(Buffer.byteLength(payload)) }),
        },
      }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => { resolve({ code: response.statusCode ?? 0, text: Buffer.concat(parts).toString(), retryAfter: response.headers['retry-after'] }); });
        response.on('error', reject);
      });
      message.on('error', reject);
      message.end(payload);
    });
  }
  /**
   * Retries as client-go does: answers that carry Retry-After, and reads whose connection was reset. Server-side applies and
   * deletes are tried again too, which is kinder than helm: they are idempotent, and the fault api-flapping hits every few requests of a
   * chart's dozens, where a real API server drops one in thousands.
   */
  async function call(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<unknown> {
    const again = method === 'GET' || method === 'DELETE' || contentType.startsWith('application/apply-patch');
    for (let attempt = 1; ; attempt++) {
      let answer;
      try { answer = await once(method, path, body, contentType); } catch (error) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : '';
        if (again && attempt < TRIES && (code === 'ECONNRESET' || code === 'EPIPE')) { await sleep(pause(1)); continue; }
        throw new Error(`${method === 'GET' ? 'Get' : method[0] + method.slice(1).toLowerCase()} "${place.server.origin}${path}": ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
      if ((answer.code === 429 || answer.code >= 500) && attempt < TRIES && (answer.retryAfter !== undefined || (again && answer.code === 503))) { await sleep(pause(Number(answer.retryAfter ?? '1'))); continue; }
      if (answer.code >= 200 && answer.code < 300) return answer.text === '' ? undefined : JSON.parse(answer.text);
      const status = parsedStatus(answer.text);
      if (answer.code === 404 && method === 'GET') return undefined;
      throw new ApiError(answer.code, text(status['reason']) ?? '', text(status['message']) ?? `the server answered ${answer.code}`, status['details']);
    }
  }
  async function kindsOf(apiVersion: string): Promise<ReadonlyMap<string, { readonly plural: string; readonly namespaced: boolean }>> {
    const known = kinds.get(apiVersion);
    if (known !== undefined) return known;
    const asked = call('GET', root(apiVersion)).then((answer) => new Map(list(at(answer)).map(plain).filter((entry) => !String(entry['name']).includes('/')).map((entry) => [String(entry['kind']), { plural: String(entry['name']), namespaced: entry['namespaced'] === true }])));
    kinds.set(apiVersion, asked);
    const found = await asked;
    // A group that is not there yet may come: it is asked again next time.
    if (found.size === 0) kinds.delete(apiVersion);
    return found;
  }
  const at = (answer: unknown): unknown => plain(answer)['resources'];
  const root = (apiVersion: string): string => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);
  async function pathOf(apiVersion: string, kind: string, namespace: string | undefined, name?: string): Promise<string | undefined> {
    let type = (await kindsOf(apiVersion)).get(kind);
    if (type === undefined) { kinds.delete(apiVersion); type = (await kindsOf(apiVersion)).get(kind); }
    if (type === undefined) return undefined;
    return `${root(apiVersion)}${type.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : ''}/${type.plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
  }
  async function must(ref: Ref): Promise<string> {
    const path = await pathOf(ref.apiVersion, ref.kind, ref.namespace, ref.name);
    if (path === undefined) throw new Error(`no matches for kind "${ref.kind}" in version "${ref.apiVersion}"`);
    return path;
  }
  async function items(path: string, apiVersion: string, kind: string): Promise<KubeObject[]> {
    return list(plain(await call('GET', path))['items']).map((item) => (isPlain(item) ? { apiVersion, kind, ...item } : item)).filter(isObject);
  }
  return {
    call,
    async get(ref) {
      const path = await pathOf(ref.apiVersion, ref.kind, ref.namespace, ref.name);
      const answer = path === undefined ? undefined : await call('GET', path);
      return isObject(answer) ? answer : undefined;
    },
    async list(apiVersion, kind, namespace, labels) {
      const path = await pathOf(apiVersion, kind, namespace);
      const selector = Object.entries(labels).map(([key, value]) => `${key}=${value}`).join(',');
      return path === undefined ? [] : items(`${path}${selector === '' ? '' : `?labelSelector=${encodeURIComponent(selector)}`}`, apiVersion, kind);
    },
    async listAll(apiVersion, kind, namespace) {
      const path = await pathOf(apiVersion, kind, namespace);
      if (path === undefined) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
      return items(path, apiVersion, kind);
    },
    async apply(object, options) {
      const path = await must({ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }) });
      await call('PATCH', `${path}?fieldManager=${encodeURIComponent(options.manager)}&force=${options.force}`, object, 'application/apply-patch+yaml');
    },
    async merge(ref, patch) { await call('PATCH', await must(ref), patch, 'application/merge-patch+json'); },
    async delete(ref) {
      try { await call('DELETE', await must(ref)); } catch (error) { if (!(error instanceof ApiError && error.code === 404)) throw error; }
    },
    async namespaced(apiVersion, kind) {
      await pathOf(apiVersion, kind, undefined);
      return (await kindsOf(apiVersion)).get(kind)?.namespaced;
    },
    close() { connections.destroy(); },
  };
}
function parsedStatus(body: string): Plain {
  try { return plain(JSON.parse(body)); } catch { return { message: body.slice(0, 200) }; }
}

/** Simulated seconds per wall second, so that a tool's own timeouts run on the lab's clock. */
export function labSpeed(): number {
  const speed = Number(process.env['LAB_SPEED'] ?? '60');
  return Number.isFinite(speed) && speed > 0 ? speed : 60;
}
/** Waits this long of the wall between two looks. */
export const LOOK_MS = 40;
export { sleep };
