import { existsSync, watch, type FSWatcher } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate as nextTurn, setTimeout as moment } from 'node:timers/promises';
import { checkInputs, wallNs, type Input } from './cache/inputs.ts';

/** Editors save in steps (a new file, its name, its rights): this long after the first sign the rest is there. Wall ms. */
const STEPS_MS = 5;
/** The first part of an answer is on the screen by then. Wall ms. */
const SHOWN_MS = 60;

export interface Followed<T> {
  /** The newest answer; undefined while a newer one is being worked out, and before the first. */
  answer(): T | undefined;
  /** Resolves when nothing is being worked out. */
  settled(): Promise<void>;
  /** Looks whether something changed that nobody told of (network folders, links); works out the first answer. */
  refresh(): Promise<void>;
  stop(): void;
}
export interface Computed<T> {
  readonly answer: T;
  /** What the answer hangs on. */
  readonly inputs: readonly Input[];
  /** Works out what is to be added to the answer, once it has been told; not begun when something is saved before. */
  readonly rest?: (() => Promise<Computed<T>>) | undefined;
}

/**
 * An answer about files that is worked out again whenever one of them is saved. Only the folders the answer was read from are watched, one by one: a whole repository
 * has tens of thousands of others. A save is believed by what the file holds, not by being told of, so touching it or saving it unchanged asks nothing again.
 * `compute` is told which paths changed since its last answer, undefined at first; what takes long it may leave for afterwards. `rung` is called when there will be a new answer, `failed` when there is none to be had.
 */
export function follow<T>(compute: (changed: readonly string[] | undefined) => Promise<Computed<T>>, rung: () => void, failed: (error: unknown) => void): Followed<T> {
  const watchers = new Map<string, FSWatcher>();
  const ended = new AbortController();
  let newest: Computed<T> | undefined;
  let stale = false;
  let work: Promise<void> | undefined;
  /** Resolved when there is an answer again, which is before everything is done that follows from it. */
  let ready = Promise.withResolvers<void>();

  /** Paths that are not as they were read; undefined before anything was. */
  const changed = (): readonly string[] | undefined => (newest === undefined ? undefined : checkInputs(newest.inputs, wallNs(), true).changed);
  const isStale = (): boolean => changed()?.length !== 0;
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
    if (work === undefined) {
      ready = Promise.withResolvers();
      work = again().catch((error: unknown) => { if (!ended.signal.aborted) failed(error); }).finally(() => { work = undefined; ready.resolve(); });
    }
    rung();
  };
  const again = async (): Promise<void> => {
    while (stale && !ended.signal.aborted) {
      await moment(STEPS_MS, undefined, { signal: ended.signal });
      stale = false;
      const paths = changed();
      if (paths?.length === 0) continue;
      newest = await compute(paths);
      if (ended.signal.aborted) return;
      // It is shown first: to look at every file once more takes as long as a tenth of the answer.
      ready.resolve();
      await nextTurn();
      watchFolders();
      // What was saved while it was being worked out, or before its folder was watched.
      stale ||= isStale();
      if (stale) {
        ready = Promise.withResolvers();
        rung();
      }
      if (!stale && newest.rest !== undefined) addTo(newest, newest.rest);
    }
  };
  /** Long enough for what is known to be shown; whatever is saved in the meantime is answered instead. */
  const addTo = (of: Computed<T>, rest: () => Promise<Computed<T>>): void => {
    void (async () => {
      await moment(SHOWN_MS, undefined, { signal: ended.signal });
      // What was saved is seen on the disk, also before anybody has told of it.
      if (newest !== of || stale || isStale()) return;
      const whole = await rest();
      if (newest !== of || stale || ended.signal.aborted) return;
      newest = whole;
      rung();
    })().catch((error: unknown) => { if (!ended.signal.aborted) failed(error); });
  };
  return {
    answer: () => (stale ? undefined : newest?.answer),
    async settled() { await (work === undefined ? undefined : ready.promise); },
    async refresh() {
      if (isStale()) look();
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
