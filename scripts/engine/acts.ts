import { join } from 'node:path';
import type { Emit, Event } from './event.ts';
import { asFailure, Failure } from './failure.ts';
import { JOURNAL_FILE, tamperedFailure } from './journal.ts';
import { listRuns, readRunJournal } from './runs.ts';

/** A once-only act that was begun and of which no journal says how it ended. */
export interface OpenAct {
  readonly act: string;
  readonly subject: string;
  readonly lane: string;
  /** The run that began it, and when (wall, ISO 8601). */
  readonly run: string;
  readonly at: string;
  readonly target: string;
}

export type Proof = 'done' | 'not-done' | 'unknown';

const keyOf = (act: { readonly target: string; readonly lane: string; readonly act: string; readonly subject: string }): string =>
  JSON.stringify([act.target, act.lane, act.act, act.subject]);

/**
 * Acts on a target begun and not known to have ended, from all journals in order of age; of one lane when named. Read it
 * while holding the lock: a run that is still going has its act open too. Throws a Failure (76) for a journal that was tampered with.
 */
export function openActs(taskDir: string, targetId: string, lane?: string): readonly OpenAct[] {
  return readEarlierRuns(taskDir).open.filter((open) => open.target === targetId && (lane === undefined || open.lane === lane));
}

/** Ids of the runs that must not be pruned, because a later run has to know of their open act. */
export function runsWithOpenActs(taskDir: string): ReadonlySet<string> {
  return new Set(readEarlierRuns(taskDir).open.map((open) => open.run));
}

/** What the journals of a task folder tell whoever comes next. */
export interface EarlierRuns {
  readonly open: readonly OpenAct[];
  /** The newest run with a journal, other than `except`, when it ends in a line that was not written to its end. */
  readonly cutOff: string | undefined;
}

/** Reads all journals, in order of age. Throws a Failure (76) for one that was tampered with: it proves nothing about what was begun. */
export function readEarlierRuns(taskDir: string, except?: string): EarlierRuns {
  const open = new Map<string, OpenAct>();
  let cutOff: string | undefined;
  for (const run of listRuns(taskDir)) {
    const journal = run.id === except ? undefined : readRunJournal(run);
    if (journal === undefined) continue;
    if (journal.tampered !== undefined) throw tamperedFailure(join(run.dir, JOURNAL_FILE), journal.tampered);
    cutOff = journal.torn ? run.id : undefined;
    replay(journal.events, run.id, open);
  }
  return { open: [...open.values()], cutOff };
}

function replay(events: readonly Event[], run: string, open: Map<string, OpenAct>): void {
  let target = '';
  for (const event of events) {
    if (event.type === 'run-started') target = event.target.id;
    if (event.type !== 'act-started' && event.type !== 'act-finished') continue;
    const { act, subject, lane, at } = event;
    const key = keyOf({ target, lane, act, subject });
    if (event.type === 'act-started') open.set(key, { act, subject, lane, run, at, target });
    else open.delete(key);
  }
}

export interface PerformAct {
  readonly act: string;
  readonly subject: string;
  readonly lane: string;
  readonly step: string;
  /** Asks the world whether the act has happened. A throw counts as unknown. */
  proof(): Promise<Proof>;
  /** Does it; the sentence says what was done. */
  run(): Promise<string>;
  /** The run's sink, with the journal among its listeners: the start is on the disk before run() is called. */
  readonly emit: Emit;
  /** What openActs found for this target. */
  readonly open: readonly OpenAct[];
}

/**
 * Does a once-only act (etcd bootstrap, wipe) exactly once. An earlier start without an end is never repeated blindly: the world is
 * asked; what it cannot tell is a Failure (76). When run() fails the world is asked too: `not-done` closes the act and the
 * failure stays as it was, `done` closes it as proven, and otherwise it stays open and the failure says so (76).
 */
export async function performAct(options: PerformAct): Promise<void> {
  const { act, subject, lane, step, emit } = options;
  const finish = (outcome: 'done' | 'not-done' | 'proven', because: string): void =>
    emit({ type: 'act-finished', lane, step, act, subject, outcome, because });

  const earlier = options.open.find((open) => open.act === act && open.subject === subject && open.lane === lane);
  if (earlier !== undefined) {
    const seen = await prove(options);
    const begun = `run ${earlier.run} began it at ${earlier.at}`;
    if (seen.proof === 'unknown') throw cannotTell(options, `${begun}, nothing says how it ended, and ${seen.because}`, seen.cause);
    if (seen.proof === 'done') return finish('proven', `${begun}; ${seen.because}`);
    finish('not-done', `${begun}; ${seen.because}`);
  }

  emit({ type: 'act-started', lane, step, act, subject });
  let said: string;
  try {
    said = await options.run();
  } catch (error) {
    return settle(options, error, finish);
  }
  finish('done', said);
}

/** run() failed: what became of the act? */
async function settle(options: PerformAct, error: unknown, finish: (outcome: 'not-done' | 'proven', because: string) => void): Promise<void> {
  const failure = asFailure(error, `${options.act} of ${options.subject}`);
  const seen = await prove(options);
  if (seen.proof === 'done') return finish('proven', `${failure.message}; but ${seen.because}`);
  if (seen.proof === 'not-done') {
    finish('not-done', `${failure.message}; ${seen.because}`);
    throw failure;
  }
  // Whoever interrupted knows that the run did not end; the next run asks the world first.
  if (failure.exit === 'interrupted') throw failure;
  throw cannotTell(options, `${failure.message}; and ${seen.because}`, failure);
}

async function prove(options: PerformAct): Promise<{ readonly proof: Proof; readonly because: string; readonly cause?: unknown }> {
  try {
    const proof = await options.proof();
    const because = { done: 'the world shows that it has happened', 'not-done': 'the world shows that it has not happened', unknown: 'the world does not show whether it happened' }[proof];
    return { proof, because };
  } catch (cause) {
    return { proof: 'unknown', because: `whether it happened cannot be read: ${asFailure(cause, 'the proof').message}`, cause };
  }
}

function cannotTell({ act, subject }: PerformAct, because: string, cause: unknown): Failure {
  return new Failure({
    exit: 'look',
    what: `${act} of ${subject} was begun and may or may not have happened`,
    because,
    hint: `Look at ${subject} before running again: ${act} must happen only once. The next run asks the world first and goes on by itself when the answer is clear.`,
    leftBehind: `an open ${act} of ${subject} in the journal`,
    cause,
  });
}
