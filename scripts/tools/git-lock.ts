import { isAbsolute, join } from 'node:path';
import { Failure } from '../engine/failure.ts';
import { BEATS_MISSED, judgeHolder, lockedBy, lockLost, parseHolder, takenFrom, who } from '../engine/lock-holder.ts';
import type { LockHolder, SeenLock, Watching } from '../engine/lock-holder.ts';
import { lastWords } from './command-line.ts';
import type { CommandResult, Proc } from './doors.ts';
import { privateFolder } from './files.ts';

/** Ms between two signs of life: each is a push over the network, and hosts of repositories count those. */
export const GIT_BEAT_MS = 60_000;
const REMOTE = 'origin';
const TRIES = 4;
/** Wall ms; a remote that does not answer in this time is no remote to lock by. */
const LOCAL_MS = 20_000;
const NETWORK_MS = 45_000;
/** How a refusal reads when somebody else moved the ref first. */
const FASTER = /stale info|already exists|cannot lock ref|failed to (?:update|lock)|fetch first|non-fast-forward|needs force/;
/** The person's own settings must not change what a push does: no hooks, tags, signatures or submodules, nothing asked, no housekeeping. */
const PLAIN = ['-c', 'gc.auto=0', '-c', 'maintenance.auto=false', '-c', 'push.followTags=false', '-c', 'core.hooksPath=/dev/null', '-c', 'remote.origin.followRemoteHEAD=never'];

export interface GitLockOptions extends Pick<Watching, 'clock' | 'signal' | 'wall' | 'waiting'> {
  /** The configuration repository; the ref is on its remote `origin`. */
  readonly root: string;
  /** Where the lock's own Git objects are kept: the repository gets none of them. */
  readonly folder: string;
  /** Runs git until the signal ends: what is done while the run works must be able to outlive its stop. */
  proc(signal: AbortSignal): Proc;
  readonly targetId: string;
  readonly cluster: string;
  readonly me: LockHolder;
}

export interface GitLock {
  readonly ref: string;
  readonly because: string;
  /** One sign of life. Throws the Failure (76) when somebody else has it now; 'unheard' and why, when the remote could not be asked. */
  renew(signal: AbortSignal): Promise<'held' | { readonly unheard: string }>;
  /** Gives it back, if it is still ours; otherwise, or when the remote cannot be reached, why not. */
  release(signal: AbortSignal): Promise<'released' | { readonly kept: string }>;
}

/** The lock, or why there is none to be had here: that is no failure, the other locks remain. */
export type GitLockTaken = { readonly lock: GitLock } | { readonly none: string };

/** The ref a cluster of a target is locked by. */
export function lockRef(targetId: string, cluster: string): string {
  return `refs/locks/${targetId}-${cluster}`;
}

/**
 * Locks a cluster where there is no API yet to hold a Lease: by a ref on the configuration repository's remote, made only if it
 * is not there (the server compares and swaps, so of two who push at once one is refused). The commit it points to says who holds it. Throws a
 * Failure (75) when somebody else does. Without a remote, or without the right to push there, it answers why instead.
 */
export async function takeGitLock(options: GitLockOptions): Promise<GitLockTaken> {
  const { cluster, me } = options;
  const place = await repository(options);
  if ('none' in place) return place;
  const git = place.by(options.proc(options.signal));
  const ref = lockRef(options.targetId, cluster);
  const mine = await git.commit(me);
  const taken = (because: string): GitLockTaken => ({ lock: held(place, ref, mine, because, options) });
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const pushed = await git.push(ref, mine, undefined);
    if (pushed === 'done') return taken('free');
    const found = await git.read(ref);
    if ('none' in found) return { none: found.none };
    if (found.seen === undefined) {
      // Nobody has it, and yet it cannot be made: it was given back just now, or this person may not push.
      if (!FASTER.test(pushed.refused)) return { none: `${REMOTE} takes no ${ref} from us: ${pushed.refused}` };
      continue;
    }
    const judged = await judgeHolder(found.seen, {
      clock: options.clock, signal: options.signal, wall: options.wall, ...(options.waiting === undefined ? {} : { waiting: options.waiting }),
      look: async () => {
        const now = await git.read(ref);
        // Unknown is never gone: a remote that went away has not given the lock back.
        if ('none' in now) throw unheard(cluster, ref, now.none);
        return now.seen;
      },
    });
    if (judged.is === 'alive') throw refusedBy(cluster, ref, judged.seen);
    if (judged.is === 'free') continue;
    const from = judged.seen.holder === undefined ? 'somebody' : who(judged.seen.holder);
    // Refused, somebody was faster: the next round names them.
    if ((await git.push(ref, mine, judged.seen.mark)) === 'done') return taken(`taken over from ${from}: ${judged.because}`);
  }
  throw new Failure({ exit: 'rerun', what: `${cluster} is locked by somebody else`, because: `${ref} of ${REMOTE} changes hands faster than it can be taken`, hint: 'Ask who else works on it, then run the same command again' });
}

function held(place: Place, ref: string, first: string, because: string, options: GitLockOptions): GitLock {
  let mine = first;
  /** 'ours', who has it instead, or why that cannot be told. */
  const asItIs = async (git: Repository): Promise<'ours' | Failure | { readonly unheard: string }> => {
    const now = await git.read(ref);
    if ('none' in now) return { unheard: now.none };
    if (now.seen?.holder?.token === options.me.token) {
      mine = now.seen.mark;
      return 'ours';
    }
    return lockLost(options.cluster, now.seen === undefined ? `${ref} of ${REMOTE} was removed` : now.seen.holder === undefined ? `somebody else's commit ${now.seen.mark} is at ${ref} of ${REMOTE}` : takenFrom(now.seen.holder));
  };
  return {
    ref, because,
    async renew(signal) {
      const git = place.by(options.proc(signal));
      const next = await git.commit(options.me);
      const pushed = await git.push(ref, next, mine);
      if (pushed === 'done') {
        mine = next;
        return 'held';
      }
      const state = await asItIs(git);
      if (state instanceof Failure) throw state;
      return state === 'ours' ? { unheard: pushed.refused } : state;
    },
    async release(signal) {
      const git = place.by(options.proc(signal));
      if ((await git.push(ref, '', mine)) === 'done') return 'released';
      const state = await asItIs(git);
      if (state instanceof Failure) return { kept: state.because ?? state.what };
      if (state !== 'ours') return { kept: state.unheard };
      // Ours, by a beat whose answer was lost.
      const again = await git.push(ref, '', mine);
      return again === 'done' ? 'released' : { kept: again.refused };
    },
  };
}

interface Repository {
  /** A commit, in the lock's own store, that says who holds it and when that was said. */
  commit(holder: LockHolder): Promise<string>;
  /** Moves the ref from `from` (undefined: not there) to `to` ('': removes it), on the remote, or says why that was refused. */
  push(ref: string, to: string, from: string | undefined): Promise<'done' | { readonly refused: string }>;
  /** What is at the ref; `seen` undefined when nothing is. `none`: the remote cannot be asked, and why. */
  read(ref: string): Promise<{ readonly seen: SeenLock | undefined } | { readonly none: string }>;
}

/** A repository with a remote to lock by, reached through any Proc. */
interface Place { by(proc: Proc): Repository }

type Run = (argv: readonly string[], effect: 'read' | 'local' | 'write', more?: { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string; readonly network?: true }) => Promise<CommandResult>;

/** git in the configuration repository, with a store of objects of its own; or why nothing can be locked there. */
async function repository(options: GitLockOptions): Promise<Place | { readonly none: string }> {
  const { root, folder } = options;
  const runner = (proc: Proc): Run => (argv, effect, more = {}) => proc.run({
    tool: 'git', argv: [...PLAIN, ...argv], effect, cwd: root, timeoutMs: more.network === true ? NETWORK_MS : LOCAL_MS, ok: [0, 1, 2, 128],
    env: { GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0', ...more.env }, ...(more.stdin === undefined ? {} : { stdin: more.stdin }),
  });
  const run = runner(options.proc(options.signal));
  const objects = await run(['rev-parse', '--git-path', 'objects'], 'read');
  if (objects.exitCode !== 0) return { none: 'the configuration is in no Git repository' };
  const [fetched, pushed] = [await run(['remote', 'get-url', REMOTE], 'read'), await run(['remote', 'get-url', '--push', '--all', REMOTE], 'read')];
  if (fetched.exitCode !== 0 || fetched.stdout.trim() === '') return { none: `the configuration repository has no remote ${REMOTE}` };
  if (fetched.stdout !== pushed.stdout) return { none: `the remote ${REMOTE} is pushed to elsewhere than it is read from` };
  const found = objects.stdout.trim();
  privateFolder(folder);
  const env = { GIT_OBJECT_DIRECTORY: folder, GIT_ALTERNATE_OBJECT_DIRECTORIES: isAbsolute(found) ? found : join(root, found) };
  const tree = await run(['hash-object', '-t', 'tree', '-w', '--stdin'], 'local', { env, stdin: '' });
  if (tree.exitCode !== 0) return { none: words(tree) };
  return { by: (proc) => through(runner(proc), env, tree.stdout.trim(), options) };
}

function through(run: Run, env: Readonly<Record<string, string>>, tree: string, options: GitLockOptions): Repository {
  const asked = async (argv: readonly string[], effect: 'read' | 'write'): Promise<CommandResult & { readonly because: string }> => {
    try {
      const said = await run(argv, effect, { env, network: true });
      return { ...said, because: words(said) };
    } catch (error) {
      // Ours to judge: a remote that does not answer in time. A missing git or the run's end is not.
      if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
      return { stdout: '', stderr: '', exitCode: 128, because: withoutSecrets(error.message) };
    }
  };
  return {
    async commit(holder) {
      const now = new Date(options.wall()).toISOString();
      const email = `${holder.user}@${holder.host}`;
      const made = await run(['commit-tree', tree, '-F', '-'], 'local', {
        env: { ...env, GIT_AUTHOR_NAME: holder.user, GIT_AUTHOR_EMAIL: email, GIT_AUTHOR_DATE: now, GIT_COMMITTER_NAME: holder.user, GIT_COMMITTER_EMAIL: email, GIT_COMMITTER_DATE: now },
        stdin: `${options.cluster} is locked by ${who(holder)}\n\n${JSON.stringify({ ...holder, renewed: now })}\n`,
      });
      if (made.exitCode !== 0) throw new Failure({ exit: 'rerun', what: `a lock of ${options.cluster} cannot be written for Git`, because: words(made), hint: `make ${options.folder} writable, or set TASK_DIR to a folder that is` });
      return made.stdout.trim();
    },
    async push(ref, to, from) {
      const said = await asked(['push', '--porcelain', '--no-verify', '--no-signed', '--recurse-submodules=no', `--force-with-lease=${ref}:${from ?? ''}`, REMOTE, `${to}:${ref}`], 'write');
      return said.exitCode === 0 ? 'done' : { refused: said.because };
    },
    async read(ref) {
      for (let attempt = 1; ; attempt += 1) {
        const listed = await asked(['ls-remote', REMOTE, ref], 'read');
        if (listed.exitCode !== 0) return { none: listed.because };
        const mark = /^([0-9a-f]{40,64})\t/m.exec(listed.stdout)?.[1];
        if (mark === undefined) return { seen: undefined };
        await asked(['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--recurse-submodules=no', '--refmap=', REMOTE, ref], 'read');
        const shown = await run(['show', '-s', '--format=%B', mark], 'read', { env });
        // It moves between the two questions when its holder gives a sign of life; what is no commit stays unreadable.
        if (shown.exitCode === 0 || attempt >= TRIES) return { seen: seenIn(mark, shown.exitCode === 0 ? shown.stdout : '') };
      }
    },
  };
}

function seenIn(mark: string, message: string): SeenLock {
  const json = message.split('\n').find((line) => line.startsWith('{')) ?? '';
  const holder = parseHolder(json);
  const fields: Record<string, unknown> = holder === undefined ? {} : { ...holder };
  return { mark, holder, renewed: typeof fields['renewed'] === 'string' ? Date.parse(fields['renewed']) : Number.NaN, patienceMs: BEATS_MISSED * GIT_BEAT_MS };
}

function refusedBy(cluster: string, ref: string, seen: SeenLock): Failure {
  const where = `${ref} of ${REMOTE}`;
  if (seen.holder !== undefined) return lockedBy(cluster, seen.holder, where);
  return new Failure({ exit: 'rerun', what: `${cluster} is locked by somebody else`, because: `${where} is there, but this program did not write it`, hint: `See what it is; when no run is going on, remove it: git push ${REMOTE} :${ref}` });
}

function unheard(cluster: string, ref: string, because: string): Failure {
  return new Failure({ exit: 'rerun', what: `whether ${cluster} is still locked cannot be told`, because: `${ref} of ${REMOTE} was there, and now: ${because}`, hint: 'run the same command again when the remote answers' });
}

/** Why a git command was refused, in its own words; the porcelain's reason in brackets says most. */
function words(said: CommandResult): string {
  const reason = /^!.*\[[^\]]*\].*$/m.exec(said.stdout)?.[0].split('\t').at(-1);
  const text = lastWords(said.stderr) || lastWords(said.stdout) || 'git said nothing';
  return withoutSecrets(reason === undefined ? text : `${reason}, ${text}`);
}

/** git quotes the remote's address, and people put tokens into it. */
function withoutSecrets(text: string): string {
  return text.replaceAll(/([a-z+]+:\/\/)[^/@\s'"]*@/g, '$1');
}
