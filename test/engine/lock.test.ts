import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Failure } from '../../scripts/engine/failure.ts';
import { lockFile, takeLock } from '../../scripts/engine/lock.ts';
import { BEAT_MS } from '../../scripts/engine/lock-holder.ts';
import type { LockHolder } from '../../scripts/engine/lock-holder.ts';
import { thisProcess } from '../../scripts/engine/process-identity.ts';

let taskDir = '';
beforeEach(() => { taskDir = mkdtempSync(join(tmpdir(), 'lock-')); });
afterEach(() => {
  vi.useRealTimers();
  rmSync(taskDir, { recursive: true, force: true });
});

const options = (over: { run?: string; lost?: (failure: Failure) => void } = {}) =>
  ({ taskDir, targetId: 'site', cluster: 'infra', user: 'ann', task: 'cluster:create', run: 'R1', ...over });
const left = (): readonly string[] => readdirSync(join(taskDir, 'locks'));

/** Writes a lock of somebody else, as old as said. */
function plant(over: Partial<LockHolder>, ageMs = 0): string {
  const file = lockFile(taskDir, 'site', 'infra');
  mkdirSync(join(taskDir, 'locks'), { recursive: true });
  const holder: LockHolder = { ...thisProcess(), token: 'theirs', user: 'bob', task: 'cluster:destroy', run: 'R0', since: '2026-01-01T00:00:00.000Z', ...over };
  writeFileSync(file, JSON.stringify(holder));
  const then = new Date(Date.now() - ageMs);
  utimesSync(file, then, then);
  return file;
}

function child(...args: readonly string[]): Promise<{ readonly pid: number; readonly lines: readonly string[]; readonly errors: string }> {
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, [join(import.meta.dirname, 'lock-child.ts'), taskDir, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    process_.stdout.on('data', (chunk) => { out += String(chunk); });
    process_.stderr.on('data', (chunk) => { errors += String(chunk); });
    process_.on('error', reject);
    process_.on('close', () => resolve({ pid: process_.pid ?? 0, lines: out.trim().split('\n').filter((line) => line !== ''), errors }));
  });
}

describe('a lock', () => {
  test('is free, then held, then free again, and leaves nothing behind', async () => {
    const lock = await takeLock(options());
    expect(lock.because).toBe('free');
    expect(statSync(lock.file).mode & 0o777).toBe(0o600);
    await expect(takeLock(options({ run: 'R2' }))).rejects.toMatchObject({ exit: 'rerun' });
    lock.release();
    expect(left()).toEqual([]);
    (await takeLock(options())).release();
    expect(left()).toEqual([]);
  });

  test('that is held says who, where, since when, and which file', async () => {
    const file = plant({});
    const error = await takeLock(options()).catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(Failure);
    expect(error).toMatchObject({ code: 75, what: 'infra is locked by another run', because: expect.stringMatching(/bob@.*cluster:destroy, run R0.*since 2026-01-01T00:00:00/), hint: expect.stringContaining(file) });
  });

  test('of one cluster does not hold another\'s', async () => {
    const infra = await takeLock(options());
    const apps = await takeLock({ ...options(), cluster: 'apps' });
    infra.release();
    apps.release();
    expect(left()).toEqual([]);
  });

  test('released twice releases nobody else\'s', async () => {
    const first = await takeLock(options());
    first.release();
    const second = await takeLock(options({ run: 'R2' }));
    first.release();
    expect(existsSync(second.file)).toBe(true);
    second.release();
  });

  test('that is not ours any more is left alone', async () => {
    const lock = await takeLock(options());
    plant({});
    lock.release();
    expect(JSON.parse(readFileSync(lock.file, 'utf8'))).toMatchObject({ token: 'theirs' });
  });
});

describe('a holder that is gone', () => {
  test('a killed process of this host gives way at once, saying so', async () => {
    const { pid, lines } = await child('1', 'die');
    expect(lines).toEqual(['held']);
    const lock = await takeLock(options());
    expect(lock.because).toMatch(new RegExp(`^taken over from toy@.*process ${pid} is gone$`));
    lock.release();
    expect(left()).toEqual([]);
  });

  test.each([
    ['a host started anew', { boot: 'another boot' }, 0, /started anew/],
    ['a number given to another process', { started: '1' }, 0, /another one now/],
    ['another host, silent for three beats', { host: 'elsewhere' }, 3 * BEAT_MS + 1000, /no sign of life for \d+ s from elsewhere/],
    ['another container, silent for three beats', { space: 'pid:[1]' }, 3 * BEAT_MS + 1000, /no sign of life/],
  ] as const)('%s is taken over', async (_, over, age, because) => {
    plant(over, age);
    const lock = await takeLock(options());
    expect(lock.because).toMatch(because);
    lock.release();
  });

  test.each([
    ['another host that has beaten lately', { host: 'elsewhere' }, 2 * BEAT_MS],
    ['this host, alive, however silent (stopped by Ctrl-Z)', {}, 100 * BEAT_MS],
  ] as const)('%s is not', async (_, over, age) => {
    plant(over, age);
    await expect(takeLock(options())).rejects.toMatchObject({ exit: 'rerun' });
  });

  test('a file that is not a lock is not removed', async () => {
    const file = plant({});
    writeFileSync(file, 'notes of mine');
    await expect(takeLock(options())).rejects.toMatchObject({ exit: 'rerun', hint: expect.stringContaining(`rm ${file}`) });
    expect(readFileSync(file, 'utf8')).toBe('notes of mine');
  });

  test('a taker that died in the middle of its takeover does not block the next', async () => {
    const file = plant({ boot: 'another boot' });
    writeFileSync(`${file}.theirs.claim`, JSON.stringify({ ...thisProcess(), boot: 'another boot', token: 'dead-taker', user: 'eve', task: 't', run: 'R', since: '' }));
    writeFileSync(`${file}.dead-taker.new`, readFileSync(`${file}.theirs.claim`));
    const lock = await takeLock(options());
    lock.release();
    expect(left()).toEqual([]);
  });

  test('a taker that is alive in the middle of its takeover is respected', async () => {
    const file = plant({ boot: 'another boot' });
    writeFileSync(`${file}.theirs.claim`, JSON.stringify({ ...thisProcess(), token: 'live-taker', user: 'eve', task: 't', run: 'R', since: '' }));
    await expect(takeLock(options())).rejects.toMatchObject({ exit: 'rerun' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ token: 'theirs' });
  });
});

describe('the beat', () => {
  test('shows life in the file\'s time', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lock = await takeLock(options());
    utimesSync(lock.file, new Date(0), new Date(0));
    vi.advanceTimersByTime(BEAT_MS);
    expect(Date.now() - statSync(lock.file).mtimeMs).toBeLessThan(60_000);
    lock.release();
  });

  test('notices a lock lost to somebody else, tells once, and does not touch theirs', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const lost: Failure[] = [];
    const lock = await takeLock(options({ lost: (failure) => lost.push(failure) }));
    rmSync(lock.file);
    const file = plant({});
    utimesSync(file, new Date(0), new Date(0));
    vi.advanceTimersByTime(3 * BEAT_MS);
    expect(lost).toHaveLength(1);
    expect(lost[0]).toMatchObject({ exit: 'look', because: expect.stringContaining('bob@') });
    expect(statSync(file).mtimeMs).toBe(0);
    lock.release();
    expect(existsSync(file)).toBe(true);
  });
});

test('of twenty processes, some killed while holding, at most one ever holds it', async () => {
  const ends = await Promise.all(Array.from({ length: 20 }, (_, index) => child('12', ...(index % 3 === 0 ? ['die'] : []))));
  expect(ends.map(({ errors }) => errors).join('')).toBe('');
  const lines = ends.flatMap(({ lines: each }) => each);
  expect(lines).not.toContain('TWO HOLDERS');
  expect(lines).toContain('taken over');
  expect(lines.filter((line) => line !== 'refused').length).toBeGreaterThan(7);
  const last = await takeLock(options());
  last.release();
  expect(left()).toEqual([]);
});
