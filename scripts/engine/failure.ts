import { diskTrouble } from './disk.ts';

/**
 * Exit codes are an API: scripts and people rely on them (docs/exit-codes.md is checked against this table).
 * 1 and 2 answer a question ("healthy?", "valid?"); 64 and up say why no answer or no work came about.
 */
export const EXIT = {
  done: 0,
  no: 1,
  cannotTell: 2,
  usage: 64,
  configuration: 65,
  toolMissing: 69,
  bug: 70,
  rerun: 75,
  look: 76,
  refused: 77,
  interrupted: 130,
} as const;

export type ExitName = keyof typeof EXIT;
export type ExitCode = (typeof EXIT)[ExitName];

export interface FailureParts {
  /** Which family of outcome this is; decides the exit code. */
  readonly exit: ExitName;
  /** What happened, one sentence, no trailing full stop. */
  readonly what: string;
  /** Why, as far as it is known: the last reason seen, in the words of whoever gave it. */
  readonly because?: string | undefined;
  /** What to do next: a command to type or a thing to look at. */
  readonly hint?: string | undefined;
  /** What is left behind and matters to the next person. */
  readonly leftBehind?: string | undefined;
  /** A file that tells more. */
  readonly log?: string | undefined;
  /** Several independent failures gathered into one (every node's, every cluster's), chains intact. */
  readonly parts?: readonly Failure[] | undefined;
  readonly cause?: unknown;
}

/** The one error type the program throws on purpose; anything else that reaches the top is our bug (exit 70). */
export class Failure extends Error {
  readonly exit: ExitName;
  readonly what: string;
  readonly because: string | undefined;
  readonly hint: string | undefined;
  readonly leftBehind: string | undefined;
  readonly log: string | undefined;
  readonly parts: readonly Failure[];

  constructor(parts: FailureParts) {
    super(parts.because === undefined ? parts.what : `${parts.what}: ${parts.because}`, { cause: parts.cause });
    this.name = 'Failure';
    this.exit = parts.exit;
    this.what = parts.what;
    this.because = parts.because;
    this.hint = parts.hint;
    this.leftBehind = parts.leftBehind;
    this.log = parts.log;
    this.parts = parts.parts ?? [];
  }

  get code(): ExitCode {
    return EXIT[this.exit];
  }
}

/** A Failure as plain data, for events, journal and `--json`. */
export interface FailureData {
  readonly exit: ExitName;
  readonly code: ExitCode;
  readonly what: string;
  readonly because?: string;
  readonly hint?: string;
  readonly leftBehind?: string;
  readonly log?: string;
  readonly parts?: readonly FailureData[];
  /** What lay underneath, outermost first, where it says more than the failure itself. Shown with --verbose. */
  readonly causes?: readonly string[];
}

/** A Failure as plain data: only what is set, gathered parts included, the chain of causes as sentences. */
export function toData(failure: Failure): FailureData {
  const causes = causesOf(failure);
  return {
    exit: failure.exit,
    code: failure.code,
    what: failure.what,
    ...(failure.because === undefined ? {} : { because: failure.because }),
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    ...(failure.leftBehind === undefined ? {} : { leftBehind: failure.leftBehind }),
    ...(failure.log === undefined ? {} : { log: failure.log }),
    ...(failure.parts.length === 0 ? {} : { parts: failure.parts.map(toData) }),
    ...(causes.length === 0 ? {} : { causes }),
  };
}

/** Sentences of the cause chain that the failure does not already say. A chain that loops ends at the first repeat. */
function causesOf(failure: Failure): readonly string[] {
  const said = [failure.message];
  const seen = new Set<unknown>([failure]);
  for (let cause = failure.cause; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    seen.add(cause);
    const text = cause.message;
    if (text !== '' && !said.some((sentence) => sentence.includes(text))) said.push(text);
  }
  return said.slice(1);
}

/**
 * Whatever was thrown, as a Failure. A Failure stays itself. An abort without a Failure as its reason is the user's
 * interruption (130). What the operating system refuses for want of room or rights is the operator's to mend (75). Anything else was not thrown on purpose: our bug (70), with the original as its cause.
 * `where` names the step or the part of the program, for the sentence people see.
 */
export function asFailure(error: unknown, where: string): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Error && isAbort(error)) {
    // DOMExceptions made by Node's own abortable calls carry the signal's reason as their cause.
    return error.cause instanceof Failure ? error.cause : interrupted(error.cause);
  }
  const trouble = diskTrouble(error);
  if (trouble !== undefined) return new Failure({ exit: 'rerun', what: `${where}: a file could not be written or opened`, ...trouble, cause: error });
  return new Failure({
    exit: 'bug',
    what: `${where} broke in a way the program did not expect`,
    because: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    hint: 'This is a mistake in the program. Run the same command with --verbose and report its last lines together with the run\'s journal.',
    cause: error,
  });
}

function isAbort(error: Error): boolean {
  return error.name === 'AbortError';
}

/** The Failure of a run that was asked to stop. `reason` is the abort signal's; a Failure there wins (a lost lock, say). */
export function interrupted(reason: unknown): Failure {
  if (reason instanceof Failure) return reason;
  const because = typeof reason === 'string' ? reason : reason instanceof Error && !isAbort(reason) ? reason.message : undefined;
  return new Failure({
    exit: 'interrupted',
    what: 'stopped before the end',
    because,
    hint: 'Running the same command again goes on from here.',
    cause: reason,
  });
}

/**
 * From worst to least, for deciding the exit code of several failures at once. What a person must not miss comes first:
 * a state that has to be looked at before anything is repeated outranks our own bug, that outranks an interruption the
 * user knows of; a refusal outranks what a plain re-run may cure; a definite no outranks "cannot tell".
 */
export const WORST_FIRST: readonly ExitName[] = [
  'look', 'bug', 'interrupted', 'refused', 'configuration', 'usage', 'toolMissing', 'rerun', 'no', 'cannotTell', 'done',
];

/** The worst of some exits by WORST_FIRST; 'done' for none. */
export function worstExit(exits: readonly ExitName[]): ExitName {
  return WORST_FIRST.find((exit) => exits.includes(exit)) ?? 'done';
}

/**
 * Several independent failures as one. Exactly one stays itself; more become a Failure named `what` with the worst exit,
 * the reasons in one line, the hint of the first worst part, and every part with its chain. Throws on an empty list: nothing failed.
 */
export function gather(failures: readonly Failure[], what: string): Failure {
  const [first] = failures;
  if (first === undefined) throw new TypeError('gather() was given no failure');
  if (failures.length === 1) return first;
  const exit = worstExit(failures.map((failure) => failure.exit));
  const worst = failures.find((failure) => failure.exit === exit) ?? first;
  return new Failure({
    exit,
    what,
    because: [...new Set(failures.map((failure) => failure.message))].join('; '),
    hint: worst.hint,
    leftBehind: failures.find((failure) => failure.leftBehind !== undefined)?.leftBehind,
    log: failures.find((failure) => failure.log !== undefined)?.log,
    parts: failures,
    cause: worst,
  });
}
