import type { Cluster } from '../config/cluster.ts';
import { startBeating } from '../engine/beat.ts';
import type { Clock } from '../engine/clock.ts';
import type { Emit } from '../engine/event.ts';
import { Failure } from '../engine/failure.ts';
import { BEATS_MISSED, newHolder } from '../engine/lock-holder.ts';
import type { LockHolder } from '../engine/lock-holder.ts';
import type { Scope } from './doors.ts';
import { makeKube } from './kube.ts';
import { acquireLease, LEASE, leaseBeat } from './lease.ts';

/** The step lock matters are told under. */
export const LOCK_STEP = 'lock';
/** Wall ms a run that is over waits at most for an API to take its lock back. */
const RELEASE_MS = 5_000;

export interface LeasesOptions {
  readonly clock: Clock;
  readonly emit: Emit;
  readonly who: Pick<LockHolder, 'user' | 'task' | 'run'>;
  /** Told once when somebody else has a cluster's lock now: abort the run. */
  lost(failure: Failure): void;
}

/** The locks a run holds in the clusters it writes to. */
export interface Leases {
  /**
   * Before a write to a cluster: takes its lock at the first, and makes sure of it whenever the last sign of life is older than
   * others wait for one. Throws a Failure that says who holds it (75) or has taken it since (76), or that the API does not answer.
   */
  readonly claim: (scope: Scope, cluster: Cluster) => Promise<void>;
  /** Gives all of them back. What cannot be given back is told, and gives way by itself. */
  release(): Promise<void>;
}

interface Held {
  sure(): Promise<void>;
  release(): Promise<void>;
}

/** Holds the Lease of every cluster a run writes to, from its first write through the Kubernetes API on. */
export function makeLeases(options: LeasesOptions): Leases {
  const held = new Map<string, Promise<Held>>();
  const begin = (scope: Scope, cluster: Cluster): Promise<Held> => {
    const taking = hold(options, scope, cluster);
    held.set(cluster.name, taking);
    // Whoever holds it may be done when the next write comes.
    taking.catch(() => held.delete(cluster.name));
    return taking;
  };
  return {
    claim: async (scope, cluster) => (await (held.get(cluster.name) ?? begin(scope, cluster))).sure(),
    async release() {
      const all = await Promise.allSettled(held.values());
      held.clear();
      await Promise.all(all.flatMap((each) => (each.status === 'fulfilled' ? [each.value.release()] : [])));
    },
  };
}

async function hold(options: LeasesOptions, first: Scope, cluster: Cluster): Promise<Held> {
  const { clock, emit } = options;
  const lane = cluster.name;
  const me = newHolder(options.who);
  const terms = { cluster: cluster.name, me, clock, wall: Date.now };
  // The lock's own writes claim nothing, or they would wait for themselves.
  // The lock itself is nothing a step wrote.
  const { claim: _claim, wrote: _wrote, ...scope } = first;
  const lease = await acquireLease(makeKube(scope, cluster), {
    ...terms, signal: first.signal,
    waiting: (reason, sinceMs, patienceMs) => emit({ type: 'waiting', lane, step: first.step, for: `the lock of ${cluster.name}`, reason, sinceMs, patienceMs }),
  });
  emit({ type: 'lock-taken', lane, lock: `${LEASE} of ${cluster.name}`, because: lease.because });

  /** A way to the lock that outlives the step that took it. Tries again without a word: the beat says what came of it. */
  const byItself = (signal: AbortSignal): ReturnType<typeof makeKube> => makeKube({ ...scope, step: LOCK_STEP, signal, emit: () => undefined }, cluster);
  const beatMs = leaseBeat(clock);
  let heard = clock.now();
  let lost: Failure | undefined;
  let mute = false;
  let renewing: Promise<void> | undefined;

  const renew = (signal: AbortSignal): Promise<void> => {
    renewing ??= lease.through(byItself(signal), signal).renew().then(
      () => {
        heard = clock.now();
        mute = false;
      },
      (error: unknown) => {
        if (error instanceof Failure && error.exit === 'look' && lost === undefined) {
          lost = error;
          options.lost(error);
        }
        throw error;
      },
    ).finally(() => { renewing = undefined; });
    return renewing;
  };

  const beating = startBeating({
    everyMs: beatMs, clock, what: `the lock of ${cluster.name}`,
    async beat(signal) {
      if (lost !== undefined) return;
      try {
        await renew(signal);
      } catch (error) {
        // An API that is away for a while is ridden out: nobody else can take the lock through it either, and the next write makes sure first.
        if (!(error instanceof Failure) || signal.aborted) throw error;
        if (!mute && lost === undefined) emit({ type: 'note', lane, step: LOCK_STEP, level: 'info', text: `the lock of ${cluster.name} could not be renewed: ${error.message}; it is tried again` });
        mute = true;
      }
    },
    failed: (failure) => options.lost(failure),
  });

  return {
    async sure() {
      if (lost !== undefined) throw lost;
      if (clock.now() - heard > BEATS_MISSED * beatMs) await renew(first.signal);
    },
    async release() {
      await beating.stop();
      try {
        await lease.through(byItself(AbortSignal.timeout(RELEASE_MS))).release();
      } catch (error) {
        emit({ type: 'note', lane, step: LOCK_STEP, level: 'info', text: `the lock of ${cluster.name} could not be given back (${error instanceof Error ? error.message : String(error)}); it gives way by itself after ${BEATS_MISSED} missed beats` });
      }
    },
  };
}
