import type { EventBody } from './event.ts';
import type { EngineContext, Step } from './phase.ts';

/** What starting early needs of a run. */
export interface AheadHost<C> {
  contextFor(lane: string, step: string): C;
  readonly signal: AbortSignal;
  readonly dryRun: boolean;
  /** Calls `listener` with every event from now on; answers how to end that. */
  readonly hear?: ((listener: (event: EventBody) => void) => () => void) | undefined;
}

/**
 * Lets the later phases of a lane do their local work while the lane waits for the world anyway: at its first `waiting`
 * event they are loaded and their `prepare` is called, one after the other, so that the waiting itself is not slowed
 * down. Never before that, and never in a dry run. Answers how to end it.
 */
export function workAhead<C extends EngineContext<S>, S>(lane: string, steps: readonly Step<C, S>[], host: AheadHost<C>): () => void {
  if (host.dryRun || host.hear === undefined) return () => undefined;
  let ended = false;
  const stop = host.hear((event) => {
    if (event.type !== 'waiting' || event.lane !== lane) return;
    end();
    const waiting = steps.findIndex((step) => step.kind !== 'together' && step.name === event.step);
    // What ends it early is met again by the phase itself when its turn comes, and told there.
    if (waiting >= 0) prepareAll(lane, steps.slice(waiting + 1), host).catch(() => undefined);
  });
  const end = (): void => {
    if (!ended) stop();
    ended = true;
  };
  return end;
}

async function prepareAll<C extends EngineContext<S>, S>(lane: string, steps: readonly Step<C, S>[], host: AheadHost<C>): Promise<void> {
  for (const step of steps) {
    if (host.signal.aborted) return;
    if (step.kind !== 'phase') continue;
    const phase = await step.load();
    if (!('prepare' in phase) || phase.prepare === undefined) continue;
    try {
      await phase.prepare(host.contextFor(lane, step.name));
    } catch {
      // Not lost: the phase asks again when it runs, and fails there if it must. The next one may still be prepared.
    }
  }
}
