import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** The plain values of YAML texts that were read before and had nothing wrong with them, document by document. */
export interface KeptParses {
  get(text: string): readonly unknown[] | undefined;
  /** For a text without any mistake alone: what is kept is never judged again. */
  put(text: string, documents: readonly unknown[]): void;
  /** Writes down what this run has used, when that is not what is there already. */
  save(): void;
}

const FILE = 'parsed.json';
const NOTHING: KeptParses = { get: () => undefined, put: () => undefined, save: () => undefined };

/**
 * Parses kept in `folder`, which must be there: nothing is made for it. Reading 200 files with their places took most of a
 * task's start (0.5 s in a new process, 0.2 s with this); a file that is byte for byte one that was found good needs its places only when there is
 * something to say about it. Kept by the digest of the text, and only as long as the reader itself is the same.
 */
export function keptParses(folder: string | undefined): KeptParses {
  if (folder === undefined || !existsSync(folder)) return NOTHING;
  const file = join(folder, FILE);
  const known = read(file);
  const used = new Map<string, readonly unknown[]>();
  let changed = false;
  return {
    get(text) {
      const key = digest(text);
      const documents = known.get(key);
      if (documents !== undefined) used.set(key, documents);
      return documents;
    },
    put(text, documents) {
      // What JSON would change (.inf, .nan) is read anew each time.
      if (!isDeepStrictEqual(JSON.parse(JSON.stringify(documents)), documents)) return;
      used.set(digest(text), documents);
      changed = true;
    },
    save() {
      if (changed || used.size !== known.size) write(file, used);
    },
  };
}

function read(file: string): ReadonlyMap<string, readonly unknown[]> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isKept(parsed) || parsed.reader !== readerNow()) return new Map();
    return new Map(Object.entries(parsed.documents));
  } catch {
    // Missing, damaged or not ours to read: then everything is read as if for the first time.
    return new Map();
  }
}

function write(file: string, documents: ReadonlyMap<string, readonly unknown[]>): void {
  const part = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
  try {
    writeFileSync(part, JSON.stringify({ reader: readerNow(), documents: Object.fromEntries(documents) }), { mode: 0o600, flag: 'wx' });
    renameSync(part, file);
  } catch {
    // A full or read-only disk costs the next start that time and nothing else; what must be written says so itself.
    rmSync(part, { force: true });
  }
}

/** Which reader judged: its own files, by size and time of change. */
function readerNow(): string {
  return ['source.ts', 'kept.ts', 'file.ts'].map((name) => {
    const { mtimeMs, size } = statSync(join(dirname(import.meta.filename), name));
    return `${name} ${mtimeMs} ${size}`;
  }).join(', ');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}

function isKept(value: unknown): value is { readonly reader: string; readonly documents: Readonly<Record<string, readonly unknown[]>> } {
  return typeof value === 'object' && value !== null && 'reader' in value && typeof value.reader === 'string' && 'documents' in value
    && typeof value.documents === 'object' && value.documents !== null && Object.values(value.documents).every(Array.isArray);
}
