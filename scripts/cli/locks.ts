import { join } from 'node:path';
import type { TargetFile } from '../config/target.ts';
import { startBeating } from '../engine/beat.ts';
import type { Clock } from '../engine/clock.ts';
import type { Emit } from '../engine/event.ts';
import { Failure } from '../engine/failure.ts';
import { takeLock, type Lock } from '../engine/lock.ts';
import { newHolder, type LockHolder } from '../engine/lock-holder.ts';
import type { Redactor, Scope } from '../tools/doors.ts';

export interface LocksOptions {
  readonly target: TargetFile;
  readonly clusters: readonly string[];
  readonly who: Pick<LockHolder, 'user' | 'task' | 'run'>;
  readonly clock: Clock;
  readonly emit: Emit;
  readonly redactor: Redactor;
  readonly root: string;
  readonly taskDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Another run has a lock of ours now: stop. */
  lost(failure: Failure): void;
}

/** Everything that keeps a second operator out while a run works; see docs/decisions/0009. */
export interface Locks {
  /** The locks of this computer that are held. */
  readonly local: readonly Lock[];
  /** Takes each cluster's lock of this computer and, for real machines, the one on the configuration's remote. Throws a Failure (75) naming who is first. */
  take(signal: AbortSignal): Promise<void>;
  /** Before a write through a cluster's API: its Lease. */
  readonly claim: NonNullable<Scope['claim']>;
  /** Gives back what others see, while events can still be told. Never throws. */
  giveBack(): Promise<void>;
}

/** Wall ms the end of a run waits at most for a remote to take its lock back. */
const GIVE_BACK_MS = 15_000;

/** The locks of one run. */
export function makeLocks(options: LocksOptions): Locks {
  const { target, clock, emit, who, lost } = options;
  const local: Lock[] = [];
  const ends: (() => Promise<void>)[] = [];
  let claiming: Promise<Scope['claim']> | undefined;

  const leases = async (): Promise<Scope['claim']> => {
    const { makeLeases } = await import('../tools/leases.ts');
    const made = makeLeases({ clock, emit, who, lost });
    ends.push(() => made.release());
    return made.claim;
  };
  return {
    local,
    async take(signal) {
      for (const cluster of options.clusters) {
        const lock = await takeLock({ taskDir: options.taskDir, targetId: target.id, cluster, ...who, lost });
        local.push(lock);
        emit({ type: 'lock-taken', lane: cluster, lock: lock.file, because: lock.because });
        // A lab's machines are on this computer, where the file is enough.
        if (target.kind === 'site') await onTheRemote(options, cluster, signal, ends);
      }
    },
    claim: async (scope, cluster) => {
      claiming ??= leases();
      await (await claiming)?.(scope, cluster);
    },
    async giveBack() {
      // Last taken, first given back. Each tells its own trouble; one that could not even do that must not keep the others.
      for (const end of ends.toReversed()) await end().catch(() => undefined);
      ends.length = 0;
    },
  };
}

async function onTheRemote(options: LocksOptions, cluster: string, signal: AbortSignal, ends: (() => Promise<void>)[]): Promise<void> {
  const { clock, emit, target } = options;
  const [{ GIT_BEAT_MS, takeGitLock }, { makeProc }] = await Promise.all([import('../tools/git-lock.ts'), import('../tools/proc.ts')]);
  const at = { lane: cluster, step: 'lock' };
  const note = (level: 'info' | 'warn', text: string): void => emit({ type: 'note', ...at, level, text });
  const taken = await takeGitLock({
    root: options.root, folder: join(options.taskDir, 'locks', 'git-objects'), targetId: target.id, cluster, me: newHolder(options.who), clock, signal, wall: Date.now,
    proc: (until) => makeProc({ ...at, emit, signal: until, dryRun: false, site: { target }, redactor: options.redactor, taskDir: options.taskDir, env: options.env }),
    waiting: (reason, sinceMs, patienceMs) => emit({ type: 'waiting', ...at, for: `the lock of ${cluster}`, reason, sinceMs, patienceMs }),
  });
  if ('none' in taken) return note('info', `${cluster} is locked on this computer only until its API answers: ${taken.none}`);
  const { lock } = taken;
  emit({ type: 'lock-taken', lane: cluster, lock: `${lock.ref} of origin`, because: lock.because });
  let mute = false;
  const beating = startBeating({
    everyMs: GIT_BEAT_MS, clock, what: `the lock of ${cluster} on the remote`, failed: options.lost,
    async beat(until) {
      const state = await lock.renew(until).catch((error: unknown) => {
        // Only somebody else's having it ends the run; any other trouble may pass.
        if (!(error instanceof Failure) || error.exit === 'look' || until.aborted) throw error;
        return { unheard: error.message };
      });
      if (state !== 'held' && !mute) note('info', `${lock.ref} could not be renewed: ${state.unheard}; it is tried again`);
      mute = state !== 'held';
    },
  });
  ends.push(async () => {
    await beating.stop();
    try {
      const state = await lock.release(AbortSignal.timeout(GIVE_BACK_MS));
      if (state !== 'released') note('info', `${lock.ref} was not given back: ${state.kept}`);
    } catch (error) {
      note('info', `${lock.ref} could not be given back: ${error instanceof Error ? error.message : String(error)}; it gives way by itself`);
    }
  });
}
