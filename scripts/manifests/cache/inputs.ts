import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, type BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { kindOfPath } from '../../config/file.ts';

type Kind = 'file' | 'directory';
/** Size, inode and times of a path; '' for one that is not there, null while it is too young to be believed. */
type Stamp = string | null;

/**
 * What an answer hangs on, as it is written down. `text` and `folder` carry a digest of what was read, so that a file that was only
 * touched, checked out again or saved unchanged changes nothing; `path` is anything that is not worth reading again (a binary, a chart).
 */
export type Input =
  | readonly ['text', path: string, stamp: Stamp, digest: string]
  | readonly ['folder', path: string, stamp: Stamp, digest: string]
  | readonly ['path', path: string, stamp: string];

/** What a computation read, told by whoever reads it. Paths are absolute. */
export interface Consulted {
  /** Files by what they held: text, bytes, or undefined when there was none. */
  readonly files: Iterable<readonly [path: string, content: string | Buffer | undefined]>;
  /** Folders by what was in them. */
  readonly folders: Iterable<readonly [path: string, entries: Iterable<readonly [name: string, kind: Kind]>]>;
  /** Anything else, by its stamp alone. */
  readonly paths: Iterable<string>;
}

/** Times of files are kept to a clock tick by some file systems and to two seconds by others: what is younger may change again without a trace. ns. */
const YOUNG_NS = 2_000_000_000n;

/**
 * Writes down what was read by a computation that began at `began` (ns since the epoch). The digests are of what was read, the stamps of
 * what is there now; a file that changed between is younger than `began` and gets no stamp. Not `sure`: something that is known by its stamp alone is that young.
 */
export function inputsOf(consulted: Consulted, began: bigint): { readonly inputs: readonly Input[]; readonly sure: boolean } {
  const limit = began - YOUNG_NS;
  const inputs: Input[] = [];
  let sure = true;
  for (const [path, content] of consulted.files) inputs.push(['text', path, stampOf(path, limit), digestOf(content)]);
  for (const [path, entries] of consulted.folders) inputs.push(['folder', path, stampOf(path, limit), listDigest(entries)]);
  for (const path of consulted.paths) {
    sure &&= stampOf(path, limit) !== null;
    inputs.push(['path', path, stampOf(path) ?? '']);
  }
  return { inputs, sure };
}

export interface Checked { readonly same: boolean; /** The inputs with newer stamps, when some were renewed. */ readonly renewed: readonly Input[] | undefined; readonly changed: readonly string[] }

/** Whether everything is as it was. Looks at times and sizes first, and reads only what those leave open. `all`: goes on after the first change, to tell every one. */
export function checkInputs(inputs: readonly Input[], now: bigint, all = false): Checked {
  const limit = now - YOUNG_NS;
  const changed: string[] = [];
  let renewed = false;
  const next: Input[] = [];
  for (const input of inputs) {
    const [kind, path, stamp] = input;
    const found = kind === 'path' ? stampOf(path) : stampOf(path, limit);
    if (found !== null && found === stamp) { next.push(input); continue; }
    if (kind === 'path') changed.push(path);
    else if (digestNow(kind, path) !== input[3]) changed.push(path);
    else {
      renewed ||= found !== null;
      next.push([kind, path, found, input[3]]);
      continue;
    }
    if (!all) break;
    next.push(input);
  }
  return { same: changed.length === 0, renewed: changed.length === 0 && renewed ? next : undefined, changed };
}

function digestNow(kind: 'text' | 'folder', path: string): string {
  if (kind === 'folder') return listDigest(listNow(path));
  try {
    const bytes = readFileSync(path);
    return digestOf(bytes);
  } catch (error) {
    // Not there or not to be read: as it was then, or not.
    if (!(error instanceof Error && 'code' in error)) throw error;
    return digestOf(undefined);
  }
}

function listNow(path: string): readonly (readonly [string, Kind])[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry): (readonly [string, Kind])[] => {
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : kindOfPath(join(path, entry.name));
      return kind === undefined ? [] : [[entry.name, kind]];
    });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return [];
  }
}

function stampOf(path: string, limit?: bigint): Stamp {
  const stat = statOf(path);
  if (stat === undefined) return '';
  return limit !== undefined && (stat.mtimeNs >= limit || stat.ctimeNs >= limit) ? null : `${stat.size}.${stat.ino}.${stat.mtimeNs}.${stat.ctimeNs}`;
}

/** undefined when nothing is there, or nothing that may be looked at. */
function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return undefined;
  }
}

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
/** Readers drop a byte order mark; the digest is of what they saw. */
function digestOf(content: string | Buffer | undefined): string {
  if (content === undefined) return '';
  const bytes = typeof content === 'string' ? content : content.subarray(0, 3).equals(BOM) ? content.subarray(3) : content;
  return createHash('sha256').update(bytes).digest('base64url');
}
function listDigest(entries: Iterable<readonly [string, Kind]>): string {
  return createHash('sha256').update(JSON.stringify([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)))).digest('base64url');
}

/** Wall time in ns, for comparing with files' times. */
export function wallNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
