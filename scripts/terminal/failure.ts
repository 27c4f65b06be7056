import { EXIT, Failure, type ExitName, type FailureData } from '../engine/failure.ts';
import type { Style } from '../engine/outcome.ts';
import { clean, displayWidth, wrap } from './width.ts';

/** What an exit code means to whoever reads it last. */
const MEANING: Readonly<Record<ExitName, string>> = {
  done: 'done',
  no: 'no',
  cannotTell: 'cannot tell',
  usage: 'the command line',
  configuration: 'the configuration',
  toolMissing: 'a tool is missing',
  bug: 'a fault of this program',
  rerun: 'safe to run again',
  look: 'look before running again',
  refused: 'refused at a checkpoint',
  interrupted: 'interrupted',
};

export interface FailureOptions {
  /** Show the stack and the chain of causes. */
  readonly verbose: boolean;
}

/**
 * A failure as a person needs it: what happened, why, what it left behind, what to do next, where the log is, then the
 * exit code. Its parts follow, indented, each the same way. Lines wrap at the style's width; no stack unless verbose.
 */
export function renderFailure(failure: Failure | FailureData, style: Style, options: FailureOptions): string[] {
  const exit = EXIT[failure.exit];
  const lines = describe(failure, style, 0);
  lines.push(field('exit', `${exit}, ${MEANING[failure.exit]}`, style, 2, style.dim));
  if (options.verbose && failure instanceof Failure) lines.push(...stackLines(failure, style));
  return lines;
}

/** An error nobody threw on purpose: our own bug, exit 70. Says so, and how to see more. */
export function renderUnexpected(error: unknown, style: Style, options: FailureOptions): string[] {
  const because = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const lines = renderFailure({
    exit: 'bug', code: EXIT.bug, what: 'something went wrong that should not be possible', because,
    hint: options.verbose ? 'this is a fault of the program; please report it with the lines below' : 'this is a fault of the program; the same command with --verbose shows where',
  }, style, { verbose: false });
  return options.verbose ? [...lines, ...stackLines(error, style)] : lines;
}

function describe(failure: Failure | FailureData, style: Style, indent: number, saidAbove?: string): string[] {
  const lead = ' '.repeat(indent);
  const [first = '', ...more] = wrap(clean(failure.what), style.width - indent - 2);
  const lines = [`${lead}${style.red('✖')} ${style.bold(first)}`, ...more.map((line) => `${lead}  ${style.bold(line)}`)];
  const add = (label: string, text: string | undefined, dress?: (text: string) => string): void => {
    if (text !== undefined && text !== '') lines.push(...fieldLines(label, text, style, indent + 2, dress));
  };
  // What only strings together what the parts say is left to them.
  if (failure.because !== [...new Set((failure.parts ?? []).map(messageOf))].join('; ')) add('why', failure.because);
  add('left', failure.leftBehind);
  if (failure.hint !== saidAbove) add('next', failure.hint, style.cyan);
  add('log', failure.log);
  // A next step said above is not said again below.
  for (const part of failure.parts ?? []) lines.push(...describe(part, style, indent + 2, failure.hint));
  return lines;
}

const messageOf = (failure: Failure | FailureData): string => (failure.because === undefined ? failure.what : `${failure.what}: ${failure.because}`);

const LABEL = 6;

function fieldLines(label: string, text: string, style: Style, indent: number, dress: (text: string) => string = (same) => same): string[] {
  const lead = ' '.repeat(indent);
  // Line breaks the author made (a list of commands) stay; the rest wraps.
  const lines = text.split('\n').flatMap((line) => wrap(clean(line), style.width - indent - LABEL));
  return lines.map((line, index) => `${lead}${style.dim((index === 0 ? label : '').padEnd(LABEL))}${dress(line)}`);
}

function field(label: string, text: string, style: Style, indent: number, dress: (text: string) => string): string {
  return fieldLines(label, text, style, indent, dress)[0] ?? '';
}

function stackLines(error: unknown, style: Style): string[] {
  const lines: string[] = [];
  const seen = new Set<unknown>();
  for (let at: unknown = error; at instanceof Error && !seen.has(at); at = at.cause) {
    if (seen.size > 0) lines.push(style.dim('  caused by'));
    seen.add(at);
    lines.push(...(at.stack ?? at.message).split('\n').map((line) => style.dim(`  ${clean(line)}`)));
  }
  return lines.filter((line) => displayWidth(line.trim()) > 0);
}
