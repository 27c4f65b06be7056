/** The objects of one simulated cluster, with the semantics of the Kubernetes API. */
import { createHash, randomUUID } from 'node:crypto';
import { ApiError } from '../world/types.ts';
import type { KubeObject, ResourceType, SimClock, Store } from '../world/types.ts';
import { at, isFields, textAt } from '../world/value.ts';
import { selects } from '../catalog/data.ts';
import { admit, WEBHOOK_KIND } from './admission.ts';
import type { Admitting } from './admission.ts';
import { serverSideApply } from './apply.ts';
import { addressPool, setDefaults } from './defaults.ts';
import { alreadyExists, badRequest, conflict, forbidden, notFound, notServed, stale } from './errors.ts';
import { copy, equal, freeze, withoutNulls } from './json.ts';
import { createLifecycle } from './lifecycle.ts';
import { BUILT_IN_APPLY, BUILT_IN_PATCH, CUSTOM_APPLY } from './lists.ts';
import { afterUpdate, ownersOf, sameOwners, writtenOwners } from './managed.ts';
import type { Owner } from './managed.ts';
import { bucketOf, createObjects } from './objects.ts';
import { jsonPatch, mergePatch } from './patch.ts';
import { apiVersionOf, conditionTrue, createRegistry, CRD_API, CRD_KIND, isBuiltIn } from './registry.ts';
import type { Registry } from './registry.ts';
import { strategicMerge } from './strategic.ts';
import { validate } from './validate.ts';

export interface StoreOptions {
  readonly clock: SimClock;
  /** Makes uids; also feeds generated names. Random UUIDs when left out. */
  readonly uid?: () => string;
  /** What `dump()` gave, to go on from there. */
  readonly dump?: unknown;
  /** Where Services get their addresses from. */
  readonly serviceCIDR?: string;
}
/** Namespaces every cluster has from its first moment. */
export const SYSTEM_NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'] as const;
const UNDELETABLE = new Set(['default', 'kube-public', 'kube-system']);
/** Built-in groups whose objects carry no generation; of core only what is named here does. */
const WITHOUT_GENERATION = new Set(['rbac.authorization.k8s.io', 'events.k8s.io', 'coordination.k8s.io', 'discovery.k8s.io', 'storage.k8s.io']);
/** Who writes through the store without saying so: the lab's controllers, which play the ones of a real cluster. */
const CONTROLLER = 'kube-controller-manager';
/** How long the garbage collector takes to notice an object whose owner was gone when it came, simulated ms. */
const ORPHAN_DELAY = 1000;

type Place = Pick<KubeObject['metadata'], 'name' | 'namespace'>;
interface Write { readonly dryRun: boolean; readonly part: 'main' | 'status'; readonly owners: (next: KubeObject) => readonly Owner[] }

/**
 * Makes a store. A new one has the system namespaces; one made of a dump is equal to the one dumped.
 * Every method throws ApiError as the API refuses; a dump of another shape is an Error.
 */
export function createStore(options: StoreOptions): Store {
  const { clock } = options;
  const uid = options.uid ?? randomUUID;
  const objects = createObjects();
  const stamp = (): string => new Date(clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  const lifecycle = createLifecycle(objects, stamp);
  const addresses = addressPool(options.serviceCIDR ?? '10.96.0.0/12', () => new Set(objects.list('/Service').map((service) => textAt(service, 'spec', 'clusterIP') ?? '')));
  let crds: readonly KubeObject[] = [];
  let made: Registry = createRegistry([]);
  /** The kinds as the CRDs of this moment have it; their list is another one after each change of theirs. */
  const registry = (): Registry => {
    const now = objects.list(bucketOf(CRD_API, CRD_KIND));
    if (now !== crds) {
      crds = now;
      made = createRegistry(now);
    }
    return made;
  };

  const admitting: Admitting = {
    webhooks: () => objects.list(`admissionregistration.k8s.io/${WEBHOOK_KIND}`),
    namespace: (name) => objects.get('/Namespace', undefined, name),
    backed(namespace, service) {
      const found = objects.get('/Service', namespace, service);
      const wanted = found === undefined ? undefined : at(found, 'spec', 'selector');
      if (found === undefined) return undefined;
      return objects.list('/Pod').some((pod) => pod.metadata.namespace === namespace && selects({ matchLabels: wanted }, pod.metadata.labels) && conditionTrue(pod, 'Ready'));
    },
  };
  const typeFor = (apiVersion: string, kind: string): ResourceType => {
    const type = registry().byKind(apiVersion, kind);
    if (type === undefined) throw notServed();
    return type;
  };
  const found = (type: ResourceType, ref: Place): KubeObject | undefined => objects.get(bucket(type), type.namespaced ? ref.namespace ?? 'default' : undefined, ref.name);
  const must = (type: ResourceType, ref: Place): KubeObject => {
    const object = found(type, ref);
    if (object === undefined) throw notFound(type, ref.name);
    return object;
  };
  const as = (object: KubeObject, apiVersion: string): KubeObject => (object.apiVersion === apiVersion ? object : freeze({ ...object, apiVersion }));
  const applySchema = (type: ResourceType): typeof BUILT_IN_APPLY => (isBuiltIn(type) ? BUILT_IN_APPLY : CUSTOM_APPLY);
  const hasGeneration = (type: ResourceType): boolean => (type.group === '' ? type.kind === 'Pod' : !WITHOUT_GENERATION.has(type.group));

  /** A writable copy in the stored version, with metadata in place. */
  const incoming = (type: ResourceType, given: KubeObject): KubeObject => {
    const next = copy(given);
    next.apiVersion = apiVersionOf(type);
    // Tools send creationTimestamp: null and the like; the API takes nulls in metadata as absent.
    for (const [key, value] of Object.entries(next.metadata)) if (value === null) delete next.metadata[key];
    if (!type.namespaced) delete next.metadata.namespace;
    else next.metadata.namespace ??= 'default';
    return next;
  };
  const admitNamespace = (type: ResourceType, name: string, namespace: string): void => {
    const space = objects.get('/Namespace', undefined, namespace);
    if (space === undefined) throw notFound({ group: '', plural: 'namespaces', kind: 'Namespace' }, namespace);
    if (space.metadata.deletionTimestamp !== undefined) {
      const because = `unable to create new content in namespace ${namespace} because it is being terminated`;
      throw forbidden(type, name, because, [{ reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }]);
    }
  };
  const generateName = (prefix: string): string => {
    const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
    const bytes = createHash('sha256').update(uid()).digest().subarray(0, 5);
    return prefix.slice(0, 58) + [...bytes].map((byte) => alphabet[byte % alphabet.length]).join('');
  };
  const writeOwners = (object: KubeObject, owners: readonly Owner[]): void => {
    const written = writtenOwners(owners);
    if (written.length === 0) delete object.metadata.managedFields;
    else object.metadata.managedFields = written;
  };

  const insert = (type: ResourceType, next: KubeObject, owners: readonly Owner[], dryRun: boolean): KubeObject => {
    const { metadata } = next;
    // Status is the business of its subresource; kubelets alone bring theirs along.
    if (type.hasStatus && !(type.group === '' && type.kind === 'Node')) delete next.status;
    next.metadata = { ...metadata, uid: uid(), creationTimestamp: stamp(), ...(hasGeneration(type) ? { generation: 1 } : {}) };
    delete next.metadata.resourceVersion;
    delete next.metadata.deletionTimestamp;
    dropEmpty(next);
    setDefaults(next, type, addresses);
    validate(next, type, undefined);
    if (type.namespaced) admitNamespace(type, metadata.name, metadata.namespace ?? 'default');
    admit(admitting, type, next, 'CREATE');
    if (objects.get(bucket(type), metadata.namespace, metadata.name) !== undefined) throw alreadyExists(type, metadata.name);
    writeOwners(next, owners);
    if (dryRun) return freeze(next);
    const written = objects.put(next, undefined);
    const references = written.metadata.ownerReferences ?? [];
    if (references.length > 0 && references.every((owner) => objects.byUid(owner.uid) === undefined)) clock.after(ORPHAN_DELAY, () => lifecycle.collectOrphan(written.metadata.uid ?? ''));
    return written;
  };

  /** Writes `next` over `old` as an update of one part; the old object comes back when nothing changes. */
  const replace = (type: ResourceType, old: KubeObject, given: KubeObject, how: Write): KubeObject => {
    if (given.metadata.resourceVersion !== undefined && given.metadata.resourceVersion !== old.metadata.resourceVersion) throw stale(type, old.metadata.name);
    if (given.metadata.uid !== undefined && given.metadata.uid !== old.metadata.uid) {
      throw conflict(type, old.metadata.name, `Precondition failed: UID in precondition: ${given.metadata.uid}, UID in object meta: ${old.metadata.uid ?? ''}`);
    }
    let next = copy(given);
    if (how.part === 'status') {
      next = copy(old);
      if (given.status === undefined) delete next.status;
      else next.status = copy(given.status);
    } else if (type.hasStatus) {
      if (old.status === undefined) delete next.status;
      else next.status = copy(old.status);
    }
    const { uid: id, resourceVersion, creationTimestamp, deletionTimestamp, generation, namespace, name } = old.metadata;
    const grace = old.metadata['deletionGracePeriodSeconds'];
    for (const key of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'generation', 'managedFields', 'selfLink']) delete next.metadata[key];
    Object.assign(next.metadata, copy({ name, namespace, uid: id, resourceVersion, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds: grace, generation }));
    dropEmpty(next);
    if (how.part === 'main') setDefaults(next, type, addresses);
    validate(next, type, old);
    if (how.part === 'main') admit(admitting, type, next, 'UPDATE');
    const owners = how.owners(next);
    const { managedFields: _before, ...metadataBefore } = old.metadata;
    const same = equal({ ...old, metadata: metadataBefore }, next);
    if (same && sameOwners(owners, ownersOf(old))) return old;
    writeOwners(next, owners);
    if (generation !== undefined && how.part === 'main' && !equal(wanted(old), wanted(next))) next.metadata.generation = generation + 1;
    if (how.dryRun) return freeze(next);
    const written = objects.put(next, old);
    return lifecycle.settle(written) ?? written;
  };
  const updating = (type: ResourceType, old: KubeObject, manager: string | undefined, part: 'main' | 'status'): Write['owners'] => (next) => {
    // Status of the lab's own controllers is not tracked: nobody applies it, and it is most of what is written.
    if (part === 'status' && manager === undefined) return ownersOf(old);
    if (ownersOf(old).length === 0 && manager === undefined) return [];
    return afterUpdate(old, next, manager ?? CONTROLLER, stamp(), part === 'main' && !type.hasStatus ? 'all' : part, applySchema(type));
  };

  const store: Store = {
    types: () => registry().all(),
    typeOf: (apiVersion, kind) => registry().byKind(apiVersion, kind),
    get(ref) {
      const type = registry().byKind(ref.apiVersion, ref.kind);
      const object = type === undefined ? undefined : found(type, ref);
      return object === undefined ? undefined : as(object, ref.apiVersion);
    },
    list(apiVersion, kind, namespace) {
      const type = registry().byKind(apiVersion, kind);
      if (type === undefined) return [];
      const all = objects.list(bucket(type));
      const some = namespace === undefined || !type.namespaced ? all : all.filter((object) => object.metadata.namespace === namespace);
      return some.every((object) => object.apiVersion === apiVersion) ? some : some.map((object) => as(object, apiVersion));
    },
    create(given, how = {}) {
      const type = typeFor(given.apiVersion, given.kind);
      if (given.metadata.resourceVersion !== undefined && given.metadata.resourceVersion !== '') throw badRequest('resourceVersion should not be set on objects to be created');
      const next = incoming(type, given);
      const prefix = next.metadata['generateName'];
      if ((next.metadata.name ?? '') === '' && typeof prefix === 'string' && prefix !== '') next.metadata.name = generateName(prefix);
      delete next.metadata.managedFields;
      const owners = how.manager === undefined ? [] : afterUpdate(undefined, next, how.manager, stamp(), type.hasStatus ? 'main' : 'all', applySchema(type));
      return as(objects.change(() => insert(type, next, owners, how.dryRun === true)), given.apiVersion);
    },
    update(given, how = {}) {
      const type = typeFor(given.apiVersion, given.kind);
      const next = incoming(type, given);
      const old = must(type, next.metadata);
      return as(objects.change(() => replace(type, old, next, { dryRun: how.dryRun === true, part: 'main', owners: updating(type, declaredOwners(old, next), how.manager, 'main') })), given.apiVersion);
    },
    updateStatus(ref, status, how = {}) {
      const type = typeFor(ref.apiVersion, ref.kind);
      const old = must(type, ref);
      const { resourceVersion: _any, ...metadata } = old.metadata;
      const next: KubeObject = { ...old, metadata: how.resourceVersion === undefined ? metadata : { ...metadata, resourceVersion: how.resourceVersion }, status };
      const write: Write = { dryRun: how.dryRun === true, part: 'status', owners: updating(type, old, how.manager, 'status') };
      return as(objects.change(() => replace(type, old, next, write)), ref.apiVersion);
    },
    apply(given, how) {
      const type = typeFor(given.apiVersion, given.kind);
      const clean = withoutNulls(given);
      if (!isObject(clean)) throw badRequest('an applied configuration needs apiVersion, kind and metadata.name');
      const applied = incoming(type, clean);
      if (given.metadata.managedFields !== undefined && given.metadata.managedFields.length > 0) throw badRequest('metadata.managedFields must be nil');
      if (type.group === '' && type.kind === 'Secret') setDefaults(applied, type, addresses);
      const part = how.subresource ?? (type.hasStatus ? 'main' : 'all');
      const live = found(type, applied.metadata);
      if (live === undefined && part === 'status') throw notFound(type, applied.metadata.name);
      const { resourceVersion, uid: id } = applied.metadata;
      if (live === undefined && id !== undefined) throw conflict(type, applied.metadata.name, `uid mismatch: the provided object specified uid ${id}, and no existing object was found`);
      const result = serverSideApply({ type, schema: applySchema(type), live, applied, manager: how.manager, force: how.force, time: stamp(), part });
      const dryRun = how.dryRun === true;
      const { owners } = result;
      if (live === undefined) return { object: as(objects.change(() => insert(type, copy(result.merged), owners, dryRun)), given.apiVersion), created: true, changed: true };
      const merged: KubeObject = { ...result.merged, metadata: { ...result.merged.metadata } };
      delete merged.metadata.resourceVersion;
      if (resourceVersion !== undefined) merged.metadata.resourceVersion = resourceVersion;
      const object = objects.change(() => replace(type, live, merged, { dryRun, part: part === 'status' ? 'status' : 'main', owners: () => owners }));
      return { object: as(object, given.apiVersion), created: false, changed: object !== live };
    },
    patch(ref, kind, patch, how = {}) {
      const type = typeFor(ref.apiVersion, ref.kind);
      const old = must(type, ref);
      if (kind === 'strategic' && !isBuiltIn(type)) throw unsupportedStrategic();
      const part = how.subresource ?? 'main';
      const base = copy(as(old, ref.apiVersion));
      const patched = kind === 'merge' ? mergePatch(base, patch) : kind === 'json' ? jsonPatch(base, patch) : strategicMerge(base, patch, BUILT_IN_PATCH);
      const next = withoutNulls(patched);
      if (!isObject(next)) throw badRequest('the patched object has no apiVersion, kind or metadata');
      if (next.metadata.name !== ref.name) throw badRequest(`the name of the object (${next.metadata.name}) does not match the name on the URL (${ref.name})`);
      next.apiVersion = old.apiVersion;
      return as(objects.change(() => replace(type, old, next, { dryRun: how.dryRun === true, part, owners: updating(type, declaredOwners(old, next), how.manager, part) })), ref.apiVersion);
    },
    delete(ref, how = {}) {
      const type = typeFor(ref.apiVersion, ref.kind);
      const old = must(type, ref);
      const wrong = (['uid', 'resourceVersion'] as const).find((key) => how.preconditions?.[key] !== undefined && how.preconditions[key] !== old.metadata[key]);
      if (wrong !== undefined) throw conflict(type, ref.name, `Precondition failed: ${wrong} in precondition: ${how.preconditions?.[wrong] ?? ''}, ${wrong} in object meta: ${old.metadata[wrong] ?? ''}`);
      if (type.group === '' && type.kind === 'Namespace' && UNDELETABLE.has(ref.name)) throw forbidden(type, ref.name, 'this namespace may not be deleted');
      if (how.dryRun === true) return as(old, ref.apiVersion);
      return as(objects.change(() => lifecycle.delete(old, how.propagation ?? 'Background')), ref.apiVersion);
    },
    onChange: (listener) => objects.onChange(listener),
    get resourceVersion() { return String(objects.version()); },
    dump: () => ({ resourceVersion: String(objects.version()), objects: objects.all().toSorted((a, b) => (dumpKey(a) < dumpKey(b) ? -1 : 1)) }),
  };

  if (options.dump === undefined) for (const name of SYSTEM_NAMESPACES) store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  else {
    if (!isDump(options.dump)) throw new Error('not a dump of a store');
    objects.restore(options.dump.objects.map((object) => copy(object)), Number(options.dump.resourceVersion));
    for (const object of objects.all()) if ((object.metadata.ownerReferences ?? []).length > 0) clock.after(ORPHAN_DELAY, () => lifecycle.collectOrphan(object.metadata.uid ?? ''));
  }
  return store;
}

const bucket = (type: ResourceType): string => `${type.group}/${type.kind}`;
/** The old object with the managedFields a client sends along (kubectl rewrites them when it moves to server-side apply). */
function declaredOwners(old: KubeObject, next: KubeObject): KubeObject {
  const { managedFields } = next.metadata;
  return managedFields === undefined ? old : { ...old, metadata: { ...old.metadata, managedFields } };
}
/** Empty labels and the like are not written, as the API's own encoding leaves them out. */
function dropEmpty(object: KubeObject): void {
  for (const key of ['labels', 'annotations', 'finalizers', 'ownerReferences']) {
    const value = object.metadata[key];
    if (value !== undefined && Object.keys(Object(value)).length === 0) delete object.metadata[key];
  }
}
const dumpKey = (object: KubeObject): string => `${object.apiVersion} ${object.kind} ${object.metadata.namespace ?? ''} ${object.metadata.name}`;
/** What generation counts: everything but metadata and status. */
function wanted(object: KubeObject): object {
  const { metadata: _metadata, status: _status, ...rest } = object;
  return rest;
}
const unsupportedStrategic = (): ApiError => new ApiError(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml');

/** Has a value the shape every object has? */
export function isObject(value: unknown): value is KubeObject {
  return isFields(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && isFields(value['metadata']);
}
function isDump(value: unknown): value is { readonly resourceVersion: string; readonly objects: readonly KubeObject[] } {
  return isFields(value) && typeof value['resourceVersion'] === 'string' && Array.isArray(value['objects']) && value['objects'].every(isObject);
}
