import { isUtf8 } from 'node:buffer';
import { lstatSync, readFileSync, statSync } from 'node:fs';

/** Bytes. Kubernetes stores no object above 1.5 MiB; what is larger here is not configuration, and would be read for seconds. */
export const LARGEST_FILE = 1_048_576;

export interface Trouble {
  readonly rule: 'file-unreadable' | 'file-large' | 'not-text';
  /** Reads on after "cannot be read:", or stands alone when there is a place. */
  readonly because: string;
  readonly hint: string;
  readonly line?: number;
  readonly column?: number;
}
/** The text of a file without its byte order mark, or why there is none. */
export type ReadText = { readonly text: string } | { readonly missing: true } | { readonly trouble: Trouble };

/** What a path leads to, through links; undefined for nothing, and for what is neither (pipes, devices). Never throws for what the file system says. */
export function kindOfPath(path: string): 'file' | 'directory' | undefined {
  try {
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isDirectory() === true ? 'directory' : found?.isFile() === true ? 'file' : undefined;
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Why a path is not what is wanted, in words; undefined when nothing is there at all, or when nothing is wrong with it. */
export function troubleWith(path: string, wanted: 'file' | 'directory'): string | undefined {
  try {
    const found = statSync(path);
    if (wanted === 'directory') return found.isDirectory() ? undefined : 'it is no folder';
    return found.isFile() ? undefined : found.isDirectory() ? 'it is a folder' : 'it is no ordinary file (a pipe, a socket or a device)';
  } catch (error) {
    return wordsFor(error, path);
  }
}

/**
 * Reads a text file: UTF-8, no control characters, at most LARGEST_FILE. Pipes and devices are never opened (they would
 * be waited for). Throws only for what is not the file's fault.
 */
export function readTextFile(path: string): ReadText {
  const because = troubleWith(path, 'file');
  if (because !== undefined) return unreadable(because);
  if (kindOfPath(path) === undefined) return { missing: true };
  try {
    const { size } = statSync(path);
    if (size > LARGEST_FILE) return { trouble: { rule: 'file-large', because: `it is ${(size / LARGEST_FILE).toFixed(1)} MiB, and no file of the configuration is above 1 MiB`, hint: 'is it another file by mistake? Restore it from Git' } };
    return decode(readFileSync(path));
  } catch (error) {
    return unreadable(wordsFor(error, path) ?? 'it went away while it was read');
  }
}

function unreadable(because: string): ReadText {
  return { trouble: { rule: 'file-unreadable', because, hint: 'put the file itself there, readable for you: git checkout, chmod, or take the link away' } };
}

function decode(bytes: Buffer): ReadText {
  if (isUtf8(bytes)) return checked(bytes.toString('utf8').replace(/^\uFEFF/, ''));
  const utf16 = bytes.length >= 2 && (bytes.readUInt16LE(0) === 0xfeff || bytes.readUInt16BE(0) === 0xfeff);
  if (utf16) return notText('this file is UTF-16; the configuration is UTF-8', 1, 1, 'save it as UTF-8');
  let line = 1;
  for (let from = 0; from <= bytes.length; line += 1) {
    const end = bytes.indexOf(0x0a, from);
    const part = bytes.subarray(from, end < 0 ? bytes.length : end);
    if (!isUtf8(part)) return notText('this is not UTF-8 text: a byte here belongs to no character', line, Math.max(0, part.toString('utf8').indexOf('\uFFFD')) + 1, 'save the file as UTF-8, or restore it from Git');
    if (end < 0) break;
    from = end + 1;
  }
  return notText('this is not UTF-8 text', 1, 1, 'save the file as UTF-8, or restore it from Git');
}

// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

function checked(text: string): ReadText {
  const at = text.search(CONTROL);
  if (at < 0) return { text };
  const before = text.slice(0, at);
  const code = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return notText(`the character U+${code} cannot be part of text`, before.split('\n').length, at - before.lastIndexOf('\n'), 'remove it; most editors show it as a box or as ^@');
}

function notText(because: string, line: number, column: number, hint: string): ReadText {
  return { trouble: { rule: 'not-text', because, hint, line, column } };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What the file system says, in words; undefined when it says that nothing is there. Throws what it did not say. */
export function wordsFor(error: unknown, path: string): string | undefined {
  const code = codeOf(error);
  switch (code) {
    case undefined: throw error;
    case 'ENOENT': return isLink(path) ? 'it is a link to something that is not there' : undefined;
    case 'ELOOP': return 'it is a link that leads back to itself';
    case 'EACCES':
    case 'EPERM': return `you have no right to read it (${code})`;
    case 'ENOTDIR': return 'a part of its path is a file where a folder is meant';
    case 'ENAMETOOLONG': return 'its name is too long';
    default: return `the system says ${code}`;
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
    return false;
  }
}
