import type { Chart } from '../chart.ts';

/** What is known of a value while a template is read without being run: where it may come from. */

/** A chart at its place in the values: the first one, or a dependency below it. */
export interface Instance { readonly id: number; readonly chart: Chart; readonly prefix: readonly string[]; readonly children: readonly Instance[] }

export type Ref =
  /** The `.` a chart's templates are given. */
  | { readonly is: 'root'; readonly instance: Instance }
  | { readonly is: 'subcharts'; readonly instance: Instance }
  /** A place in the values of the release; `*` stands for any one key, `**` for any keys. */
  | { readonly is: 'values'; readonly path: readonly string[] }
  | { readonly is: 'made'; readonly made: Made };

/** A text as far as it is known: pieces with anything (null) between them. */
export type Text = readonly (string | null)[];

/** A value: it may be (or hold) any of `refs`, and is one of `texts` when it is text. `texts` undefined: it may be any text. */
export interface Abs { readonly refs: ReadonlyMap<string, Ref>; readonly texts: readonly Text[] | undefined }

export const NOTHING: Abs = { refs: new Map(), texts: [] };
export const ANY_TEXT: Abs = { refs: new Map(), texts: undefined };

/** A map or list that templates make by `dict` and `list`, one for each place that makes them. */
export class Made {
  readonly id: number;
  readonly fields = new Map<string, Abs>();
  /** What lies below keys that are not known. */
  any: Abs = NOTHING;
  /** Maps whose keys are merged into it. */
  spread: Abs = NOTHING;
  constructor(id: number) { this.id = id; }
}

/** More places or texts than this are told apart no longer. */
const MANY = 32;
const MANY_TEXTS = 24;
const LONGEST = 16;

export function refKey(ref: Ref): string {
  switch (ref.is) {
    case 'root': return `r${ref.instance.id}`;
    case 'subcharts': return `s${ref.instance.id}`;
    case 'values': return `v${ref.path.join('\0')}`;
    case 'made': return `m${ref.made.id}`;
  }
}

export function absOf(...refs: readonly Ref[]): Abs {
  return { refs: new Map(refs.map((ref) => [refKey(ref), ref])), texts: undefined };
}
export function textOf(text: string): Abs {
  return { refs: NOTHING.refs, texts: [[text]] };
}

export function absKey(abs: Abs): string {
  return `${[...abs.refs.keys()].toSorted().join('\n')}\t${abs.texts === undefined ? '?' : JSON.stringify(abs.texts)}`;
}

/** Either of two values. The very same object when the second adds nothing to the first. */
export function join(a: Abs, b: Abs): Abs {
  if (a === b || (b.refs.size === 0 && b.texts?.length === 0)) return a;
  let refs = a.refs;
  for (const [key, ref] of b.refs) {
    if (refs.has(key) || isCovered(ref, refs)) continue;
    if (refs === a.refs) refs = new Map(a.refs);
    (refs as Map<string, Ref>).set(key, ref);
  }
  if (refs.size > MANY && refs !== a.refs) refs = blurred(refs);
  const texts = joinTexts(a.texts, b.texts);
  if (refs !== a.refs && refs.size === a.refs.size && [...refs.keys()].every((key) => a.refs.has(key))) refs = a.refs;
  return refs === a.refs && texts === a.texts ? a : { refs, texts };
}
export function joinAll(all: readonly Abs[]): Abs {
  return all.reduce(join, NOTHING);
}

function joinTexts(a: Abs['texts'], b: Abs['texts']): Abs['texts'] {
  if (a === undefined || b === undefined) return undefined;
  const known = new Set(a.map((text) => JSON.stringify(text)));
  const more = b.filter((text) => !known.has(JSON.stringify(text)));
  if (more.length === 0) return a;
  return a.length + more.length > MANY_TEXTS ? undefined : [...a, ...more];
}

/** Whether a place is one of those a place with `*` in it already stands for. */
function isCovered(ref: Ref, refs: ReadonlyMap<string, Ref>): boolean {
  if (ref.is !== 'values') return false;
  for (const known of refs.values()) if (known.is === 'values' && (known.path.includes('*') || known.path.at(-1) === '**') && covers(known.path, ref.path)) return true;
  return false;
}
function covers(pattern: readonly string[], path: readonly string[]): boolean {
  const open = pattern.at(-1) === '**';
  const fixed = open ? pattern.slice(0, -1) : pattern;
  if (open ? path.length < fixed.length : path.length !== fixed.length) return false;
  return fixed.every((part, index) => part === path[index] || (part === '*' && path[index] !== '**'));
}

/** Places of one depth become one, with `*` where they differ. */
function blurred(refs: ReadonlyMap<string, Ref>): ReadonlyMap<string, Ref> {
  const byLength = new Map<number, readonly string[]>();
  const kept: Ref[] = [];
  for (const ref of refs.values()) {
    if (ref.is !== 'values') { kept.push(ref); continue; }
    const same = byLength.get(ref.path.length);
    byLength.set(ref.path.length, same === undefined ? ref.path : ref.path.map((part, index) => (part === same[index] ? part : part === '**' || same[index] === '**' ? '**' : '*')));
  }
  for (const path of byLength.values()) kept.push({ is: 'values', path });
  return new Map(kept.map((ref) => [refKey(ref), ref]));
}

/** A path with one more part; long ones, and rows of `*`, end in `**`. */
export function longer(path: readonly string[], part: string): readonly string[] {
  if (path.at(-1) === '**' && (part === '*' || path.at(-2) === part)) return path;
  if (path.length >= LONGEST) return [...path.slice(0, LONGEST / 2), '**'];
  // What is put below itself goes on for ever.
  if (part !== '*' && path.at(-1) === part && path.at(-2) === part) return [...path.slice(0, -1), '**'];
  if (part === '*' && path.slice(-3).every((each) => each === '*') && path.length >= 3) return [...path.slice(0, -3), '**'];
  return [...path, part];
}

/** Whether two paths with `*` and `**` in them can be one. */
export function canBeSame(a: readonly string[], b: readonly string[], i = 0, j = 0): boolean {
  if (a[i] === '**') return Array.from({ length: b.length - j + 1 }, (_, skip) => j + skip).some((next) => canBeSame(a, b, i + 1, next));
  if (b[j] === '**') return canBeSame(b, a, j, i);
  if (i === a.length || j === b.length) return i === a.length && j === b.length;
  return (a[i] === b[j] || a[i] === '*' || b[j] === '*') && canBeSame(a, b, i + 1, j + 1);
}
/** Whether `start` can be the beginning of `path`, or all of it. */
export function canBegin(start: readonly string[], path: readonly string[], i = 0, j = 0): boolean {
  if (i === start.length || path[j] === '**') return true;
  if (start[i] === '**') return Array.from({ length: path.length - j + 1 }, (_, skip) => j + skip).some((next) => canBegin(start, path, i + 1, next));
  return j < path.length && (start[i] === path[j] || start[i] === '*' || path[j] === '*') && canBegin(start, path, i + 1, j + 1);
}
