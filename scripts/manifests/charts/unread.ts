import { nearest } from '../../config/words.ts';
import { allValues, type Chart } from './chart.ts';
import { at, has, isMap, list, map, spoken, type Values } from './data.ts';
import { canBegin } from './template/abstract.ts';
import { readsOf } from './template/reads.ts';
import type { Read } from './template/world.ts';

/** Something somebody set and the chart cannot read, the topmost of it. */
export interface Unread { readonly path: readonly string[]; readonly hint: string }

/** Values no template, condition, tag, import or schema of the chart can read, whatever they are set to. Empty when in doubt. */
export function unreadValues(chart: Chart, values: Readonly<Values>): readonly Unread[] {
  const defaults = allValues(chart);
  const known = readsOf(chart, [...textsIn(values), ...textsIn(defaults)]);
  if (known === undefined) return [];
  const found: (readonly string[])[] = [];
  const walk = (node: Readonly<Values>, above: readonly string[]): void => {
    for (const [key, value] of Object.entries(node)) {
      const path = [...above, key];
      if (!isRead(known, defaults, path) && !namedBySchema(chart, path)) {
        // Keys only people look at, and holders of anchors.
        if (!/^(?:x-|[._])/.test(key)) found.push(path);
      } else if (isMap(value) && !readWhole(known, path)) walk(value, path);
    }
  };
  walk(values, []);
  return found.map((path) => ({ path, hint: hintFor(path, defaults, known) }));
}

/** Whether a value, or anything below it, is read, or is part of something that is. */
function isRead(reads: readonly Read[], defaults: Readonly<Values>, path: readonly string[]): boolean {
  return reads.some((read) => {
    if (canBegin(path, read.path)) return true;
    if (read.how === 'touch' || !canBegin(read.path, path)) return false;
    if (read.how === 'whole') return true;
    // Whether a map is empty changes only by what is directly in it, and only when it is empty by itself.
    const above = path.slice(0, -1);
    if (!canBegin(read.path, above) || !canBegin(above, read.path)) return false;
    const own = at(defaults, ...above);
    return !isMap(own) || Object.keys(own).length === 0;
  });
}

function readWhole(reads: readonly Read[], path: readonly string[]): boolean {
  return reads.some((read) => read.how === 'whole' && canBegin(read.path, path));
}

/** Whether the schema of the chart, or of one in it, says something of this very value. */
function namedBySchema(chart: Chart, path: readonly string[]): boolean {
  if (chart.schema !== undefined && schemaNames(chart.schema, chart.schema, path, 0)) return true;
  const [first, ...rest] = path;
  return chart.charts.some((each) => each.called === first && namedBySchema(each, rest));
}

/** Beyond this many references one goes round in a circle. */
const DEEPEST = 24;

function schemaNames(root: unknown, schema: unknown, path: readonly string[], depth: number): boolean {
  const [first, ...rest] = path;
  if (first === undefined || depth > DEEPEST) return true;
  if (!isMap(schema)) return false;
  const next = (each: unknown, below: readonly string[] = rest): boolean => schemaNames(root, each, below, depth + 1);
  const ref = schema['$ref'];
  if (typeof ref === 'string') {
    // What another file says is not looked at: in doubt it names the value.
    if (!ref.startsWith('#')) return true;
    if (next(at(root, ...ref.slice(1).split('/').filter((part) => part !== '').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))), path)) return true;
  }
  if (has(schema, ['properties', first]) && next(at(schema, 'properties', first))) return true;
  if (list(schema['required']).includes(first) || ['propertyNames', 'minProperties', 'maxProperties', 'unevaluatedProperties'].some((key) => key in schema)) return true;
  if (Object.entries(map(schema['patternProperties'])).some(([pattern, each]) => fits(pattern, first) && next(each))) return true;
  if (isMap(schema['additionalProperties']) && Object.keys(schema['additionalProperties']).length > 0 && !has(schema, ['properties', first]) && next(schema['additionalProperties'])) return true;
  const branches = [...['allOf', 'anyOf', 'oneOf'].flatMap((key) => list(schema[key])), schema['if'], schema['then'], schema['else'], schema['not'], ...Object.values(map(schema['dependentSchemas']))];
  return branches.some((each) => each !== undefined && next(each, path));
}

/** A pattern only Go understands fits everything. */
function fits(pattern: string, key: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(key);
  } catch {
    return true;
  }
}

/** Where the same name is read: beside it, or elsewhere below another key. */
function hintFor(path: readonly string[], defaults: Readonly<Values>, reads: readonly Read[]): string {
  const above = path.slice(0, -1);
  const key = path.at(-1) ?? '';
  const beside = new Set([...Object.keys(map(at(defaults, ...above))), ...reads.flatMap((read) => (read.path.length > above.length && canBegin(above, read.path) && !read.path.slice(0, above.length + 1).some((part) => part.startsWith('*')) ? [read.path[above.length] ?? ''] : []))]);
  beside.delete(key);
  const near = nearest(key, beside);
  if (near !== undefined) return `did you mean ${spoken([...above, near])}?`;
  const elsewhere = placesOf(defaults, key, []).filter((each) => each.join('\n') !== path.join('\n')).toSorted((a, b) => likeness(b, path) - likeness(a, path) || a.length - b.length)[0];
  if (elsewhere !== undefined) return `did you mean ${spoken(elsewhere)}? Compare with the chart's own values: helm show values`;
  return "remove it, or find the name the chart has for it: helm show values";
}

/** How many parts two paths share at their ends. */
function likeness(a: readonly string[], b: readonly string[]): number {
  let same = 0;
  while (same < Math.min(a.length, b.length) && a[a.length - 1 - same] === b[b.length - 1 - same]) same += 1;
  return same;
}

function placesOf(node: unknown, key: string, above: readonly string[]): readonly (readonly string[])[] {
  if (!isMap(node) || above.length > 12) return [];
  return Object.entries(node).flatMap(([name, value]) => [...(name === key ? [[...above, name]] : []), ...placesOf(value, key, [...above, name])]);
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.includes('{{') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
