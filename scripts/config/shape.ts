import { isAlias, isMap, isNode, isScalar, isSeq, type Node } from 'yaml';
import type { At, Report, Spot, Written } from './source.ts';
import { listed, meant } from './words.ts';

/**
 * The shape of our own files, read strictly: unknown keys, missing keys and wrong types are problems at their place.
 * A reader answers undefined after it has reported; callers go on with what could be read, so that all problems come at once.
 */
export type Read<T> = (node: Node, cx: Cx) => T | undefined;

interface Cx { readonly document: Written; readonly report: Report; readonly what: string }

function spot(node: Node, cx: Cx): Spot {
  return cx.document.spotOf(node);
}

function kindOf(node: Node): string {
  if (isMap(node)) return 'a map';
  if (isSeq(node)) return 'a list';
  if (isAlias(node)) return 'an alias';
  if (!isScalar(node) || node.value === null) return 'nothing';
  if (node.value instanceof Uint8Array) return 'bytes';
  switch (typeof node.value) {
    case 'string': return 'text';
    case 'boolean': return `true or false`;
    case 'number': return 'a number';
    default: return typeof node.value;
  }
}

function wrongType(node: Node, cx: Cx, wanted: string, hint?: string): undefined {
  cx.report(spot(node, cx), 'wrong-type', `${cx.what} must be ${wanted}, here it is ${kindOf(node)}`, isAlias(node) ? 'anchors and aliases are not used here: write the value out' : hint ?? `write ${wanted}`);
  return undefined;
}

/** Words that the tools written in Go (kubectl, kustomize, Flux) read as true or false where YAML 1.2 reads text. */
const GO_BOOLEAN = /^(?:y|n|yes|no|on|off)$/i;

/** Non-empty text. Numbers and booleans must be quoted, so that `1.10` stays what it says, and `no` a word. */
export const text: Read<At<string>> = (node, cx) => {
  if (isScalar(node) && node.type === 'PLAIN' && typeof node.value === 'string' && GO_BOOLEAN.test(node.value)) {
    cx.report(spot(node, cx), 'wrong-type', `${cx.what} must be text, and ${node.value} without quotes is read as true or false by other tools`, `write "${node.value}"`);
    return undefined;
  }
  if (isScalar(node) && typeof node.value === 'string' && node.value !== '') return { value: node.value, spot: spot(node, cx) };
  if (isScalar(node) && typeof node.value === 'string') return wrongType(node, cx, 'text', 'it is empty');
  return wrongType(node, cx, 'text', isScalar(node) && node.value !== null ? 'put it in quotes' : undefined);
};

export const integer: Read<At<number>> = (node, cx) => (
  isScalar(node) && typeof node.value === 'number' && Number.isInteger(node.value)
    ? { value: node.value, spot: spot(node, cx) }
    : wrongType(node, cx, 'a whole number', isScalar(node) && typeof node.value === 'string' ? 'write it without quotes' : undefined)
);

/** One of a few words. */
export function oneOf<const W extends string>(words: readonly W[]): Read<At<W>> {
  return (node, cx) => {
    const found = text(node, cx);
    if (found === undefined) return undefined;
    const word = words.find((each) => each === found.value);
    if (word !== undefined) return { value: word, spot: found.spot };
    cx.report(found.spot, 'not-one-of', `${cx.what} is ${found.value}; it can be ${listed(words)}`, meant(found.value, words, `one of ${words.join(', ')}`));
    return undefined;
  };
}

export function list<T>(read: Read<T>): Read<At<readonly T[]>> {
  return (node, cx) => {
    if (!isSeq(node)) return wrongType(node, cx, 'a list');
    const items = node.items.flatMap((item) => {
      const value = isNode(item) ? read(item, { ...cx, what: `each of ${cx.what}` }) : undefined;
      return value === undefined ? [] : [value];
    });
    return { value: items, spot: spot(node, cx) };
  };
}

export interface Entry<T> { readonly key: At<string>; readonly value: T }

/** `{a, b}`: keys without values. */
function noValue(at: Spot, key: string, cx: Cx): never[] {
  cx.report(at, 'wrong-type', `${key} has no value`, `write ${key}: and its value`);
  return [];
}

function nameless(at: Spot, cx: Cx): never[] {
  cx.report(at, 'wrong-type', `a key of ${cx.what} has no name`, 'write its name before the colon');
  return [];
}

/** A map whose keys are names the author chooses. */
export function record<T>(read: Read<T>): Read<readonly Entry<T>[]> {
  return (node, cx) => {
    if (!isMap(node)) return wrongType(node, cx, 'a map');
    return node.items.flatMap((pair): Entry<T>[] => {
      // What is no text was told when the file was read.
      if (!isScalar(pair.key)) return [];
      if (pair.key.value === null) return nameless(spot(pair.key, cx), cx);
      const key = { value: String(pair.key.value), spot: spot(pair.key, cx) };
      if (!isNode(pair.value)) return noValue(key.spot, key.value, cx);
      const value = read(pair.value, { ...cx, what: key.value });
      return value === undefined ? [] : [{ key, value }];
    });
  };
}

export interface Field<T, R extends boolean> { readonly read: Read<T>; readonly required: R; readonly example: string }
/** A key that must be there; `example` is shown when it is missing. */
export function must<T>(read: Read<T>, example: string): Field<T, true> { return { read, required: true, example }; }
export function may<T>(read: Read<T>): Field<T, false> { return { read, required: false, example: '' }; }

type Fields = Readonly<Record<string, Field<unknown, boolean>>>;
type ValueOf<F> = F extends Field<infer T, boolean> ? T : never;
/**
 * What was read; a key is undefined when it is absent or was reported. `spot` is where the map begins; `faulty` says that
 * something in it was reported, so that a rule does not tell the same mistake again in other words.
 */
export type Shaped<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> | undefined } & { readonly spot: Spot; readonly faulty: boolean };

/** A reader that also tells which keys it knows, so that a published schema can be compared with it. */
export type ReadShape<F extends Fields> = Read<Shaped<F>> & { readonly fields: readonly { readonly key: string; readonly required: boolean }[] };

/** A map with exactly these keys. */
export function shape<F extends Fields>(fields: F): ReadShape<F> {
  const known = Object.entries(fields).map(([key, { required }]) => ({ key, required }));
  return Object.assign(reader(fields), { fields: known });
}

function reader<F extends Fields>(fields: F): Read<Shaped<F>> {
  return (node, outer) => {
    let faulty = false;
    const cx: Cx = { ...outer, report: (...problem) => { faulty = true; outer.report(...problem); } };
    if (!isMap(node)) return wrongType(node, cx, `a map with ${listed(Object.keys(fields))}`);
    const values: Record<string, unknown> = { spot: spot(node, cx) };
    for (const name of Object.keys(fields)) values[name] = undefined;
    for (const pair of node.items) {
      if (!isScalar(pair.key)) continue;
      const name = String(pair.key.value);
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (field === undefined) {
        const unused = Object.keys(fields).filter((each) => !node.has(each));
        cx.report(spot(pair.key, cx), 'unknown-key', `${name} means nothing here`, meant(name, unused, `known here: ${Object.keys(fields).join(', ')}`));
      } else if (isNode(pair.value)) {
        values[name] = field.read(pair.value, { ...cx, what: name });
      } else noValue(spot(pair.key, cx), name, cx);
    }
    for (const [name, field] of Object.entries(fields)) {
      if (!field.required || node.has(name)) continue;
      // A key that is there but misspelt was told already; its absence would be the same mistake told twice.
      const misspelt = node.items.some((pair) => isScalar(pair.key) && !Object.hasOwn(fields, String(pair.key.value)) && meant(String(pair.key.value), [name], '') !== '');
      if (!misspelt) cx.report({ ...spot(node, cx), length: 1 }, 'missing-key', `${name} is missing`, `add ${name}: ${field.example}`);
    }
    return { ...values, faulty } as Shaped<F>;
  };
}

/** Reads a whole document. */
export function readDocument<T>(document: Written | undefined, read: Read<T>, what: string, report: Report): T | undefined {
  return document === undefined || document.root === null ? undefined : read(document.root, { document, report, what });
}
