import type { TargetFile } from '../config/target.ts';
import { Failure, toData } from '../engine/failure.ts';
import type { Json, Outcome } from '../engine/outcome.ts';
import type { Ended } from '../phases/task.ts';
import { renderFailure } from '../terminal/failure.ts';
import type { DryRun } from '../terminal/dryrun.ts';
import { printOutcome, type OutcomeForm } from '../terminal/outcome.ts';
import { writeLines } from '../terminal/output.ts';
import { styleFor } from '../terminal/view.ts';
import type { Timings } from './estimates.ts';
import type { Invocation } from './invocation.ts';
import type { ResolvedTask } from './resolve.ts';
import { stepsOutcome, type Summary } from './summary.ts';

/** Who stopped a run knows why it ended: one sentence instead of every step's own; what failed besides is kept. */
export function calm(failure: Failure, reason: unknown, timings: Timings): Failure {
  if (failure.exit !== 'interrupted' || !(reason instanceof Failure) || reason.exit !== 'interrupted') return failure;
  const real = (of: Failure): readonly Failure[] => (of.parts.length > 0 ? of.parts.flatMap(real) : of.exit === 'interrupted' ? [] : [of]);
  const where = Object.entries(timings.lanes()).flatMap(([lane, steps]) => steps.filter((step) => step.how === 'failed').map((step) => `${lane === '' ? '' : `${lane} `}stopped in ${step.step}`));
  return new Failure({
    exit: 'interrupted', what: reason.what, because: reason.because, hint: reason.hint, parts: real(failure), cause: failure,
    leftBehind: failure.leftBehind ?? (where.length === 0 ? undefined : `${where.join(', ')}; what was done before stays`),
  });
}

/** Adds what every failure must have: where the log is, and a next step when nobody nearer had one. */
export function rounded(failure: Failure, log: string | undefined): Failure {
  return new Failure({
    exit: failure.exit, what: failure.what, because: failure.because, leftBehind: failure.leftBehind, parts: failure.parts, cause: failure.cause ?? failure,
    hint: failure.hint ?? (failure.exit === 'rerun' ? 'mend the cause, then run the same command again: it goes on from here' : undefined),
    log: failure.log ?? log,
  });
}

/** A failure with what was found out about it afterwards. */
export function withParts(failure: Failure, found: readonly Failure[]): Failure {
  if (found.length === 0) return failure;
  return new Failure({ exit: failure.exit, what: failure.what, because: failure.because, hint: failure.hint, leftBehind: failure.leftBehind, log: failure.log, parts: [...failure.parts, ...found], cause: failure.cause ?? failure });
}

export function formOf(invocation: Invocation): OutcomeForm {
  if (invocation.flags.output === 'json') return 'line';
  return invocation.flags.json ? 'document' : 'people';
}

/** Everything the last words are made of. */
export interface Shown {
  readonly todo: { readonly resolved: ResolvedTask; readonly invocation: Invocation; readonly target: TargetFile };
  readonly run: string;
  readonly failure: Failure | undefined;
  readonly outcome: Outcome | undefined;
  /** What a staged task's ending has to say, whether it failed or not. */
  readonly ended: Ended | undefined;
  readonly dry: DryRun | undefined;
  readonly timings: Timings;
  readonly summary: Summary;
  readonly ms: number;
  readonly wallMs: number;
  readonly summarised: boolean;
  redact(text: string): string;
}

/** The last words: a failure on stderr, the result on stdout, each in the form that was asked for. */
export function show(shown: Shown): void {
  const { todo, failure, dry } = shown;
  const { invocation, resolved } = todo;
  const form = formOf(invocation);
  const out = { stdout: process.stdout, style: styleFor(process.stdout, invocation.env), form };
  if (failure !== undefined) {
    if (form !== 'people') {
      printOutcome({ exit: failure.exit, result: redactedJson({ task: resolved.name, run: shown.run, exit: failure.code, failure: JSON.parse(JSON.stringify(toData(failure))), ...reportOf(shown) }, shown), render: () => [] }, out);
    }
    // With `--output=json` the failure is in the last event; anything else gets the sentence for a person.
    if (form !== 'line') {
      const lines = renderFailure(failure, styleFor(process.stderr, invocation.env), { verbose: invocation.flags.verbose });
      writeLines(process.stderr, lines.map((line) => shown.redact(line)));
    }
    if (dry !== undefined && form === 'people') writeLines(process.stdout, dry.render(out.style));
    if (form === 'people') writeLines(process.stdout, (shown.ended?.render(out.style) ?? []).map((line) => shown.redact(line)));
    return;
  }
  if (dry !== undefined && shown.outcome === undefined) {
    printOutcome({ exit: 'done', result: dry.result(), render: (style) => dry.render(style) }, out);
    return;
  }
  const outcome = shown.outcome ?? stepsOutcome({
    task: resolved.name, clusters: resolved.clusters, run: shown.run, lanes: shown.timings.lanes(), label: todo.target.label,
    ms: shown.ms, wallMs: shown.wallMs, simulated: todo.target.kind === 'lab', notes: shown.summary.notes(), verbose: invocation.flags.verbose, summarised: shown.summarised,
  });
  printOutcome({
    exit: outcome.exit, result: isMap(outcome.result) ? { ...outcome.result, ...redactedJson(reportOf(shown), shown) } : outcome.result,
    render: (style) => [...outcome.render(style), ...(shown.ended?.render(style) ?? []).map((line) => shown.redact(line))],
  }, out);
}

function reportOf(shown: Shown): { readonly report?: Json } {
  return shown.ended === undefined ? {} : { report: shown.ended.result };
}
function isMap(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function redactedJson<T>(value: T, shown: Shown): T {
  return JSON.parse(shown.redact(JSON.stringify(value)));
}
