import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cacheFolder } from '../../tools/environment.ts';
import { findHelm, makeHelmTemplate, type HelmTemplate } from '../../tools/helm-template.ts';
import type { Around } from '../model.types.ts';
import type { ChartFiles } from './archive.ts';
import { getJson, makeStore, putJson, digestOf, type Store } from './store.ts';

/** What charts are had and rendered with. */
export interface Context {
  readonly around: Around;
  readonly store: Store;
  /** helm, and what tells one helm from another. Undefined when it is nowhere. */
  readonly helm: (HelmTemplate & { identity(): Promise<string> }) | undefined;
  /** Runs at most as many at a time as there are cores. */
  limited<T>(work: () => Promise<T>): Promise<T>;
  /** Folder that goes when this is over; made when first asked for. */
  scratch(): string;
  /** Writes files into a folder of the scratch folder, once for one key; that folder. */
  laidOut(key: string, files: (folder: string) => ChartFiles): string;
  close(): void;
}

/** `cache`: the folder entries are kept in; the user's own by default. */
export function openContext(around: Around, cache: string = join(cacheFolder(around.environment), 'charts')): Context {
  let made: string | undefined;
  const scratch = (): string => {
    made ??= mkdtempSync(join(tmpdir(), 'charts-'));
    return made;
  };
  const store = makeStore(cache);
  const file = findHelm(around.environment);
  if (file !== undefined) around.read(file);
  const laid = new Map<string, string>();
  return {
    around, store, scratch, limited: limiter(availableParallelism()),
    helm: file === undefined ? undefined : helmOf(around, file, store, scratch),
    laidOut(key, files) {
      const known = laid.get(key);
      if (known !== undefined) return known;
      const folder = join(scratch(), 'laid', String(laid.size));
      for (const [path, bytes] of files(folder)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true, mode: 0o700 });
        writeFileSync(join(folder, path), bytes, { mode: 0o600 });
      }
      laid.set(key, folder);
      return folder;
    },
    close() {
      store.prune();
      if (made !== undefined) rmSync(made, { recursive: true, force: true });
    },
  };
}

function helmOf(around: Around, file: string, store: Store, scratch: () => string): HelmTemplate & { identity(): Promise<string> } {
  let door: HelmTemplate | undefined;
  const helm = (): HelmTemplate => {
    door ??= makeHelmTemplate(around.proc, file, scratch());
    return door;
  };
  let identity: Promise<string> | undefined;
  return {
    template: async (order) => helm().template(order),
    pull: async (order) => helm().pull(order),
    clientVersion: async () => helm().clientVersion(),
    // Asked of the binary once: it is the same one as long as its file is.
    identity() {
      identity ??= (async () => {
        const { size, mtimeMs } = statSync(file);
        const key = digestOf('helm', file, String(size), String(mtimeMs));
        const kept = getJson(store, 'seen', key);
        if (typeof kept === 'string') return kept;
        const version = `${await helm().clientVersion()} ${size}`;
        putJson(store, 'seen', key, version);
        return version;
      })();
      return identity;
    },
  };
}

function limiter(most: number): Context['limited'] {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => { waiting.push(resolve); });
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}
