import type { Path } from '../../config/source.ts';
import { get, isPlain, text } from './data.ts';

/** RFC 6902, as the library does it that kustomize uses: missing parents are not made, negative indexes count from the end. */
export class PatchError extends Error {
  /** The operation it is about. */
  readonly index: number;
  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}

export interface Patched {
  readonly value: unknown;
  readonly sets: readonly { readonly path: Path; readonly from: Path }[];
  readonly moved: readonly { readonly path: Path; readonly was: Path }[];
}

/** Applies operations to a copy. Throws PatchError. */
export function jsonPatch(value: unknown, operations: readonly unknown[]): Patched {
  const root = structuredClone(value);
  let sets: { path: Path; from: Path }[] = [];
  let moved: { path: Path; was: Path }[] = [];
  operations.forEach((operation, index) => {
    const op = text(get(operation, 'op')) ?? '';
    const pointer = text(get(operation, 'path'));
    if (pointer === undefined) throw new PatchError(index, 'an operation has no path');
    const parts = steps(index, pointer);
    const wrong = (message: string): PatchError => new PatchError(index, message);
    const shifted = (list: readonly unknown[], at: number, by: 1 | -1, parent: Path): void => {
      const move = (path: Path): Path => {
        const here = path[parent.length];
        return path.length > parent.length && parent.every((part, each) => String(part) === String(path[each])) && typeof here === 'number' && here >= at ? [...parent, here + by, ...path.slice(parent.length + 1)] : path;
      };
      sets = sets.map((each) => ({ ...each, path: move(each.path) }));
      const before = moved;
      moved = before.map((each) => ({ ...each, path: move(each.path) }));
      for (let each = by === 1 ? at + 1 : at; each < list.length; each += 1) {
        const path = [...parent, each];
        const was = [...parent, each - by];
        if (!moved.some((other) => same(other.path, path)) && !sets.some((other) => same(other.path, path))) moved.push({ path, was });
      }
    };
    const read = (path: readonly string[]): { readonly parent: unknown; readonly last: string; readonly at: Path } => {
      const last = path.at(-1);
      if (last === undefined) return { parent: undefined, last: '', at: [] };
      let here: unknown = root;
      const at: (string | number)[] = [];
      for (const part of path.slice(0, -1)) {
        const key = Array.isArray(here) ? indexOf(part, here.length) : part;
        const next = key === undefined ? undefined : get(here, key);
        if (typeof next !== 'object' || next === null) throw wrong(`there is no ${pointerOf([...at, part])} in it`);
        at.push(key ?? part);
        here = next;
      }
      return { parent: here, last, at };
    };
    const add = (path: readonly string[], what: unknown, from: Path | undefined): void => {
      if (path.length === 0) throw wrong('the whole object cannot be the path');
      const { parent, last, at } = read(path);
      let where: string | number = last;
      if (Array.isArray(parent)) {
        const length = parent.length;
        where = last === '-' ? length : indexOf(last, length + 1) ?? -1;
        if (where < 0 || where > length) throw wrong(`${pointerOf([...at, last])} is outside the list, which has ${length} entries`);
        parent.splice(where, 0, what);
        shifted(parent, where, 1, at);
      } else if (isPlain(parent)) Object.assign(parent, { [last]: what });
      else throw wrong(`there is no ${pointerOf(at)} in it`);
      if (from !== undefined) sets.push({ path: [...at, where], from });
    };
    const remove = (path: readonly string[]): unknown => {
      const { parent, last, at } = read(path);
      if (Array.isArray(parent)) {
        const where = indexOf(last, parent.length);
        if (where === undefined || where >= parent.length) throw wrong(`there is no ${pointerOf([...at, last])} to remove`);
        const [gone]: unknown[] = parent.splice(where, 1);
        sets = sets.filter((each) => !(each.path[at.length] === where && same(each.path.slice(0, at.length), at)));
        shifted(parent, where, -1, at);
        return gone;
      }
      if (!isPlain(parent) || !Object.hasOwn(parent, last)) throw wrong(`there is no ${pointerOf([...at, last])} to remove`);
      const gone = parent[last];
      delete (parent as Record<string, unknown>)[last];
      return gone;
    };
    const at = (path: readonly string[]): unknown => {
      if (path.length === 0) return root;
      const { parent, last } = read(path);
      const key = Array.isArray(parent) ? indexOf(last, parent.length) ?? -1 : last;
      const found = get(parent, key);
      if (found === undefined) throw wrong(`there is no ${pointerOf(path)} in it`);
      return found;
    };
    switch (op) {
      case 'add': add(parts, structuredClone(get(operation, 'value') ?? null), [index, 'value']); break;
      case 'replace': {
        const what = structuredClone(get(operation, 'value') ?? null);
        const { parent, last, at: where } = read(parts);
        // In a map the library replaces what is not there as well.
        if (!Array.isArray(parent)) { add(parts, what, [index, 'value']); break; }
        const key = indexOf(last, parent.length);
        if (key === undefined || key >= parent.length) throw wrong(`there is no ${pointer} to replace`);
        parent[key] = what;
        sets.push({ path: [...where, key], from: [index, 'value'] });
        break;
      }
      case 'remove': remove(parts); break;
      case 'move': { const what = remove(steps(index, text(get(operation, 'from')) ?? '')); add(parts, what, [index, 'from']); break; }
      case 'copy': add(parts, structuredClone(at(steps(index, text(get(operation, 'from')) ?? ''))), [index, 'from']); break;
      case 'test':
        if (JSON.stringify(sorted(safely(() => at(parts)))) !== JSON.stringify(sorted(get(operation, 'value') ?? null))) throw wrong(`the test of ${pointer} fails`);
        break;
      default: throw wrong(`${op === '' ? 'an operation without op' : `${op} is no operation`}`);
    }
  });
  return { value: root, sets, moved };
}

const same = (a: Path, b: Path): boolean => a.length === b.length && a.every((part, index) => part === b[index]);
const pointerOf = (path: Path): string => `/${path.join('/')}`;
function safely(read: () => unknown): unknown {
  try { return read(); } catch (error) { if (error instanceof PatchError) return null; throw error; }
}
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  return isPlain(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)])) : value;
}
function steps(index: number, pointer: string): readonly string[] {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw new PatchError(index, `${pointer} is no path: it begins with /`);
  return pointer.slice(1).split('/').map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}
function indexOf(part: string, length: number): number | undefined {
  if (!/^-?\d+$/.test(part)) return undefined;
  const index = Number(part);
  return index < 0 ? (index + length >= 0 ? index + length : undefined) : index;
}
