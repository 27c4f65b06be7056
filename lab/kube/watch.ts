/** Watches: a bounded history of changes, streams over it, and their cutting. */
import type { ServerResponse } from 'node:http';
import type { Faults, KubeObject, ResourceType, SimClock, Store, StoreEvent } from '../world/types.ts';
import { bucketOf } from './objects.ts';
import type { Match } from './selectors.ts';

/** How many changes are remembered; a watch that wants older ones is told 410 Gone. */
export const HISTORY = 20_000;
/** How often watches are cut while `watch-dropped` is on, and bookmarks sent; simulated ms. */
const CUT_EVERY = 2000;
const BOOKMARK_EVERY = 60_000;
/** A client that reads so slowly that this much waits for it is let go, bytes. */
const BACKLOG = 64 * 1024 * 1024;

export interface WatchRequest {
  readonly response: ServerResponse; readonly type: ResourceType; readonly apiVersion: string; readonly namespace: string | undefined; readonly match: Match;
  /** Empty or "0": start with what is there. */
  readonly resourceVersion: string; readonly sendInitialEvents: boolean; readonly bookmarks: boolean;
  /** Simulated seconds; undefined: no end. */
  readonly timeoutSeconds: number | undefined;
  /** An object in the form the client asked for. */
  readonly form: (object: KubeObject) => object;
}
export interface Watches { open(request: WatchRequest): void; close(): void }

interface Stream { readonly tell: (event: StoreEvent) => void; readonly bookmark: () => void; readonly cut: () => void }

/** Starts remembering the store's changes. `close` ends every stream. */
export function createWatches(cx: { readonly store: Store; readonly clock: SimClock; readonly faults: Faults; readonly cluster: string; readonly history?: number }): Watches {
  const { store, clock } = cx;
  const limit = cx.history ?? HISTORY;
  let events: StoreEvent[] = [];
  /** Changes up to this version are forgotten. */
  let forgotten = Number(store.resourceVersion);
  const streams = new Set<Stream>();
  const text = new WeakMap<KubeObject, string>();

  const end = store.onChange((event) => {
    events.push(event);
    if (events.length > limit * 1.25) {
      const dropped = events.splice(0, events.length - limit);
      forgotten = Number(dropped.at(-1)?.object.metadata.resourceVersion ?? forgotten);
    }
    for (const stream of streams) stream.tell(event);
  });
  const timers = new Map<() => void, () => void>();
  const tick = (ms: number, what: () => void): void => {
    const run = (): void => {
      what();
      timers.set(what, clock.after(ms, run));
    };
    timers.set(what, clock.after(ms, run));
  };
  tick(CUT_EVERY, () => {
    if (streams.size === 0 || cx.faults.active('watch-dropped', cx.cluster) === undefined) return;
    // The cut costs the memory, too: who comes back with an old version has to list again.
    events = [];
    forgotten = Number(store.resourceVersion);
    for (const stream of streams) stream.cut();
  });
  tick(BOOKMARK_EVERY, () => { for (const stream of streams) stream.bookmark(); });

  const open = (request: WatchRequest): void => {
    const { response, type, match, form } = request;
    response.writeHead(200, { 'content-type': 'application/json', 'transfer-encoding': 'chunked', 'cache-control': 'no-cache, private' });
    response.flushHeaders();
    const bucket = `${type.group}/${type.kind}`;
    const inScope = (object: KubeObject): boolean => (request.namespace === undefined || object.metadata.namespace === request.namespace) && match(object);
    const plain = (object: KubeObject): string => {
      const known = text.get(object);
      if (known !== undefined) return known;
      const made = JSON.stringify(object);
      text.set(object, made);
      return made;
    };
    const send = (kind: string, object: KubeObject): void => {
      if (response.destroyed || response.writableEnded) return;
      if (response.writableLength > BACKLOG) {
        response.destroy();
        return;
      }
      const versioned = object.apiVersion === request.apiVersion ? object : { ...object, apiVersion: request.apiVersion };
      const shown = form(versioned);
      response.write(`{"type":"${kind}","object":${shown === object ? plain(object) : JSON.stringify(shown)}}\n`);
    };
    const tell = (event: StoreEvent): void => {
      if (bucketOf(event.object.apiVersion, event.object.kind) !== bucket) return;
      const was = event.before !== undefined && inScope(event.before);
      const is = event.type !== 'DELETED' && inScope(event.object);
      if (is) send(was ? 'MODIFIED' : 'ADDED', event.object);
      else if (was) send('DELETED', event.object);
    };
    const mark = (annotations?: Readonly<Record<string, string>>): void => {
      const metadata = { resourceVersion: store.resourceVersion, creationTimestamp: null, ...(annotations === undefined ? {} : { annotations }) };
      if (!response.writableEnded) response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { kind: type.kind, apiVersion: request.apiVersion, metadata } })}\n`);
    };

    const from = Number(request.resourceVersion === '' ? '0' : request.resourceVersion);
    if (request.sendInitialEvents || from === 0) {
      for (const object of store.list(request.apiVersion, type.kind, request.namespace)) if (match(object)) send('ADDED', object);
      if (request.sendInitialEvents && request.bookmarks) mark({ 'k8s.io/initial-events-end': 'true' });
    } else if (from < forgotten || from > Number(store.resourceVersion)) {
      const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: `too old resource version: ${from} (${forgotten + 1})`, reason: 'Expired', code: 410 };
      response.end(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
      return;
    } else for (const event of events) if (Number(event.object.metadata.resourceVersion) > from) tell(event);

    const stream: Stream = { tell, bookmark: () => { if (request.bookmarks) mark(); }, cut: () => { response.destroy(); } };
    streams.add(stream);
    const stopTimer = request.timeoutSeconds === undefined ? undefined : clock.after(request.timeoutSeconds * 1000, () => {
      stream.bookmark();
      response.end();
    });
    response.on('close', () => {
      streams.delete(stream);
      stopTimer?.();
    });
  };
  return {
    open,
    close() {
      end();
      for (const stop of timers.values()) stop();
      for (const stream of streams) stream.cut();
      streams.clear();
    },
  };
}
