import { Failure } from '../engine/failure.ts';
import { diagnose, LAYERS, readSnapshot } from '../health/index.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { openDataSets } from './dr-data-gate.ts';

/** So many causes are told with a failure; cluster:health tells all. */
const TOLD = 3;

/**
 * Why a rebuild waited in vain, as far as its cluster can tell now: data sets that do not come back, and the causes cluster:health finds. What a wait
 * gives as its reason is what it looked at last, which is often only a consequence.
 */
export async function causesOf(cx: Cx): Promise<readonly Failure[]> {
  if (!await answers(cx)) return [];
  const data = await openDataSets(cx);
  const { causes } = diagnose(await readSnapshot({ site: cx.site, cluster: cx.cluster, doors: cx.looking, clock: cx.clock, signal: cx.signal }, LAYERS));
  return [...data, ...causes.slice(0, TOLD).map(({ object, state, because, hint }) => new Failure({ exit: 'rerun', what: `${cx.cluster.name}: ${object}`, because: state === undefined ? because : `${state}: ${because}`, hint }))];
}

/** Whether the cluster can be asked at all; else every data set would be told to hang for the same reason. */
async function answers(cx: Cx): Promise<boolean> {
  if (!cx.looking.kube.hasKubeconfig()) return false;
  try {
    await cx.looking.kube.list(KINDS.Namespace, { limit: 1 });
    return true;
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'bug') throw error;
    return false;
  }
}
