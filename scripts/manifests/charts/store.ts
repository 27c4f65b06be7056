import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What is kept of a kind is at most so large, in bytes; the longest unused goes first. */
const LIMITS: Readonly<Record<Kind, number>> = { archives: 512 * 1_048_576, names: 4 * 1_048_576, seen: 8 * 1_048_576, charts: 64 * 1_048_576, rendered: 384 * 1_048_576 };
/** Ms. An entry is marked as used at most this often. */
const MARK_MS = 24 * 3_600_000;

/**
 * Archives of charts; which one a name and a version is; which one a file on disk is; what is known of a chart; what a chart makes
 * of values.
 */
export type Kind = 'archives' | 'names' | 'seen' | 'charts' | 'rendered';

/** What may be made again, by digest of what it was made of. A damaged entry counts as none. */
export interface Store {
  get(kind: Kind, key: string): Buffer | undefined;
  put(kind: Kind, key: string, bytes: Uint8Array): void;
  /** Where an entry lies, for tools that read files. */
  path(kind: Kind, key: string): string;
  /** Takes the longest unused away where there is too much. */
  prune(): void;
}

export function digestOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(String(part.length)).update('\n').update(part);
  return hash.digest('hex');
}

/** Entries below `folder`, readable by their owner only: values may hold secrets. */
export function makeStore(folder: string): Store {
  const written = new Set<Kind>();
  const path = (kind: Kind, key: string): string => join(folder, kind, key.slice(0, 2), kind === 'archives' ? `${key}.tgz` : key);
  return {
    path,
    get(kind, key) {
      const file = path(kind, key);
      try {
        const bytes = readFileSync(file);
        const body = kind === 'archives' ? bytes : bytes.subarray(65);
        const seal = kind === 'archives' ? key : bytes.subarray(0, 64).toString('latin1');
        if (createHash('sha256').update(body).digest('hex') !== seal) return undefined;
        const now = Date.now();
        if (now - statSync(file).mtimeMs > MARK_MS) utimesSync(file, now / 1000, now / 1000);
        return body;
      } catch {
        // Not there, or not ours to read: made again.
        return undefined;
      }
    },
    put(kind, key, bytes) {
      const file = path(kind, key);
      const part = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.part`;
      try {
        mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
        for (const each of [folder, join(folder, kind), dirname(file)]) chmodSync(each, 0o700);
        const sealed = kind === 'archives' ? bytes : Buffer.concat([Buffer.from(`${createHash('sha256').update(bytes).digest('hex')}\n`, 'latin1'), bytes]);
        writeFileSync(part, sealed, { mode: 0o600, flag: 'wx' });
        renameSync(part, file);
        written.add(kind);
      } catch {
        // A full or read-only disk costs the next run that time and nothing else.
        rmSync(part, { force: true });
      }
    },
    prune() {
      for (const kind of written) pruneKind(join(folder, kind), LIMITS[kind]);
      written.clear();
    },
  };
}

function pruneKind(folder: string, limit: number): void {
  const entries: { readonly file: string; readonly size: number; readonly used: number }[] = [];
  try {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
      const file = join(folder, name);
      const stat = statSync(file);
      if (stat.isFile()) entries.push({ file, size: stat.size, used: stat.mtimeMs });
    }
  } catch {
    // Somebody else tidies at this moment; the next writer looks again.
    return;
  }
  let total = entries.reduce((sum, { size }) => sum + size, 0);
  for (const { file, size } of entries.toSorted((a, b) => a.used - b.used)) {
    if (total <= limit) return;
    rmSync(file, { force: true });
    total -= size;
  }
}

/** An entry that is JSON; undefined when it is not there or damaged. */
export function getJson(store: Store, kind: Kind, key: string): unknown {
  const bytes = store.get(kind, key);
  return bytes === undefined ? undefined : JSON.parse(bytes.toString('utf8'));
}

export function putJson(store: Store, kind: Kind, key: string, value: unknown): void {
  store.put(kind, key, Buffer.from(JSON.stringify(value), 'utf8'));
}
