import { isDeepStrictEqual } from 'node:util';
import type { Path } from '../../config/source.ts';
import { at, idOf, isFields, items } from '../../health/objects.ts';
import { readable } from '../build/index.ts';
import { lookupOf } from '../charts/lookup.ts';
import { readValues } from '../charts/values.ts';
import type { Release, Tree } from '../model.types.ts';
import { MASKED } from '../stable/mask.ts';
import { keyOf } from './identity.ts';
import { changesOf } from './paths.ts';
import type { ReleaseDiff, ValueChange } from './model.ts';

/** Characters of a value that are shown. */
const LONGEST = 120;

/** Releases whose chart, version or values are otherwise. */
export function releaseDiffs(before: { readonly tree: Tree; readonly releases: readonly Release[] } | undefined, after: typeof before): readonly ReleaseDiff[] {
  const old = new Map((before?.releases ?? []).map((release) => [keyOf(release.declared), release]));
  const now = new Map((after?.releases ?? []).map((release) => [keyOf(release.declared), release]));
  return [...new Set([...now.keys(), ...old.keys()])].flatMap((key): readonly ReleaseDiff[] => {
    const [was, is] = [old.get(key), now.get(key)];
    const release = is ?? was;
    if (release === undefined) return [];
    const values = was === undefined || is === undefined ? [] : valueChanges(was, before?.tree, is, after?.tree);
    const [left, right] = [chartOf(was), chartOf(is)];
    if (was !== undefined && is !== undefined && values.length === 0 && isDeepStrictEqual(left, right)) return [];
    return [{
      id: idOf(release.declared.object), how: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed', before: left, after: right,
      major: left !== null && right !== null && isMajor(left.version, right.version), values, unknown: unrendered(was) ?? unrendered(is),
    }];
  });
}

const unrendered = (release: Release | undefined): string | null => (release === undefined || release.rendered !== undefined ? null : readable(release.unknown ?? 'its chart is not here'));

function chartOf(release: Release | undefined): ReleaseDiff['before'] {
  return release === undefined ? null : { chart: readable(release.chart.name), version: readable(release.chart.version ?? '') };
}

/** Whether a newer version may break what worked: its first number is another, or the second where the first is 0. */
export function isMajor(before: string, after: string): boolean {
  const [old, now] = [before, after].map((version) => /^v?(\d+)\.(\d+)/.exec(version));
  if (old === null || old === undefined || now === null || now === undefined) return false;
  return Number(now[1]) > Number(old[1]) || (old[1] === '0' && now[1] === '0' && Number(now[2]) > Number(old[2]));
}

function valueChanges(was: Release, wasIn: Tree | undefined, is: Release, isIn: Tree | undefined): readonly ValueChange[] {
  if (was.values === undefined || is.values === undefined || isDeepStrictEqual(was.values, is.values)) return [];
  const secret = [...secretPaths(was, wasIn), ...secretPaths(is, isIn)];
  const hidden = (path: Path): boolean => secret.some((each) => each.every((part, index) => index >= path.length || part === String(path[index])));
  const say = (values: unknown, path: Path | undefined): string | null => (path === undefined ? null : hidden(path) ? MASKED : short(at(values, ...path.map(String)) ?? through(values, path)));
  return changesOf(was.values, is.values).map((change) => ({ path: spoken(change.after ?? change.before ?? []), before: say(was.values, change.before), after: say(is.values, change.after) }));
}

/** Paths of values that come out of Secrets. */
function secretPaths({ declared }: Release, tree: Tree | undefined): readonly (readonly string[])[] {
  if (tree === undefined || !items(at(declared.object['spec'], 'valuesFrom')).some((each) => at(each, 'kind') === 'Secret')) return [];
  return readValues(lookupOf(tree), declared).sources.filter(({ known }) => known.object.kind === 'Secret').flatMap(({ values }) => leaves(values, []));
}

function leaves(value: unknown, path: readonly string[]): readonly (readonly string[])[] {
  return isFields(value) && Object.keys(value).length > 0 ? Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key])) : [path];
}

/** The value at a path with numbers of lists in it. */
function through(values: unknown, path: Path): unknown {
  let here = values;
  for (const part of path) here = Array.isArray(here) ? here[Number(part)] : isFields(here) ? here[part] : undefined;
  return here;
}

function short(value: unknown): string {
  const text = readable(typeof value === 'string' ? value : JSON.stringify(value) ?? '');
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`;
}

/** `.a.b[0]`, with quotes where a key holds a dot. */
export function spoken(path: Path): string {
  return path.map((part) => (typeof part === 'number' ? `[${part}]` : /^[\w-]+$/.test(part) ? `.${part}` : `["${part}"]`)).join('');
}
