import type { Git, Proc, Scope } from './doors.ts';

const TIMEOUT_MS = 30_000;
/** Ambient configuration must not change what is printed, and nothing may be asked. */
const QUIET = { GIT_TERMINAL_PROMPT: '0', GIT_OPTIONAL_LOCKS: '0' };

/** git in the configuration's root. Reads only. */
export function makeGit(scope: Scope, proc: Proc): Git {
  const git = (argv: readonly string[], ok?: readonly number[]) => proc.run({ tool: 'git', argv, effect: 'read', cwd: scope.site.root, env: QUIET, timeoutMs: TIMEOUT_MS, ...(ok === undefined ? {} : { ok }) });
  return {
    async head() {
      const [commit, branch, status] = await Promise.all([
        git(['rev-parse', '--verify', 'HEAD']),
        // 1: the head is detached, which has no branch.
        git(['symbolic-ref', '--quiet', '--short', 'HEAD'], [0, 1]),
        git(['status', '--porcelain=v1', '-z', '--untracked-files=normal']),
      ]);
      return { commit: commit.stdout.trim(), branch: branch.stdout.trim(), dirty: parseStatus(status.stdout) };
    },
    async remote() {
      // 2: there is no such remote.
      const said = await git(['remote', 'get-url', 'origin'], [0, 2]);
      const url = said.stdout.trim();
      return said.exitCode !== 0 || url === '' ? undefined : withoutCredentials(url);
    },
  };
}

/** Paths of `git status --porcelain=v1 -z`; a rename is followed by its old path, which is left out. */
export function parseStatus(text: string): string[] {
  const fields = text.split('\0');
  const paths: string[] = [];
  for (let i = 0; i < fields.length; i += 1) {
    const field = fields[i] ?? '';
    if (field.length < 4) continue;
    paths.push(field.slice(3));
    if (/^[RC]|^.[RC]/.test(field)) i += 1;
  }
  return paths;
}

/** A remote's URL without the user and token people put into it. */
export function withoutCredentials(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/, (whole: string, scheme: string) => (scheme === 'ssh://' ? whole.replace(/:[^/@]*@/, '@') : scheme));
}
