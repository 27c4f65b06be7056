/** Creates, updates, patches, deletes. */
import type { IncomingMessage } from 'node:http';
import { ApiError } from '../world/types.ts';
import type { KubeObject, Store } from '../world/types.ts';
import { at, isFields, textAt } from '../world/value.ts';
import { selects } from '../catalog/data.ts';
import { badRequest, notServed } from './errors.ts';
import { scalable } from './discovery.ts';
import { matchOf, must, refOf, scaleOf } from './reading.ts';
import { isTrue, mediaType, parseBody, unsupported, yamlAllowed } from './request.ts';
import type { Target } from './request.ts';
import { isObject } from './store.ts';

export interface WriteCall { readonly request: IncomingMessage; readonly query: URLSearchParams; readonly target: Target; readonly text: string; readonly manager: string }
/** `result` is the word for the log. */
export interface Written { readonly code: number; readonly body: object; readonly result: string }

const PATCHES = 'application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml';
const isDryRun = (call: WriteCall): boolean => call.query.get('dryRun') === 'All';

/** Answers POST, PUT, PATCH or DELETE on a resource path. Throws ApiError. */
export function write(store: Store, method: string, call: WriteCall): Written {
  const { target } = call;
  if (method === 'POST') return target.name === undefined ? create(store, call) : evict(store, call);
  if (method === 'DELETE') return remove(store, call);
  if (target.name === undefined) throw new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
  if (target.subresource === 'scale' && scalable(target.type)) return scale(store, method, call, target.name);
  if (target.subresource !== undefined && (target.subresource !== 'status' || !target.type.hasStatus)) throw notServed();
  return method === 'PUT' ? update(store, call, target.name) : patch(store, call, target.name);
}

/** The object in the body, checked against the path it was sent to. */
function bodyObject(call: WriteCall, yaml: boolean, name: string | undefined): KubeObject {
  const { target } = call;
  const value = parseBody(call.text, yaml);
  if (!isFields(value)) throw badRequest('the body of the request is not an object');
  const object: unknown = { ...value, apiVersion: value['apiVersion'] ?? target.apiVersion, kind: value['kind'] ?? target.type.kind, metadata: isFields(value['metadata']) ? { ...value['metadata'] } : {} };
  if (!isObject(object)) throw badRequest('the body of the request is not a Kubernetes object');
  if (object.apiVersion !== target.apiVersion || object.kind !== target.type.kind) {
    throw badRequest(`${object.kind} in version ${JSON.stringify(object.apiVersion)} cannot be handled as a ${target.type.kind}: no kind ${JSON.stringify(object.kind)} is registered for version ${JSON.stringify(object.apiVersion)} at this path`);
  }
  if (target.namespace !== undefined) {
    if ((object.metadata.namespace ?? target.namespace) !== target.namespace) throw badRequest(`the namespace of the provided object does not match the namespace sent on the request`);
    object.metadata.namespace = target.namespace;
  }
  if (name !== undefined) {
    if ((object.metadata.name ?? name) !== name) throw badRequest(`the name of the object (${object.metadata.name}) does not match the name on the URL (${name})`);
    object.metadata.name = name;
  }
  return object;
}

function create(store: Store, call: WriteCall): Written {
  if (call.target.type.namespaced && call.target.namespace === undefined) throw badRequest('an empty namespace may not be set during creation');
  const object = bodyObject(call, yamlAllowed(call.request), undefined);
  return { code: 201, body: store.create(object, { manager: call.manager, dryRun: isDryRun(call) }), result: 'created' };
}

/** The eviction of a pod, which is the one thing that is posted to a name. */
function evict(store: Store, call: WriteCall): Written {
  const { target } = call;
  if (target.subresource !== 'eviction' || target.type.kind !== 'Pod' || target.name === undefined) throw notServed();
  const budget = budgetAgainst(store, must(store, target, target.name));
  if (budget !== undefined) {
    throw new ApiError(429, 'TooManyRequests', "Cannot evict pod as it would violate the pod's disruption budget.", {
      causes: [{ reason: 'DisruptionBudget', message: `The disruption budget ${budget.metadata.name} needs ${String(at(budget.status, 'desiredHealthy'))} healthy pods and has ${String(at(budget.status, 'currentHealthy'))} currently` }],
    });
  }
  store.delete(refOf(target, target.name), { dryRun: isDryRun(call) });
  return { code: 201, body: success(), result: 'evicted' };
}

/** The budget that lets this pod not go now. */
function budgetAgainst(store: Store, pod: KubeObject): KubeObject | undefined {
  return store.list('policy/v1', 'PodDisruptionBudget', pod.metadata.namespace).find((budget) => selects(at(budget.spec, 'selector'), pod.metadata.labels) && at(budget.status, 'disruptionsAllowed') === 0);
}

function update(store: Store, call: WriteCall, name: string): Written {
  const object = bodyObject(call, yamlAllowed(call.request), name);
  const before = must(store, call.target, name);
  const options = { manager: call.manager, dryRun: isDryRun(call) };
  const { resourceVersion } = object.metadata;
  const after = call.target.subresource === 'status'
    ? store.updateStatus(refOf(call.target, name), object.status ?? {}, { ...options, ...(resourceVersion === undefined ? {} : { resourceVersion }) })
    : store.update(object, options);
  return { code: 200, body: after, result: changed(before, after) };
}
const changed = (before: KubeObject, after: KubeObject): string => (before.metadata.resourceVersion === after.metadata.resourceVersion ? 'unchanged' : 'configured');

function patch(store: Store, call: WriteCall, name: string): Written {
  const { target, query } = call;
  const type = mediaType(call.request);
  const status = target.subresource === 'status';
  if (type === 'application/apply-patch+yaml') {
    if (query.get('fieldManager') === null) throw new ApiError(422, 'Invalid', 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch', { causes: [{ reason: 'FieldValueRequired', message: 'Required value: is required for apply patch', field: 'fieldManager' }] });
    const object = bodyObject(call, true, name);
    const done = store.apply(object, { manager: call.manager, force: isTrue(query.get('force')), dryRun: isDryRun(call), ...(status ? { subresource: 'status' as const } : {}) });
    return { code: done.created ? 201 : 200, body: done.object, result: done.created ? 'created' : done.changed ? 'configured' : 'unchanged' };
  }
  if (query.get('force') !== null) throw new ApiError(422, 'Invalid', 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch', {});
  const kind = ({ 'application/merge-patch+json': 'merge', 'application/strategic-merge-patch+json': 'strategic', 'application/json-patch+json': 'json' } as const)[type];
  if (kind === undefined) throw unsupported(PATCHES);
  const before = must(store, target, name);
  const after = store.patch(refOf(target, name), kind, parseBody(call.text, false), { manager: call.manager, dryRun: isDryRun(call), ...(status ? { subresource: 'status' as const } : {}) });
  return { code: 200, body: after, result: changed(before, after) };
}

function scale(store: Store, method: string, call: WriteCall, name: string): Written {
  const replicas = at(parseBody(call.text, false), 'spec', 'replicas');
  if (typeof replicas !== 'number' || (method === 'PATCH' && mediaType(call.request) !== 'application/merge-patch+json')) throw badRequest('scale takes a Scale or a merge patch with spec.replicas');
  const before = must(store, call.target, name);
  const after = store.patch(refOf(call.target, name), 'merge', { spec: { replicas } }, { manager: call.manager, dryRun: isDryRun(call) });
  return { code: 200, body: scaleOf(after), result: changed(before, after) };
}

const success = (details?: object): object => ({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', ...(details === undefined ? {} : { details }) });

function remove(store: Store, call: WriteCall): Written {
  const { target, query } = call;
  const options = call.text.trim() === '' ? {} : parseBody(call.text, mediaType(call.request) !== 'application/json');
  const propagation = textAt(options, 'propagationPolicy') ?? query.get('propagationPolicy') ?? 'Background';
  if (propagation !== 'Background' && propagation !== 'Foreground' && propagation !== 'Orphan') throw badRequest(`propagationPolicy: unsupported value: ${propagation}`);
  const asked = at(options, 'dryRun');
  const dryRun = isDryRun(call) || (Array.isArray(asked) && asked.includes('All'));
  const [uid, resourceVersion] = [textAt(options, 'preconditions', 'uid'), textAt(options, 'preconditions', 'resourceVersion')];
  const how = { propagation, dryRun, preconditions: { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) } } as const;
  if (target.name === undefined) {
    const match = matchOf(query, target);
    const gone = store.list(target.apiVersion, target.type.kind, target.namespace).filter(match).map((object) => {
      const ref = { ...refOf(target, object.metadata.name), ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }) };
      // One deletion may have taken another along.
      return store.get(ref) === undefined ? object : store.delete(ref, how);
    });
    return { code: 200, body: { kind: `${target.type.kind}List`, apiVersion: target.apiVersion, metadata: { resourceVersion: store.resourceVersion }, items: gone }, result: `${gone.length} deleted` };
  }
  if (target.subresource !== undefined) throw notServed();
  const last = store.delete(refOf(target, target.name), how);
  const still = store.get(refOf(target, target.name));
  if (still !== undefined && !dryRun) return { code: 200, body: still, result: 'terminating' };
  const { group, plural } = target.type;
  return { code: 200, body: success({ name: target.name, ...(group === '' ? {} : { group }), kind: plural, uid: last.metadata.uid }), result: 'deleted' };
}

/** Is it a dry run, by query or (for a delete) by body? Dry runs count as reads. */
export function dryRunAsked(query: URLSearchParams, method: string, text: string): boolean {
  return query.get('dryRun') === 'All' || (method === 'DELETE' && /"dryRun"\s*:\s*\[\s*"All"/.test(text));
}
