import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newHolder } from '../../scripts/engine/lock-holder.ts';
import type { LockHolder } from '../../scripts/engine/lock-holder.ts';
import type { Command, Proc } from '../../scripts/tools/doors.ts';
import { GIT_BEAT_MS, lockRef, takeGitLock } from '../../scripts/tools/git-lock.ts';
import type { GitLock, GitLockTaken } from '../../scripts/tools/git-lock.ts';
import { makeProc } from '../../scripts/tools/proc.ts';
import { git, remoteWithClones } from './git-support.ts';
import { failureOf, fakeClock, scope, scratch } from './support.ts';

const REF = lockRef('site', 'infra');
let dir: ReturnType<typeof scratch>;
let remote = '';
let [annas, berts] = ['', ''];
let clock = fakeClock();
/** Called before every git command. */
let before: ((argv: readonly string[]) => void) | undefined;
let commands: Command[] = [];
const template = scratch();
remoteWithClones(template.path, 'anna', 'bert');
afterAll(() => template[Symbol.dispose]());
beforeEach(() => {
  dir = scratch();
  cpSync(template.path, dir.path, { recursive: true });
  [remote, annas, berts] = ['remote.git', 'anna', 'bert'].map((name) => join(dir.path, name)) as [string, string, string];
  clock = fakeClock();
  before = undefined;
  commands = [];
});
afterEach(() => dir[Symbol.dispose]());

const anna = (over: Partial<LockHolder> = {}): LockHolder => ({ ...newHolder({ user: 'anna', task: 'cluster:create', run: 'r1' }), host: 'desk', boot: 'of the desk', since: '2026-01-01T08:00:00.000Z', ...over });
const bert = (): LockHolder => ({ ...newHolder({ user: 'bert', task: 'cluster:create', run: 'r2' }), host: 'laptop', boot: 'of the laptop' });
const signal = new AbortController().signal;
const proc = (until: AbortSignal): Proc => {
  const real = makeProc(scope(dir.path, { signal: until }));
  return { run: async (command) => { commands.push(command); before?.(command.argv); return real.run(command); } };
};
const take = (root: string, me: LockHolder): Promise<GitLockTaken> => takeGitLock({ root, folder: join(dir.path, 'store', me.user), proc, targetId: 'site', cluster: 'infra', me, clock, signal, wall: clock.now });
const got = async (root: string, me: LockHolder): Promise<GitLock> => {
  const taken = await take(root, me);
  if ('none' in taken) throw new Error(taken.none);
  return taken.lock;
};
const none = async (root: string): Promise<string> => {
  const taken = await take(root, anna());
  return 'none' in taken ? taken.none : 'taken';
};
const refs = (): string => git(remote, 'for-each-ref', '--format=%(refname)');

describe('a cluster\'s lock on the remote of the configuration', () => {
  test('is a ref that says who, where, since when and which run, and is gone when it is given back', async () => {
    const lock = await got(annas, anna());
    expect([lock.because, refs()]).toEqual(['free', `refs/heads/main\n${REF}`]);
    expect(git(remote, 'show', '-s', '--format=%s', REF)).toMatch(/^infra is locked by anna@desk \(pid \d+, cluster:create, run r1\)$/);
    const failure = await failureOf(take(berts, bert()));
    expect(failure).toMatchObject({ code: 75, because: expect.stringMatching(/^anna@desk .* run r1\) has held it since 2026-01-01T08:00:00.000Z$/), hint: expect.stringContaining(`${REF} of origin`) });
    expect(await lock.release(signal)).toBe('released');
    expect(refs()).toBe('refs/heads/main');
    expect((await got(berts, bert())).because).toBe('free');
  });
  test('leaves nothing in anybody\'s repository, runs no hook of theirs and shows no address', async () => {
    for (const clone of [annas, berts]) {
      writeFileSync(join(clone, '.git/hooks/pre-push'), `#!/bin/sh\ntouch ${dir.path}/hook-ran\nexit 1\n`);
      chmodSync(join(clone, '.git/hooks/pre-push'), 0o755);
    }
    const objects = (): readonly string[] => [annas, berts].flatMap((clone) => readdirSync(join(clone, '.git'), { recursive: true }).map(String).toSorted());
    const was = objects();
    const lock = await got(annas, anna());
    await failureOf(take(berts, bert()));
    await lock.renew(signal);
    await lock.release(signal);
    expect(objects()).toEqual(was);
    expect(existsSync(join(dir.path, 'hook-ran'))).toBe(false);
    expect(JSON.stringify(commands.map((command) => command.argv))).not.toContain(remote);
    expect(commands.filter((command) => command.effect === 'write').every((command) => command.argv.includes('push'))).toBe(true);
  });
  test('of two who push at once one gets it, and the other names the first', async () => {
    before = (argv) => {
      if (!argv.includes('push')) return;
      before = undefined;
      // Between our having looked and our push, another's whole taking.
      git(annas, 'update-ref', REF, git(annas, 'commit-tree', git(annas, 'write-tree'), '-m', `x\n\n${JSON.stringify({ ...anna(), renewed: new Date(clock.now()).toISOString() })}`));
      git(annas, 'push', '-q', 'origin', REF);
    };
    expect((await failureOf(take(berts, bert()))).because).toContain('anna@desk');
  });
  test('what somebody else\'s program put there is told as such, and not replaced while it moves', async () => {
    git(annas, 'push', '-q', 'origin', `HEAD:${REF}`);
    before = (argv) => { if (argv.includes('ls-remote') && clock.slept.length === 2) { before = undefined; git(annas, 'push', '-q', '-f', 'origin', `${git(annas, 'commit-tree', git(annas, 'write-tree'), '-m', 'other')}:${REF}`); } };
    expect(await failureOf(take(berts, bert()))).toMatchObject({ code: 75, because: expect.stringContaining('this program did not write it'), hint: expect.stringContaining(`git push origin :${REF}`) });
  });
});

describe('a holder', () => {
  test('elsewhere that beats keeps it; after three missed beats it loses it and learns so', async () => {
    const lock = await got(annas, anna());
    await clock.sleep(2 * GIT_BEAT_MS, signal);
    expect(await lock.renew(signal)).toBe('held');
    await clock.sleep(2 * GIT_BEAT_MS, signal);
    expect((await failureOf(take(berts, bert()))).because).toContain('anna@desk');
    await clock.sleep(2 * GIT_BEAT_MS, signal);
    expect((await got(berts, bert())).because).toMatch(/^taken over from anna@desk .*no sign of life for 240 s/);
    expect(await failureOf(lock.renew(signal))).toMatchObject({ code: 76, because: expect.stringContaining('bert@laptop') });
    expect(await lock.release(signal)).toEqual({ kept: expect.stringContaining('bert@laptop') });
    expect(git(remote, 'show', '-s', '--format=%s', REF)).toContain('bert@laptop');
  });
  test('of this computer that is dead gives way at once', async () => {
    await got(annas, { ...newHolder({ user: 'anna', task: 't', run: 'r1' }), pid: 2 ** 22 + 1 });
    expect((await got(berts, bert())).because).toMatch(/process \d+ is gone/);
    expect(clock.slept).toEqual([]);
  });
  test('whose beat\'s answer was lost still gives back what is its own', async () => {
    const lock = await got(annas, anna());
    await lock.renew(signal);
    const next = git(annas, 'commit-tree', git(annas, 'write-tree'), '-m', `x\n\n${git(remote, 'show', '-s', '--format=%B', REF).split('\n').at(-1) ?? ''}`);
    git(annas, 'push', '-q', '-f', 'origin', `${next}:${REF}`);
    expect(await lock.release(signal)).toBe('released');
    expect(refs()).toBe('refs/heads/main');
  });
  test('whose remote went away is not said to have lost it', async () => {
    const lock = await got(annas, anna());
    git(annas, 'remote', 'set-url', 'origin', join(dir.path, 'nowhere.git'));
    expect(await lock.renew(signal)).toEqual({ unheard: expect.stringContaining('nowhere.git') });
    expect(await lock.release(signal)).toEqual({ kept: expect.stringContaining('nowhere.git') });
  });
});

describe('where there is no lock to be had, it is said why', () => {
  test('no repository', async () => {
    mkdirSync(join(dir.path, 'plain'));
    expect(await none(join(dir.path, 'plain'))).toBe('the configuration is in no Git repository');
  });
  test('no remote', async () => {
    git(annas, 'remote', 'remove', 'origin');
    expect(await none(annas)).toBe('the configuration repository has no remote origin');
  });
  test('a remote that is pushed to elsewhere', async () => {
    git(annas, 'remote', 'set-url', '--push', 'origin', berts);
    expect(await none(annas)).toBe('the remote origin is pushed to elsewhere than it is read from');
  });
  test('a remote that is not there, its address without the token people put into it', async () => {
    git(annas, 'remote', 'set-url', 'origin', 'https://ann:tok-en-1@127.0.0.1:1/repo.git');
    const because = await none(annas);
    expect(because).toContain('127.0.0.1');
    expect(because).not.toContain('tok-en-1');
  });
  test('no right to push', async () => {
    writeFileSync(join(remote, 'hooks/pre-receive'), '#!/bin/sh\necho "you may only read here" >&2\nexit 1\n');
    chmodSync(join(remote, 'hooks/pre-receive'), 0o755);
    expect(await none(annas)).toMatch(/^origin takes no refs\/locks\/site-infra from us: .*pre-receive hook declined/);
    expect(refs()).toBe('refs/heads/main');
  });
  test('a remote that refuses, but holds somebody\'s lock: theirs counts', async () => {
    await got(annas, anna());
    writeFileSync(join(remote, 'hooks/pre-receive'), '#!/bin/sh\nexit 1\n');
    chmodSync(join(remote, 'hooks/pre-receive'), 0o755);
    expect((await failureOf(take(berts, bert()))).because).toContain('anna@desk');
  });
});
