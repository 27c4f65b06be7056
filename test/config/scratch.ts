import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadSite } from '../../scripts/config/load.ts';
import type { Problem } from '../../scripts/config/problem.ts';
import { SITE } from '../../scripts/config/target.ts';

export const PROJECT = join(import.meta.dirname, '../..');
export const PARTS = ['talos', 'bootstrap', 'helmfile.d', 'kubernetes'];

/** One change to a copy of the real configuration. */
export interface Change {
  readonly file: string;
  /** Replaces the first occurrence; the text must be there. */
  readonly replace?: readonly [string, string];
  readonly write?: string;
  readonly append?: string;
  readonly remove?: true;
}

/** A copy of the real configuration that can be changed and put back. */
export class Scratch {
  readonly root = mkdtempSync(join(tmpdir(), 'config-'));

  readonly #changed: string[] = [];
  /** Parses of files that did not change are kept, as a task keeps them: judged are all, every time. */
  readonly #kept = mkdtempSync(join(tmpdir(), 'config-kept-'));

  constructor() {
    this.fresh();
  }

  /** Puts back what `change` changed; after anything else `fresh` does. */
  restore(): void {
    for (const file of this.#changed.splice(0)) {
      // A folder made for it goes with it.
      const parts = file.split('/');
      const made = parts.map((_, index) => parts.slice(0, index + 1).join('/')).find((path) => !existsSync(join(PROJECT, path)));
      rmSync(join(this.root, made ?? file), { recursive: true, force: true });
      if (made === undefined) cpSync(join(PROJECT, file), join(this.root, file), { recursive: true });
    }
  }

  fresh(): void {
    this.#changed.length = 0;
    for (const part of PARTS) {
      rmSync(join(this.root, part), { recursive: true, force: true });
      cpSync(join(PROJECT, part), join(this.root, part), { recursive: true });
    }
  }

  change(changes: readonly Change[]): void {
    for (const change of changes) {
      const path = join(this.root, change.file);
      this.#changed.push(change.file);
      if (change.remove === true) {
        rmSync(path, { recursive: true });
        continue;
      }
      mkdirSync(dirname(path), { recursive: true });
      if (change.write !== undefined) writeFileSync(path, change.write);
      if (change.replace !== undefined) {
        const [from, to] = change.replace;
        const text = readFileSync(path, 'utf8');
        if (!text.includes(from)) throw new Error(`${change.file} does not contain ${JSON.stringify(from)}`);
        writeFileSync(path, text.replace(from, () => to));
      }
      if (change.append !== undefined) writeFileSync(path, `${readFileSync(path, 'utf8')}${change.append}`);
    }
  }

  problems(): readonly Problem[] {
    const loaded = loadSite(this.root, SITE, this.#kept);
    return 'problems' in loaded ? loaded.problems : [];
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
    rmSync(this.#kept, { recursive: true, force: true });
  }
}
