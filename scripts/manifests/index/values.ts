import { dig } from '../../config/data.ts';
import type { Path, Spot } from '../../config/source.ts';
import { placeOf } from '../build/place.ts';
import { lookupOf } from '../charts/lookup.ts';
import { exactPlace } from '../charts/place.ts';
import { readValues } from '../charts/values.ts';
import type { Built, Found, Rule, View } from '../model.types.ts';
import { indexOf } from './index.ts';
import { isBuiltIn } from './kinds.ts';
import { isInert } from './operators.ts';
import { fields, groupOf, isHole, kindOf } from './read.ts';

/**
 * Whether an object of another kind than Kubernetes' own can ask for machines' resources and volumes somewhere inside: what operators run,
 * and the values of releases. What a chart makes is the chart's; its values are looked at instead.
 */
export function mayAsk({ object, release }: Built): boolean {
  const group = groupOf(object.apiVersion);
  return release === undefined && object['spec'] !== undefined && !isBuiltIn(group) && (kindOf(object) === 'helm.toolkit.fluxcd.io/HelmRelease' || !isInert(group, object.kind));
}

type Finding = Omit<Found, 'rule'>;

/**
 * A rule whose findings about what charts make stand where the value is that made it so, where that can be told: the one value of the
 * release that is the same, under the same key (or the same name, under any).
 */
export function atValues(rule: Rule): Rule {
  const placed = function* (view: View): Iterable<Finding> {
    const found = rule.check(view);
    if (found instanceof Promise) throw new TypeError(`${rule.id} is not asked at once`);
    for (const each of found) {
      const spot = each.built?.release === undefined || each.source !== undefined || each.spot !== undefined ? undefined : spotOf(view, each);
      yield spot === undefined ? each : { ...each, spot };
    }
  };
  return { ...rule, check: placed };
}

function spotOf(view: View, { built, path = [] }: Finding): Spot | undefined {
  const release = built === undefined ? undefined : indexOf(view).releaseOf(built);
  const value = path.length === 0 ? undefined : dig(built?.object, path);
  if (release?.values === undefined || (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') || isHole(value)) return undefined;
  const key = String(path.at(-1));
  const isName = typeof value === 'string' && (key === 'name' || key.endsWith('Name'));
  const [only, second] = [...pathsOf(release.values, value, [])].filter((each) => isName || each.at(-1) === key);
  if (only === undefined || (second !== undefined && !isName)) return undefined;
  // A list is set as a whole, so what is in it stands where the list does.
  const inList = only.findIndex((part) => typeof part === 'number');
  const [keys, rest] = inList < 0 ? [only, []] : [only.slice(0, inList), only.slice(inList)];
  const place = exactPlace(view.tree, release.declared, readValues(lookupOf(view.tree), release.declared), keys.map(String));
  if (place?.spot !== undefined) return place.spot;
  if (place?.source !== undefined) return view.tree.texts.spot({ ...place.source, at: [...place.source.at, ...rest] });
  return place?.built === undefined ? undefined : placeOf(view.tree.texts, place.built, [...place.path ?? [], ...rest]).spot;
}

/** Where a scalar stands in values. */
function* pathsOf(values: unknown, wanted: unknown, path: Path): Iterable<Path> {
  const children: readonly (readonly [string | number, unknown])[] = Array.isArray(values) ? [...values.entries()] : Object.entries(fields(values));
  for (const [key, value] of children) {
    if (value === wanted) yield [...path, key];
    else if (typeof value === 'object') yield* pathsOf(value, wanted, [...path, key]);
  }
}
