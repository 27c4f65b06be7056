import { listFolder, readContent, type Content, type Kind } from './disk.ts';
import { Positions } from './positions.ts';
import { readYaml, type YamlRead } from './yaml.ts';

/**
 * Files as they were parsed before, for whoever looks at a tree again and again: of a file that still says the same, documents and places are those
 * of the last time. Nobody changes a document, so looks can share it.
 */
export class Parses {
  readonly #documents = new Map<string, { readonly text: string; readonly read: YamlRead }>();
  readonly #positions = new Map<string, { readonly text: string; readonly positions: Positions }>();

  readonly #contents = new Map<string, Content>();
  readonly #folders = new Map<string, readonly (readonly [string, Kind])[]>();

  /** Says which paths are not as they were at the last look, for whoever knows; else everything is read again. */
  changed(paths: readonly string[] | undefined): void {
    for (const kept of [this.#contents, this.#folders]) {
      if (paths === undefined) kept.clear();
      else for (const path of paths) kept.delete(path);
    }
  }

  /** What a file on disk holds. */
  content(path: string): Content {
    const known = this.#contents.get(path) ?? readContent(path);
    this.#contents.set(path, known);
    return known;
  }

  /** What is in a folder on disk. */
  folder(path: string): readonly (readonly [string, Kind])[] {
    const known = this.#folders.get(path) ?? listFolder(path);
    this.#folders.set(path, known);
    return known;
  }

  yaml(file: string, text: string, again: boolean): YamlRead {
    const key = again ? `${file}\n` : file;
    const known = this.#documents.get(key);
    if (known?.text === text) return known.read;
    const read = readYaml(text, again);
    this.#documents.set(key, { text, read });
    return read;
  }

  positions(file: string, text: string): Positions {
    const known = this.#positions.get(file);
    if (known?.text === text) return known.positions;
    const positions = new Positions(file, text);
    this.#positions.set(file, { text, positions });
    return positions;
  }
}
