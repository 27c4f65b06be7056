import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskTrouble } from './disk.ts';
import { Failure } from './failure.ts';
import { JOURNAL_FILE, readJournal } from './journal.ts';
import type { JournalContent } from './journal.ts';

/** Crockford's base 32: sorts as it counts, and has no letter that looks like a digit. */
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ID = /^[0-9A-HJKMNP-TV-Z]{26}$/;
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;
const KEEP_FILE = 'keep';
export const RESULT_FILE = 'result.json';
/** Runs that stay when newer ones come; those marked to be kept (rehearsals) are not counted. */
export const RUNS_KEPT = 50;

let lastTime = 0;
let lastRandom = 0n;

/**
 * A new run's id: 48 bits of time in ms and 80 random ones, so that ids sort by age. Two ids of this process are never
 * equal or out of order, even within one millisecond or when the computer's time is set back.
 */
export function newRunId(wall: number = Date.now()): string {
  const random = BigInt(`0x${randomBytes(10).toString('hex')}`);
  lastRandom = wall > lastTime ? random : lastRandom + 1n + (random >> 16n);
  lastTime = Math.max(wall, lastTime);
  const wrapped = lastRandom & ((1n << 80n) - 1n);
  // Counting past the end of the random part goes on in the next millisecond.
  if (wrapped !== lastRandom) lastTime += 1;
  lastRandom = wrapped;
  return encode(BigInt(lastTime), TIME_DIGITS) + encode(lastRandom, RANDOM_DIGITS);
}

function encode(value: bigint, digits: number): string {
  let text = '';
  for (let rest = value; text.length < digits; rest >>= 5n) text = DIGITS.charAt(Number(rest & 31n)) + text;
  return text;
}

/** Whether a folder's name is that of a run. */
export function isRunId(name: string): boolean {
  return ID.test(name);
}

/** When a run began, wall ms since the epoch, from its id alone. */
export function startOfRun(id: string): number {
  return id.slice(0, TIME_DIGITS).split('').reduce((sum, digit) => sum * 32 + DIGITS.indexOf(digit), 0);
}

export interface Run {
  readonly id: string;
  readonly dir: string;
  /** Stays for ever. */
  readonly keep: boolean;
  /** Its result was written: it came to an end by itself. */
  readonly ended: boolean;
}

/** Where the runs of a checkout are. */
export function runsDir(taskDir: string): string {
  return join(taskDir, 'runs');
}

/** Marks a run as over although it did not come to its end; nothing goes on with it any more. */
export function abandonRun(run: Pick<Run, 'dir'>, because: string): void {
  writeResult(run.dir, { abandoned: because });
}

export interface NewRunOptions {
  readonly id?: string;
  /** Mark it to stay for ever (a rehearsal is evidence). */
  readonly keep?: boolean;
}

/** Makes the folder of a new run (0700). Throws a Failure (75) when that cannot be. */
export function newRunDir(taskDir: string, options: NewRunOptions = {}): Run {
  const id = options.id ?? newRunId();
  const dir = join(runsDir(taskDir), id);
  const keep = options.keep ?? false;
  try {
    mkdirSync(runsDir(taskDir), { recursive: true, mode: 0o700 });
    mkdirSync(dir, { mode: 0o700 });
    if (keep) keepRun(dir);
  } catch (error) {
    throw unwritable(`the folder of this run cannot be made: ${dir}`, error);
  }
  return { id, dir, keep, ended: false };
}

/** Marks a run to stay for ever. */
export function keepRun(dir: string): void {
  writeFileSync(join(dir, KEEP_FILE), '', { mode: 0o600 });
}

/** Takes that mark away again. */
export function unkeepRun(dir: string): void {
  rmSync(join(dir, KEEP_FILE), { force: true });
}

/** Writes the run's one result document, whole or not at all (0600). Throws a Failure (75) when that cannot be. */
export function writeResult(dir: string, result: unknown): void {
  const file = join(dir, RESULT_FILE);
  try {
    writeFileSync(`${file}.part`, `${JSON.stringify(result, null, 2)}\n`, { mode: 0o600, flush: true });
    renameSync(`${file}.part`, file);
  } catch (error) {
    rmSync(`${file}.part`, { force: true });
    throw unwritable(`the result of this run cannot be written: ${file}`, error);
  }
}

function unwritable(what: string, error: unknown): Failure {
  const trouble = diskTrouble(error) ?? { because: error instanceof Error ? error.message : String(error), hint: 'See to the folder (TASK_DIR names another), then run the same command again.' };
  return new Failure({ exit: 'rerun', what, ...trouble, cause: error });
}

/**
 * The journal of a run, held against its result: a run that came to an end noted the hash of its last line there, so lines cut off
 * at the end are noticed too. undefined for a run that was killed before its journal was made; it began nothing.
 */
export function readRunJournal(run: Pick<Run, 'dir' | 'ended'>): JournalContent | undefined {
  const file = join(run.dir, JOURNAL_FILE);
  if (!existsSync(file)) return undefined;
  const content = readJournal(file);
  const head = run.ended ? headInResult(join(run.dir, RESULT_FILE)) : undefined;
  if (content.tampered !== undefined || head === undefined || head === content.head) return content;
  return { ...content, torn: false, tampered: { line: content.events.length + 1, because: "it is missing: the run's result knows of more lines" } };
}

/** Nothing where the result is of another version or damaged: then the journal alone is judged. */
function headInResult(file: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof parsed === 'object' && parsed !== null && 'journal' in parsed && typeof parsed.journal === 'string' ? parsed.journal : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** All runs, oldest first. Whatever else lies in the folder is not a run. */
export function listRuns(taskDir: string): readonly Run[] {
  const base = runsDir(taskDir);
  if (!existsSync(base)) return [];
  return readdirSync(base, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && ID.test(entry.name))
    .map((entry) => entry.name)
    .toSorted()
    .map((id) => {
      const dir = join(base, id);
      return { id, dir, keep: existsSync(join(dir, KEEP_FILE)), ended: existsSync(join(dir, RESULT_FILE)) };
    });
}

/** The newest run that `wanted` accepts. */
export function latestRun(taskDir: string, wanted: (run: Run) => boolean = () => true): Run | undefined {
  return listRuns(taskDir).findLast(wanted);
}

/**
 * Removes old runs but the last `count`. Stay for ever: those marked to be kept, and those `needed` names (an open once-only act
 * must not be forgotten because fifty other runs came after it: see acts.ts, runsWithOpenActs). Answers what was removed.
 */
export function pruneRuns(taskDir: string, needed: ReadonlySet<string>, count: number = RUNS_KEPT): readonly Run[] {
  const passing = listRuns(taskDir).filter((run) => !run.keep);
  const old = passing.slice(0, Math.max(0, passing.length - count)).filter((run) => !needed.has(run.id));
  for (const run of old) rmSync(run.dir, { recursive: true, force: true });
  return old;
}
