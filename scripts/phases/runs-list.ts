import type { Json } from '../engine/outcome.ts';
import { table, wrap } from '../health/layout.ts';
import { readRuns, type RunRecord } from './runs-record.ts';
import { damageOf, endOf, instant, tookOf, typedOf } from './runs-words.ts';
import type { Action } from './task.ts';

/** Ids are told by their beginning, at least so long: the ten that are the time, and two besides. */
const SHORTEST = 12;

/** Every run of the task folder, newest first: what it was, when, how long it took and how it ended. */
const runsList: Action = async (cx) => {
  const runs = readRuns(cx.taskDir);
  return {
    exit: 'done',
    result: runs.map((run): Json => ({
      run: run.id, task: run.started?.task ?? null, variables: run.started?.variables ?? {}, target: run.started?.target.id ?? null, began: new Date(run.began).toISOString(),
      ms: run.finished?.ms ?? null, wallMs: run.finished?.wallMs ?? null, end: run.end.is, exit: run.finished?.exit ?? null, ...(run.torn ? { torn: true } : {}), ...(run.tampered === undefined ? {} : { tampered: run.tampered }),
    })),
    render: (style) => {
      if (runs.length === 0) return [`no run in ${cx.taskDir} yet`];
      const wide = shortest(runs);
      const rows = runs.map((run) => {
        const { sign, words } = endOf(run.end, style);
        return [
          { text: run.id.slice(0, wide) }, { text: typedOf(run) }, { text: run.started?.target.id ?? '' }, { text: instant(run.began), dress: style.dim }, { text: tookOf(run) },
          { text: words, dress: (text: string) => `${sign} ${text}` },
        ];
      });
      return [...table(['RUN', 'TASK', 'TARGET', 'BEGAN (UTC)', 'TOOK', 'HOW IT ENDED'], rows, style, 0), ...runs.flatMap((run) => (damageOf(run) === undefined ? [] : ['', ...wrap(`journal of ${run.id}: ${damageOf(run)}`, style.width)]))];
    },
  };
};
export default runsList;

/** So many letters tell all ids apart. */
function shortest(runs: readonly RunRecord[]): number {
  let wide = SHORTEST;
  while (wide < 26 && new Set(runs.map((run) => run.id.slice(0, wide))).size < runs.length) wide += 1;
  return wide;
}
