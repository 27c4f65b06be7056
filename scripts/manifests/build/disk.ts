import { isUtf8 } from 'node:buffer';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { kindOfPath, troubleWith, wordsFor } from '../../config/file.ts';

export type Kind = 'file' | 'directory';
/** What a file holds: text without its byte order mark, bytes that are none, or why it cannot be read. */
export interface Content { readonly held: string | Buffer | undefined; readonly trouble: string | undefined }

/** Bytes; what is larger is no manifest (the largest bundles of definitions are about 5 MiB). */
const LARGEST = 32 * 1_048_576;

export function readContent(path: string): Content {
  try {
    const because = troubleWith(path, 'file');
    if (because !== undefined) return { held: undefined, trouble: because };
    const bytes = readFileSync(path);
    if (bytes.length > LARGEST) return { held: undefined, trouble: `it is ${(bytes.length / 1_048_576).toFixed(0)} MiB` };
    return { held: isUtf8(bytes) ? bytes.toString('utf8').replace(/^\uFEFF/, '') : bytes, trouble: undefined };
  } catch (error) {
    return { held: undefined, trouble: wordsFor(error, path) ?? 'it went away while it was read' };
  }
}

export function listFolder(folder: string): readonly (readonly [string, Kind])[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry): (readonly [string, Kind])[] => {
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : kindOfPath(join(folder, entry.name));
      return kind === undefined ? [] : [[entry.name, kind]];
    });
  } catch (error) {
    // Not there, no folder, or not ours to read: nothing is in it, and who names what is in it is told that it is not there.
    wordsFor(error, folder);
    return [];
  }
}
