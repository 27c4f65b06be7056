import { createHash } from 'node:crypto';
import { closeSync, existsSync, fdatasyncSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { diskTrouble } from './disk.ts';
import type { Event } from './event.ts';
import { Failure } from './failure.ts';

export const JOURNAL_FILE = 'journal.jsonl';

/** What a journal file holds. Only lines before the first damaged one are believed. */
export interface JournalContent {
  readonly events: readonly Event[];
  /**
   * The file ends in the beginning of a line: the process, the power or the disk's room went while it was written. Nobody was told
   * of it and nothing was done because of it, so that line is dropped and the lines before it stand.
   */
  readonly torn: boolean;
  /** The first line that no crash can have left: not what was hashed, out of order, or an end that is no beginning of a line. Counted from 1. */
  readonly tampered: { readonly line: number; readonly because: string } | undefined;
  /** Hash of the last believed line; keep it elsewhere to notice lines missing at the end. */
  readonly head: string;
}

export interface Journal {
  readonly file: string;
  /** Writes one line and waits until it is on the disk. Throws a Failure (75). A listener of the sink. */
  readonly append: (event: Event) => void;
  /** Hash of the last line. */
  head(): string;
  close(): void;
}

const GENESIS = '0'.repeat(64);
const NEWLINE = 0x0a;
/** `,"prev":"<64>","hash":"<64>"}`: of fixed length and at the end, so that the hash covers the very bytes in front of it. */
const TAIL = /^,"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}$/;
const TAIL_LENGTH = 9 + 64 + 10 + 64 + 2;

/**
 * Opens `dir`/journal.jsonl for appending, making folder (0700) and file (0600). An existing journal is gone on with: its
 * chain continues, a torn last line is cut off (it was never acknowledged to anyone), a tampered one is a Failure (76).
 * Each line is the event plus `prev` (hash of the line before) and `hash` = sha256 over prev and the line's own bytes.
 */
export function openJournal(dir: string): Journal {
  const file = join(dir, JOURNAL_FILE);
  const known = prepare(dir, file);
  let prev = known.head;
  let fd: number | undefined = attempt(file, () => {
    const opened = openSync(file, 'a', 0o600);
    if (known.torn) ftruncateSync(opened, known.bytes);
    return opened;
  });

  return {
    file,
    append: (event) => {
      const open = fd;
      if (open === undefined) throw new TypeError(`journal ${file} is closed`);
      const line = formatLine(event, prev);
      attempt(file, () => {
        writeAll(open, Buffer.from(line.text));
        fdatasyncSync(open);
      });
      prev = line.hash;
    },
    head: () => prev,
    close: () => {
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}

function prepare(dir: string, file: string): { readonly head: string; readonly torn: boolean; readonly bytes: number } {
  attempt(file, () => mkdirSync(dir, { recursive: true, mode: 0o700 }));
  if (!existsSync(file)) {
    attempt(file, () => {
      closeSync(openSync(file, 'wx', 0o600));
      // The folder's entry must be on the disk too, or a power cut loses the whole file with its fsynced lines.
      syncFolder(dir);
      syncFolder(dirname(dir));
    });
    return { head: GENESIS, torn: false, bytes: 0 };
  }
  const bytes = attempt(file, () => readFileSync(file));
  const content = parseJournal(bytes);
  if (content.tampered !== undefined) throw tamperedFailure(file, content.tampered);
  return { head: content.head, torn: content.torn, bytes: bytes.lastIndexOf(NEWLINE) + 1 };
}

function syncFolder(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** write(2) may write less than asked for (a nearly full disk), without an error. */
function writeAll(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

function attempt<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw journalFailure(file, error);
  }
}

/** What a failed write of a journal means to people: safe to run again (75), once there is room or a writable folder. */
export function journalFailure(file: string, error: unknown): Failure {
  const trouble = diskTrouble(error) ?? { because: error instanceof Error ? error.message : String(error), hint: 'See to the disk it is on (or set TASK_DIR to a folder on another), then run the same command again.' };
  return new Failure({
    exit: 'rerun',
    what: `the journal ${file} cannot be written`,
    because: trouble.because,
    hint: `${trouble.hint} Nothing is done that cannot be written down.`,
    cause: error,
  });
}

function formatLine(event: Event, prev: string): { readonly text: string; readonly hash: string } {
  const body = JSON.stringify(event);
  const hash = hashOf(prev, Buffer.from(body.slice(0, -1)));
  return { text: `${body.slice(0, -1)},"prev":"${prev}","hash":"${hash}"}\n`, hash };
}

function hashOf(prev: string, body: Uint8Array): string {
  return createHash('sha256').update(prev).update(body).digest('hex');
}

/** Reads a journal. A missing or unreadable file is thrown as Node's own error: the caller knows whether it must be there. */
export function readJournal(file: string): JournalContent {
  return parseJournal(readFileSync(file));
}

/** Judges the bytes of a journal; see JournalContent. Pure. */
export function parseJournal(bytes: Uint8Array): JournalContent {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const events: Event[] = [];
  let head = GENESIS;
  let start = 0;
  for (let line = 1; ; line++) {
    const end = buffer.indexOf(NEWLINE, start);
    if (end === -1) {
      const because = start === buffer.length ? undefined : whyNotTorn(buffer.subarray(start), head);
      return { events, torn: start < buffer.length && because === undefined, tampered: because === undefined ? undefined : { line, because }, head };
    }
    const read = parseLine(buffer.subarray(start, end), head);
    if ('because' in read) return { events, torn: false, tampered: { line, because: read.because }, head };
    events.push(read.event);
    head = read.hash;
    start = end + 1;
  }
}

const BEGINNING = '{"type":"';
/** As TAIL, anywhere. Inside a text the quotes would be escaped, so only the chain's own fields look like this. */
const PREV = /,"prev":"([0-9a-f]{64})"/;
const CLOSED = /,"prev":"[0-9a-f]{64}","hash":"[0-9a-f]{64}"\}/;

/**
 * Why the unfinished end of a journal cannot be what a crash left of the line after `prev`; undefined when it can. A crash leaves the first
 * bytes of a line, at most with the zeros a file system puts where data had not arrived. What was changed inside them nobody can tell.
 */
function whyNotTorn(rest: Buffer, prev: string): string | undefined {
  const text = rest.subarray(0, rest.findLastIndex((byte) => byte !== 0) + 1).toString('latin1');
  if (!text.startsWith(BEGINNING) && !BEGINNING.startsWith(text)) return 'it does not begin as a line does';
  // oxlint-disable-next-line no-control-regex -- JSON escapes control characters, so none of them was written here
  if (/[\0-\x1f]/.test(text)) return 'it holds bytes that no line has';
  const closed = CLOSED.exec(text);
  if (closed === null) {
    const [, linePrev = prev] = PREV.exec(text) ?? [];
    return linePrev === prev ? undefined : 'it does not follow the line before';
  }
  if (closed.index + closed[0].length < text.length) return 'something was added to it';
  // Whole but for its line break: then its hash must be right.
  const read = parseLine(rest.subarray(0, text.length), prev);
  return 'because' in read ? read.because : undefined;
}

function parseLine(line: Buffer, prev: string): { readonly event: Event; readonly hash: string } | { readonly because: string } {
  const body = line.subarray(0, Math.max(0, line.length - TAIL_LENGTH));
  const tail = TAIL.exec(line.subarray(body.length).toString('latin1'));
  const [, linePrev, hash] = tail ?? [];
  if (linePrev === undefined || hash === undefined) return { because: 'it does not end in its hash' };
  if (linePrev !== prev) return { because: 'it does not follow the line before' };
  if (hash !== hashOf(prev, body)) return { because: 'its content is not what was hashed' };
  // The hash has shown that these are bytes this program wrote as an event.
  return { event: JSON.parse(`${body.toString()}}`) as Event, hash };
}

/** A journal that was changed after it was written proves nothing: a person has to look (76). */
export function tamperedFailure(file: string, at: { readonly line: number; readonly because: string }): Failure {
  return new Failure({
    exit: 'look',
    what: `the journal ${file} was changed after it was written`,
    because: `line ${at.line}: ${at.because}`,
    hint: 'Look at what the run did (the lines before are sound). When nothing is left open, move its folder out of runs/ and run the command again.',
    log: file,
  });
}
