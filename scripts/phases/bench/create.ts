import { join } from 'node:path';
import { Failure } from '../../engine/failure.ts';
import { labBusy, labLog, labRequests } from '../../tools/lab.ts';
import { timeCommand } from '../../tools/stopwatch.ts';
import type { ActionContext } from '../task.ts';
import { MOST_A_MINUTE, type BenchWorld } from './world.ts';
import type { Row } from './row.ts';

/**
 * A create of every cluster in a lab of its own, at a speed where simulated waits are long against our own work. The
 * critical path is what the lab itself counted: the time in which something a cluster needs was pending in it. The rest
 * is ours.
 */
export async function create(cx: ActionContext, { place, env, speed }: BenchWorld): Promise<readonly Row[]> {
  const began = Date.now();
  await timeCommand(join(cx.programRoot, 'task'), ['cluster:create', 'CLUSTER=all', 'TARGET=lab', '--yes', '--json'], { cwd: cx.programRoot, env, signal: cx.signal });
  const wallMs = Date.now() - began;
  const busy = Object.entries(await labBusy(place));
  if (busy.length === 0) throw new Failure({ exit: 'bug', what: 'the lab counted nothing', hint: 'please report this' });
  // Clusters run side by side: the slower one's waits are the critical path of the whole.
  const path = Math.max(...busy.map(([, simulatedMs]) => simulatedMs)) / speed;
  const requests = await asked(place, speed);
  return [{
    what: `cluster:create CLUSTER=all at LAB_SPEED=${speed} against the critical path of simulated waits`, ratio: wallMs / path, goal: 1.1,
    figures: `${(wallMs / 1000).toFixed(2)} s of wall, ${(path / 1000).toFixed(2)} s of waits (${busy.map(([cluster, ms]) => `${cluster} ${(ms / 1000).toFixed(0)} s simulated`).join(', ')})`,
  }, requests];
}

/** What the runner itself asked of the busiest API server, from its start to the end of the create: looks of waits and work together. */
async function asked(place: BenchWorld['place'], speed: number): Promise<Row> {
  const ended = Date.now();
  const starts = (await labLog(place)).filter((entry) => entry.verb === 'start' && entry.object === 'kube-apiserver');
  const rates = Object.entries(await labRequests(place)).flatMap(([cluster, by]) => {
    const start = starts.find((entry) => entry.cluster === cluster);
    if (start === undefined) return [];
    const minutes = (ended - Date.parse(start.at)) * speed / 60_000;
    const count = Object.values(by['task'] ?? {}).reduce((sum, one) => sum + one, 0);
    return [{ cluster, count, minutes, rate: count / minutes }];
  });
  return {
    what: `requests a minute to an API server during a create, against ${MOST_A_MINUTE}`, ratio: Math.max(...rates.map(({ rate }) => rate)) / MOST_A_MINUTE, goal: 1,
    figures: rates.map(({ cluster, count, minutes, rate }) => `${cluster}: ${count} in ${minutes.toFixed(1)} simulated minutes, ${rate.toFixed(0)} a minute`).join('; '),
  };
}
