import type { Phase } from '../engine/phase.ts';
import type { Check } from '../engine/verdict.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';

/** Patience of the waits, in ms of the run's clock. Generous: a slow pull is not a failure, a silent hang is. */
export const MINUTES = 60_000;

export interface WaitPhase {
  readonly name: string;
  readonly title: string;
  readonly checks: readonly Check<Snapshot>[];
  readonly patience: number;
  /** What to say when the checks hold. */
  readonly note: (seen: Snapshot) => string;
}

/**
 * A phase that changes nothing and waits until the world is as its checks want it. It has nothing to run: the waiting
 * is verify's, with the check's own reason on the screen.
 */
export function waitPhase(options: WaitPhase): Phase<Cx, Snapshot> {
  const layers = [...new Set(options.checks.map((check) => check.layer))];
  return {
    name: options.name,
    title: options.title,
    patience: options.patience,
    verify: options.checks,
    async done(cx) {
      const seen = await cx.look(layers);
      const judged = options.checks.map((check) => check.judge(seen));
      if (judged.every((verdict) => verdict.is === 'skip')) {
        const first = judged[0];
        return first === undefined || first.is === 'pass' ? 'nothing to wait for' : `skip: ${first.because}`;
      }
      return judged.every((verdict) => verdict.is === 'pass' || verdict.is === 'skip') ? options.note(seen) : false;
    },
    async run(cx) {
      if (cx.dryRun) return `would wait for ${options.checks.map((check) => check.name).join(', ')}`;
      return '';
    },
  };
}
