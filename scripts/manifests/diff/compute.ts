import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../config/cluster.ts';
import { idOf } from '../../health/objects.ts';
import { readable } from '../build/index.ts';
import type { Built, Release, Tree, Unit } from '../model.types.ts';
import { maskedBoth, masked, withoutSecrets } from '../stable/mask.ts';
import { applyOrder, unitsInOrder } from '../stable/order.ts';
import { stableYaml } from '../stable/yaml.ts';
import { dangersOfChange, dangersOfRemoval, type Danger } from './danger.ts';
import { fateOf, type After } from './fate.ts';
import { keyOf, pairsOf, type Held, type Pair } from './identity.ts';
import type { ClusterDiff, ObjectDiff, Reason } from './model.ts';
import { releaseDiffs } from './releases.ts';
import { textDiff } from './text.ts';
import { reasonsOf, type At } from './why.ts';

/** One cluster on one side. */
export interface Side { readonly tree: Tree; readonly releases: readonly Release[] }

/** What a change of files means for one cluster. `changed`: files that are not the same on both sides. Pure but for looking up places. */
export function clusterDiff(before: Side | undefined, after: Side | undefined, changed: ReadonlySet<string>): ClusterDiff {
  const left = leftOut(before?.tree, after?.tree);
  const old = objectsOf(before, left);
  const now = objectsOf(after, left);
  const around: After = { units: new Map((after?.tree.units ?? []).map((unit) => [nameOf(unit), unit])), objects: new Map(now.map((built) => [keyOf(built), built])) };
  const objects = pairsOf(old, now).flatMap((pair): readonly ObjectDiff[] => {
    const diff = objectDiff(pair, { before, after }, { old, around, changed });
    return diff === undefined ? [] : [diff];
  });
  const tree = after?.tree ?? before?.tree;
  return { name: tree?.name ?? '', entry: tree?.entry ?? '', objects: withReleaseReasons(objects, [...before?.releases ?? [], ...after?.releases ?? []]), releases: releaseDiffs(before, after), left: [...left].toSorted() };
}

const nameOf = (unit: Unit): string => `${unit.namespace}/${unit.name}`;

/** Units that could not be built on one side, and what hangs below them: nothing can be said of those. */
function leftOut(...trees: readonly (Tree | undefined)[]): ReadonlySet<string> {
  const units = trees.flatMap((tree) => tree?.units ?? []);
  const left = new Set(units.filter((unit) => unit.broken).map(nameOf));
  for (let size = -1; size !== left.size;) {
    size = left.size;
    for (const unit of units) if (unit.parent !== undefined && left.has(nameOf(unit.parent))) left.add(nameOf(unit));
  }
  return left;
}

function objectsOf(side: Side | undefined, left: ReadonlySet<string>): readonly Built[] {
  if (side === undefined) return [];
  const rendered = Map.groupBy(side.releases, (release) => release.declared.unit);
  return unitsInOrder(side.tree).filter((unit) => !left.has(nameOf(unit))).flatMap((unit) => [
    ...unit.objects.toSorted((a, b) => applyOrder(a.object, b.object)),
    ...(rendered.get(unit) ?? []).flatMap((release) => (release.rendered ?? []).toSorted((a, b) => applyOrder(a.object, b.object))),
  ]);
}

interface Looked { readonly old: readonly Built[]; readonly around: After; readonly changed: ReadonlySet<string> }

function objectDiff({ before, after }: Pair, sides: { readonly before: Side | undefined; readonly after: Side | undefined }, { old, around, changed }: Looked): ObjectDiff | undefined {
  const held = after ?? before;
  if (held === undefined) return undefined;
  const moved = before !== undefined && after !== undefined && before.holder !== after.holder;
  if (before !== undefined && after !== undefined && !moved && isDeepStrictEqual(before.built.object, after.built.object)) return undefined;
  const was = place(before, sides.before);
  const is = place(after, sides.after);
  const fate = after === undefined && before !== undefined ? fateOf(before.built, around) : null;
  const text = textDiff(...texts(was, is));
  const { object, unit, release } = held.built;
  return {
    id: readable(idOf(object)), kind: object.kind, apiVersion: object.apiVersion, how: before === undefined ? 'added' : after === undefined ? 'removed' : 'changed',
    unit: nameOf(unit), release: release === undefined ? null : idOf(release.object),
    movedFrom: moved ? readable(before.holder) : null, renamedFrom: before !== undefined && after !== undefined && before.key !== after.key ? idOf(before.built.object) : null,
    fate, suspended: unit.suspended, dangers: dangers(before, after, fate, old, around).map((each) => ({ ...each, says: readable(each.says) })),
    why: reasonsOf(was, is, changed), ...text,
  };
}

function place(held: Held | undefined, side: Side | undefined): At | undefined {
  return held === undefined || side === undefined ? undefined : { built: held.built, tree: side.tree };
}

function dangers(before: Held | undefined, after: Held | undefined, fate: ObjectDiff['fate'], old: readonly Built[], around: After): readonly Danger[] {
  if (before === undefined) return [];
  if (after !== undefined) return dangersOfChange(before.built, after.built);
  return fate === null ? [] : dangersOfRemoval(before.built, fate, { before: old, after: around });
}

function texts(before: At | undefined, after: At | undefined): readonly [string, string] {
  const yaml = (object: unknown): string => readable(stableYaml(object));
  const shown = ({ built, tree }: At): KubeObject => withoutSecrets(built, tree.texts);
  if (before === undefined || after === undefined) return [before === undefined ? '' : yaml(masked(shown(before))), after === undefined ? '' : yaml(masked(shown(after)))];
  const [was, is] = maskedBoth(shown(before), shown(after));
  return [yaml(was), yaml(is)];
}

/** What a chart renders changes because of its release, the chart's source or its values: their reasons are its own. */
function withReleaseReasons(objects: readonly ObjectDiff[], releases: readonly Release[]): readonly ObjectDiff[] {
  const reasons = new Map<string, readonly Reason[]>();
  for (const release of releases) {
    const id = idOf(release.declared.object);
    const near = objects.filter((object) => object.release === null && (object.id === id || (object.unit === nameOf(release.declared.unit) && FEEDS.has(object.kind))));
    const own = near.some((object) => object.id === id) || near.length > 0 ? near.flatMap((object) => object.why) : [];
    reasons.set(id, [...reasons.get(id) ?? [], ...own].filter((each, index, all) => all.findIndex((one) => one.file === each.file && one.line === each.line) === index).slice(0, 4));
  }
  return objects.map((object) => (object.release === null ? object : { ...object, why: reasons.get(object.release) ?? object.why }));
}
const FEEDS = new Set(['OCIRepository', 'HelmRepository', 'HelmChart', 'GitRepository', 'ConfigMap', 'Secret']);
