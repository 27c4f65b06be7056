/** Lists, single objects, watches, logs: requests that change nothing. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '../world/types.ts';
import type { KubeObject, SimClock, Store } from '../world/types.ts';
import { at, isFields } from '../world/value.ts';
import { badRequest, notFound, notServed } from './errors.ts';
import { scalable } from './discovery.ts';
import { isBuiltIn } from './registry.ts';
import { isTrue } from './request.ts';
import type { Target } from './request.ts';
import { fieldSelector, labelSelector } from './selectors.ts';
import type { Match } from './selectors.ts';
import { negotiate, partial, tableOf } from './table.ts';
import type { Form, Include } from './table.ts';
import type { Watches } from './watch.ts';

export interface Reader { readonly store: Store; readonly clock: SimClock; readonly watches: Watches }
export interface Call { readonly request: IncomingMessage; readonly response: ServerResponse; readonly query: URLSearchParams; readonly target: Target }

/** Writes a JSON answer. */
export function sendJson(response: ServerResponse, code: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  sendText(response, code, JSON.stringify(body), headers);
}
function sendText(response: ServerResponse, code: number, json: string, headers: Readonly<Record<string, string>> = {}): void {
  const text = `${json}\n`;
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), 'cache-control': 'no-cache, private', ...headers });
  response.end(text);
}

function formOf(call: Call): Form {
  const form = negotiate(call.request.headers.accept ?? '');
  if (form === undefined) throw new ApiError(406, 'NotAcceptable', 'only the following media types are accepted: application/json, application/json;as=Table;g=meta.k8s.io;v=v1, application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1');
  return form;
}
function includeOf(query: URLSearchParams): Include {
  const value = query.get('includeObject') ?? 'Metadata';
  if (value !== 'None' && value !== 'Metadata' && value !== 'Object') throw badRequest(`includeObject: unsupported value: ${value}`);
  return value;
}

/** What the selectors of a list, watch or deletecollection let through. Throws 400. */
export function matchOf(query: URLSearchParams, target: Target): Match {
  const labels = query.get('labelSelector') ?? '';
  const fields = query.get('fieldSelector') ?? '';
  const tests = [...(labels === '' ? [] : [labelSelector(labels)]), ...(fields === '' ? [] : [fieldSelector(fields, target.type)])];
  // /pods/x?watch is not asked for any more, but a watch of one name by its path is.
  if (target.name !== undefined) tests.push((object) => object.metadata.name === target.name);
  return (object) => tests.every((test) => test(object));
}
export const refOf = (target: Target, name: string): { apiVersion: string; kind: string; name: string; namespace?: string } => ({
  apiVersion: target.apiVersion, kind: target.type.kind, name, ...(target.namespace === undefined ? {} : { namespace: target.namespace }),
});

/** Answers a GET on a resource path. */
export function read(cx: Reader, call: Call): void {
  const { query, target, response } = call;
  if (isTrue(query.get('watch'))) watch(cx, call);
  else if (target.name === undefined) list(cx, call);
  else if (target.subresource === undefined || target.subresource === 'status') one(cx, call, target.name);
  else if (target.subresource === 'log' && target.type.kind === 'Pod' && target.type.group === '') {
    // Kept by the lab's own kubelet (controllers/pods.ts).
    const kept = must(cx.store, target, target.name).metadata.annotations?.['lab.task/log'];
    const text = kept ?? `(simulated) pod ${target.namespace ?? ''}/${target.name}: nothing runs inside, so there is nothing to log\n`;
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  } else if (target.subresource === 'scale' && scalable(target.type)) sendJson(response, 200, scaleOf(must(cx.store, target, target.name)));
  else throw notServed();
}

/** The object at a path. Throws 404. */
export function must(store: Store, target: Target, name: string): KubeObject {
  const object = store.get(refOf(target, name));
  if (object === undefined) throw notFound(target.type, name);
  return object;
}

/** The Scale of a workload. */
export function scaleOf(object: KubeObject): object {
  const labels = at(object.spec, 'selector', 'matchLabels');
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name, namespace, uid, resourceVersion, creationTimestamp }, spec: { replicas: object.spec?.['replicas'] ?? 1 },
    status: { replicas: object.status?.['replicas'] ?? 0, selector: Object.entries(isFields(labels) ? labels : {}).map(([key, value]) => `${key}=${String(value)}`).join(',') },
  };
}

function one(cx: Reader, call: Call, name: string): void {
  const object = must(cx.store, call.target, name);
  const form = formOf(call);
  const table = (): object => tableOf([object], call.target.type, { resourceVersion: object.metadata.resourceVersion }, includeOf(call.query), cx.clock.now());
  sendJson(call.response, 200, form === 'table' ? table() : form === 'metadata' ? partial(object) : object);
}

function list(cx: Reader, call: Call): void {
  const { query, target } = call;
  const form = formOf(call);
  const asked = Number(query.get('resourceVersion') ?? '0');
  if (asked > Number(cx.store.resourceVersion)) throw new ApiError(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${cx.store.resourceVersion}`, { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 });
  const match = matchOf(query, target);
  const all = cx.store.list(target.apiVersion, target.type.kind, target.namespace).filter(match);
  const start = startOf(query.get('continue') ?? '', all);
  const limit = Number(query.get('limit') ?? '0');
  const page = limit > 0 ? all.slice(start, start + limit) : all.slice(start);
  const left = all.length - start - page.length;
  const last = page.at(-1);
  const metadata = { resourceVersion: cx.store.resourceVersion, ...(left > 0 && last !== undefined ? { continue: Buffer.from(keyOf(last)).toString('base64url'), remainingItemCount: left } : {}) };
  const { kind } = target.type;
  if (form === 'table') sendJson(call.response, 200, tableOf(page, target.type, metadata, includeOf(query), cx.clock.now()));
  else if (form === 'metadata') sendJson(call.response, 200, { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1', metadata, items: page.map(partial) });
  else sendText(call.response, 200, `${JSON.stringify({ kind: `${kind}List`, apiVersion: target.apiVersion, metadata }).slice(0, -1)},"items":[${page.map((object) => itemText(object, isBuiltIn(target.type))).join(',')}]}`);
}
/** Objects are frozen, so their text is made once: writing ten megabytes of pods anew was most of what a list cost the lab. */
const texts = new WeakMap<KubeObject, string>();
/** Items of built-in kinds come without their type, as the real API writes them; those of CRDs with it. */
function itemText(object: KubeObject, builtIn: boolean): string {
  const known = texts.get(object);
  if (known !== undefined) return known;
  const { apiVersion: _version, kind: _kind, ...rest } = object;
  const text = JSON.stringify(builtIn ? rest : object);
  if (Object.isFrozen(object)) texts.set(object, text);
  return text;
}
const keyOf = (object: KubeObject): string => `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
/** A page goes on behind the last name it gave, in the list as it is now. */
function startOf(token: string, all: readonly KubeObject[]): number {
  if (token === '') return 0;
  const key = Buffer.from(token, 'base64url').toString();
  if (!key.includes('/')) throw badRequest('continue key is not valid');
  const index = all.findIndex((object) => keyOf(object) > key);
  return index < 0 ? all.length : index;
}

function watch(cx: Reader, call: Call): void {
  const { query, target } = call;
  const form = formOf(call);
  const include = includeOf(query);
  const version = query.get('resourceVersion') ?? '';
  if (!/^\d*$/.test(version)) throw badRequest(`invalid resource version ${JSON.stringify(version)}`);
  const seconds = query.get('timeoutSeconds') ?? '';
  cx.watches.open({
    response: call.response, type: target.type, apiVersion: target.apiVersion, namespace: target.namespace, match: matchOf(query, target), resourceVersion: version,
    sendInitialEvents: isTrue(query.get('sendInitialEvents')), bookmarks: isTrue(query.get('allowWatchBookmarks')), timeoutSeconds: seconds === '' || seconds === '0' ? undefined : Number(seconds),
    form: (object) => (form === 'table' ? tableOf([object], target.type, { resourceVersion: object.metadata.resourceVersion }, include, cx.clock.now()) : form === 'metadata' ? partial(object) : object),
  });
}
