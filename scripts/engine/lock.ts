import { closeSync, linkSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wallPause } from 'node:timers/promises';
import { Failure } from './failure.ts';
import { BEAT_MS, BEATS_MISSED, lockedBy, lockLost, newHolder, parseHolder, takenFrom, who } from './lock-holder.ts';
import type { LockHolder } from './lock-holder.ts';
import { whetherAlive } from './process-identity.ts';

export interface LockOptions {
  readonly taskDir: string;
  readonly targetId: string;
  readonly cluster: string;
  readonly user: string;
  readonly task: string;
  readonly run: string;
  /** Told once when another process took the lock from us (this one was stopped for longer than three beats): abort the run. */
  lost?(failure: Failure): void;
}

export interface Lock {
  readonly file: string;
  /** How it was come by, for the event: "free", or from whom it was taken over and why that was right. */
  readonly because: string;
  /** Removes the lock if it is still ours, and nobody else's. */
  release(): void;
}

/** Somebody else being in the middle of a takeover is a matter of milliseconds; then the lock is theirs and the answer is clear. */
const TRIES = 40;
const TRY_PAUSE_MS = 25;

/** Where the lock of a cluster of a target is. */
export function lockFile(taskDir: string, targetId: string, cluster: string): string {
  return join(taskDir, 'locks', `${targetId}-${cluster}.lock`);
}

/**
 * Takes the lock of one cluster of one target, or throws a Failure (75) that says who holds it, where, and since when.
 *
 * The file appears whole or not at all (written aside, then hard-linked: that fails when the name exists). A holder that
 * is gone is replaced at once: same host and a dead process, or a host that was started anew; a holder elsewhere after three missed
 * beats of 10 s, measured by the file system's own clock, so that computers may disagree about the time.
 *
 * Every way out of a state of the lock file (takeover, release) needs the *claim* on it: a file named by the holder's unique token,
 * which only one process can make. Whoever has it looks again, then acts. So of two takers exactly one wins, and
 * nobody removes a lock that was taken in between. A claim whose owner died is itself claimed in the same way.
 */
export async function takeLock(options: LockOptions): Promise<Lock> {
  const file = lockFile(options.taskDir, options.targetId, options.cluster);
  const me = newHolder(options);
  const mine = `${file}.${me.token}.new`;
  try {
    mkdirSync(join(options.taskDir, 'locks'), { recursive: true, mode: 0o700 });
    writeFileSync(mine, JSON.stringify(me), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw unwritable(file, error);
  }
  try {
    for (let attempt = 1; ; attempt++) {
      const outcome = tryOnce(file, mine);
      if ('because' in outcome) return held(file, me, outcome.because, options);
      if (attempt >= TRIES || !outcome.passing) throw heldBy(file, outcome.holder, options.cluster);
      await wallPause(TRY_PAUSE_MS);
    }
  } finally {
    // After a takeover by rename it is gone already; after a link it is only the second name of the lock.
    rmSync(mine, { force: true });
  }
}

type Outcome = { readonly because: string } | { readonly holder: LockHolder | undefined; readonly passing: boolean };

function tryOnce(file: string, mine: string): Outcome {
  if (linkNew(mine, file)) return { because: 'free' };
  const holder = readHolder(file);
  // Released between the two calls, or a file that is not one of ours: the next try or the error tells.
  if (holder === undefined) return { holder, passing: true };
  const gone = whyGone(holder, file, mine);
  // The sign of life may be that of somebody who took it over since it was read: the next try names them.
  if (gone === undefined) return { holder, passing: readHolder(file)?.token !== holder.token };

  const claim = claimOn(file, holder.token, mine);
  if (!claim.ours) return { holder, passing: true };
  try {
    const now = readHolder(file);
    if (now === undefined || !claim.tokens.includes(now.token)) return { holder, passing: true };
    renameSync(mine, file);
    return { because: `taken over from ${who(holder)}: ${gone}` };
  } finally {
    // The lock no longer carries these tokens (or never will again), so nobody can act on these claims any more.
    for (const token of claim.tokens) rmSync(claimFile(file, token), { force: true });
  }
}

const claimFile = (file: string, token: string): string => `${file}.${token}.claim`;

/**
 * The exclusive right to end the state of the lock that carries `token`. When the claim exists and its owner is dead, the right goes to
 * whoever claims the dead owner's token; `tokens` are all those passed on the way.
 */
function claimOn(file: string, token: string, mine: string): { readonly ours: boolean; readonly tokens: readonly string[] } {
  const tokens: string[] = [];
  for (let wanted = token; ;) {
    tokens.push(wanted);
    const claim = claimFile(file, wanted);
    if (linkNew(mine, claim)) return { ours: true, tokens };
    const owner = readHolder(claim);
    if (owner === undefined || tokens.includes(owner.token) || whyGone(owner, claim, mine) === undefined) return { ours: false, tokens };
    wanted = owner.token;
  }
}

/** true when `to` was made as another name of `from`; false when `to` is there already. */
function linkNew(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw unwritable(to, error);
  }
}

function readHolder(file: string): LockHolder | undefined {
  try {
    return parseHolder(readFileSync(file, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unwritable(file, error);
  }
}

/** Why a holder counts as gone; undefined while it may be alive. */
function whyGone(holder: LockHolder, file: string, mine: string): string | undefined {
  const alive = whetherAlive(holder);
  if (alive.is === 'dead') return alive.because;
  if (alive.is === 'alive') return undefined;
  const silent = ageOf(file, mine);
  return silent > BEATS_MISSED * BEAT_MS ? `no sign of life for ${Math.round(silent / 1000)} s from ${holder.host}` : undefined;
}

/** How long ago `file` was touched, by the clock of the file system: `mine` is touched now and both times are its. 0 when `file` is gone. */
function ageOf(file: string, mine: string): number {
  const probe = `${mine}.now`;
  try {
    writeFileSync(probe, '', { mode: 0o600 });
    return statSync(probe).mtimeMs - statSync(file).mtimeMs;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 0;
    throw unwritable(file, error);
  } finally {
    rmSync(probe, { force: true });
  }
}

function held(file: string, me: LockHolder, because: string, options: LockOptions): Lock {
  // The open file stays this very file: a beat can never touch a lock that has replaced ours.
  const fd = openSync(file, 'r+');
  const text = JSON.stringify(me);
  let over = false;
  const end = (): void => {
    over = true;
    clearInterval(timer);
    closeSync(fd);
  };
  const timer = setInterval(() => {
    try {
      const now = readHolder(file);
      // The same bytes again: the file system's own clock sets the time, not this computer's.
      if (now?.token === me.token) return void writeSync(fd, text, 0);
      end();
      options.lost?.(lostTo(file, now, options.cluster));
    } catch (error) {
      end();
      options.lost?.(unwritable(file, error));
    }
  }, BEAT_MS);
  // A forgotten lock must not keep the process from ending; its being gone is then the sign.
  timer.unref();
  sweep(file, me.token);

  return {
    file,
    because,
    release: () => {
      if (over) return;
      end();
      const mine = `${file}.${me.token}.end`;
      writeFileSync(mine, JSON.stringify(me), { mode: 0o600 });
      const claim = claimFile(file, me.token);
      try {
        // Somebody who takes us for dead is in the middle of taking over: then it is theirs.
        if (!linkNew(mine, claim)) return;
        if (readHolder(file)?.token === me.token) rmSync(file, { force: true });
        rmSync(claim, { force: true });
      } finally {
        rmSync(mine, { force: true });
      }
    },
  };
}

/**
 * Removes what processes left that died in the middle of taking. Claims on other tokens than the lock's are of no use to
 * anyone; a file written aside belongs to a taker that may be alive.
 */
function sweep(file: string, token: string): void {
  const dir = join(file, '..');
  const prefix = file.slice(dir.length + 1);
  for (const name of readdirSync(dir)) {
    if (!name.startsWith(`${prefix}.`)) continue;
    const left = join(dir, name);
    const owner = name.endsWith('.new') ? readHolder(left) : undefined;
    const useless = name.endsWith('.claim') ? name !== `${prefix}.${token}.claim` : owner !== undefined && whetherAlive(owner).is === 'dead';
    if (useless) rmSync(left, { force: true });
  }
}

function heldBy(file: string, holder: LockHolder | undefined, cluster: string): Failure {
  if (holder === undefined) {
    return new Failure({
      exit: 'rerun', what: `${cluster} is locked`, because: `${file} is there, but is not a lock file this program wrote`,
      hint: `See what it is; when no run is going on, remove it: rm ${file}`, log: file,
    });
  }
  return lockedBy(cluster, holder, file, file);
}

function lostTo(file: string, holder: LockHolder | undefined, cluster: string): Failure {
  return lockLost(cluster, holder === undefined ? `${file} was removed` : takenFrom(holder), file);
}

function unwritable(file: string, error: unknown): Failure {
  return error instanceof Failure ? error : new Failure({
    exit: 'rerun', what: `the lock ${file} cannot be written`, because: error instanceof Error ? error.message : String(error),
    hint: 'Make the folder writable, or set TASK_DIR to one that is, on a file system that knows hard links.', cause: error,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
