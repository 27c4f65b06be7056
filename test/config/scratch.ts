import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
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
  /** Files, or the topmost new folder, that changes touched: only these are put back, copying everything took longer than judging it. */
  readonly #touched = new Set<string>();

  constructor() {
    for (const part of PARTS) cpSync(join(PROJECT, part), join(this.root, part), { recursive: true });
  }

  restore(): void {
    for (const path of this.#touched) {
      rmSync(path, { recursive: true, force: true });
      const original = join(PROJECT, relative(this.root, path));
      if (existsSync(original)) cpSync(original, path, { recursive: true });
    }
    this.#touched.clear();
  }

  change(changes: readonly Change[]): void {
    for (const change of changes) {
      const path = join(this.root, change.file);
      if (change.remove === true) {
        this.#touched.add(path);
        rmSync(path, { recursive: true });
        continue;
      }
      this.#touched.add(mkdirSync(dirname(path), { recursive: true }) ?? path);
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
    const loaded = loadSite(this.root, SITE);
    return 'problems' in loaded ? loaded.problems : [];
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
