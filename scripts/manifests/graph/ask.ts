import type { Json } from '../../engine/outcome.ts';
import type { Told } from '../findings/report.ts';
import type { Around } from '../model.types.ts';
import { openTrees, type Question } from '../stable/open.ts';
import { focused } from './focus.ts';
import { graphOf } from './model.ts';
import { jsonOf } from './json.ts';
import type { Drawn } from './picture.ts';
import { timingOf } from './waves.ts';

export interface GraphQuestion extends Question {
  readonly focus?: string;
  /** Given, charts are looked into for the definitions they bring. */
  readonly around?: Around;
}

/** The graphs that are asked for; what cannot be built stands in them as such. */
export async function askGraph(question: GraphQuestion): Promise<readonly Drawn[] | { readonly broken: readonly Told[] }> {
  const opened = await openTrees(question);
  if ('broken' in opened) return opened;
  const releases = question.around === undefined ? undefined : await (await import('../stable/releases.ts')).releasesOf(opened.trees, question.around);
  const graphs = opened.trees.map((tree) => graphOf(tree, releases?.(tree) ?? []));
  return focused(graphs, question.focus).map((graph) => ({ graph, timing: timingOf(graph) }));
}

/** All of them as plain data. */
export function graphsJson(drawn: readonly Drawn[]): Json {
  return { clusters: drawn.map(jsonOf) };
}
