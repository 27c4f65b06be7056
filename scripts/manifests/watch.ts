import { existsSync, watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as moment } from 'node:timers/promises';
import { checkInputs, wallNs, type Input } from './cache/inputs.ts';

/** Editors save in steps (a new file, its name, its rights): this long after the first sign the rest is there. Wall ms. */
const STEPS_MS = 5;

export interface Followed<T> {
  /** The newest answer; undefined while a newer one is being worked out, and before the first. */
  answer(): T | undefined;
  /** Looks whether something changed that nobody told of (network folders, links); works out the first answer. */
  refresh(): Promise<void>;
  stop(): void;
}
export interface Computed<T> { readonly answer: T; /** What the answer hangs on. */ readonly inputs: readonly Input[] }

/**
 * An answer about files that is worked out again whenever one of them is saved. Only the folders the answer was read from are watched, one by one: a whole repository
 * has tens of thousands of others. A save is believed by what the file holds, not by being told of, so touching it or saving it unchanged asks nothing again.
 * `rung` is called when there is a new answer, `failed` when there is none to be had.
 */
export function follow<T>(compute: () => Promise<Computed<T>>, rung: () => void, failed: (error: unknown) => void): Followed<T> {
  const watchers = new Map<string, FSWatcher>();
  const ended = new AbortController();
  let newest: Computed<T> | undefined;
  let stale = false;
  let work: Promise<void> | undefined;

  const changed = (): boolean => newest === undefined || !checkInputs(newest.inputs, wallNs()).same;
  const watchFolders = (): void => {
    const wanted = new Set((newest?.inputs ?? []).flatMap(foldersOf));
    for (const [folder, watcher] of watchers) {
      if (wanted.has(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
    for (const folder of wanted) if (!watchers.has(folder)) begin(folder);
  };
  const begin = (folder: string): void => {
    try {
      const watcher = watch(folder, { persistent: true }, () => look());
      // A folder that goes away ends its watch; the next answer decides what is watched then.
      watcher.on('error', () => { watcher.close(); watchers.delete(folder); look(); });
      watchers.set(folder, watcher);
    } catch (error) {
      // It went away, or the system allows no more watches: refresh looks at it from time to time.
      if (!(error instanceof Error && 'code' in error)) throw error;
    }
  };
  const look = (): void => {
    stale = true;
    work ??= again().catch((error: unknown) => { if (!ended.signal.aborted) failed(error); }).finally(() => { work = undefined; });
  };
  const again = async (): Promise<void> => {
    while (stale && !ended.signal.aborted) {
      await moment(STEPS_MS, undefined, { signal: ended.signal });
      stale = false;
      if (!changed()) continue;
      newest = await compute();
      if (ended.signal.aborted) return;
      watchFolders();
      // What was saved while it was being worked out, or before its folder was watched.
      if (changed()) stale = true;
      else rung();
    }
  };
  return {
    answer: () => (stale ? undefined : newest?.answer),
    async refresh() {
      if (changed()) look();
      await work;
    },
    stop() {
      ended.abort();
      for (const watcher of watchers.values()) watcher.close();
      watchers.clear();
    },
  };
}

/** Folders in which something happens when an input changes; for what is not there, the nearest folder that is. */
function foldersOf([kind, path]: Input): readonly string[] {
  let folder = kind === 'folder' ? path : dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return [folder];
}
