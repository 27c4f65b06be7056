import type { Path } from '../../config/source.ts';

/** Values of a chart: maps, lists and scalars, as JSON has them. */
export type Values = Record<string, unknown>;

export function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
/** The map itself, or an empty one. */
export function map(value: unknown): Readonly<Values> {
  return isMap(value) ? value : {};
}
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
/** What is at a path; undefined when it is not there. */
export function at(value: unknown, ...path: Path): unknown {
  let here = value;
  for (const part of path) {
    if (Array.isArray(here)) here = here[Number(part)];
    else if (isMap(here) && Object.hasOwn(here, part)) here = here[part];
    else return undefined;
  }
  return here;
}
/** Whether something is written at a path, null included. */
export function has(value: unknown, path: readonly string[]): boolean {
  const [first, ...rest] = path;
  if (first === undefined) return true;
  return isMap(value) && Object.hasOwn(value, first) && has(value[first], rest);
}

/** Sets a key whatever it is called; `__proto__` would be taken for something else. */
export function put(into: Values, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
  else into[key] = value;
}

/** A copy without what is at a path. */
export function without(value: unknown, path: readonly string[]): unknown {
  const [first, ...rest] = path;
  if (first === undefined || !isMap(value) || !Object.hasOwn(value, first)) return value;
  const copy = { ...value };
  if (rest.length === 0) delete copy[first]; else copy[first] = without(copy[first], rest);
  return copy;
}

/** A copy with another value at a path that is there. */
export function replaced(value: unknown, path: readonly string[], change: (old: unknown) => unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return change(value);
  return isMap(value) && Object.hasOwn(value, first) ? { ...value, [first]: replaced(value[first], rest, change) } : value;
}

/** JSON with the keys of every map in order, so that equal values are one text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (isMap(each) ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => (a < b ? -1 : 1))) : each));
}

/** A path as people write it: `a.b[0]`, keys with dots in brackets. */
export function spoken(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' || /[.[\]\s]/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`)).join('') || '(the values themselves)';
}
