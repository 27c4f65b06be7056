import { join, posix } from 'node:path';
import { wholeFile, type Spot } from '../../config/source.ts';
import type { Source, Texts, YamlDocument } from '../model.types.ts';
import type { Kind } from './disk.ts';
import { Parses } from './parses.ts';
import type { Positions } from './positions.ts';
import type { YamlTrouble } from './yaml.ts';

/** Files of a tree: on disk, with `overlay` laid over it (path relative to the root -> text, null: removed). `parses`: what is kept from one look to the next. */
export function readTexts(root: string, overlay: ReadonlyMap<string, string | null> = new Map(), parses: Parses = new Parses()): TreeTexts {
  return new TreeTexts(root, overlay, parses);
}

/** Texts, and what the build alone wants of them: bytes, and what is wrong with a file. */
export class TreeTexts implements Texts {
  readonly root: string;
  readonly #overlay: ReadonlyMap<string, string | null>;
  readonly #parses: Parses;
  readonly #laid = new Map<string, Map<string, Kind | null>>();
  readonly #folders = new Map<string, ReadonlyMap<string, Kind>>();
  readonly #bytes = new Map<string, Buffer | string | undefined>();
  readonly #documents = new Map<string, readonly YamlDocument[] | undefined>();
  readonly #instructions = new Map<string, readonly YamlDocument[] | undefined>();
  readonly #troubles = new Map<string, YamlTrouble | string>();
  readonly #positions = new Map<string, Positions>();

  constructor(root: string, overlay: ReadonlyMap<string, string | null>, parses: Parses) {
    this.root = root;
    this.#parses = parses;
    this.#overlay = overlay;
    for (const [file, text] of overlay) this.#lay(file, text === null ? null : 'file');
  }

  get memory(): object { return this.#parses; }

  /** What a folder holds, by identity: as long as nothing was told to have changed in it, and nothing is laid over it, the very same. */
  listing(folder: string): object {
    const onDisk = this.#parses.folder(join(this.root, folder));
    const laid = this.#laid.get(folder);
    const known = new Map(laid === undefined ? [] : onDisk);
    return laid === undefined || [...laid].every(([name, kind]) => (known.get(name) ?? null) === kind) ? onDisk : this.#folder(folder);
  }

  /** Whether a file is as the disk holds it, in folders that are. */
  isOnDisk(file: string): boolean {
    if (this.#overlay.has(file)) return false;
    for (let folder = file; folder !== ''; ) {
      folder = folderOf(folder);
      if (this.listing(folder) !== this.#parses.folder(join(this.root, folder))) return false;
    }
    return true;
  }

  #lay(path: string, kind: Kind | null): void {
    const folder = folderOf(path);
    const names = this.#laid.get(folder) ?? new Map<string, Kind | null>();
    this.#laid.set(folder, names);
    names.set(posix.basename(path), kind);
    // What is removed leaves no trace in the folders above; a folder that becomes empty by it is looked at when asked for.
    if (folder !== '' && kind !== null) this.#lay(folder, 'directory');
  }

  kind(path: string): Kind | undefined {
    if (path === '' || path === '.') return 'directory';
    if (path.startsWith('../') || path === '..' || path.startsWith('/')) return undefined;
    return this.#folder(folderOf(path)).get(posix.basename(path));
  }

  entries(folder: string): readonly { readonly name: string; readonly kind: Kind }[] {
    return [...this.#folder(folder === '.' ? '' : folder)].map(([name, kind]) => ({ name, kind }));
  }

  #folder(folder: string): ReadonlyMap<string, Kind> {
    const known = this.#folders.get(folder);
    if (known !== undefined) return known;
    const found = new Map(this.#parses.folder(join(this.root, folder)));
    for (const [name, kind] of this.#laid.get(folder) ?? []) {
      if (kind === null) found.delete(name); else found.set(name, kind);
    }
    const sorted = new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    this.#folders.set(folder, sorted);
    return sorted;
  }

  text(file: string): string | undefined {
    const read = this.#read(file);
    return typeof read === 'string' ? read : undefined;
  }

  /** What a file holds: text, or bytes that are none; undefined when it is not there, or cannot be read. */
  content(file: string): Buffer | string | undefined {
    return this.#read(file);
  }

  #read(file: string): Buffer | string | undefined {
    if (!this.#bytes.has(file)) this.#bytes.set(file, this.#load(file));
    return this.#bytes.get(file);
  }

  #load(file: string): Buffer | string | undefined {
    const laid = this.#overlay.get(file);
    if (laid !== undefined) return laid ?? undefined;
    if (this.kind(file) !== 'file') return undefined;
    const { held, trouble } = this.#parses.content(join(this.root, file));
    if (trouble !== undefined) this.#troubles.set(file, trouble);
    return held;
  }

  documents(file: string): readonly YamlDocument[] | undefined {
    if (!this.#documents.has(file)) this.#documents.set(file, this.#parse(file, false));
    return this.#documents.get(file);
  }

  /** The same as kustomize reads its own files, and operations: `yes` and `on` are true there. */
  instructions(file: string): readonly YamlDocument[] | undefined {
    if (!this.#instructions.has(file)) this.#instructions.set(file, this.#parse(file, true));
    return this.#instructions.get(file);
  }

  #parse(file: string, again: boolean): readonly YamlDocument[] | undefined {
    const text = this.text(file);
    if (text === undefined) {
      if (this.content(file) !== undefined) this.#troubles.set(file, 'it is no UTF-8 text');
      return undefined;
    }
    const read = this.#parses.yaml(file, text, again);
    if ('trouble' in read) {
      this.#troubles.set(file, read.trouble);
      return undefined;
    }
    return read.documents.flatMap((data, index) => (data === null ? [] : [{ index, data }]));
  }

  /** Why a file has no documents: a place and a reason, or a reason alone; undefined when nothing is wrong or it is not there. */
  trouble(file: string): YamlTrouble | string | undefined {
    return this.#troubles.get(file);
  }

  spot({ file, document, at }: Source, part: 'key' | 'value' = 'value'): Spot {
    return this.positions(file)?.spot(document, at, part) ?? wholeFile(file);
  }

  spotIn({ file, document, at }: Source, needle: string): Spot {
    return this.positions(file)?.spotIn(document, at, needle) ?? wholeFile(file);
  }

  /** All that was handed out so far, by absolute paths: what an answer that is remembered hangs on. */
  consulted(): { readonly files: Iterable<readonly [string, string | Buffer | undefined]>; readonly folders: Iterable<readonly [string, Iterable<readonly [string, Kind]>]>; readonly paths: readonly string[] } {
    const absolute = <T>([path, content]: readonly [string, T]): readonly [string, T] => [join(this.root, path), content];
    return { files: [...this.#bytes].map(absolute), folders: [...this.#folders].map(absolute), paths: [] };
  }

  /** Places in a file's text; undefined when it is not there. */
  positions(file: string): Positions | undefined {
    const known = this.#positions.get(file);
    const text = known === undefined ? this.text(file) : undefined;
    if (text === undefined) return known;
    const made = this.#parses.positions(file, text);
    this.#positions.set(file, made);
    return made;
  }
}

/** '' for a file directly in the root. */
export function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === '.' ? '' : folder;
}
