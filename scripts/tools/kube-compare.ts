import type { KubeObject } from '../config/cluster.ts';

/** What the API server keeps for itself: differs between two readings of the same wish. */
const BOOKKEEPING = new Set(['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink']);

/** Whether two readings of an object say the same, the server's bookkeeping and status apart. The order of keys does not matter, that of lists does. */
export function sameWish(a: KubeObject, b: KubeObject): boolean {
  return equal(wish(a), wish(b));
}

function wish(object: KubeObject): unknown {
  const { status: _, ...rest } = object;
  return { ...rest, metadata: Object.fromEntries(Object.entries(object.metadata).filter(([key]) => !BOOKKEEPING.has(key))) };
}

/** Deep equality of JSON values; a key whose value is undefined counts as absent. */
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => equal(item, b[i]));
  }
  const left = entries(a);
  const right = entries(b);
  return left.size === right.size && [...left].every(([key, value]) => right.has(key) && equal(value, right.get(key)));
}

function entries(value: object): Map<string, unknown> {
  return new Map(Object.entries(value).filter(([, inner]) => inner !== undefined));
}
