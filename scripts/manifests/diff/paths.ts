import { isDeepStrictEqual } from 'node:util';
import type { Path } from '../../config/source.ts';
import { isFields } from '../../health/objects.ts';

/** One place where two values differ: where it is in the one, and in the other; undefined on the side that does not have it. */
export interface Change { readonly before: Path | undefined; readonly after: Path | undefined }

/**
 * The smallest places where two values differ. Entries of lists are held against each other by what names them (name, key, ...) where
 * all have one, else by what stands before and behind them unchanged. Pure.
 */
export function changesOf(before: unknown, after: unknown): readonly Change[] {
  const found: Change[] = [];
  compare(before, after, [], [], found);
  return found;
}

function compare(before: unknown, after: unknown, a: Path, b: Path, found: Change[]): void {
  if (before === after) return;
  if (isFields(before) && isFields(after)) {
    for (const key of Object.keys(before)) {
      if (Object.hasOwn(after, key)) compare(before[key], after[key], [...a, key], [...b, key], found);
      else found.push({ before: [...a, key], after: undefined });
    }
    for (const key of Object.keys(after)) if (!Object.hasOwn(before, key)) found.push({ before: undefined, after: [...b, key] });
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) lists(before, after, a, b, found);
  else if (!isDeepStrictEqual(before, after)) found.push({ before: a, after: b });
}

function lists(before: readonly unknown[], after: readonly unknown[], a: Path, b: Path, found: Change[]): void {
  const names = namesOf(before, after);
  if (names !== undefined) {
    before.forEach((each, i) => {
      const j = names.after.get(names.before[i] ?? '');
      if (j === undefined) found.push({ before: [...a, i], after: undefined });
      else compare(each, after[j], [...a, i], [...b, j], found);
    });
    const known = new Set(names.before);
    for (const [name, j] of names.after) if (!known.has(name)) found.push({ before: undefined, after: [...b, j] });
    return;
  }
  let start = 0;
  while (start < before.length && start < after.length && isDeepStrictEqual(before[start], after[start])) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && isDeepStrictEqual(before[before.length - 1 - end], after[after.length - 1 - end])) end += 1;
  const [left, right] = [before.length - end, after.length - end];
  for (let i = start; i < Math.max(left, right); i += 1) {
    if (i >= left) found.push({ before: undefined, after: [...b, i] });
    else if (i >= right) found.push({ before: [...a, i], after: undefined });
    else compare(before[i], after[i], [...a, i], [...b, i], found);
  }
}

/** What Kubernetes tells entries of a list apart by, in the order it is asked for. */
const NAMING = ['name', 'key', 'mountPath', 'containerPort', 'ip', 'path', 'id'];

function namesOf(before: readonly unknown[], after: readonly unknown[]): { readonly before: readonly string[]; readonly after: ReadonlyMap<string, number> } | undefined {
  for (const key of NAMING) {
    const [left, right] = [named(before, key), named(after, key)];
    if (left !== undefined && right !== undefined && before.length + after.length > 0) return { before: left, after: new Map(right.map((name, index) => [name, index])) };
  }
  return undefined;
}

function named(list: readonly unknown[], key: string): readonly string[] | undefined {
  const names = list.map((each) => (isFields(each) && (typeof each[key] === 'string' || typeof each[key] === 'number') ? `${typeof each[key]} ${String(each[key])}` : undefined));
  const all = names.filter((name) => name !== undefined);
  return all.length === list.length && new Set(all).size === all.length ? all : undefined;
}
