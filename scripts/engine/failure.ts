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
}
