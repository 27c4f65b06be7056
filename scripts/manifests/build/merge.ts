import type { Path } from '../../config/source.ts';
import { isPlain, text } from './data.ts';
import { MergeError, mergeLists, type ListSide } from './merge-lists.ts';
import { shapeOf, type Field, type Shape } from './merge-keys.ts';

/**
 * A strategic merge as kustomize does it: maps are merged, null takes away, lists of built-in kinds are merged by their keys with what
 * the patch names in front, all other lists are replaced; `$patch: delete|replace|merge` says otherwise.
 */
export interface Merged {
  /** Undefined when the patch takes the object away. */
  readonly value: unknown;
  readonly sets: readonly { readonly path: Path; readonly from: Path }[];
  readonly moved: readonly { readonly path: Path; readonly was: Path }[];
}

/** How a value of the object is written, where it matters: `key:` with nothing behind it, or in quotes. */
export type HowWritten = (path: Path) => 'nothing' | 'quoted' | 'plain';

type Map_ = Record<string, unknown>;
const GONE = Symbol('gone');

/** Merges a patch over a copy of an object. Throws MergeError. */
export function strategicMerge(object: unknown, patch: unknown, how: HowWritten = () => 'plain'): Merged {
  const merger = new Merger(how);
  const below = structuredClone(object);
  const over = structuredClone(patch);
  merger.mark(below, [], merger.below);
  merger.mark(over, [], merger.over);
  const shape = isPlain(object) ? shapeOf(text(object['apiVersion']) ?? '', text(object['kind']) ?? '') : undefined;
  const merged = merger.map(below as Map_, over as Map_, shape === undefined ? undefined : { inner: shape });
  if (merged === GONE) return { value: undefined, sets: [], moved: [] };
  const sets: { path: Path; from: Path }[] = [];
  const moved: { path: Path; was: Path }[] = [];
  merger.trace(merged, [], [], sets, moved);
  return { value: merged, sets, moved };
}

class Merger {
  /** Where each list and map came from. */
  readonly below = new WeakMap<object, Path>();
  readonly over = new WeakMap<object, Path>();
  /** The patch that went into a map of the object. */
  readonly #into = new WeakMap<object, Path>();
  readonly #original = new WeakMap<object, Map_>();
  readonly #how: HowWritten;

  constructor(how: HowWritten) {
    this.#how = how;
  }

  mark(value: unknown, path: Path, into: WeakMap<object, Path>): void {
    if (typeof value !== 'object' || value === null) return;
    into.set(value, path);
    if (into === this.below && !Array.isArray(value)) this.#original.set(value, { ...(value as Map_) });
    for (const [key, each] of Object.entries(value)) this.mark(each, [...path, Array.isArray(value) ? Number(key) : key], into);
  }

  /** Merges two maps; either may be missing. */
  map(below: Map_ | undefined, over: Map_ | undefined, field: Field | undefined): Map_ | typeof GONE {
    const directive = over === undefined ? undefined : takeDirective(over);
    if (directive === 'delete') return GONE;
    const target = below === undefined || directive === 'replace' ? over ?? {} : below;
    if (below !== undefined && over !== undefined && target === below) {
      const from = this.over.get(over);
      if (from !== undefined) this.#into.set(below, from);
    }
    // What the patch brings anew is gone through as well: it may have directives and nulls inside.
    const source = target === over ? over : below;
    const shape = field?.inner ?? embedded(source, field);
    for (const key of new Set([...Object.keys(source ?? {}), ...Object.keys(over ?? {})])) {
      const merged = this.#value(source, over, key, shape);
      if (merged === GONE) delete target[key]; else target[key] = merged;
    }
    return target;
  }

  #value(source: Map_ | undefined, over: Map_ | undefined, key: string, shape: Shape | undefined): unknown {
    const has = source !== undefined && Object.hasOwn(source, key);
    const hasOver = over !== undefined && Object.hasOwn(over, key);
    const one = has ? source[key] : undefined;
    const other = hasOver ? over[key] : undefined;
    const field = shape?.[key];
    const kind = one ?? other;
    if (hasOver && other === null) return GONE;
    if (kind === null || kind === undefined) {
      // `key:` with nothing behind it goes away whenever its map is patched; a written null stays.
      const path = source === undefined ? undefined : this.below.get(source);
      return path !== undefined && this.#how([...path, key]) === 'nothing' ? GONE : null;
    }
    if (isPlain(kind)) {
      if ((one !== undefined && one !== null && !isPlain(one)) || (other !== undefined && !isPlain(other))) throw new MergeError(key, 'a map and something else cannot be merged');
      return this.map(one === null ? undefined : one as Map_ | undefined, other as Map_ | undefined, field);
    }
    if (Array.isArray(kind)) {
      if ((one !== undefined && one !== null && !Array.isArray(one)) || (other !== undefined && !Array.isArray(other))) throw new MergeError(key, 'a list and something else cannot be merged');
      return this.#list(one as ListSide, other as ListSide, field);
    }
    if (typeof other === 'object') throw new MergeError(key, `a single value and a ${Array.isArray(other) ? 'list' : 'map'} cannot be merged`);
    if (!hasOver) return one;
    // The quotes of what is replaced stay, and make text of a number.
    const path = source === undefined ? undefined : this.below.get(source);
    return typeof one === 'string' && typeof other !== 'string' && path !== undefined && this.#how([...path, key]) === 'quoted' ? String(other) : other;
  }

  #list(below: ListSide, over: ListSide, field: Field | undefined): unknown {
    if (field?.keys === undefined) return over ?? below;
    const merged = mergeLists(below ?? undefined, over, field.keys, (one, other) => {
      const result = this.map(one, other, field);
      return result === GONE ? undefined : result;
    }, takeListDirective);
    return merged ?? GONE;
  }

  /** What of the result the patch wrote, and what stands elsewhere than before. `was` is undefined below what the patch brought. */
  trace(value: unknown, path: Path, was: Path | undefined, sets: { path: Path; from: Path }[], moved: { path: Path; was: Path }[]): void {
    if (typeof value !== 'object' || value === null) return;
    const before = this.below.get(value);
    const from = this.over.get(value);
    let here = was;
    if (before !== undefined && (was === undefined || before.length !== was.length || before.some((part, index) => part !== was[index]))) { moved.push({ path, was: before }); here = before; }
    if (before === undefined && from !== undefined) { sets.push({ path, from }); return; }
    const original = this.#original.get(value);
    const patch = this.#into.get(value);
    for (const [key, each] of Object.entries(value)) {
      const part = Array.isArray(value) ? Number(key) : key;
      if (typeof each === 'object' && each !== null) this.trace(each, [...path, part], here === undefined ? undefined : [...here, part], sets, moved);
      else if (original !== undefined && patch !== undefined && original[key] !== each) sets.push({ path: [...path, part], from: [...patch, part] });
    }
  }
}

/** A whole object inside one of a kind the schema does not know is merged by its own kind. */
function embedded(source: Map_ | undefined, field: Field | undefined): Shape | undefined {
  if (field !== undefined || source === undefined) return undefined;
  const [version, kind] = [text(source['apiVersion']), text(source['kind'])];
  return version === undefined || kind === undefined ? undefined : shapeOf(version, kind);
}

const DIRECTIVES = new Set(['delete', 'replace', 'merge']);

function takeDirective(map: Map_): string | undefined {
  if (!Object.hasOwn(map, '$patch')) return undefined;
  const directive = String(map['$patch']);
  if (!DIRECTIVES.has(directive)) throw new MergeError('$patch', `${directive} is no directive: it is delete, replace or merge`);
  delete map['$patch'];
  return directive;
}
function takeListDirective(list: unknown[]): string | undefined {
  const entry = list.find((each) => isPlain(each) && Object.hasOwn(each, '$patch'));
  if (!isPlain(entry) || Object.keys(entry).length > 1) return undefined;
  const directive = String(entry['$patch']);
  if (!DIRECTIVES.has(directive)) throw new MergeError('$patch', `${directive} is no directive: it is delete, replace or merge`);
  // Whatever else says the same goes with it.
  list.splice(0, list.length, ...list.filter((each) => !(isPlain(each) && each['$patch'] === entry['$patch'])));
  return directive;
}
