/** What a request asks for: its path, its query, its body. */
import type { IncomingMessage } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { ApiError } from '../world/types.ts';
import type { ResourceType, Store } from '../world/types.ts';
import { badRequest, notServed } from './errors.ts';
import { fromProtobuf, PROTOBUF } from './protobuf.ts';
import { servedVersions } from './registry.ts';

/** A resource path, resolved. */
export interface Target {
  readonly type: ResourceType; readonly apiVersion: string;
  readonly namespace: string | undefined; readonly name: string | undefined; readonly subresource: string | undefined;
}

/** Resolves `/api/v1/...` and `/apis/G/V/...`. Throws 404 when nothing like it is served. */
export function targetOf(path: string, store: Store): Target {
  const words = path.split('/').slice(1).map((word) => decodeURIComponent(word));
  const core = words[0] === 'api';
  const [group = '', version = ''] = core ? ['', words[1]] : [words[1], words[2]];
  let rest = words.slice(core ? 2 : 3);
  let namespace: string | undefined;
  // /namespaces/x/pods is in a namespace; /namespaces/x and /namespaces/x/status are the namespace itself.
  if (rest[0] === 'namespaces' && rest.length > 2 && !(core && (rest[2] === 'status' || rest[2] === 'finalize'))) {
    namespace = rest[1];
    rest = rest.slice(2);
  }
  const [plural, name, subresource] = rest;
  const type = store.types().find((candidate) => candidate.group === group && candidate.plural === plural && servedVersions(candidate).includes(version));
  if (type === undefined || rest.length > 3 || (namespace !== undefined && !type.namespaced) || (name !== undefined && type.namespaced && namespace === undefined)) throw notServed();
  return { type, apiVersion: core ? version : `${group}/${version}`, namespace, name, subresource };
}

const KNOWN = new Set([
  'pretty', 'fieldManager', 'fieldValidation', 'dryRun', 'force', 'labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'watch', 'timeoutSeconds', 'timeout',
  'allowWatchBookmarks', 'sendInitialEvents', 'includeObject', 'propagationPolicy', 'gracePeriodSeconds', 'orphanDependents', 'ignoreStoreReadErrorWithClusterBreakingPotential',
  'container', 'follow', 'previous', 'sinceSeconds', 'sinceTime', 'tailLines', 'timestamps', 'limitBytes', 'insecureSkipTLSVerifyBackend',
]);

/** Refuses parameters the lab does not know, so that none is ignored in silence. */
export function checkQuery(query: URLSearchParams): void {
  for (const key of query.keys()) if (!KNOWN.has(key)) throw badRequest(`unknown query parameter "${key}" (the lab's API server does not model it)`);
  const dryRun = query.get('dryRun');
  if (dryRun !== null && dryRun !== 'All') throw new ApiError(422, 'Invalid', `dryRun: Unsupported value: ${JSON.stringify(dryRun)}: supported values: "All"`, {});
  for (const key of ['limit', 'timeoutSeconds', 'gracePeriodSeconds']) if (!/^\d*$/.test(query.get(key) ?? '')) throw badRequest(`${key}: not a number: ${query.get(key) ?? ''}`);
}
export const isTrue = (value: string | null): boolean => value === 'true' || value === '1';

/** Bodies larger than this are refused, as the API server does. */
const LIMIT = 3 * 1024 * 1024;

/** Wall ms a body may take after its headers: clients are on the same machine. */
const BODY_MS = 3_000;

/** The body as text; protobuf is turned into JSON. Throws 413 when it is too large, 415 for protobuf that is not known. */
export async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // About one request with a body in twelve thousand comes without it on a busy machine (seen with Node 24: headers parsed, not a byte of the
  // body, on a kept connection), and would keep its client waiting for a minute. Closed, the client asks again at once.
  const lost = setTimeout(() => request.socket.destroy(), BODY_MS);
  try {
    for await (const chunk of request) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      size += bytes.length;
      if (size > LIMIT) throw new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${LIMIT}`);
      chunks.push(bytes);
    }
  } finally {
    clearTimeout(lost);
  }
  const body = Buffer.concat(chunks);
  return mediaType(request) === PROTOBUF && body.length > 0 ? JSON.stringify(fromProtobuf(body)) : body.toString();
}

/** JSON, or YAML where that is allowed (JSON is tried first, being so much faster). Throws 400. */
export function parseBody(text: string, yaml: boolean): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const because = error instanceof Error ? error.message : String(error);
    if (!yaml) throw badRequest(`the object provided is unrecognized (must be of type application/json): couldn't parse JSON: ${because}`);
  }
  try {
    const value: unknown = parseYaml(text, { merge: true });
    return value;
  } catch (error) {
    throw badRequest(`error decoding YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The media type of the body, without parameters. */
export const mediaType = (request: IncomingMessage): string => (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
/** The body's formats a create or update may have. Throws 415 on others. */
export function yamlAllowed(request: IncomingMessage): boolean {
  const type = mediaType(request);
  if (type === 'application/json' || type === '' || type === PROTOBUF) return false;
  if (type === 'application/yaml') return true;
  throw unsupported('application/json, application/yaml');
}
export const unsupported = (accepted: string): ApiError => new ApiError(415, 'UnsupportedMediaType', `the body of the request was in an unknown format - accepted media types include: ${accepted}`);
