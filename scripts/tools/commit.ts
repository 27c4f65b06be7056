import { spawnSync } from 'node:child_process';

/**
 * The commit a checkout is at, with `+dirty` when it has uncommitted changes; for the journal, so that a run can be tied
 * to what it ran. 'no git' where there is no repository or no git: a journal without a commit still serves.
 */
export function commitOf(root: string): string {
  const answer = spawnSync('git', ['-C', root, 'status', '--porcelain=v2', '--branch', '--untracked-files=no'], { encoding: 'utf8', timeout: 10_000 });
  if (answer.status !== 0) return 'no git';
  const oid = /^# branch\.oid (\w+)/m.exec(answer.stdout)?.[1];
  if (oid === undefined) return 'no commit';
  return answer.stdout.split('\n').some((line) => line !== '' && !line.startsWith('#')) ? `${oid}+dirty` : oid;
}
