import { join } from 'node:path';
import { labFill } from '../../tools/lab.ts';
import { measureCommand, type Measured } from '../../tools/stopwatch.ts';
import type { ActionContext } from '../task.ts';
import { median, type Row } from './row.ts';
import type { BenchWorld } from './world.ts';

const FLUX = 200;
const [BIG, BIGGER] = [1_000, 5_000];
/** A look at a big cluster takes its second; a few of them are enough for a median. */
const TIMES = 5;
const GOAL_MS = 1_000;
const GOAL_BYTES = 300e6;

/** `cluster:health` of two clusters that differ in their pods alone, in turn: time and peak memory of the whole process. */
export async function big(cx: ActionContext, { place, env, taskDir }: BenchWorld, [one, other]: readonly [string, string]): Promise<readonly Row[]> {
  await labFill(place, one, { pods: BIG, flux: FLUX });
  await labFill(place, other, { pods: BIGGER, flux: FLUX });
  const health = async (cluster: string): Promise<Measured> => measureCommand(join(cx.programRoot, 'task'), ['cluster:health', `CLUSTER=${cluster}`, 'TARGET=lab', '--json'], { cwd: cx.programRoot, env, signal: cx.signal, scratch: taskDir, of: 'task.ts' });
  await health(one);
  const pairs: (readonly [Measured, Measured])[] = [];
  for (let n = 0; n < TIMES; n++) pairs.push([await health(one), await health(other)]);
  const ms = (index: 0 | 1): number => median(pairs.map((pair) => pair[index].wallMs));
  const peak = (index: 0 | 1): number => median(pairs.map((pair) => pair[index].peakBytes));
  const figures = (index: 0 | 1): string => `${ms(index).toFixed(0)} ms, ${(peak(index) / 1e6).toFixed(0)} MB`;
  const subject = `cluster:health on ${BIG} pods and ${FLUX} Flux objects`;
  return [
    { what: `${subject} against a second`, ratio: ms(0) / GOAL_MS, goal: 1, figures: `medians of ${TIMES}: ${figures(0)}` },
    { what: `${subject}, peak memory against ${GOAL_BYTES / 1e6} MB`, ratio: peak(0) / GOAL_BYTES, goal: 1, figures: `medians of ${TIMES}: ${figures(0)}` },
    { what: `cluster:health on ${BIGGER} pods against ${BIG}`, ratio: median(pairs.map(([a, b]) => b.wallMs / a.wallMs)), goal: 5.5, figures: `medians of ${TIMES} pairs: ${figures(1)} and ${figures(0)}` },
  ];
}
