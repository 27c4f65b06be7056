import { isPlain, type Plain } from '../build/data.ts';
import type { Path } from '../../config/source.ts';
import { isUnknown } from '../build/unknown.ts';
import { checkFormat, checkPattern } from './strings.ts';
import type { JsonSchema, Judgement, Trouble } from './trouble.ts';

/**
 * Judges plain values by the JSON schemas that Kubernetes and its definitions use, as kubeconform does: the same errors, found in the same
 * order of keywords. What it does not know for certain it does not judge (`undecided`). test/manifests/schemas/equality.test.ts holds it
 * against the real kubeconform, over every schema and every object there is, whole and spoilt.
 */

class Undecided extends Error {}

/** Keywords that say nothing about validity. `nullable` is a word of definitions; as JSON schema it means nothing. */
const SILENT = new Set(['description', 'title', 'default', 'example', 'examples', '$schema', 'nullable', 'externalDocs', 'discriminator', 'readOnly', 'writeOnly', 'deprecated', '$comment', 'definitions']);
const SPOKEN = new Set([
  'type', 'enum', 'format', 'properties', 'required', 'additionalProperties', 'patternProperties', 'minProperties', 'maxProperties', 'items', 'minItems', 'maxItems', 'uniqueItems',
  'minLength', 'maxLength', 'pattern', 'minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'allOf', 'anyOf', 'oneOf', 'not',
]);

/** Judges a value by a schema. Pure. */
export function evaluate(schema: JsonSchema, value: unknown): Judgement {
  try {
    const troubles = judge(schema, value, []);
    return troubles.length === 0 ? { is: 'valid' } : { is: 'invalid', troubles };
  } catch (error) {
    if (error instanceof Undecided) return { is: 'undecided', because: error.message };
    throw error;
  }
}

const known = new WeakSet();
const NONE: readonly Trouble[] = [];

function judge(schema: unknown, value: unknown, path: Path): readonly Trouble[] {
  // What only the cluster knows may be anything.
  if (schema === true || (typeof value === 'string' && isUnknown(value))) return NONE;
  if (!isPlain(schema)) throw new Undecided('a schema that is no map');
  if (!known.has(schema)) {
    for (const key in schema) if (!SPOKEN.has(key) && !SILENT.has(key) && !key.startsWith('x-')) throw new Undecided(`the keyword ${key}`);
    known.add(schema);
  }
  const got = typeOf(value);
  const wanted = schema['type'];
  if (wanted !== undefined) {
    const types = Array.isArray(wanted) ? wanted.map(String) : [String(wanted)];
    if (!types.some((type) => type === got || (type === 'number' && got === 'integer'))) return [{ is: 'type', path, got: got === 'integer' ? 'number' : got, want: types }];
  }
  const values = schema['enum'];
  if (Array.isArray(values) && !values.some((each) => equal(each, value))) return [{ is: 'enum', path, want: values.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))) }];
  if (typeof schema['format'] === 'string' && typeof value === 'string') {
    const because = checkFormat(schema['format'], value);
    if (because === 'undecided') throw new Undecided(`the format ${schema['format']}`);
    if (because !== undefined) return [{ is: 'format', path, want: schema['format'], because }];
  }
  const found: Trouble[] = [];
  if (typeof value === 'string') textual(schema, value, path, found);
  else if (typeof value === 'number') numeric(schema, value, path, found);
  else if (Array.isArray(value)) listed(schema, value, path, found);
  else if (isPlain(value)) mapped(schema, value, path, found);
  forms(schema, value, path, found);
  return found;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  switch (typeof value) {
    case 'string': return 'string';
    case 'boolean': return 'boolean';
    case 'object': return 'object';
    case 'number':
      if (Number.isFinite(value)) return Number.isInteger(value) ? 'integer' : 'number';
  }
  throw new Undecided('a value JSON cannot hold');
}

function bound(schema: Plain, which: string, got: number, path: Path, found: Trouble[], broken: (got: number, want: number) => boolean): void {
  const want = schema[which];
  if (want === undefined) return;
  if (typeof want !== 'number') throw new Undecided(`${which} that is no number`);
  if (broken(got, want)) found.push({ is: 'bound', path, which, got, want });
}
const less = (got: number, want: number): boolean => got < want;
const more = (got: number, want: number): boolean => got > want;

function textual(schema: Plain, value: string, path: Path, found: Trouble[]): void {
  if (schema['minLength'] !== undefined || schema['maxLength'] !== undefined) {
    // Counted in characters, not in the halves of those beyond the first 65536.
    const length = [...value].length;
    bound(schema, 'minLength', length, path, found, less);
    bound(schema, 'maxLength', length, path, found, more);
  }
  const pattern = schema['pattern'];
  if (pattern === undefined) return;
  const fits = typeof pattern === 'string' ? checkPattern(pattern, value) : undefined;
  if (fits === undefined) throw new Undecided(`the pattern ${String(pattern)}`);
  if (!fits) found.push({ is: 'pattern', path, want: String(pattern) });
}

function numeric(schema: Plain, value: number, path: Path, found: Trouble[]): void {
  // Up to draft 4 the exclusive ones are switches of the others, later bounds of their own.
  const exclusive = (which: string): boolean => schema[which] === true;
  bound(schema, exclusive('exclusiveMinimum') ? 'none' : 'minimum', value, path, found, less);
  bound(schema, exclusive('exclusiveMaximum') ? 'none' : 'maximum', value, path, found, more);
  for (const [which, plain] of [['exclusiveMinimum', 'minimum'], ['exclusiveMaximum', 'maximum']] as const) {
    const said = schema[which];
    const want = said === true ? schema[plain] : said === false ? undefined : said;
    if (want !== undefined && typeof want !== 'number') throw new Undecided(`${which} that is no number`);
    if (want !== undefined && (which === 'exclusiveMinimum' ? value <= want : value >= want)) found.push({ is: 'bound', path, which, got: value, want });
  }
  if (schema['multipleOf'] !== undefined) {
    if (!Number.isInteger(value) || !Number.isInteger(schema['multipleOf'])) throw new Undecided('multipleOf of a fraction');
    bound(schema, 'multipleOf', value, path, found, (got, want) => got % want !== 0);
  }
}

function listed(schema: Plain, value: readonly unknown[], path: Path, found: Trouble[]): void {
  bound(schema, 'minItems', value.length, path, found, less);
  bound(schema, 'maxItems', value.length, path, found, more);
  if (schema['uniqueItems'] === true) {
    const same = duplicates(value);
    if (same !== undefined) found.push({ is: 'same', path, first: same[0], second: same[1] });
  }
  const items = schema['items'];
  if (items === undefined) return;
  if (Array.isArray(items)) throw new Undecided('items by position');
  value.forEach((each, index) => { found.push(...judge(items, each, [...path, index])); });
}

function mapped(schema: Plain, value: Plain, path: Path, found: Trouble[]): void {
  const keys = Object.keys(value);
  bound(schema, 'minProperties', keys.length, path, found, less);
  bound(schema, 'maxProperties', keys.length, path, found, more);
  const required = schema['required'];
  if (Array.isArray(required)) {
    const missing = required.map(String).filter((key) => !Object.hasOwn(value, key));
    if (missing.length > 0) found.push({ is: 'missing', path, keys: missing });
  }
  const properties = isPlain(schema['properties']) ? schema['properties'] : undefined;
  const patterns = isPlain(schema['patternProperties']) ? Object.entries(schema['patternProperties']) : [];
  const additional = schema['additionalProperties'];
  const extra: string[] = [];
  for (const key of keys) {
    let evaluated = false;
    if (properties !== undefined && Object.hasOwn(properties, key)) {
      evaluated = true;
      found.push(...judge(properties[key], value[key], [...path, key]));
    }
    for (const [pattern, of] of patterns) {
      const fits = checkPattern(pattern, key);
      if (fits === undefined) throw new Undecided(`the pattern ${pattern}`);
      if (!fits) continue;
      evaluated = true;
      found.push(...judge(of, value[key], [...path, key]));
    }
    if (evaluated || additional === undefined || additional === true) continue;
    if (additional === false) extra.push(key);
    else found.push(...judge(additional, value[key], [...path, key]));
  }
  if (extra.length > 0) found.push({ is: 'extra', path, keys: extra });
}

function forms(schema: Plain, value: unknown, path: Path, found: Trouble[]): void {
  if (schema['not'] !== undefined && judge(schema['not'], value, path).length === 0) found.push({ is: 'form', path, which: 'not', matched: 1, forms: [] });
  for (const which of ['allOf', 'anyOf', 'oneOf'] as const) {
    const all = schema[which];
    if (all === undefined) continue;
    if (!Array.isArray(all) || all.length === 0) throw new Undecided(`${which} that is no list`);
    const judged = all.map((each) => judge(each, value, path));
    const matched = judged.filter((each) => each.length === 0).length;
    const good = which === 'allOf' ? matched === all.length : which === 'anyOf' ? matched > 0 : matched === 1;
    if (!good) found.push({ is: 'form', path, which, matched, forms: judged.filter((each) => each.length > 0) });
  }
}

function duplicates(items: readonly unknown[]): readonly [number, number] | undefined {
  for (let second = 1; second < items.length; second++) for (let first = 0; first < second; first++) if (equal(items[first], items[second])) return [first, second];
  return undefined;
}

function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((each, index) => equal(each, b[index]));
  if (!isPlain(a) || !isPlain(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}
