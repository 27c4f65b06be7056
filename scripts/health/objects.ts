import type { KubeObject } from '../config/cluster.ts';

/** Careful looks into objects somebody else wrote: a field of another type than expected reads as absent, never as a crash. */
export type Fields = Readonly<Record<string, unknown>>;

/** A map, or an empty one. */
export function fields(value: unknown): Fields {
  return isFields(value) ? value : {};
}
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
export function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
/** The value at a path of keys. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) here = fields(here)[key];
  return here;
}
export const spec = (object: KubeObject, ...path: readonly string[]): unknown => at(object['spec'], ...path);
export const status = (object: KubeObject, ...path: readonly string[]): unknown => at(object['status'], ...path);

export interface Condition { readonly type: string; readonly status: string; readonly reason: string; readonly message: string; readonly since: number | undefined; readonly observedGeneration: number | undefined }

/** One condition of an object's status, by its type. */
export function condition(object: KubeObject, type: string): Condition | undefined {
  for (const entry of items(status(object, 'conditions'))) {
    const found = fields(entry);
    if (found['type'] !== type) continue;
    return {
      type, status: text(found['status']) ?? 'Unknown', reason: text(found['reason']) ?? '', message: text(found['message']) ?? '',
      since: time(found['lastTransitionTime']), observedGeneration: number(found['observedGeneration']),
    };
  }
  return undefined;
}

/** RFC 3339 as ms, undefined for anything else. */
export function time(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** `namespace/name`, or the name alone for what has no namespace. */
export function path(object: KubeObject): string {
  return object.metadata.namespace === undefined ? object.metadata.name : `${object.metadata.namespace}/${object.metadata.name}`;
}
/** `Kind namespace/name`: how findings and the object graph call an object. */
export function idOf(object: KubeObject): string {
  return id(object.kind, object.metadata.name, object.metadata.namespace);
}
export function id(kind: string, name: string, namespace?: string): string {
  return namespace === undefined || namespace === '' ? `${kind} ${name}` : `${kind} ${namespace}/${name}`;
}
