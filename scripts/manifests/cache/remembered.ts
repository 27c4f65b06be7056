import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../engine/outcome.ts';
import { checkInputs, inputsOf, wallNs, type Consulted, type Input } from './inputs.ts';

export interface Memory {
  /** Made when something is written; undefined: nothing is remembered. */
  readonly folder: string | undefined;
  /** programNow(): which program answers. */
  readonly program: string;
}

/** What a computation tells while it reads. */
export interface Reads {
  /** All that a set of files has handed out; asked when the computation is over. */
  consulted(of: () => Consulted): void;
  /** A file or folder that the answer hangs on, by its size and times; it need not be there. */
  read(path: string): void;
  /** The answer hangs on something that changes without a trace here: it is not remembered. */
  volatile(because: string): void;
}

export interface Remembered<T> { readonly value: T; readonly remembered: boolean; /** What it hangs on. */ readonly inputs: readonly Input[] }

/** Entries that stay, newest first, and bytes of all of them. */
const ENTRIES = 64;
const BYTES = 128 * 1_048_576;
const LARGEST = 32 * 1_048_576;
const DAY_MS = 86_400_000;
const FORM = 1;

/**
 * The answer to a question as it was worked out before, when nothing it hangs on has changed since; else computed, and written down for the next time.
 * `question` is everything that is asked (variables, paths); files are told by `reads`. What `compute` throws is thrown, and nothing is written.
 */
export async function remembered<T extends Json>(memory: Memory, question: Json, compute: (reads: Reads) => Promise<T>): Promise<Remembered<T>> {
  const key = createHash('sha256').update(JSON.stringify([FORM, memory.program, question])).digest('hex');
  const file = memory.folder === undefined ? undefined : join(memory.folder, `${key}.json`);
  const known = file === undefined ? undefined : recall(file);
  if (known !== undefined && file !== undefined) {
    const { same, renewed } = checkInputs(known.inputs, wallNs());
    if (same) {
      if (renewed !== undefined) write(file, renewed, known.value);
      else keepYoung(file);
      // What was written by this very program for this very question has the form it gave it.
      return { value: known.value as T, remembered: true, inputs: renewed ?? known.inputs };
    }
  }
  const began = wallNs();
  const sources: (() => Consulted)[] = [];
  const paths = new Set<string>();
  let keeps = true;
  const value = await compute({ consulted: (of) => void sources.push(of), read: (path) => void paths.add(path), volatile: () => { keeps = false; } });
  const asked = (): ReturnType<typeof inputsOf> => inputsOf(together(sources.map((source) => source()), paths), began);
  // Nothing is to be written, so what it hangs on is looked at when somebody wants to know: what changes until then is newer than `began`, and not trusted.
  if (file === undefined) {
    let inputs: readonly Input[] | undefined;
    return { value, remembered: false, get inputs() { return inputs ??= asked().inputs; } };
  }
  const { inputs, sure } = asked();
  if (keeps && sure) write(file, inputs, value);
  return { value, remembered: false, inputs };
}

function together(all: readonly Consulted[], paths: ReadonlySet<string>): Consulted {
  return { files: all.flatMap(({ files }) => [...files]), folders: all.flatMap(({ folders }) => [...folders]), paths: [...paths, ...all.flatMap((each) => [...each.paths])] };
}

/** A file is the digest of its body, a line break, the body: what a crash or a bad disk left half is not believed. */
function recall(file: string): { readonly inputs: readonly Input[]; readonly value: Json } | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    const end = text.indexOf('\n');
    const body = text.slice(end + 1);
    if (end < 0 || text.slice(0, end) !== bodyDigest(body)) return undefined;
    const parsed: { readonly inputs: readonly Input[]; readonly value: Json } = JSON.parse(body);
    return parsed;
  } catch (error) {
    // Missing, not ours to read, or damaged: then it is worked out as if for the first time.
    if (error instanceof SyntaxError || (error instanceof Error && 'code' in error)) return undefined;
    throw error;
  }
}

function write(file: string, inputs: readonly Input[], value: Json): void {
  const body = JSON.stringify({ inputs, value });
  if (body.length > LARGEST) return;
  const folder = join(file, '..');
  const part = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  const written = quietly(() => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(part, `${bodyDigest(body)}\n${body}`, { mode: 0o600, flag: 'wx' });
    renameSync(part, file);
    prune(folder);
  });
  if (!written) quietly(() => rmSync(part, { force: true }));
}

/** A full or read-only disk costs the next run some time and nothing else. */
function quietly(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return false;
  }
}

/** What is still used stays: the age of an entry is when it was last asked for, to the day. */
function keepYoung(file: string): void {
  quietly(() => {
    if (Date.now() - statSync(file).mtimeMs > DAY_MS) utimesSync(file, new Date(), new Date());
  });
}

function prune(folder: string): void {
  const found = readdirSync(folder).flatMap((name) => {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    return stat?.isFile() === true ? [{ name, at: stat.mtimeMs, size: stat.size }] : [];
  }).toSorted((a, b) => b.at - a.at);
  let bytes = 0;
  for (const [index, { name, at, size }] of found.entries()) {
    bytes += size;
    const left = name.endsWith('.part') && Date.now() - at > DAY_MS;
    if (left || (!name.endsWith('.part') && (index >= ENTRIES || bytes > BYTES))) rmSync(join(folder, name), { force: true });
  }
}

function bodyDigest(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
