import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeLocks, type Locks } from '../../scripts/cli/locks.ts';
import { SITE, type TargetFile } from '../../scripts/config/target.ts';
import type { EventBody } from '../../scripts/engine/event.ts';
import { lockFile } from '../../scripts/engine/lock.ts';
import { makeRedactor } from '../../scripts/tools/redact.ts';
import { manualClock } from '../engine/manual-clock.ts';
import { git, remoteWithClones } from '../tools/git-support.ts';
import { failureOf, labTarget, scope, scratch } from '../tools/support.ts';

let dir: ReturnType<typeof scratch>;
let events: EventBody[] = [];
beforeEach(() => {
  dir = scratch();
  remoteWithClones(dir.path, 'anna', 'bert');
  events = [];
});
afterEach(() => dir[Symbol.dispose]());

const signal = new AbortController().signal;
/** The locks of a run of `user`, whose task folder is their own, as on another computer. */
const locksOf = (user: string, target: TargetFile = SITE): Locks => makeLocks({
  target, clusters: ['infra'], who: { user, task: 'cluster:create', run: `of-${user}` }, clock: manualClock(), emit: (event) => { events.push(event); }, redactor: makeRedactor(),
  root: join(dir.path, user), taskDir: join(dir.path, 'tasks', user), env: scope(dir.path).env ?? {}, lost: () => undefined,
});
const end = async (locks: Locks): Promise<void> => {
  await locks.giveBack();
  for (const lock of locks.local) lock.release();
};
const refs = (): string => git(join(dir.path, 'remote.git'), 'for-each-ref', '--format=%(refname)', 'refs/locks');
const notes = (): readonly string[] => events.flatMap((event) => (event.type === 'note' ? [event.text] : []));

test('real machines are locked on this computer and on the configuration\'s remote, from the start to the end of a run', async () => {
  const annas = locksOf('anna');
  await annas.take(signal);
  expect(events.flatMap((event) => (event.type === 'lock-taken' ? [event.lock] : []))).toEqual([lockFile(join(dir.path, 'tasks/anna'), 'site', 'infra'), 'refs/locks/site-infra of origin']);
  const berts = locksOf('bert');
  expect(await failureOf(berts.take(signal))).toMatchObject({ code: 75, because: expect.stringMatching(/^anna@.*run of-anna\) has held it since/) });
  // What it had taken before it was refused is given back all the same.
  await end(berts);
  expect([refs(), existsSync(lockFile(join(dir.path, 'tasks/bert'), 'site', 'infra'))]).toEqual(['refs/locks/site-infra', false]);
  await end(annas);
  expect([refs(), notes()]).toEqual(['', []]);
});

test('without a remote it is a note, and the run goes on', async () => {
  git(join(dir.path, 'anna'), 'remote', 'remove', 'origin');
  const locks = locksOf('anna');
  await locks.take(signal);
  expect(notes()).toEqual(['infra is locked on this computer only until its API answers: the configuration repository has no remote origin']);
  await end(locks);
});

test('a lab\'s machines are on this computer: nothing is pushed for them', async () => {
  const locks = locksOf('anna', labTarget());
  await locks.take(signal);
  expect([refs(), locks.local.length]).toEqual(['', 1]);
  await end(locks);
});

test('a lock the remote does not take back is told', async () => {
  const locks = locksOf('anna');
  await locks.take(signal);
  git(join(dir.path, 'anna'), 'remote', 'set-url', 'origin', '../nowhere.git');
  await end(locks);
  expect(notes()).toEqual([expect.stringMatching(/^refs\/locks\/site-infra was not given back: .*nowhere\.git/)]);
});
