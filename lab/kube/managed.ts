/** metadata.managedFields: who owns what. */
import type { KubeObject } from '../world/types.ts';
import { isFields } from '../world/value.ts';
import type { Fields } from '../world/value.ts';
import { equal } from './json.ts';
import { fromFieldsV1, leaves, toFieldsV1 } from './fields.ts';
import type { Path } from './fields.ts';
import type { Schema } from './lists.ts';

export interface Owner {
  readonly manager: string; readonly operation: 'Apply' | 'Update'; readonly subresource?: string; readonly apiVersion: string; readonly time: string;
  readonly paths: ReadonlySet<Path>;
}

/** The owners written in an object. */
export function ownersOf(object: KubeObject): Owner[] {
  return (object.metadata.managedFields ?? []).filter(isFields).map((entry) => ({
    manager: String(entry['manager']), operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update', apiVersion: String(entry['apiVersion']), time: String(entry['time']),
    ...(typeof entry['subresource'] === 'string' ? { subresource: entry['subresource'] } : {}), paths: fromFieldsV1(entry['fieldsV1']),
  }));
}

/** Back to their written form; owners of nothing are left out. */
export function writtenOwners(owners: readonly Owner[]): Fields[] {
  return owners.filter((owner) => owner.paths.size > 0).map((owner) => ({
    manager: owner.manager, operation: owner.operation, apiVersion: owner.apiVersion, time: owner.time, fieldsType: 'FieldsV1', fieldsV1: toFieldsV1(owner.paths),
    ...(owner.subresource === undefined ? {} : { subresource: owner.subresource }),
  }));
}

export const sameOwner = (a: Pick<Owner, 'manager' | 'operation' | 'subresource'>, b: Pick<Owner, 'manager' | 'operation' | 'subresource'>): boolean =>
  a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource;

/** Metadata nobody owns: the API server's own fields. */
const SYSTEM = ['name', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'selfLink', 'managedFields', 'generateName'];

const isEmpty = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0;
/** The part of an object that can be owned: without type, system metadata, empty metadata (which is not kept) and (unless it is what is written) status. */
export function ownable(object: KubeObject, part: 'main' | 'status' | 'all'): Fields {
  const { apiVersion: _apiVersion, kind: _kind, metadata, status, ...rest } = object;
  if (part === 'status') return status === undefined ? {} : { status };
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key, value]) => !SYSTEM.includes(key) && !isEmpty(value)));
  return { ...rest, ...(Object.keys(kept).length === 0 ? {} : { metadata: kept }), ...(part === 'all' && status !== undefined ? { status } : {}) };
}

/**
 * The owners after `manager` replaced `before` by `after` with an update: it takes what it changed or added, from whoever had it;
 * what is gone is nobody's. `before` undefined is a create.
 */
export function afterUpdate(before: KubeObject | undefined, after: KubeObject, manager: string, time: string, part: 'main' | 'status' | 'all', schema: Schema): Owner[] {
  const was = before === undefined ? new Map<Path, unknown>() : leaves(ownable(before, part), schema);
  const is = leaves(ownable(after, part), schema);
  const touched = new Set<Path>();
  for (const [path, value] of is) if (!was.has(path) || !equal(was.get(path), value)) touched.add(path);
  const gone = new Set([...was.keys()].filter((path) => !is.has(path)));
  const owners = before === undefined ? [] : ownersOf(before);
  if (touched.size === 0 && gone.size === 0) return owners;
  const me: Pick<Owner, 'manager' | 'operation' | 'subresource'> = { manager, operation: 'Update', ...(part === 'status' ? { subresource: 'status' } : {}) };
  const mine = owners.find((owner) => sameOwner(owner, me));
  const others = owners.filter((owner) => owner !== mine).map((owner) => without(owner, (path) => touched.has(path) || gone.has(path)));
  const paths = new Set([...[...(mine?.paths ?? [])].filter((path) => !gone.has(path)), ...touched]);
  return [...others, { ...me, apiVersion: after.apiVersion, time: mine !== undefined && touched.size === 0 ? mine.time : time, paths }];
}

/** The same owner without some paths. */
export function without(owner: Owner, drop: (path: Path) => boolean): Owner {
  const paths = new Set([...owner.paths].filter((path) => !drop(path)));
  return paths.size === owner.paths.size ? owner : { ...owner, paths };
}

const text = (owners: readonly Owner[]): string[] => owners.filter((owner) => owner.paths.size > 0)
  .map((owner) => JSON.stringify([owner.manager, owner.operation, owner.subresource ?? '', [...owner.paths].toSorted()])).toSorted();
/** Do both say the same, times apart? */
export function sameOwners(a: readonly Owner[], b: readonly Owner[]): boolean {
  return equal(text(a), text(b));
}
