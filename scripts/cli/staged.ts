import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../engine/event.ts';
import { Failure } from '../engine/failure.ts';
import { JOURNAL_FILE, openJournal, tamperedFailure, type Journal } from '../engine/journal.ts';
import type { Step } from '../engine/phase.ts';
import { abandonRun, listRuns, newRunDir, readRunJournal, RESULT_FILE, type Run } from '../engine/runs.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from '../phases/context.ts';
import type { Stage, StagedTask } from '../phases/task.ts';
import { timeOfDay } from '../terminal/words.ts';

/** The act after which there is no way back: from then on what was found out before it is remembered, not asked again. */
const NO_RETURN = 'wipe';

/** An attempt at a staged task: the run it belongs to, and its steps. */
export interface StagedRun {
  readonly run: Pick<Run, 'id' | 'dir'>;
  /** An earlier attempt of the same run is gone on with. */
  readonly goesOn: boolean;
  /** Its journal ended in the middle of a line. */
  readonly torn: boolean;
  /** Hash of the last whole line of the journal that is gone on with. */
  readonly head: string | undefined;
  readonly stages: readonly Stage[];
  readonly steps: readonly Step<Cx, Snapshot>[];
  /** Set when UNTIL stops before the last stage. */
  readonly stopsAfter: string | undefined;
  /** As the engine asks: why a step marked `once` is not run again. */
  earlier(lane: string, step: string): string | undefined;
  /** Whether any machine's wipe was begun, in an earlier attempt or (by the events heard) in this one. */
  pastNoReturn(): boolean;
  /** Whether a checkpoint of this attempt was answered with a pause. */
  paused(): boolean;
  hear(event: Event): void;
}

export interface StagedAsk {
  readonly task: StagedTask;
  readonly name: string;
  readonly clusters: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly target: { readonly id: string; readonly kind: 'site' | 'lab' };
  readonly taskDir: string;
  readonly dryRun: boolean;
}

/**
 * Finds the unfinished run to go on with, or makes a new one; RUN=new leaves the unfinished one behind for good. Throws a Failure (64) for a
 * run of other clusters, stages that do not exist, (75) one that is not there; (76) a journal that was tampered with.
 */
export function openStaged(ask: StagedAsk): StagedRun {
  const all = ask.task.stages.filter((stage) => stage.only === undefined || stage.only === ask.target.kind);
  const [from, until] = [indexOf(all, 'FROM', ask), indexOf(all, 'UNTIL', ask)];
  const stages = all.slice(from ?? 0, (until ?? all.length - 1) + 1);
  if (stages.length === 0) throw new Failure({ exit: 'usage', what: `UNTIL=${ask.variables['UNTIL'] ?? ''} comes before FROM=${ask.variables['FROM'] ?? ''}`, hint: `the stages are ${all.map((stage) => stage.name).join(', ')}` });
  const unfinished = ask.dryRun ? undefined : findUnfinished(ask);
  const run = unfinished?.run ?? (ask.dryRun ? undefined : newRunDir(ask.taskDir, { keep: true }));
  const done = new Map<string, string>();
  let past = false;
  let paused = false;
  const hear = (event: Event): void => {
    if (event.type === 'act-started' && event.act === NO_RETURN) past = true;
    if (event.type === 'phase-finished') done.set(`${event.lane}\0${event.step}`, `came through at ${timeOfDay(event.at, false)}, before this rehearsal was gone on with: ${event.note}`);
    if (event.type === 'phase-skipped') done.set(`${event.lane}\0${event.step}`, event.because);
    if (event.type === 'checkpoint-answered' && event.answer === 'pause') paused = true;
    if (event.type === 'checkpoint-answered' && event.answer === 'go') done.set(`${event.lane}\0${event.step}`, `${event.by} said go at ${timeOfDay(event.at, false)}`);
  };
  for (const event of unfinished?.events ?? []) hear(event);
  paused = false;
  // What this attempt comes through is no reason to skip anything in it.
  const before = new Map(done);
  const pastBefore = past;
  return {
    run: run ?? { id: '', dir: '' }, goesOn: unfinished !== undefined, torn: unfinished?.torn ?? false, head: unfinished?.head, stages,
    steps: stages.flatMap((stage): readonly Step<Cx, Snapshot>[] => [...(stage.first ?? []), { kind: 'together', lanes: ask.clusters.map((lane) => ({ lane, steps: stage.steps })) }, ...(stage.last ?? [])]),
    stopsAfter: until === undefined || until === all.length - 1 ? undefined : all[until]?.name,
    earlier: (lane, step) => (pastBefore ? before.get(`${lane}\0${step}`) : undefined),
    pastNoReturn: () => past,
    paused: () => paused,
    hear,
  };
}

function indexOf(stages: readonly Stage[], variable: 'FROM' | 'UNTIL', { variables }: StagedAsk): number | undefined {
  const wanted = variables[variable];
  if (wanted === undefined) return undefined;
  const index = stages.findIndex((stage) => stage.name === wanted);
  if (index >= 0) return index;
  throw new Failure({ exit: 'usage', what: `there is no stage ${wanted}`, because: `${variable}=${wanted}`, hint: `the stages are ${stages.map((stage) => stage.name).join(', ')}` });
}

interface Unfinished { readonly run: Run; readonly events: readonly Event[]; readonly torn: boolean; readonly head: string }

function findUnfinished(ask: StagedAsk): Unfinished | undefined {
  const wanted = ask.variables['RUN'];
  for (const run of listRuns(ask.taskDir).toReversed()) {
    if (!run.keep || run.ended || (wanted !== undefined && wanted !== 'new' && !run.id.startsWith(wanted.toUpperCase()))) continue;
    const journal = readRunJournal(run);
    if (journal?.tampered !== undefined) throw tamperedFailure(join(run.dir, JOURNAL_FILE), journal.tampered);
    const started = journal?.events.find((event) => event.type === 'run-started');
    // One that was killed before its first line began nothing; one of a lab that is gone has no world to go on in.
    if (journal === undefined || started === undefined || started.task !== ask.name || started.target.id !== ask.target.id) continue;
    if (wanted === 'new') {
      abandonRun(run, 'RUN=new started another');
      continue;
    }
    const clusters = started.plan.map((lane) => lane.lane).filter((lane) => lane !== '');
    if (clusters.join() !== ask.clusters.join()) {
      throw new Failure({
        exit: 'usage', what: `rehearsal ${run.id} of ${clusters.join(' and ')} is not over`, because: `now it was asked for ${ask.clusters.join(' and ')}`,
        hint: `CLUSTER=${started.variables['CLUSTER'] ?? clusters.join()} goes on with it; RUN=new leaves it as it is and starts another`,
      });
    }
    return { run, events: journal.events, torn: journal.torn, head: journal.head };
  }
  if (wanted === undefined || wanted === 'new') return undefined;
  throw new Failure({ exit: 'rerun', what: `there is no unfinished rehearsal ${wanted} on this target`, hint: 'task runs:list shows every run; without RUN the newest unfinished one is gone on with, or a new one begun' });
}

/** The journal of a run that is gone on with, now that it is ours. Throws a Failure (75) when somebody went on with it while its lock was waited for. */
export function openAgain(run: { readonly id: string; readonly dir: string }, head: string | undefined): Journal {
  const journal = openJournal(run.dir);
  if (journal.head() === head && !existsSync(join(run.dir, RESULT_FILE))) return journal;
  journal.close();
  throw new Failure({ exit: 'rerun', what: `another process went on with ${run.id} in the meantime`, hint: 'task runs:show RUN=last tells how far it came; the same command goes on from there' });
}
