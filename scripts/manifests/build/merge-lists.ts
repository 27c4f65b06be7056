import { isPlain } from './data.ts';

/** Merging lists by the keys of their entries, with every turn the library kustomize uses takes: its results are what is applied. */

export class MergeError extends Error {
  readonly field: string;
  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}

/** What only the real kustomize can say: its own answer depends on the order it happens to look in. */
export class Unclear extends Error {}

export type ListSide = unknown[] | null | undefined;
type Entry = Record<string, unknown>;
type Values = readonly string[];

/** The merged list; undefined when nothing is left of it. `merge` answers undefined for an entry that is to go. */
export function mergeLists(below: unknown[] | undefined, over: ListSide, keys: readonly string[], merge: (one: Entry | undefined, other: Entry | undefined) => Entry | undefined, directiveOf: (list: unknown[]) => string | undefined): unknown[] | undefined {
  // A directive in a list that goes nowhere is not looked at, and stays in it as an entry.
  if (below === undefined && over?.some((entry) => isPlain(entry) && Object.hasOwn(entry, '$patch') && Object.keys(entry).length === 1) === true) throw new Unclear('a $patch in a list that is not there yet');
  const directive = over === undefined || over === null ? undefined : directiveOf(over);
  if (directive === 'delete') return undefined;
  let target: unknown[] = below === undefined || directive === 'replace' ? [...over ?? []] : [...below];
  const source = target;
  const patch = over ?? undefined;
  if (keys.length === 0) return asSet(source, patch);
  let valuesList = valuesOf([patch, source], keys);
  if (keys.length > 1) {
    valuesList = completed(valuesList);
    const own = valuesList.slice(0, valuesOf([patch], keys).length);
    if (own.some((one, index) => own.some((other, at) => at > index && equal(one, other)))) throw new Unclear('entries of a patch that differ only by a key one of them leaves out');
  }
  let added: unknown[] = [];
  let validKeys: readonly string[] = [];
  for (const values of valuesList) {
    const valid = validated(valuesList, values, keys);
    validKeys = valid.keys;
    const [one, other] = [find(target, valid), find(patch, valid)];
    const merged = merge(one, below === undefined || directive === 'replace' ? one ?? other : other);
    if (merged === undefined || Object.keys(merged).length === 0) {
      target = set(target, valid.keys, valid.values, undefined);
      continue;
    }
    valid.keys.forEach((key, index) => { if (!Object.hasOwn(merged, key) && valid.values[index] !== '') merged[key] = valid.values[index]; });
    added = set(added, valid.keys, valid.values, merged);
  }
  if (valuesList.length === 0) return target;
  return appended(added, target, validKeys);
}

/** Plain values: those of the patch first, each once. */
function asSet(source: readonly unknown[], patch: readonly unknown[] | undefined): unknown[] | undefined {
  const out: unknown[] = [];
  for (const each of [...patch ?? [], ...source]) if (!out.some((other) => String(other) === String(each))) out.push(each);
  return out;
}

/** The values of the keys of every entry, each combination once; '' for a key that is not there. */
function valuesOf(lists: readonly (readonly unknown[] | undefined)[], keys: readonly string[]): Values[] {
  const out: Values[] = [];
  for (const list of lists) {
    for (const entry of list ?? []) {
      const values = keys.map((key) => valueOf(entry, key));
      if (!out.some((other) => equal(other, values))) out.push(values);
    }
  }
  return out;
}
function valueOf(entry: unknown, key: string): string {
  const value = isPlain(entry) ? entry[key] : undefined;
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0) ? '' : typeof value === 'object' ? '' : String(value);
}
const equal = (a: Values, b: Values): boolean => a.length === b.length && a.every((value, index) => value === b[index]);

/** Entries that differ only by what one of them leaves out count as one. */
function completed(list: readonly Values[]): Values[] {
  const out = [...list];
  for (let i = 0; i < out.length; i += 1) {
    for (let j = 0; j < out.length; j += 1) {
      const both = match(out[i] ?? [], out[j] ?? []);
      if (both !== undefined) { out[i] = both; out[j] = both; }
    }
  }
  return out;
}
function match(a: Values, b: Values): Values | undefined {
  if (a.length !== b.length) return undefined;
  let common = false;
  const out: string[] = [];
  for (const [index, value] of a.entries()) {
    const other = b[index] ?? '';
    if (value === other) { common = true; out.push(value); continue; }
    if (value !== '' && other !== '') return undefined;
    out.push(value === '' ? other : value);
  }
  return common ? out : undefined;
}

interface Valid { readonly keys: readonly string[]; readonly values: readonly string[] }

/** Keys that some entry has, with the values of this one. */
function validated(list: readonly Values[], values: Values, keys: readonly string[]): Valid {
  const used = new Set(list.flatMap((each) => each.flatMap((value, index) => (value === '' ? [] : [keys[index] ?? '']))));
  if (used.size === 0) return { keys, values };
  return { keys: keys.filter((key) => used.has(key)), values: values.filter((value, index) => value !== '' || used.has(keys[index] ?? '')) };
}

/** The first entry that has these values. */
function find(list: readonly unknown[] | undefined, valid: Valid): Entry | undefined {
  const { keys, values } = validated([valid.values], valid.values, valid.keys);
  return list?.find((entry): entry is Entry => isPlain(entry) && keys.every((key, index) => Object.hasOwn(entry, key) && entry[key] !== null && String(entry[key]) === values[index]));
}

/** The list with every entry of these values replaced, or taken away; with it at the end when there is none. */
function set(list: readonly unknown[], keys: readonly string[], values: readonly string[], element: Entry | undefined): unknown[] {
  const mapping = keys[0] !== '' && (values[0] ?? '') !== '';
  const out: unknown[] = [];
  let found = false;
  for (const entry of list) {
    if (entry === null || (isPlain(entry) && Object.keys(entry).length === 0)) continue;
    if (!isPlain(entry) && mapping) { out.push(entry); continue; }
    let last = false;
    let matches = keys.length > 0;
    for (const [index, key] of keys.entries()) {
      if (index < values.length) last = isPlain(entry) && Object.hasOwn(entry, key) && entry[key] !== null && (values[index] === '' || String(entry[key]) === values[index]);
      if (!last) { matches = false; break; }
    }
    if (!matches) { if (values.length > 0) out.push(entry); continue; }
    found = true;
    if (element !== undefined) out.push(element);
  }
  if (element !== undefined && !found) out.push(element);
  return out;
}

/** What the object had, behind what the patch named. */
function appended(added: readonly unknown[], source: readonly unknown[], keys: readonly string[]): unknown[] {
  let out = [...added];
  for (const entry of source) {
    const values: string[] = [];
    for (const key of keys) {
      const value = isPlain(entry) ? entry[key] : undefined;
      if (value === undefined || value === null) { out.push(entry); continue; }
      values.push(String(value));
    }
    if (keys.length > 1) out = set(out, keys, values, undefined);
    out = set(out, keys, values, entry as Entry);
  }
  return out;
}
