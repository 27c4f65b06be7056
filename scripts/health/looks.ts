import { followCluster, type Followed } from './live.ts';
import type { LookContext } from './look.ts';
import { readSnapshot } from './snapshot.ts';
import type { Layer, Snapshot } from './snapshot.types.ts';

/** Looks of a run: the first of a step reads everything, further ones follow what they look at and ask next to nothing. */
export interface Looks {
  look(cx: LookContext, step: string, layers: readonly Layer[]): Promise<Snapshot>;
  /** Ends whatever is followed: open watches would keep the process alive. */
  end(): void;
}

/**
 * A wait looks every second or two, at up to a dozen lists: asked anew each time, that is hundreds of requests a minute to
 * an API server that is just starting. So from a step's second look on its lists are followed by watches, and a look is one
 * question whether the API is there (machines are asked as ever). One cluster is followed for one step at a time.
 */
export function makeLooks(): Looks {
  const following = new Map<string, { readonly what: string; followed: Followed | undefined }>();
  return {
    async look(cx, step, layers) {
      const what = `${step} ${layers.join(' ')}`;
      const known = following.get(cx.cluster.name);
      if (known?.what !== what) {
        known?.followed?.stop();
        following.set(cx.cluster.name, { what, followed: undefined });
        return readSnapshot(cx, layers);
      }
      const followed = (known.followed ??= followCluster(cx, layers, () => undefined, () => undefined));
      await followed.refresh();
      return followed.snapshot() ?? readSnapshot(cx, layers);
    },
    end() {
      for (const { followed } of following.values()) followed?.stop();
      following.clear();
    },
  };
}
