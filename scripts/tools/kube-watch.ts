import type { KubeObject } from '../config/cluster.ts';
import type { Clock } from '../engine/clock.ts';
import type { Keep } from './doors.ts';
import { isObject, json } from './kube-status.ts';

export interface WatchSource {
  /** Lists everything; `missing` when the kind is not served. Throws with a reason. */
  list(signal: AbortSignal): Promise<{ readonly items: readonly KubeObject[]; readonly resourceVersion: string; readonly missing: boolean }>;
  /** The stream from a version on, one JSON line per event. `expired` is the API's 410: that version is too old. */
  open(resourceVersion: string, signal: AbortSignal): Promise<{ readonly expired: boolean; readonly lines: AsyncIterable<string> }>;
}
export interface WatchOptions {
  readonly source: WatchSource;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** What is kept of each object; all of it by default. */
  readonly keep?: Keep;
  readonly changed: (items: readonly KubeObject[]) => void;
  readonly trouble: (because: string) => void;
  /** 0 to 1; spreads the pauses of many watchers. */
  readonly random: () => number;
}

/** First and longest pause after trouble, ms of the run's clock. */
const FIRST_MS = 500;
const LONGEST_MS = 15_000;

class Expired extends Error {}

/**
 * Keeps a list up to date until the signal aborts: lists, watches from there, takes the stream up again where it ended, lists anew when the
 * API says that version is gone (410), pauses with growing, spread delays when it fails, and tells `trouble` why. Never throws: a listener that throws is reported as trouble.
 * Resolves once it has ended.
 */
export async function superviseWatch(options: WatchOptions): Promise<void> {
  const { source, clock, signal } = options;
  const items = new Map<string, KubeObject>();
  let version: string | undefined;
  let failures = 0;
  /** Trouble was told and nothing better since. */
  let dark = false;
  const tell = (): void => {
    if (signal.aborted) return;
    dark = false;
    try {
      options.changed([...items.values()]);
    } catch (error) {
      report(`the listener failed: ${reason(error)}`);
    }
  };
  const report = (because: string): void => {
    if (signal.aborted) return;
    dark = true;
    options.trouble(because);
  };
  while (!signal.aborted) {
    let heard = false;
    try {
      if (version === undefined) {
        const listed = await source.list(signal);
        items.clear();
        for (const item of listed.items) items.set(keyOf(item), item);
        if (listed.missing) throw new Error('the API server does not know this kind (yet)');
        version = listed.resourceVersion;
        heard = true;
        tell();
      }
      const stream = await source.open(version, signal);
      if (stream.expired) throw new Expired();
      // The stream is there again: what was true before the trouble is known to be so, even if nothing has changed since.
      if (dark) tell();
      for await (const line of stream.lines) {
        signal.throwIfAborted();
        const step = apply(items, line, options.keep);
        heard = true;
        if (step.version !== undefined) version = step.version;
        if (step.changed) tell();
      }
      // The server ends a watch every few minutes; an end without a word is no trouble unless it repeats.
      failures = heard ? 0 : failures + 1;
      if (!heard) await nap(clock, failures, options.random, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Expired) {
        version = undefined;
        failures += 1;
        // One relist at once is what a 410 asks for; a server that says it again and again is given time.
        if (failures > 1) await nap(clock, failures, options.random, signal);
        continue;
      }
      failures = heard ? 1 : failures + 1;
      report(reason(error));
      await nap(clock, failures, options.random, signal);
    }
  }
}

function apply(items: Map<string, KubeObject>, line: string, keep: Keep = (object) => object): { readonly version: string | undefined; readonly changed: boolean } {
  const event = json(line);
  if (!isObject(event)) throw new Error(`the watch sent something that is no event: ${line.slice(0, 80)}`);
  const object = event['object'];
  if (event['type'] === 'ERROR') {
    if (isObject(object) && (object['code'] === 410 || object['reason'] === 'Expired' || object['reason'] === 'Gone')) throw new Expired();
    throw new Error(isObject(object) && typeof object['message'] === 'string' ? object['message'] : 'the watch sent an error');
  }
  if (!isKubeObject(object)) throw new Error('the watch sent an event without an object');
  const version = object.metadata.resourceVersion;
  switch (event['type']) {
    case 'BOOKMARK': return { version, changed: false };
    case 'ADDED': case 'MODIFIED': items.set(keyOf(object), keep(object)); return { version, changed: true };
    case 'DELETED': items.delete(keyOf(object)); return { version, changed: true };
    default: throw new Error(`the watch sent an event of unknown type ${String(event['type'])}`);
  }
}

/** Waits out a pause; ends early, without an error, when the watch is stopped. */
async function nap(clock: Clock, failures: number, random: () => number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(FIRST_MS * 2 ** Math.min(failures - 1, 10), LONGEST_MS);
  try {
    await clock.sleep(longest / 2 + (longest / 2) * random(), signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

export function isKubeObject(value: unknown): value is KubeObject {
  return isObject(value) && isObject(value['metadata']);
}
function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
