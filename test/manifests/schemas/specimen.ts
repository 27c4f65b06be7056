import type { JsonSchema } from '../../../scripts/manifests/schemas/trouble.ts';

/** Made-up values for schemas, good ones and spoilt ones, the same ones every time. */

export type Random = () => number;

/** A small generator of numbers between 0 and 1 (mulberry32). */
export function random(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const record = (value: unknown): Record<string, unknown> => (typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {});
const pick = <T>(from: readonly T[], next: Random): T | undefined => from[Math.floor(next() * from.length)];

/** A value a schema mostly allows: required fields, some of the others, an entry per list. */
export function specimen(schema: unknown, next: Random, depth = 0): unknown {
  const of = record(schema);
  const values = of['enum'];
  if (Array.isArray(values)) return pick(values, next);
  for (const form of ['oneOf', 'anyOf']) {
    const all = of[form];
    if (Array.isArray(all) && of['type'] === undefined && of['properties'] === undefined) return specimen(pick(all, next), next, depth);
  }
  const type = Array.isArray(of['type']) ? of['type'].find((each) => each !== 'null') : of['type'] ?? (of['properties'] === undefined ? 'string' : 'object');
  switch (type) {
    case 'object': {
      const required = new Set(Array.isArray(of['required']) ? of['required'].map(String) : []);
      const fields = Object.entries(record(of['properties'])).filter(([key]) => required.has(key) || (depth < 6 && next() < 0.5 / (depth + 1)));
      const more = typeof of['additionalProperties'] === 'object' && next() < 0.5 ? { 'key/a': specimen(of['additionalProperties'], next, depth + 1) } : {};
      return { ...Object.fromEntries(fields.map(([key, each]) => [key, specimen(each, next, depth + 1)])), ...more };
    }
    case 'array': return Array.from({ length: Math.max(Number(of['minItems'] ?? 0), next() < 0.7 ? 1 : 0) }, () => specimen(of['items'], next, depth + 1));
    case 'integer': return Number(of['minimum'] ?? Math.floor(next() * 10));
    case 'number': return next() < 0.5 ? 1.5 : 2;
    case 'boolean': return next() < 0.5;
    default: return text(of, next);
  }
}

function text(schema: Record<string, unknown>, next: Random): string {
  if (schema['format'] === 'date-time') return '2026-01-02T03:04:05Z';
  const tries = ['5m', 'a', 'example', 'example.org/path', '1', '10.0.0.1', '10.0.0.0/24', 'https://example.org', 'A', 'oci://example.org/x', '100m', '50%', 'aa-bb'];
  const pattern = typeof schema['pattern'] === 'string' ? schema['pattern'] : undefined;
  let fits: readonly string[] = tries;
  if (pattern !== undefined) {
    try {
      const regex = new RegExp(pattern);
      fits = tries.filter((each) => regex.test(each));
    } catch {
      // Not JavaScript's: any will do.
    }
  }
  return (pick(fits, next) ?? 'x').padEnd(Number(schema['minLength'] ?? 0), 'x');
}

const WRONG: readonly unknown[] = ['text', '', 7, -1, 1.5, 4_000_000_000, true, [], ['x'], {}, { a: 'b' }, '5m', 'a b', 'ÄÖ', 'x'.repeat(300), [1, 1]];

/** The object with one thing spoilt somewhere: a field more, less, misspelt, or of another kind. */
export function spoilt(object: JsonSchema, next: Random): JsonSchema {
  const copy = structuredClone(record(object));
  const places: [Record<string, unknown> | unknown[], string | number][] = [];
  const walk = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null) return;
    const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
    for (const key of keys) {
      // What says which object it is stays: without it there is no schema to ask.
      if (depth === 0 && (key === 'kind' || key === 'apiVersion')) continue;
      if (depth > 0 || key !== 'metadata') places.push([Array.isArray(value) ? value : value as Record<string, unknown>, key]);
      walk(Array.isArray(value) ? value[Number(key)] : Reflect.get(value, key), depth + 1);
    }
  };
  walk(copy, 0);
  const [parent, key] = pick(places.filter(([parent]) => parent !== copy['metadata']), next) ?? [copy, 'spec'];
  const what = next();
  if (Array.isArray(parent)) {
    if (what < 0.3) parent.splice(Number(key), 1);
    else if (what < 0.5) parent.push(structuredClone(parent[Number(key)]));
    else parent[Number(key)] = pick(WRONG, next);
  } else if (what < 0.25) delete parent[String(key)];
  else if (what < 0.5) {
    const { [String(key)]: value, ...rest } = parent;
    for (const each of Object.keys(parent)) delete parent[each];
    Object.assign(parent, rest, { [`${String(key)}x`]: value });
  } else parent[String(key)] = structuredClone(pick(WRONG, next));
  return JSON.parse(JSON.stringify(copy)) as JsonSchema;
}
