import { nearest } from '../../config/words.ts';
import { allValues, type Chart } from './chart.ts';
import { get, isPlain, plain, spoken, type Values } from '../build/data.ts';
import { namedBySchema } from './schema.ts';
import { canBegin } from './template/abstract.ts';
import { readsOf } from './template/reads.ts';
import type { Read } from './template/world.ts';

/** Something somebody set and the chart cannot read, the topmost of it. */
export interface Unread { readonly path: readonly string[]; readonly hint: string }

/** Values no template, condition, tag, import or schema of the chart can read, whatever they are set to. Empty when in doubt. */
export function unreadValues(chart: Chart, values: Readonly<Values>, reads: typeof readsOf = readsOf): readonly Unread[] {
  const defaults = allValues(chart);
  const known = reads(chart, [...new Set([...textsIn(values), ...textsIn(defaults)])].toSorted());
  if (known === undefined) return [];
  const found: (readonly string[])[] = [];
  const walk = (node: Readonly<Values>, above: readonly string[]): void => {
    for (const [key, value] of Object.entries(node)) {
      const path = [...above, key];
      if (!isRead(known, defaults, path) && !namedBySchema(chart, path)) {
        // Keys only people look at, and holders of anchors.
        if (!/^(?:x-|[._])/.test(key)) found.push(path);
      } else if (isPlain(value) && !readWhole(known, path)) walk(value, path);
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
    const own = get(defaults, ...above);
    return !isPlain(own) || Object.keys(own).length === 0;
  });
}

function readWhole(reads: readonly Read[], path: readonly string[]): boolean {
  return reads.some((read) => read.how === 'whole' && canBegin(read.path, path));
}

const MOST_PLACES = 4;

/** Where the same name is read: beside it, or elsewhere below another key. */
function hintFor(path: readonly string[], defaults: Readonly<Values>, reads: readonly Read[]): string {
  const above = path.slice(0, -1);
  const key = path.at(-1) ?? '';
  const beside = new Set([...Object.keys(plain(get(defaults, ...above))), ...reads.flatMap((read) => (read.path.length > above.length && canBegin(above, read.path) && !read.path.slice(0, above.length + 1).some((part) => part.startsWith('*')) ? [read.path[above.length] ?? ''] : []))]);
  beside.delete(key);
  const near = nearest(key, beside);
  if (near !== undefined) return `did you mean ${spoken([...above, near])}?`;
  const places = placesOf(defaults, key, []).filter((each) => each.join('\n') !== path.join('\n')).toSorted((a, b) => likeness(b, path) - likeness(a, path) || a.length - b.length);
  // A name that stands everywhere (enabled) leads nowhere, unless what is above it is the same as well.
  const elsewhere = places.length <= MOST_PLACES || likeness(places[0] ?? [], path) > 1 ? places[0] : undefined;
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
  if (!isPlain(node) || above.length > 12) return [];
  return Object.entries(node).flatMap(([name, value]) => [...(name === key ? [[...above, name]] : []), ...placesOf(value, key, [...above, name])]);
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return value.includes('{{') ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
