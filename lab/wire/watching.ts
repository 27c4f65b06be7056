/** Waiting for something to change, without anything running while nobody waits. */
import type { NodeCall } from './call.ts';

/** Wall ms between two looks when no turn of the cluster tells of a change: what depends on objects of its Kubernetes has none. */
export const LOOK_EVERY = 100;

/** Yields whenever something may have changed, until the call ends. */
export async function* looks({ cluster, signal }: Pick<NodeCall, 'cluster' | 'signal'>): AsyncGenerator<number> {
  for (let n = 1; !signal.aborted; n++) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        off();
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const off = cluster.onTurn(done);
      const timer = setTimeout(done, LOOK_EVERY);
      signal.addEventListener('abort', done, { once: true });
    });
    if (!signal.aborted) yield n;
  }
}
