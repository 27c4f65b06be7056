/** A Kubernetes API over a store. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '../world/types.ts';
import type { ApiHandler, ApiServerOptions, MakeApiHandler, RequestCounts } from '../world/types.ts';
import { establishCrds } from './crd-establish.ts';
import { aggregated, AGGREGATED_TYPE, apiGroupList, apiGroupOf, apiResourceList, apiVersions, versionInfo, wantsAggregated } from './discovery.ts';
import { notServed, qualified } from './errors.ts';
import { createFlapping } from './flaky.ts';
import { openapiDocument, openapiIndex } from './openapi.ts';
import { read, sendJson } from './reading.ts';
import { checkQuery, isTrue, readText, targetOf } from './request.ts';
import type { Target } from './request.ts';
import { createWatches } from './watch.ts';
import { dryRunAsked, write } from './writing.ts';

export type User = Parameters<ApiHandler>[2];
export interface Api { readonly handle: ApiHandler; close(): void; counters(): RequestCounts }

/** The body of a refusal. */
export function statusOf(error: ApiError): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: error.message, ...(error.reason === '' ? {} : { reason: error.reason }), ...(error.details === undefined ? {} : { details: error.details }), code: error.code };
}

/** Makes an API; `MakeApiHandler` with the counters besides. It also establishes CRDs, as the real server does itself. */
export function createApi(options: ApiServerOptions): Api {
  const { store, clock, log } = options;
  const watches = createWatches(options);
  const establisher = establishCrds(options);
  const flapping = createFlapping(options.faults, options.cluster);
  const counts = new Map<string, Map<string, number>>();
  const count = (client: string, verb: string): void => {
    const own = counts.get(client) ?? new Map<string, number>();
    own.set(verb, (own.get(verb) ?? 0) + 1);
    counts.set(client, own);
  };
  let closed = false;

  const answer = async (request: IncomingMessage, response: ServerResponse, user: User): Promise<void> => {
    const url = new URL(request.url ?? '/', 'https://kubernetes');
    const method = request.method ?? 'GET';
    const client = (request.headers['user-agent'] ?? 'unknown').split(/[\s/]/)[0] ?? 'unknown';
    if (closed) throw new ApiError(503, 'ServiceUnavailable', 'the server is shutting down');
    const fate = flapping();
    if (fate === 'reset') {
      request.socket.destroy();
      return;
    }
    if (fate !== 'pass') request.resume();
    if (fate === 'throttle') {
      sendJson(response, 429, statusOf(new ApiError(429, 'TooManyRequests', 'the server has received too many requests and has asked us to try again later', { retryAfterSeconds: 1 })), { 'retry-after': '1' });
      return;
    }
    if (fate === 'unavailable') throw new ApiError(503, 'ServiceUnavailable', 'the server is currently unable to handle the request');
    if (method === 'GET' && nonResource(options, url.pathname, request, response)) {
      count(client, /^\/(readyz|livez|healthz|version)/.exec(url.pathname)?.[1] ?? 'discovery');
      return;
    }
    const target = targetOf(url.pathname, store);
    checkQuery(url.searchParams);
    const verb = verbOf(method, target, url.searchParams);
    authorize(user, verb, target);
    if (method === 'GET') {
      count(client, verb);
      read({ store, clock, watches }, { request, response, query: url.searchParams, target });
      return;
    }
    const text = await readText(request);
    const dry = dryRunAsked(url.searchParams, method, text);
    count(client, dry ? `${verb} (dry run)` : verb);
    const note = (result: string): void => { if (!dry) log.add({ cluster: options.cluster, kind: 'kube', by: client, verb, object: url.pathname, write: true, result }); };
    try {
      const done = write(store, method, { request, query: url.searchParams, target, text, manager: url.searchParams.get('fieldManager') ?? client });
      note(done.result);
      sendJson(response, done.code, done.body);
    } catch (error) {
      note(error instanceof ApiError ? `${error.code} ${error.reason}` : `500 ${String(error)}`);
      throw error;
    }
  };
  return {
    handle(request, response, user) {
      answer(request, response, user).catch((error: unknown) => {
        if (response.headersSent || response.destroyed) {
          response.destroy();
          return;
        }
        // A body that was not read would be taken for the next request.
        request.resume();
        const refusal = error instanceof ApiError ? error : new ApiError(500, 'InternalError', `Internal error occurred: ${error instanceof Error ? error.message : String(error)}`);
        sendJson(response, refusal.code, statusOf(refusal));
      });
    },
    close() {
      closed = true;
      establisher.stop();
      watches.close();
    },
    counters: () => Object.fromEntries([...counts].map(([client, verbs]) => [client, Object.fromEntries(verbs)])),
  };
}
/** The API of one cluster as the lab's world starts it. */
export const makeApiHandler: MakeApiHandler = createApi;

/** Paths that are no resources. False when it is none of them. */
function nonResource(options: ApiServerOptions, path: string, request: IncomingMessage, response: ServerResponse): boolean {
  const { store } = options;
  const accept = request.headers.accept ?? '';
  const words = path.split('/').filter((word) => word !== '');
  if (['/readyz', '/livez', '/healthz'].includes(path)) {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8', 'content-length': 2 });
    response.end('ok');
    return true;
  }
  const send = (body: object | undefined, type = 'application/json'): true => {
    if (body === undefined) throw notServed();
    sendJson(response, 200, body, { 'content-type': type });
    return true;
  };
  if (path === '/version' || path === '/version/') return send(versionInfo(options.kubernetesVersion));
  if ((path === '/api' || path === '/apis') && wantsAggregated(accept)) return send(aggregated(store, path === '/api'), AGGREGATED_TYPE);
  if (path === '/api') return send(apiVersions(request.headers.host ?? ''));
  if (path === '/apis') return send(apiGroupList(store));
  if (words[0] === 'api' && words.length === 2) return send(apiResourceList(store, '', words[1] ?? ''));
  if (words[0] === 'apis' && words.length === 2) return send(apiGroupOf(store, words[1] ?? ''));
  if (words[0] === 'apis' && words.length === 3) return send(apiResourceList(store, words[1] ?? '', words[2] ?? ''));
  if (path === '/openapi/v3') return send(openapiIndex(store));
  if (path.startsWith('/openapi/v3/')) return send(openapiDocument(store, path.slice('/openapi/v3/'.length)));
  if (words[0] !== 'api' && words[0] !== 'apis') throw notServed();
  return false;
}

function verbOf(method: string, target: Target, query: URLSearchParams): string {
  if (method === 'GET') return isTrue(query.get('watch')) ? 'watch' : target.name === undefined ? 'list' : 'get';
  if (method === 'DELETE') return target.name === undefined ? 'deletecollection' : 'delete';
  const verb = { POST: 'create', PUT: 'update', PATCH: 'patch' }[method];
  if (verb === undefined) throw new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
  return verb;
}

/** The lab knows one role: members of system:masters may do anything, others nothing. */
function authorize(user: User, verb: string, target: Target): void {
  if (user.groups.includes('system:masters')) return;
  const { type, name, namespace } = target;
  const where = namespace === undefined ? ' at the cluster scope' : ` in the namespace "${namespace}"`;
  throw new ApiError(403, 'Forbidden', `${qualified(type)}${name === undefined ? '' : ` "${name}"`} is forbidden: User "${user.name}" cannot ${verb} resource "${type.plural}" in API group "${type.group}"${where}`, { ...(name === undefined ? {} : { name }), group: type.group, kind: type.plural });
}
