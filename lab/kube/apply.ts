/** Server-side apply: merging by field ownership. */
import { ApiError } from '../world/types.ts';
import type { KubeObject, ResourceType } from '../world/types.ts';
import { isFields } from '../world/value.ts';
import type { Fields } from '../world/value.ts';
import { copy, equal } from './json.ts';
import { itemKey, keyedItems } from './lists.ts';
import type { Schema } from './lists.ts';
import { elementsOf, leaves, pathText, PRESENT, removePath, under } from './fields.ts';
import type { Path } from './fields.ts';
import { ownable, ownersOf, sameOwner, without } from './managed.ts';
import type { Owner } from './managed.ts';
import { qualified } from './errors.ts';

export interface Applied { readonly merged: KubeObject; readonly owners: readonly Owner[] }
export interface ApplyRequest {
  readonly type: ResourceType; readonly schema: Schema; readonly live: KubeObject | undefined; readonly applied: KubeObject;
  readonly manager: string; readonly force: boolean; readonly time: string; readonly part: 'main' | 'status' | 'all';
}

/**
 * Merges what a manager applies into the live object. Fields it applied before and leaves out now are removed unless another
 * manager owns them. Throws a 409 naming managers and fields when it would change what others own and `force` is not set.
 */
export function serverSideApply(request: ApplyRequest): Applied {
  const { live, schema, manager, part } = request;
  const wanted = ownable(request.applied, part);
  refuseRepeatedKeys(wanted, [], schema);
  const mine = leaves(wanted, schema);
  const me: Pick<Owner, 'manager' | 'operation' | 'subresource'> = { manager, operation: 'Apply', ...(part === 'status' ? { subresource: 'status' } : {}) };
  const fresh = (paths: ReadonlySet<Path>): Owner => ({ ...me, apiVersion: request.applied.apiVersion, time: request.time, paths });
  if (live === undefined) return { merged: request.applied, owners: [fresh(new Set(mine.keys()))] };

  const current = leaves(ownable(live, 'all'), schema);
  const owners = knownOwners(live, schema);
  const previous = owners.find((owner) => sameOwner(owner, me));
  const others = owners.filter((owner) => owner !== previous);
  const differs = [...mine].filter(([path, value]) => !sameAt(current, path, value)).map(([path]) => path);
  const conflicts = others.flatMap((owner) => differs.filter((path) => owner.paths.has(path)).map((path) => ({ owner, path })));
  if (conflicts.length > 0 && !request.force) throw conflictError(request, conflicts);

  const losing = new Set(differs);
  const kept = others.map((owner) => without(owner, (path) => losing.has(path)));
  const mergedInto = (base: Fields): Fields => {
    const made = copy(merge(base, wanted, [], schema));
    return isFields(made) ? made : {};
  };
  const pruned = mergedInto(ownable(live, 'all'));
  prune(pruned, [...(previous?.paths ?? [])].filter((path) => !mine.has(path)), [new Set(mine.keys()), ...kept.map((owner) => owner.paths)], schema);
  // What became empty was taken away whole; an emptiness that is applied comes back.
  const merged = mergedInto(pruned);
  const metadata = isFields(merged['metadata']) ? merged['metadata'] : {};
  const next = fresh(new Set(mine.keys()));
  const system = Object.fromEntries(Object.entries(live.metadata).filter(([key]) => !(key in ownableMetadata(live))));
  return {
    merged: { ...merged, apiVersion: live.apiVersion, kind: live.kind, metadata: { ...system, ...metadata, name: live.metadata.name } },
    owners: [...kept, previous !== undefined && equal([...previous.paths].toSorted(), [...next.paths].toSorted()) ? previous : next],
  };
}

function ownableMetadata(object: KubeObject): Fields {
  const metadata = ownable(object, 'main')['metadata'];
  return isFields(metadata) ? metadata : {};
}

/** Objects written before anyone tracked them belong to a manager of that name, as the API server does on the first apply. */
function knownOwners(live: KubeObject, schema: Schema): Owner[] {
  const owners = ownersOf(live);
  if (owners.length > 0) return owners;
  return [{ manager: 'before-first-apply', operation: 'Update', apiVersion: live.apiVersion, time: live.metadata.creationTimestamp ?? '', paths: new Set(leaves(ownable(live, 'main'), schema).keys()) }];
}

function sameAt(current: ReadonlyMap<Path, unknown>, path: Path, value: unknown): boolean {
  if (current.has(path)) return value === PRESENT ? isPresence(current.get(path)) : equal(current.get(path), value);
  if (value !== PRESENT) return false;
  // An empty mapping (or list that merges) asks only that it be there.
  const prefix = under(path);
  for (const other of current.keys()) if (other.startsWith(prefix)) return true;
  return false;
}
const isPresence = (value: unknown): boolean => value === PRESENT || (typeof value === 'object' && value !== null);

function merge(live: unknown, applied: unknown, names: readonly string[], schema: Schema): unknown {
  if (isFields(live) && isFields(applied)) {
    if (names.length > 0 && schema.atomicMap(names) && Object.keys(applied).length > 0) return applied;
    const out: Fields = { ...live };
    for (const [key, value] of Object.entries(applied)) out[key] = key in live ? merge(live[key], value, [...names, key], schema) : value;
    return out;
  }
  if (!Array.isArray(live) || !Array.isArray(applied)) return applied;
  const kind = schema.list(names);
  if (kind.merge === 'set') return [...live, ...applied.filter((entry) => !live.some((other) => equal(other, entry)))];
  if (kind.merge === 'atomic') return applied;
  const old = keyedItems(live, kind.keys);
  const now = keyedItems(applied, kind.keys);
  if (old === undefined || now === undefined) return applied;
  const keys = mergedOrder([...old.keys()], [...now.keys()]);
  return keys.map((key) => {
    const [before, after] = [old.get(key), now.get(key)];
    return before === undefined ? after : after === undefined ? before : merge(before, after, names, schema);
  });
}

/**
 * The order of the one who applies, with what only others have left where it stood: in front of the next item both have, or at the end
 * in front of what is new there. Merging the result again gives the same.
 */
function mergedOrder(live: readonly string[], applied: readonly string[]): string[] {
  const [before, now] = [new Set(live), new Set(applied)];
  const out: string[] = [];
  let passed = 0;
  const flush = (until: number): void => {
    for (; passed < until; passed++) {
      const key = live[passed];
      if (key !== undefined && !now.has(key)) out.push(key);
    }
  };
  const lastShared = applied.findLastIndex((key) => before.has(key));
  for (const [index, key] of applied.entries()) {
    if (before.has(key)) flush(live.indexOf(key));
    else if (index > lastShared) flush(live.length);
    out.push(key);
  }
  flush(live.length);
  return out;
}

/** Removes what was dropped and nobody keeps. Items before fields, deep fields before shallow ones. */
function prune(merged: Fields, dropped: readonly Path[], keepers: readonly ReadonlySet<Path>[], schema: Schema): void {
  const isItem = (path: Path): boolean => elementsOf(path).at(-1) === '.';
  const kept = (path: Path): boolean => {
    const prefix = isItem(path) ? path.slice(0, -1) : under(path);
    return keepers.some((paths) => paths.has(path) || [...paths].some((other) => other.startsWith(prefix)));
  };
  for (const path of dropped.toSorted((a, b) => Number(isItem(b)) - Number(isItem(a)) || b.length - a.length)) if (!kept(path)) removePath(merged, path, schema);
}

function conflictError(request: ApplyRequest, conflicts: readonly { readonly owner: Owner; readonly path: Path }[]): ApiError {
  const causes = conflicts.map(({ owner, path }) => ({ reason: 'FieldManagerConflict', message: `conflict with ${described(owner, request)}`, field: pathText(path) }));
  const byOwner = new Map<string, string[]>();
  for (const cause of causes) byOwner.set(cause.message, [...(byOwner.get(cause.message) ?? []), cause.field]);
  const count = conflicts.length === 1 ? '1 conflict' : `${conflicts.length} conflicts`;
  const first = causes[0];
  const text = causes.length === 1 && first !== undefined ? `${first.message}: ${first.field}` : [...byOwner].map(([who, fields]) => `${who.replace(/^conflict/, 'conflicts')}:\n${fields.map((field) => `- ${field}`).join('\n')}`).join('\n');
  return new ApiError(409, 'Conflict', `Apply failed with ${count}: ${text}`, { name: request.applied.metadata.name, group: request.type.group, kind: qualified(request.type), causes });
}

function described(owner: Owner, request: ApplyRequest): string {
  if (owner.operation === 'Apply') return `"${owner.manager}"`;
  const sub = owner.subresource === undefined ? '' : ` with subresource "${owner.subresource}"`;
  return `"${owner.manager}"${sub} using ${owner.apiVersion === '' ? request.live?.apiVersion ?? '' : owner.apiVersion}`;
}

function refuseRepeatedKeys(value: unknown, names: readonly string[], schema: Schema): void {
  if (isFields(value)) {
    for (const [key, entry] of Object.entries(value)) refuseRepeatedKeys(entry, [...names, key], schema);
    return;
  }
  const kind = Array.isArray(value) ? schema.list(names) : undefined;
  if (!Array.isArray(value) || kind?.merge !== 'map') return;
  const seen = new Set<string>();
  for (const item of value) {
    const key = itemKey(item, kind.keys);
    if (key !== undefined && seen.has(key)) throw new ApiError(500, '', `failed to create typed patch object: .${names.join('.')}: duplicate entries for key ${key}`);
    if (key !== undefined) seen.add(key);
    refuseRepeatedKeys(item, names, schema);
  }
}
