import type { Path } from '../../config/source.ts';
import { isPlain, list, plain, type Plain } from '../build/data.ts';
import type { JsonSchema } from './trouble.ts';

/** A path as one reads it: spec.containers[0].env, metadata.annotations["example.com/x"]. */
export function spell(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : /^[\w-]+$/.test(part) ? `${index === 0 ? '' : '.'}${part}` : `["${part}"]`)).join('');
}

/** The value at a path, through maps and lists. */
export function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const part of path) here = Array.isArray(here) ? here[Number(part)] : isPlain(here) && Object.hasOwn(here, part) ? here[part] : undefined;
  return here;
}

/** The parts of a schema that describe the value at a path: its own, and those of its allOf, anyOf and oneOf. */
export function schemasAt(schema: JsonSchema | undefined, path: Path): readonly Plain[] {
  let here = alternatives(schema);
  for (const part of path) here = here.flatMap((each) => alternatives(typeof part === 'number' ? each['items'] : plain(each['properties'])[part] ?? each['additionalProperties']));
  return here;
}
function alternatives(schema: unknown): readonly Plain[] {
  if (!isPlain(schema)) return [];
  return [schema, ...['allOf', 'anyOf', 'oneOf'].flatMap((each) => list(schema[each])).flatMap(alternatives)];
}

/** Names of the fields a value at a path may have. */
export function fieldsAt(schema: JsonSchema | undefined, path: Path): readonly string[] {
  return [...new Set(schemasAt(schema, path).flatMap((each) => Object.keys(plain(each['properties']))))];
}

/** The first sentence of what a schema says of the value at a path. */
export function saysAt(schema: JsonSchema | undefined, path: Path): string | undefined {
  const said = schemasAt(schema, path).map((each) => each['description']).find((each) => typeof each === 'string');
  const sentence = typeof said === 'string' ? /^[^]*?\.(?=\s|$)/.exec(said)?.[0] ?? said : undefined;
  const short = sentence?.replaceAll(/\s+/g, ' ').replace(/\.$/, '').trim();
  return short === undefined || short === '' || short.length > 160 ? undefined : short;
}

/** One letter more, less, other, or two neighbours swapped; or only capitals. */
export function oneSlip(a: string, b: string): boolean {
  if (a.toLowerCase() === b.toLowerCase()) return true;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1 || short.length < 4) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at += 1;
  if (long.length > short.length) return short.slice(at) === long.slice(at + 1);
  return short.slice(at + 1) === long.slice(at + 1) || (short[at] === long[at + 1] && short[at + 1] === long[at] && short.slice(at + 2) === long.slice(at + 2));
}

/** A JSON pointer as a path; which of its numbers are places in a list, the object says. */
export function pathFrom(pointer: string, object: unknown): Path {
  let here: unknown = object;
  return pointer.split('/').slice(1).map((each) => {
    const part = Array.isArray(here) ? Number(each) : each.replaceAll('~1', '/').replaceAll('~0', '~');
    here = Array.isArray(here) ? here[Number(part)] : isPlain(here) ? here[part] : undefined;
    return part;
  });
}

/** An object without the fields that say nothing: the API server takes a null for a field that is not given. */
export function withoutNulls<T>(value: T): T;
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map((each: unknown) => withoutNulls(each));
    return items.some((each, index) => each !== value[index]) ? items : value;
  }
  if (!isPlain(value)) return value;
  let changed = false;
  const made: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    if (each === null) {
      changed = true;
      continue;
    }
    const inner = withoutNulls(each);
    if (inner !== each) changed = true;
    made[key] = inner;
  }
  return changed ? made : value;
}
