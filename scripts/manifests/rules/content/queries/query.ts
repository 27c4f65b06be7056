import { join } from 'node:path';
import { cacheFolder } from '../../../../tools/environment.ts';
import type { View } from '../../../model.types.ts';
import { keyOf, verdicts, type Verdicts } from '../../../schemas/verdicts.ts';
import { metricsqlTrouble } from './metricsql.ts';
import type { QueryTrouble } from './node.ts';
import { promqlParser, promqlTrouble } from './promql.ts';

export interface Queries {
  /** What is wrong with a query; undefined for a good one. `loose`: only how it is written counts, because parts of it stand for something else. */
  trouble(text: string, options?: { readonly metricsql?: boolean; readonly loose?: boolean }): Promise<QueryTrouble | undefined>;
  /** Keeps what was found good for the next run. */
  keep(): void;
}

/** Reads queries for the rules of a view: as PromQL, and as MetricsQL where VictoriaMetrics is there to read it. Good ones are read once. */
export function queriesOf(view: View): Queries {
  const kept: Verdicts = verdicts(view.around === undefined ? undefined : join(cacheFolder(view.around.environment), 'manifests', 'verdicts.json'));
  const everywhere = hasVictoria(view);
  return {
    async trouble(text, { metricsql = everywhere, loose = false } = {}) {
      const kind = `${metricsql ? 'm' : 'p'}${loose ? 'l' : ''}`;
      if (read.has(`${kind} ${text}`)) return undefined;
      const key = keyOf(`query ${kind}`, text);
      if (kept.get(key) !== undefined) return good(kind, text);
      // MetricsQL takes nearly all of PromQL and is more patient with it; its own words are told where both refuse.
      const found = metricsql || loose ? metricsqlTrouble(text) : promqlTrouble(text, await promqlParser());
      const trouble = found !== undefined && (metricsql || loose) && promqlTrouble(text, await promqlParser()) === undefined ? undefined : found;
      if (trouble !== undefined) return trouble;
      kept.put(key, []);
      return good(kind, text);
    },
    keep: () => kept.save(),
  };
}

/** Good ones of this process, by their own text: whoever looks at a tree again and again need not digest them each time. */
const read = new Set<string>();
const MOST = 50_000;
function good(kind: string, text: string): undefined {
  if (read.size >= MOST) read.clear();
  read.add(`${kind} ${text}`);
}

const known = new WeakMap<View, boolean>();

/** Whether VictoriaMetrics is what evaluates the rules of a tree: its operator turns those for Prometheus into its own. */
export function hasVictoria(view: View): boolean {
  const found = known.get(view)
    ?? (view.all.some(({ object }) => object.apiVersion.startsWith('operator.victoriametrics.com/')) || view.releases.some(({ chart }) => chart.name.startsWith('victoria-metrics')));
  known.set(view, found);
  return found;
}
