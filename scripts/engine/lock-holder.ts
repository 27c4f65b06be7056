import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import { Failure } from './failure.ts';
import { thisProcess, whetherAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Who holds a lock, as it is written into every lock: the file on this computer, the Lease in the cluster, the ref in Git. */
export interface LockHolder extends ProcessIdentity {
  /** Unique to this taking of the lock. */
  readonly token: string;
  readonly user: string;
  readonly task: string;
  readonly run: string;
  /** Wall time the lock was taken, ISO 8601. */
  readonly since: string;
}

/** Ms between two signs of life of a holder. */
export const BEAT_MS = 10_000;
/** A holder elsewhere counts as gone after so many beats without a sign. */
export const BEATS_MISSED = 3;

/** This process as a holder from now on. */
export function newHolder(of: Pick<LockHolder, 'user' | 'task' | 'run'>): LockHolder {
  return { ...thisProcess(), token: randomBytes(12).toString('hex'), user: of.user, task: of.task, run: of.run, since: new Date().toISOString() };
}

/** The holder a lock's text names; undefined when this program did not write it. */
export function parseHolder(text: string): LockHolder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isHolder(value) ? value : undefined;
  } catch {
    // Not JSON: locks appear whole, so this was not written by us.
    return undefined;
  }
}

function isHolder(value: unknown): value is LockHolder {
  if (typeof value !== 'object' || value === null) return false;
  const fields: Record<string, unknown> = { ...value };
  return ['host', 'boot', 'space', 'started', 'token', 'user', 'task', 'run', 'since'].every((key) => typeof fields[key] === 'string')
    && typeof fields['pid'] === 'number';
}

/** A holder in words: who, where, and which run. */
export function who(holder: LockHolder): string {
  return `${holder.user}@${holder.host} (pid ${holder.pid}, ${holder.task}, run ${holder.run})`;
}

/** The refusal (75) of whoever comes second. `where` says which lock it is. */
export function lockedBy(cluster: string, holder: LockHolder, where: string, log?: string): Failure {
  return new Locked({
    exit: 'rerun',
    what: `${cluster} is locked by another run`,
    because: `${who(holder)} has held it since ${holder.since}`,
    hint: `Wait for it to end, or ask ${holder.user}; a holder that dies gives way by itself. The lock is ${where}`,
    log,
  });
}

/** Somebody else is first. No answer about what was asked meanwhile: who wants to know has to come again. */
export class Locked extends Failure {}

/** That somebody else is first, wherever it is said in this failure. */
export function lockedIn(error: unknown): Locked | undefined {
  if (error instanceof Locked) return error;
  return error instanceof Failure ? error.parts.map(lockedIn).find((found) => found !== undefined) : undefined;
}

/** What stops a run (76) whose lock went to somebody else while it worked. */
export function lockLost(cluster: string, because: string, log?: string): Failure {
  return new Failure({ exit: 'look', what: `the lock of ${cluster} is no longer ours`, because, hint: 'Stop and see what the other run does before running again.', log });
}

/** What is said of a lock that went to `now`. */
export function takenFrom(now: LockHolder): string {
  return `${who(now)} took it at ${now.since}, when this run gave no sign of life`;
}

/** A lock that other computers see too, as it was last read. */
export interface SeenLock {
  /** Changes with every sign of life. */
  readonly mark: string;
  /** undefined when somebody else's program wrote it. */
  readonly holder: LockHolder | undefined;
  /** Wall ms of the last sign, by the holder's own clock; NaN when it does not say. */
  readonly renewed: number;
  /** How long without a sign means gone, ms of the run's clock. */
  readonly patienceMs: number;
}

export interface Watching {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Wall ms since the epoch. */
  wall(): number;
  /** Reads the lock again; undefined when it is free now. */
  look(): Promise<SeenLock | undefined>;
  /** Told before each pause while a silent holder is listened for. */
  waiting?(reason: string, sinceMs: number, patienceMs: number): void;
}

/** 'alive': somebody is there. Otherwise it may be replaced, if it still is as `seen`: free (undefined), or gone, and why. */
export type Judgement = { readonly is: 'alive'; readonly seen: SeenLock } | { readonly is: 'free' } | { readonly is: 'gone'; readonly because: string; readonly seen: SeenLock };

/**
 * Whether a holder, here or elsewhere, is alive. A dead process of this very boot is gone at once; a living one never is. Of others
 * only their signs are known: a recent one by their own clock is believed, anything else is listened for until `patienceMs` have passed on
 * our clock without a new one, so that computers may disagree about the time.
 */
export async function judgeHolder(first: SeenLock, watching: Watching): Promise<Judgement> {
  const { clock } = watching;
  const here = first.holder === undefined ? undefined : processHere(first.holder);
  if (here === 'alive') return { is: 'alive', seen: first };
  if (here !== undefined) return { is: 'gone', because: here.dead, seen: first };
  const silent = (watching.wall() - first.renewed) * clock.speed;
  if (Math.abs(silent) <= first.patienceMs) return { is: 'alive', seen: first };
  const name = first.holder === undefined ? 'its holder' : who(first.holder);
  const from = clock.now();
  for (;;) {
    const since = clock.now() - from;
    const left = first.patienceMs - since;
    if (left <= 0) return { is: 'gone', because: `no sign of life for ${Math.round(Math.max(since, Number.isFinite(silent) ? silent : 0) / 1000)} s from ${name}`, seen: first };
    watching.waiting?.(`listening whether ${name} is still there`, since, first.patienceMs);
    await clock.sleep(Math.min(left + 1, first.patienceMs / (2 * BEATS_MISSED)), watching.signal);
    const now = await watching.look();
    if (now === undefined) return { is: 'free' };
    if (now.mark !== first.mark) return { is: 'alive', seen: now };
  }
}

/**
 * 'alive' or dead, where this computer can know; undefined where it cannot. Host names are not unique between computers,
 * so for a lock that others see too only a process of this very boot is judged.
 */
function processHere(holder: LockHolder): 'alive' | { readonly dead: string } | undefined {
  if (holder.boot !== thisProcess().boot) return undefined;
  const alive = whetherAlive(holder);
  return alive.is === 'dead' ? { dead: alive.because } : alive.is === 'alive' ? 'alive' : undefined;
}
