import type { Rehearsal } from '../record.ts';
import { clip, subtract, total, type Interval } from './interval.ts';
import type { Both, Moment, Recovery, Split, StageReport, StepReport, StepState, Stretch } from './report.types.ts';
import type { Timeline } from './timeline.ts';

type Clock = 'run' | 'wall';
const on = (clock: Clock) => ({ from, to }: Stretch): Interval => ({ from: from[clock], to: to[clock] });

/**
 * A stretch of the rehearsal, split. `lanes` are the clusters it is about: time counts as the machine's while a step of one of them is at
 * work, as people's while a question is open (of any cluster: they are asked one after another) and none is, as a standstill while no process ran.
 */
export function splitOf(timeline: Timeline, lanes: readonly string[], window: Stretch): Split {
  const parts = (['run', 'wall'] as const).map((clock) => {
    const inside = on(clock)(window);
    const stopped = clip(timeline.gaps.map(on(clock)), inside);
    const working = timeline.steps.filter((step) => step.kind === 'phase' && lanes.includes(step.lane)).flatMap((step) => step.attempts.map(on(clock)));
    const people = subtract(clip(timeline.checkpoints.map(on(clock)), inside), [...working, ...stopped]);
    const elapsed = Math.max(0, inside.to - inside.from);
    return { elapsed, stopped: total(stopped), people: total(people), machine: elapsed - total(stopped) - total(people) };
  });
  const both = (key: 'elapsed' | 'machine' | 'people' | 'stopped'): Both => ({ run: parts[0]?.[key] ?? 0, wall: parts[1]?.[key] ?? 0 });
  return { elapsed: both('elapsed'), machine: both('machine'), people: both('people'), stopped: both('stopped') };
}

/** Time a step was really at work: its attempts, overlaps counted once. */
export function tookOf(attempts: readonly Stretch[]): Both {
  return { run: total(attempts.map(on('run'))), wall: total(attempts.map(on('wall'))) };
}

/** Stages whose last step must have ended well for a cluster to count as recovered: it is healthy, and its data is judged. */
const RECOVERED_BY = ['rebuild', 'data'];

/**
 * Recovery of one cluster: from the first wipe of one of its machines to the moment the last step of the stages rebuild and data had ended
 * well for the first time after that. What comes later (the second create, the fingerprint, unfreezing) proves the recovery, it is not part of it.
 */
export function recoveryOf(cluster: string, timeline: Timeline, steps: readonly StepReport[]): Recovery {
  const from = wipedAt(cluster, timeline, steps);
  if (from === null) return { cluster, from: null, to: null, time: null };
  const needed = steps.filter((step) => RECOVERED_BY.includes(step.stage) && step.kind === 'phase' && (step.lane === cluster || step.lane === ''));
  const ends = needed.map((step) => step.attempts.find((attempt) => (attempt.state === 'done' || attempt.state === 'already') && attempt.to.run >= from.run)?.to);
  const known = ends.filter((end): end is Moment => end !== undefined);
  if (known.length === 0 || known.length < ends.length) return { cluster, from, to: null, time: null };
  const to = latest(known);
  return { cluster, from, to, time: splitOf(timeline, [cluster, ''], { from, to }) };
}

/** Of all clusters together: from the first wipe of any to the moment the last one had recovered. */
export function recoveryOfAll(recoveries: readonly Recovery[], timeline: Timeline): Recovery {
  const cluster = recoveries.map((each) => each.cluster).join(', ');
  const froms = recoveries.flatMap(({ from }) => (from === null ? [] : [from]));
  const tos = recoveries.flatMap(({ to }) => (to === null ? [] : [to]));
  if (froms.length === 0) return { cluster, from: null, to: null, time: null };
  const from = froms.reduce((a, b) => (b.run < a.run ? b : a));
  if (tos.length < recoveries.length) return { cluster, from, to: null, time: null };
  const to = latest(tos);
  return { cluster, from, to, time: splitOf(timeline, [...recoveries.map((each) => each.cluster), ''], { from, to }) };
}

/** The first wipe that was begun; where every machine was bare already, the beginning of the step that found them so, if it is known to have done so. */
function wipedAt(cluster: string, timeline: Timeline, steps: readonly StepReport[]): Moment | null {
  const wipes = timeline.acts.filter((act) => act.lane === cluster && act.act === 'wipe').map((act) => act.from);
  if (wipes.length > 0) return wipes.reduce((a, b) => (b.run < a.run ? b : a));
  const step = steps.find((each) => each.lane === cluster && each.step === 'wipe' && (each.state === 'done' || each.state === 'already'));
  return step?.attempts[0]?.from ?? null;
}

function latest(moments: readonly Moment[]): Moment {
  return moments.reduce((a, b) => (b.run > a.run ? b : a));
}

/** Every stage of every cluster, in the order of the plan. Stages a cluster has no step of are left out. */
export function stagesOf(stages: Rehearsal['stages'], lanes: readonly string[], steps: readonly StepReport[], timeline: Timeline): readonly StageReport[] {
  return lanes.flatMap((lane) => stages.flatMap(({ name, title }): readonly StageReport[] => {
    const own = steps.filter((step) => step.lane === lane && step.stage === name);
    if (own.length === 0) return [];
    const state = stateOf(own);
    const attempts = own.flatMap((step) => step.attempts).toSorted((a, b) => a.from.run - b.from.run);
    const [first] = attempts;
    const nothing: Both = { run: 0, wall: 0 };
    if (first === undefined) return [{ lane, stage: name, title, state, from: null, to: null, elapsed: nothing, machine: nothing, people: nothing, stopped: nothing }];
    // From its first beginning to the moment each of its steps had ended well once: looking again after an interruption is not the stage.
    const firstEnds = own.flatMap((step) => {
      const well = step.attempts.find((attempt) => attempt.state === 'done' || attempt.state === 'already') ?? step.attempts.at(-1);
      return well === undefined ? [] : [well.to];
    });
    const window = { from: first.from, to: latest(firstEnds.length === 0 ? [first.to] : firstEnds) };
    return [{ lane, stage: name, title, state, from: window.from, to: window.to, ...splitOf(timeline, [lane], window) }];
  }));
}

const WORST: readonly StepState[] = ['failed', 'unfinished', 'not-started'];
function stateOf(steps: readonly StepReport[]): StageReport['state'] {
  const worst = WORST.find((state) => steps.some((step) => step.state === state));
  return worst ?? (steps.length > 0 && steps.every((step) => step.state === 'already') ? 'already' : 'done');
}
