import { Failure } from '../engine/failure.ts';
import type { Proc } from './doors.ts';
import { ToolFailure } from './proc.ts';

const TIMEOUT_MS = 60_000;
/** Ambient configuration must not change what is printed, and nothing may be asked. */
const QUIET = { GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };

/** Files of a repository as they were in a commit, without checking anything out. */
export interface GitTree {
  /** The commit a name stands for. Throws Failure (64) for a name there is not. */
  commit(name: string): Promise<string>;
  /** The last commit two have in common. Throws Failure (64) when there is none. */
  mergeBase(a: string, b: string): Promise<string>;
  /**
   * What is otherwise in a commit than in the working tree, below the root: path -> its text there, null for what is not there. Laid over
   * the working tree it is the commit. Links and submodules stay as the working tree has them.
   */
  laid(commit: string): Promise<ReadonlyMap<string, string | null>>;
}

/** git in a folder of somebody's repository. Reads only. */
export function makeGitTree(proc: Proc, root: string): GitTree {
  const git = async (argv: readonly string[], options: { readonly ok?: readonly number[]; readonly stdin?: string } = {}) => proc.run({ tool: 'git', argv: ['-c', 'core.quotePath=false', '-c', 'core.fsmonitor=false', ...argv], effect: 'read', cwd: root, env: QUIET, timeoutMs: TIMEOUT_MS, ...options });
  const repository = async <T>(ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ToolFailure) || !/not a git repository/i.test(error.stderr)) throw error;
      throw new Failure({ exit: 'usage', what: `${root} is in no Git repository`, because: 'what changed is told by comparing it with a commit', hint: 'name a folder of a clone: ROOT=path', cause: error });
    }
  };
  return {
    commit: (name) => repository(async () => {
      const said = await git(['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`], { ok: [0, 1] });
      const commit = said.stdout.trim();
      if (said.exitCode === 0 && commit !== '') return commit;
      throw new Failure({ exit: 'usage', what: `there is no commit called ${name} here`, because: await shallow(git) ? 'this clone is a shallow one' : undefined, hint: await hintFor(git, name) });
    }),
    mergeBase: (a, b) => repository(async () => {
      const said = await git(['merge-base', a, b], { ok: [0, 1] });
      if (said.exitCode === 0) return said.stdout.trim();
      throw new Failure({ exit: 'usage', what: `${a.slice(0, 12)} and ${b.slice(0, 12)} have no commit in common`, because: await shallow(git) ? 'this clone is a shallow one' : undefined, hint: 'git fetch --unshallow, or fetch-depth: 0 where CI checks out' });
    }),
    laid: (commit) => repository(async () => {
      const [changed, untracked] = await Promise.all([
        git(['diff', '--raw', '-z', '--no-renames', '--no-abbrev', '--relative', '--ignore-submodules=all', '--no-ext-diff', '--no-textconv', commit, '--']),
        git(['ls-files', '-z', '--others', '--exclude-standard']),
      ]);
      const entries = parseRaw(changed.stdout);
      const laid = new Map<string, string | null>(untracked.stdout.split('\0').filter((path) => path !== '').map((path) => [path, null]));
      const oids = [...new Set(entries.flatMap(({ oid }) => oid ?? []))];
      const texts = oids.length === 0 ? new Map<string, string>() : parseBatch((await git(['cat-file', '--batch'], { stdin: `${oids.join('\n')}\n` })).stdout, oids);
      for (const { path, oid } of entries) laid.set(path, oid === undefined ? null : texts.get(oid) ?? null);
      return laid;
    }),
  };
}

type Run = (argv: readonly string[]) => Promise<{ readonly stdout: string }>;

async function shallow(git: Run): Promise<boolean> {
  return (await git(['rev-parse', '--is-shallow-repository'])).stdout.trim() === 'true';
}

/** The same name at a remote, or how to come by it. */
async function hintFor(git: Run, name: string): Promise<string> {
  const names = (await git(['for-each-ref', '--format=%(refname:short)', 'refs/heads', 'refs/remotes', 'refs/tags'])).stdout.split('\n').filter((each) => each !== '' && !each.endsWith('/HEAD'));
  const same = names.find((each) => each.endsWith(`/${name}`));
  if (same !== undefined) return `did you mean ${same}?`;
  return `git fetch origin ${name}, or name another: ${names.length === 0 ? 'there is no branch yet' : `there is ${names.slice(0, 8).join(', ')}`}`;
}

/** Entries of `git diff --raw -z`: the path, and what the commit holds there; undefined when it holds nothing. Links and submodules are left out. */
export function parseRaw(text: string): readonly { readonly path: string; readonly oid: string | undefined }[] {
  const fields = text.split('\0');
  const entries: { path: string; oid: string | undefined }[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const match = /^:(\d{6}) (\d{6}) ([0-9a-f]+) [0-9a-f]+ [A-Z]/.exec(fields[i] ?? '');
    const path = fields[i + 1];
    if (match === null || path === undefined) continue;
    const [, mode = '', now = '', oid = ''] = match;
    if (LINKS.has(mode) || (mode === NOTHING && LINKS.has(now))) continue;
    entries.push({ path, oid: mode === NOTHING ? undefined : oid });
  }
  return entries;
}
const NOTHING = '000000';
const LINKS = new Set(['120000', '160000']);

/**
 * Contents that `git cat-file --batch` printed for these ids, in their order. What is no UTF-8 is no longer as long as its header says when
 * it arrives here, so each is taken up to the header of the next.
 */
export function parseBatch(text: string, oids: readonly string[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let at = 0;
  for (const [index, oid] of oids.entries()) {
    const end = text.indexOf('\n', at);
    const header = text.slice(at, end);
    if (!header.startsWith(`${oid} blob `)) {
      at = end + 1;
      continue;
    }
    const next = oids[index + 1];
    const after = next === undefined ? text.length : nextHeader(text, end, next);
    // The line break that ends each content is git's.
    found.set(oid, text.slice(end + 1, after - 1).replace(/^\uFEFF/, ''));
    at = after;
  }
  return found;
}

function nextHeader(text: string, from: number, oid: string): number {
  const found = /** What was asked for is there, or said to be missing. */ ['blob ', 'missing\n', 'tree ', 'commit '].map((what) => text.indexOf(`\n${oid} ${what}`, from)).filter((index) => index >= 0);
  return found.length === 0 ? text.length : Math.min(...found) + 1;
}
