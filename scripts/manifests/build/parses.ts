import { Positions } from './positions.ts';
import { readYaml, type YamlRead } from './yaml.ts';

/**
 * Files as they were parsed before, for whoever looks at a tree again and again: of a file that still says the same, documents and places are those
 * of the last time. Nobody changes a document, so looks can share it.
 */
export class Parses {
  readonly #documents = new Map<string, { readonly text: string; readonly read: YamlRead }>();
  readonly #positions = new Map<string, { readonly text: string; readonly positions: Positions }>();

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
