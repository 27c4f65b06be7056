import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';

/** Looking at plain data whose shape nobody has checked. */

export type Plain = Readonly<Record<string, unknown>>;

export function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
export function plain(value: unknown): Plain {
  return isPlain(value) ? value : {};
}
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
/** The text values of a map. */
export function strings(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(plain(value)).flatMap(([key, each]) => (typeof each === 'string' ? [[key, each]] : typeof each === 'number' || typeof each === 'boolean' ? [[key, String(each)]] : [])));
}
export function get(value: unknown, ...path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (Array.isArray(here)) here = here[Number(part)];
    else if (isPlain(here) && Object.hasOwn(here, part)) here = here[part];
    else return undefined;
  }
  return here;
}

/** Something with an apiVersion, a kind and a name. */
export function isObject(value: unknown): value is KubeObject {
  return isPlain(value) && typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string' && value['kind'] !== '' && isPlain(value['metadata']) && typeof value['metadata']['name'] === 'string' && value['metadata']['name'] !== '';
}
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}
export function versionOf(apiVersion: string): string {
  return apiVersion.slice(apiVersion.indexOf('/') + 1);
}

/** A copy with another value at a path; maps on the way are made when they are missing. Nothing is changed in place. */
export function withAt(value: unknown, path: Path, next: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return next;
  if (Array.isArray(value)) return value.map((each, index): unknown => (index === Number(first) ? withAt(each, rest, next) : each));
  return { ...plain(value), [first]: withAt(plain(value)[first], rest, next) };
}

/** A map that is being made. */
export type Values = Record<string, unknown>;

/** Whether something is written at a path, null included. */
export function has(value: unknown, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  return isPlain(value) && Object.hasOwn(value, first) && has(value[first], rest);
}

/** Sets a key whatever it is called; `__proto__` would be taken for something else. */
export function put(into: Values, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
  else into[key] = value;
}

/** A copy of plain data, all the way down. */
export function copyOf<T>(value: T): T;
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isPlain(value)) return value;
  const copy: Values = {};
  for (const key of Object.keys(value)) put(copy, key, copyOf(value[key]));
  return copy;
}

/** A copy without what is at a path. */
export function without(value: unknown, path: readonly string[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined || !isPlain(value) || !Object.hasOwn(value, first)) return value;
  const copy = { ...value };
  if (rest.length === 0) delete copy[first]; else copy[first] = without(copy[first], rest);
  return copy;
}

/** A copy with another value at a path that is there. */
export function replaced(value: unknown, path: readonly string[], change: (old: unknown) => unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return change(value);
  return isPlain(value) && Object.hasOwn(value, first) ? { ...value, [first]: replaced(value[first], rest, change) } : value;
}

/** JSON with the keys of every map in order, so that equal values are one text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (isPlain(each) ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1))) : each));
}

/** A path as people write it: `a.b[0]`, keys with dots in brackets. */
export function spoken(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' || /[.[\]\s]/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`)).join('') || '(the values themselves)';
}
