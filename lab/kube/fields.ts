/** Which fields an object has and who owns them: leaf paths, and their form in managedFields (FieldsV1). */
import { isFields } from '../world/value.ts';
import type { Fields } from '../world/value.ts';
import { keyedItems } from './lists.ts';
import type { Schema } from './lists.ts';

/** A path is its elements (`f:spec`, `k:{"name":"x"}`, `v:"x"`, `.`) joined by NUL, which no field name holds. */
export type Path = string;
const SEPARATOR = '\u0000';
export const elementsOf = (path: Path): string[] => path.split(SEPARATOR);
export const under = (prefix: Path): Path => `${prefix}${SEPARATOR}`;
const join = (prefix: Path, element: string): Path => (prefix === '' ? element : `${prefix}${SEPARATOR}${element}`);

/** Stands for "is there": the value of an empty mapping, of an empty list that merges, and of a keyed item itself. */
export const PRESENT = Symbol('present');

/** Every leaf with its value. A leaf is a scalar, an atomic list or mapping, an empty mapping or merging list, a member of a set, or a keyed item itself. */
export function leaves(value: Fields, schema: Schema): Map<Path, unknown> {
  const out = new Map<Path, unknown>();
  walk(value, '', [], schema, out);
  return out;
}

function walk(value: unknown, path: Path, names: readonly string[], schema: Schema, out: Map<Path, unknown>): void {
  if (isFields(value)) {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    if (path !== '' && entries.length === 0) out.set(path, PRESENT);
    else if (path !== '' && schema.atomicMap(names)) out.set(path, value);
    else for (const [key, entry] of entries) walk(entry, join(path, `f:${key}`), [...names, key], schema, out);
    return;
  }
  if (Array.isArray(value)) {
    const kind = schema.list(names);
    if (kind.merge !== 'atomic' && value.length === 0) {
      out.set(path, PRESENT);
      return;
    }
    if (kind.merge === 'set') {
      for (const entry of value) out.set(join(path, `v:${JSON.stringify(entry)}`), PRESENT);
      return;
    }
    const items = kind.merge === 'map' ? keyedItems(value, kind.keys) : undefined;
    if (items !== undefined) {
      for (const [key, item] of items) {
        const here = join(path, `k:${key}`);
        out.set(join(here, '.'), PRESENT);
        for (const [name, entry] of Object.entries(item)) walk(entry, join(here, `f:${name}`), [...names, name], schema, out);
      }
      return;
    }
  }
  out.set(path, value);
}

/** Takes the value at a path out of `root` (which is written to); mappings and lists that become empty go, too. */
export function removePath(root: Fields, path: Path, schema: Schema): void {
  take(root, elementsOf(path), [], schema);
}

/** True when `holder` is empty afterwards. */
function take(holder: Fields, elements: readonly string[], names: readonly string[], schema: Schema): boolean {
  const [first, ...rest] = elements;
  if (first === undefined || !first.startsWith('f:')) return false;
  const name = first.slice(2);
  const value = holder[name];
  if (value === undefined) return false;
  if (rest.length === 0) delete holder[name];
  else if (isFields(value)) {
    if (take(value, rest, [...names, name], schema)) delete holder[name];
  } else if (Array.isArray(value)) {
    takeItem(value, rest, [...names, name], schema);
    if (value.length === 0) delete holder[name];
  }
  return Object.keys(holder).length === 0;
}

function takeItem(list: unknown[], elements: readonly string[], names: readonly string[], schema: Schema): void {
  const [element = '', ...rest] = elements;
  if (element.startsWith('v:')) {
    const index = list.findIndex((entry) => `v:${JSON.stringify(entry)}` === element);
    if (index >= 0) list.splice(index, 1);
    return;
  }
  const kind = schema.list(names);
  const items = kind.merge === 'map' ? keyedItems(list, kind.keys) : undefined;
  const item = items?.get(element.slice(2));
  if (item === undefined) return;
  if (rest[0] === '.') list.splice(list.indexOf(item), 1);
  else take(item, rest, names, schema);
}

/** FieldsV1 of a set of paths. */
export function toFieldsV1(paths: Iterable<Path>): Fields {
  const root: Fields = {};
  for (const path of [...paths].toSorted()) {
    let here = root;
    for (const element of elementsOf(path)) {
      const next = here[element];
      if (isFields(next)) here = next;
      else {
        const made: Fields = {};
        here[element] = made;
        here = made;
      }
    }
  }
  return root;
}

/** The paths a FieldsV1 names. */
export function fromFieldsV1(fields: unknown): Set<Path> {
  const out = new Set<Path>();
  const visit = (value: unknown, path: Path): void => {
    const entries = isFields(value) ? Object.entries(value) : [];
    if (entries.length === 0 && path !== '') out.add(path);
    for (const [key, entry] of entries) visit(entry, join(path, key));
  };
  visit(fields, '');
  return out;
}

/** `.spec.template.spec.containers[name="x"].image`, as conflicts say it. */
export function pathText(path: Path): string {
  return elementsOf(path).map((element) => {
    if (element === '.') return '';
    const rest = element.slice(2);
    if (element.startsWith('f:')) return `.${rest}`;
    if (element.startsWith('v:')) return `[=${rest}]`;
    const key: unknown = JSON.parse(rest);
    return `[${Object.entries(isFields(key) ? key : {}).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
  }).join('');
}
