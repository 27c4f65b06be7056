import { listed, meant } from '../../config/words.ts';
import { Failure } from '../../engine/failure.ts';
import type { Json } from '../../engine/outcome.ts';
import type { Told } from '../findings/report.ts';
import type { Around, Tree, Unit } from '../model.types.ts';
import { brokenTold, openTrees, type Question } from './open.ts';
import { jsonOf, partsOf, yamlOf } from './stream.ts';

export interface BuildQuestion extends Question {
  /** Name, or namespace/name, of the one Kustomization that is wanted. */
  readonly unit?: string;
  /** Given, charts of releases are rendered as well. */
  readonly around?: Around;
}

/** What would be applied, as text and as data; or what is in the way. Plain data, so that it can be remembered. */
export type BuiltAnswer =
  | { readonly is: 'built'; readonly yaml: string; readonly json: Json; readonly clusters: readonly string[]; readonly objects: number; readonly parts: number; /** Objects in which names of variables stand for values that are secret, or that only the cluster knows. */ readonly unshown: number; /** What could not be rendered, and why. */ readonly absent: readonly string[]; /** What only the real kustomize could have built, so that objects are not as they would be. */ readonly unbuilt: readonly string[] }
  | { readonly is: 'broken'; readonly clusters: readonly string[]; readonly findings: readonly Told[] }
  | { readonly is: 'settings'; readonly findings: readonly Told[] };

/** Builds what the controllers would apply. All of what is asked for, or the reasons why not: nothing is left out unsaid. */
export async function build(question: BuildQuestion): Promise<BuiltAnswer> {
  const opened = await openTrees(question);
  if ('broken' in opened) return { is: 'settings', findings: opened.broken };
  const { trees } = opened;
  const asks = unitAsked(trees, question.unit);
  const clusters = trees.map(({ name }) => name);
  const findings = brokenTold(trees, asks);
  if (trees.some((tree) => tree.units.some((unit) => unit.broken && asks(unit)))) return { is: 'broken', clusters, findings };
  const releases = question.around === undefined ? undefined : await (await import('./releases.ts')).releasesOf(trees, question.around);
  const parts = trees.flatMap((tree) => partsOf(tree, releases?.(tree), asks));
  return {
    is: 'built', yaml: yamlOf(parts), json: jsonOf(parts), clusters, objects: parts.reduce((sum, part) => sum + part.objects.length, 0), parts: parts.length, unshown: parts.reduce((sum, part) => sum + part.unshown, 0),
    unbuilt: [...new Set(trees.flatMap(({ found, units }) => found.filter(({ rule, source }) => rule === 'kustomize-needed' && units.some((unit) => asks(unit) && unit.files.has(source?.file ?? ''))).map(({ source, message }) => `${source?.file ?? ''}: ${message}`)))],
    absent: parts.flatMap((part) => (part.absent === undefined ? [] : [`${part.id} of ${part.cluster}: ${part.absent}`])),
  };
}

/** Which units are meant by a name; all of them when there is none. Throws Failure (64). */
export function unitAsked(trees: readonly Tree[], name: string | undefined): (unit: Unit) => boolean {
  if (name === undefined) return () => true;
  const is = (unit: Unit): boolean => unit.name === name || `${unit.namespace}/${unit.name}` === name;
  const units = trees.flatMap((tree) => tree.units);
  if (units.some(is)) return is;
  const names = [...new Set(units.map((unit) => unit.name))].toSorted();
  throw new Failure({ exit: 'usage', what: `there is no Kustomization ${name}`, because: `not in ${listed(trees.map((tree) => tree.name))}`, hint: meant(name, names, names.length > 12 ? 'task manifests:graph shows them all' : `there is ${listed(names)}`) });
}
