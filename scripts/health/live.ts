import type { KubeObject } from '../config/cluster.ts';
import type { WatchHandle } from '../tools/doors.ts';
import { keepOf } from './keep.ts';
import { KINDS, listKey } from './kinds.ts';
import type { LookContext } from './look.ts';
import { kindsOf, readKube, type KubeSide } from './snapshot-kube.ts';
import { readTalos, versionsOf, type TalosSide } from './snapshot-talos.ts';
import type { Layer, Snapshot } from './snapshot.types.ts';

/** A cluster that is followed: what the API holds is known at every moment, the rest as of the last `refresh`. */
export interface Followed {
  /** Asks what cannot be watched: machines, etcd, whether the API is there, Helm, and lists whose watch is in trouble. */
  refresh(): Promise<void>;
  /** How things stand now, without asking anybody; undefined before the first refresh has ended. */
  snapshot(): Snapshot | undefined;
  stop(): void;
}

/** Wall ms that the first answers of the watches are waited for; who is later is read as a list. */
const FIRST_WORD_WALL_MS = 5_000;

/**
 * Follows a cluster by watches on every kind the layers read. `changed` is called when one of them tells something new.
 * A watch in trouble is no reading: its kind is asked for again by `refresh` until the watch is well, so that an API
 * that went away is never shown by its last words. `troubled` is called when that happens: a refresh is due.
 */
export function followCluster(cx: LookContext, layers: readonly Layer[], changed: () => void, troubled: () => void): Followed {
  const asked = new Set(layers);
  const lists = new Map<string, readonly KubeObject[]>();
  const handles: WatchHandle[] = [];
  let sides: { readonly talos: TalosSide; readonly kube: KubeSide } | undefined;
  let following: Promise<void> | undefined;
  let stopped = false;

  const follow = (): Promise<void> => {
    const heard = kindsOf(asked).map((kind) => {
      const key = listKey(kind);
      const first = Promise.withResolvers<void>();
      handles.push(cx.doors.kube.watch(kind, (items) => {
        lists.set(key, items);
        first.resolve();
        changed();
      }, () => {
        first.resolve();
        if (lists.delete(key)) troubled();
      }, { keep: keepOf(kind) }));
      return first.promise;
    });
    return Promise.race([Promise.all(heard).then(() => undefined), wallPause(FIRST_WORD_WALL_MS, cx.signal)]);
  };

  return {
    async refresh() {
      if (following === undefined && cx.doors.kube.hasKubeconfig() && !stopped) following = follow();
      const asking = Promise.resolve(following).then(() => readKube(cx, asked, (kind) => lists.get(listKey(kind)), sides?.kube.api));
      const [talos, kube] = await Promise.all([readTalos(cx, asked, async () => (asked.has('nodes') ? versionsOf((await asking).lists[listKey(KINDS.nodes)]) : new Map())), asking]);
      sides = { talos, kube };
    },
    snapshot() {
      if (sides === undefined) return undefined;
      const { talos, kube } = sides;
      // A watch may be open on an API that has stopped answering everything else: then its lists are not to be believed.
      const now = kube.api.ok ? Object.fromEntries([...lists].map(([key, value]) => [key, { ok: true, value } as const])) : {};
      return { at: cx.clock.now(), site: cx.site, cluster: cx.cluster, ...talos, ...kube, lists: { ...kube.lists, ...now } };
    },
    stop() {
      stopped = true;
      for (const handle of handles) handle.stop();
    },
  };
}

function wallPause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    timer.unref();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
