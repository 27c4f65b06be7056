import type { EventEmitter } from 'node:events';
import { Failure } from '../engine/failure.ts';

export interface Interruption {
  /** Aborts at the first signal; its reason is the Failure (130) the run ends with. */
  readonly signal: AbortSignal;
  /** Aborts for another reason: a lost lock, a journal that cannot be written. */
  abort(reason: Failure): void;
  /** Where "stopping safely" is said from now on: a live view must not be written across. Answers how to go back. */
  sayThrough(say: (text: string) => void): () => void;
  /** Stops listening. */
  dispose(): void;
}

/**
 * The one owner of SIGINT, SIGTERM and SIGHUP. The first asks to stop safely; the second ends the process at once with
 * 130, because someone who insists must be obeyed (the journal is fsynced per line, so nothing known is lost).
 */
export function listenForSignals(source: Pick<EventEmitter, 'on' | 'off'>, say: (text: string) => void, exit: (code: number) => void): Interruption {
  const controller = new AbortController();
  let through = say;
  const stop = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      exit(130);
      return;
    }
    through(name === 'SIGINT' ? 'stopping safely; Ctrl-C again stops at once' : `${name} received, stopping safely`);
    controller.abort(new Failure({
      exit: 'interrupted', what: 'stopped before it was finished', because: name === 'SIGINT' ? 'Ctrl-C' : name,
      hint: 'run the same command again to go on from here',
    }));
  };
  const names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const name of names) source.on(name, stop);
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    sayThrough: (other) => {
      through = other;
      return () => { through = say; };
    },
    dispose: () => {
      for (const name of names) source.off(name, stop);
    },
  };
}
