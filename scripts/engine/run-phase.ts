import { asFailure, interrupted } from './failure.ts';
import type { Clock } from './clock.ts';
import type { Emit } from './event.ts';
import type { Failure } from './failure.ts';
import type { EngineContext, Phase, WaitPhase, WorkPhase } from './phase.ts';
import { poll } from './poll.ts';
import type { Check, Verdict } from './verdict.ts';

export interface PhasePlace {
  readonly lane: string;
  readonly step: string;
  readonly host: { readonly emit: Emit; readonly signal: AbortSignal; readonly clock: Clock; readonly dryRun: boolean };
}

export type PhaseEnd = { readonly skipped: true; readonly because: string } | { readonly skipped: false; readonly note: string };

/** How long a skipped phase's checks may stay unknown before its claim counts as not shown; a busy API is no reason to redo work. */
const UNKNOWN_PATIENCE = 30_000;
const VERIFY_EVERY = 2_000;
/** One look reads several layers of a cluster. */
const LOOK_ATTEMPT = 60_000;

/**
 * One phase: is it done already (then show it), else do it, then wait until the checks pass.
 * "Already there" is a claim: when a check fails after it, the work is done after all and a note says so.
 * In a dry run what cannot be read counts as "would run", failures inside run() become notes, and nothing is waited for.
 */
export async function runPhase<C extends EngineContext<S>, S>(phase: Phase<C, S>, cx: C, place: PhasePlace): Promise<PhaseEnd> {
  const { dryRun, signal } = place.host;
  const judge = makeJudge(phase.verify, cx, place);
  if ('holds' in phase) return runWait(phase, judge, place);

  const claim = await doneAlready(phase, cx, place);
  if (claim !== false) {
    const shown = await showClaim(phase, judge, place);
    if (shown === true) return { skipped: true, because: claim };
    note(place, 'warn', `said to be done (${claim}), but ${shown}; ${dryRun ? 'would do it again' : 'doing it again'}`);
  }
  if (signal.aborted) throw interrupted(signal.reason);
  if (dryRun) return { skipped: false, note: await dryly(phase, cx, place) };

  const said = await phase.run(cx);
  await waitFor(phase, judge, place);
  return { skipped: false, note: said };
}

/** Looks; waits when that is not enough. In a dry run it looks once: nobody brings about what it waits for. */
async function runWait<S>(phase: WaitPhase<S>, judge: Judge<S>, place: PhasePlace): Promise<PhaseEnd> {
  const { dryRun, signal } = place.host;
  if (phase.verify.length === 0) return { skipped: true, because: 'skip: nothing to wait for' };
  let last: Judged<S>;
  try {
    last = await judge();
  } catch (error) {
    if (!dryRun) throw error;
    note(place, 'info', `would wait: how things are cannot be read (${forgivable(error, place).message})`);
    return { skipped: false, note: 'would wait' };
  }
  if (pendingOf(last.judgements) === undefined) return { skipped: true, because: reasonHeld(phase, last) };
  if (dryRun) return { skipped: false, note: `would wait for ${phase.verify.map((check) => check.name).join(', ')}` };
  if (signal.aborted) throw interrupted(signal.reason);
  await waitOn(phase, place, phase.patience, async () => {
    last = await judge();
    return pendingOf(last.judgements) ?? { settled: true };
  });
  return { skipped: false, note: reasonHeld(phase, last) };
}

/** Checks that were all skipped hold nothing: their reason is said instead. */
function reasonHeld<S>(phase: WaitPhase<S>, { seen, judgements }: Judged<S>): string {
  const first = judgements[0];
  if (first !== undefined && first.verdict.is === 'skip' && judgements.every(({ verdict }) => verdict.is === 'skip')) return `skip: ${first.verdict.because}`;
  return phase.holds(seen);
}

async function doneAlready<C extends EngineContext<S>, S>(phase: WorkPhase<C, S>, cx: C, place: PhasePlace): Promise<false | string> {
  if (!place.host.dryRun) return phase.done(cx);
  try {
    return await phase.done(cx);
  } catch (error) {
    note(place, 'info', `would run: whether it is done already cannot be read (${forgivable(error, place).message})`);
    return false;
  }
}

async function dryly<C extends EngineContext<S>, S>(phase: WorkPhase<C, S>, cx: C, place: PhasePlace): Promise<string> {
  try {
    return await phase.run(cx);
  } catch (error) {
    const failure = forgivable(error, place);
    note(place, 'info', `a dry run cannot follow further: ${failure.message}`);
    return 'would run; what follows depends on what it does';
  }
}

/** In a dry run a Failure is what not having written leads to; our own bugs and an interruption stay what they are. */
function forgivable(error: unknown, place: PhasePlace): Failure {
  const failure = asFailure(error, place.step);
  if (place.host.signal.aborted || failure.exit === 'bug' || failure.exit === 'interrupted') throw error;
  return failure;
}

interface Judgement<S> { readonly check: Check<S>; readonly verdict: Verdict }
interface Judged<S> { readonly seen: S; readonly judgements: readonly Judgement<S>[] }
type Judge<S> = () => Promise<Judged<S>>;

/** Looks once at all layers the checks need and judges all of them. A verdict is emitted when it is new. */
function makeJudge<C extends EngineContext<S>, S>(checks: readonly Check<S>[], cx: C, { lane, step, host }: PhasePlace): Judge<S> {
  const layers = [...new Set(checks.map((check) => check.layer))];
  const told = new Map<Check<S>, string>();
  return async () => {
    const seen = await cx.look(layers);
    const judgements = checks.map((check) => {
      const verdict = check.judge(seen);
      const key = JSON.stringify(verdict);
      if (told.get(check) !== key) host.emit({ type: 'judged', lane, step, check: check.name, layer: check.layer, verdict });
      told.set(check, key);
      return { check, verdict };
    });
    return { seen, judgements };
  };
}

/** The first check in the way, how many are through, and whether any says a definite no. */
interface Pending { readonly name: string; readonly because: string; readonly hint: string | undefined; readonly more: number; readonly failing: boolean; readonly done: number; readonly of: number }

/** undefined when nothing is in the way: pass, or a skip that says why it does not apply. Unknown is never good. */
function pendingOf<S>(judgements: readonly Judgement<S>[]): Pending | undefined {
  const inTheWay = judgements.flatMap(({ check, verdict }) => (verdict.is === 'fail' || verdict.is === 'unknown' ? [{ check, verdict }] : []));
  // A definite no says more than "cannot tell".
  const first = inTheWay.find(({ verdict }) => verdict.is === 'fail') ?? inTheWay[0];
  if (first === undefined) return undefined;
  return {
    name: first.check.name, because: first.verdict.because, hint: first.verdict.hint, more: inTheWay.length - 1,
    failing: first.verdict.is === 'fail', done: judgements.length - inTheWay.length, of: judgements.length,
  };
}

function sentence(pending: Pending): string {
  return `${pending.name}: ${pending.because}${pending.more === 0 ? '' : ` (and ${pending.more} more)`}`;
}

/** true when the checks bear the claim out, else what speaks against it. Unknown gets a little time, in which it may turn into either. */
async function showClaim<C, S>(phase: WorkPhase<C, S>, judge: Judge<S>, place: PhasePlace): Promise<true | string> {
  const { clock, dryRun } = place.host;
  if (phase.verify.length === 0) return true;
  const patience = dryRun ? 0 : Math.min(phase.patience, UNKNOWN_PATIENCE);
  const start = clock.now();
  return waitOn<S, true | string>(phase, place, patience, async () => {
    const pending = pendingOf((await judge()).judgements);
    if (pending === undefined) return { settled: true };
    return pending.failing || clock.now() - start >= patience ? { settled: sentence(pending) } : pending;
  });
}

async function waitFor<C, S>(phase: WorkPhase<C, S>, judge: Judge<S>, place: PhasePlace): Promise<void> {
  if (phase.verify.length === 0) return;
  await waitOn(phase, place, phase.patience, async () => pendingOf((await judge()).judgements) ?? { settled: true });
}

async function waitOn<S, T>(phase: Pick<WaitPhase<S>, 'title' | 'verify' | 'every'>, place: PhasePlace, patience: number, ask: () => Promise<Pending | { readonly settled: T }>): Promise<T> {
  const { lane, step, host } = place;
  let pending: Pending | undefined;
  return poll<T>({
    what: phase.verify.length === 1 ? (phase.verify[0]?.name ?? phase.title) : `all ${phase.verify.length} checks of ${step}`,
    patience, every: phase.every ?? VERIFY_EVERY, attempt: LOOK_ATTEMPT, clock: host.clock, signal: host.signal,
    probe: async () => {
      const answer = await ask();
      if ('settled' in answer) return { ok: true, value: answer.settled };
      pending = answer;
      const because = phase.verify.length === 1 ? answer.because : sentence(answer);
      return { ok: false, because, hint: answer.hint, done: answer.done, of: answer.of };
    },
    waiting: (said, sinceMs) => host.emit({
      type: 'waiting', lane, step, for: pending?.name ?? phase.title, reason: pending?.because ?? said, sinceMs: Math.round(sinceMs), patienceMs: patience,
      ...(pending === undefined ? {} : { done: pending.done, of: pending.of }),
    }),
  });
}

function note({ lane, step, host }: PhasePlace, level: 'info' | 'warn', text: string): void {
  host.emit({ type: 'note', lane, step, level, text });
}
