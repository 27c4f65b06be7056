import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { lockFile, takeLock } from '../../scripts/engine/lock.ts';
import { thisProcess } from '../../scripts/engine/process-identity.ts';

// What others do between two of our calls cannot be timed from outside; here it happens just before the claim is made.
const between = vi.hoisted(() => ({ claim: (): void => undefined, age: (): void => undefined }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  return {
    ...fs,
    linkSync: (from: string, to: string): void => {
      if (to.endsWith('.claim')) between.claim();
      fs.linkSync(from, to);
    },
    writeFileSync: (...args: Parameters<typeof fs.writeFileSync>): void => {
      if (String(args[0]).endsWith('.now')) between.age();
      fs.writeFileSync(...args);
    },
  };
});

let taskDir = '';
let file = '';
const holder = (token: string, over: object = {}): string => JSON.stringify({ ...thisProcess(), token, user: 'bob', task: 't', run: 'R', since: '', ...over });
const take = (): ReturnType<typeof takeLock> => takeLock({ taskDir, targetId: 'site', cluster: 'infra', user: 'ann', task: 't', run: 'R1' });

beforeEach(() => {
  taskDir = mkdtempSync(join(tmpdir(), 'lock-race-'));
  file = lockFile(taskDir, 'site', 'infra');
  mkdirSync(dirname(file));
});
afterEach(() => rmSync(taskDir, { recursive: true, force: true }));

test('a lock taken over by somebody else between our look and our claim stays theirs', async () => {
  writeFileSync(file, holder('dead', { boot: 'another boot' }));
  between.claim = () => writeFileSync(file, holder('theirs'));
  await expect(take()).rejects.toMatchObject({ exit: 'rerun' });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ token: 'theirs' });
});

test('a silent holder\'s lock taken over by somebody else while its age is read is told as theirs', async () => {
  writeFileSync(file, holder('silent', { host: 'elsewhere' }));
  utimesSync(file, new Date(0), new Date(0));
  between.age = () => {
    between.age = () => undefined;
    rmSync(file);
    writeFileSync(file, holder('theirs', { user: 'eve' }));
  };
  await expect(take()).rejects.toMatchObject({ exit: 'rerun', because: expect.stringContaining('eve@') });
});

test('a lock released between our look and our claim is taken as a free one', async () => {
  writeFileSync(file, holder('dead', { boot: 'another boot' }));
  between.claim = () => rmSync(file, { force: true });
  const lock = await take();
  expect(lock.because).toBe('free');
  between.claim = () => undefined;
  lock.release();
});

test('releasing while somebody is taking over leaves theirs', async () => {
  const lock = await take();
  between.claim = () => writeFileSync(file, holder('theirs'));
  lock.release();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ token: 'theirs' });
});
