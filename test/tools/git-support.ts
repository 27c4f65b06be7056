import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Runs git in a folder and answers what it printed. Throws when it fails. */
export function git(folder: string, ...argv: readonly string[]): string {
  const ran = spawnSync('git', ['-C', folder, '-c', 'user.name=test', '-c', 'user.email=test@example.invalid', '-c', 'commit.gpgsign=false', ...argv], { encoding: 'utf8', timeout: 30_000 });
  if (ran.status !== 0) throw new Error(`git ${argv.join(' ')}: ${ran.stderr}`);
  return ran.stdout.trim();
}

/** A bare repository that serves as the remote, and one operator's clone of it per name, each with a commit. */
export function remoteWithClones(folder: string, ...names: readonly string[]): { readonly remote: string; readonly clones: readonly string[] } {
  const remote = join(folder, 'remote.git');
  mkdirSync(remote);
  git(remote, 'init', '-q', '--bare', '-b', 'main');
  const clones = names.map((name, index) => {
    const clone = join(folder, name);
    mkdirSync(clone);
    git(clone, 'init', '-q', '-b', 'main');
    // Relative, so that the whole folder can be copied.
    git(clone, 'remote', 'add', 'origin', '../remote.git');
    if (index === 0) {
      writeFileSync(join(clone, 'file'), 'content\n');
      git(clone, 'add', '-A');
      git(clone, 'commit', '-q', '-m', 'first');
      git(clone, 'push', '-q', 'origin', 'main');
    } else git(clone, 'pull', '-q', 'origin', 'main');
    return clone;
  });
  return { remote, clones };
}
