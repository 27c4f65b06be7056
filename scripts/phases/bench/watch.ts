import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wallPause } from 'node:timers/promises';
import { Failure } from '../../engine/failure.ts';
import type { Cluster } from '../../config/cluster.ts';
import { kubeHttp } from '../../tools/kube-http.ts';
import { labRequests } from '../../tools/lab.ts';
import { followCommand } from '../../tools/stopwatch.ts';
import type { ActionContext } from '../task.ts';
import { median, PAIRS, type Row } from './row.ts';
import { MOST_A_MINUTE, type BenchWorld } from './world.ts';

const GOAL_MS = 250;
/** Between two changes, so that each is one by itself. */
const APART_MS = 400;
const IDLE_MS = 30_000;

/** `cluster:health --watch`: from a change made through the API to the line that tells of it, and what watching asks while nothing happens. */
export async function watching(cx: ActionContext, { place, env, taskDir }: BenchWorld, cluster: Cluster): Promise<readonly Row[]> {
  const node = cluster.machines[0]?.name ?? '';
  const http = await kubeHttp(readFileSync(join(taskDir, 'lab', `${cluster.name}.kubeconfig`), 'utf8'));
  const cordon = async (on: boolean): Promise<void> => {
    const reply = await http.send({ method: 'PATCH', path: `/api/v1/nodes/${node}`, contentType: 'application/merge-patch+json', body: JSON.stringify({ spec: { unschedulable: on ? true : null } }) }, cx.signal);
    if (reply.status !== 200) throw new Failure({ exit: 'rerun', what: `the lab did not cordon ${node}`, because: reply.body.slice(0, 200), hint: 'please report this' });
  };
  const watch = followCommand(join(cx.programRoot, 'task'), ['cluster:health', `CLUSTER=${cluster.name}`, 'TARGET=lab', '--watch'], { cwd: cx.programRoot, env, signal: cx.signal });
  try {
    await watch.said(`${cluster.name} is healthy`);
    const took: number[] = [];
    for (let n = 0; n < PAIRS; n++) {
      await wallPause(APART_MS, undefined, { signal: cx.signal });
      const on = n % 2 === 0;
      const told = watch.said(on ? 'SchedulingDisabled' : `${cluster.name} is healthy`);
      const began = performance.now();
      await Promise.all([cordon(on), told]);
      took.push(await told - began);
    }
    const before = await countOf(place, cluster.name);
    await wallPause(IDLE_MS, undefined, { signal: cx.signal });
    const rate = (await countOf(place, cluster.name) - before) * 60_000 / IDLE_MS;
    return [
      { what: `a change until cluster:health --watch tells it, against ${GOAL_MS} ms`, ratio: median(took) / GOAL_MS, goal: 1, figures: `median of ${PAIRS}: ${median(took).toFixed(0)} ms, the slowest ${Math.max(...took).toFixed(0)} ms` },
      { what: `requests a minute to an API server while --watch has nothing to tell, against ${MOST_A_MINUTE}`, ratio: rate / MOST_A_MINUTE, goal: 1, figures: `${rate.toFixed(0)} a minute, helm's included` },
    ];
  } finally {
    await watch.stop();
  }
}

async function countOf(place: BenchWorld['place'], cluster: string): Promise<number> {
  return Object.values((await labRequests(place))[cluster] ?? {}).flatMap((verbs) => Object.values(verbs)).reduce((sum, count) => sum + count, 0);
}
