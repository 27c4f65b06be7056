import { describe, expect, test } from 'vitest';
import { pauseFor, scaledClock, span } from '../../scripts/engine/clock.ts';
import { each } from '../../scripts/engine/each.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import { poll } from '../../scripts/engine/poll.ts';
import type { Answer, Poll } from '../../scripts/engine/poll.ts';
import { retry } from '../../scripts/engine/retry.ts';
import { manualClock, settle } from './manual-clock.ts';

const forever = new AbortController().signal;
const never = (): Promise<never> => new Promise(() => undefined);
const no = (because: string): Answer<never> => ({ ok: false, because });

describe('poll', () => {
  const ask = (over: Partial<Poll<string>>, clock = manualClock({ auto: true })): Promise<string> =>
    poll<string>({ what: 'the API to answer', patience: 60_000, every: 2_000, clock, signal: forever, probe: async () => no('connection refused'), ...over });

  test('asks at once and answers the value', async () => {
    const clock = manualClock();
    await expect(ask({ probe: async () => ({ ok: true, value: 'v1.34' }) }, clock)).resolves.toBe('v1.34');
    expect(clock.now()).toBe(1_000_000);
  });

  test('the deadline says what was waited for, how long, and the last reason', async () => {
    let asked = 0;
    const end = ask({ probe: async () => no(`try ${++asked}`) });
    await expect(end).rejects.toMatchObject({ exit: 'rerun', what: 'waited 1m for the API to answer', because: `try ${31}` });
  });

  test('patience 0 asks exactly once', async () => {
    let asked = 0;
    await expect(ask({ patience: 0, probe: async () => { asked++; return no('x'); } })).rejects.toMatchObject({ what: 'no the API to answer' });
    expect(asked).toBe(1);
  });

  test('asks a last time when the patience ends, not only on the beat', async () => {
    const clock = manualClock({ auto: true });
    const times: number[] = [];
    await ask({ patience: 5_000, probe: async () => { times.push(clock.now() - 1_000_000); return no('x'); } }, clock).catch(() => undefined);
    expect(times).toEqual([0, 2_000, 4_000, 5_000]);
  });

  test('a question that hangs counts as unanswered after its own limit, is told to stop, and the wait goes on', async () => {
    const clock = manualClock();
    let asked = 0;
    const aborted: boolean[] = [];
    const reasons: string[] = [];
    const end = ask({
      attempt: 5_000, every: 1_000, waiting: (reason) => reasons.push(reason),
      probe: (signal) => {
        signal.addEventListener('abort', () => aborted.push(true));
        return ++asked === 1 ? never() : Promise.resolve({ ok: true, value: 'late' });
      },
    }, clock);
    await clock.advance(6_000);
    await expect(end).resolves.toBe('late');
    expect(reasons).toEqual(['no answer within 5s']);
    expect(aborted.length).toBeGreaterThanOrEqual(1);
  });

  test('a throw ends the wait, unchanged', async () => {
    const missing = new Failure({ exit: 'toolMissing', what: 'talosctl is not installed' });
    await expect(ask({ probe: async () => { throw missing; } })).rejects.toBe(missing);
  });

  test('being told to stop ends it while sleeping and while asking', async () => {
    for (const probe of [async () => no('x'), never]) {
      const stop = new AbortController();
      const clock = manualClock();
      const end = ask({ probe, signal: stop.signal }, clock);
      await settle();
      stop.abort('Ctrl-C');
      await expect(end).rejects.toMatchObject({ exit: 'interrupted', because: 'Ctrl-C' });
      expect(clock.sleeping()).toBe(0);
    }
  });

  test('an unchanged reason is told seldom, a new one at once', async () => {
    const told: string[] = [];
    let asked = 0;
    await ask({ patience: 30_000, every: 1_000, probe: async () => no(++asked < 6 ? 'a' : 'b'), waiting: (reason, since) => told.push(`${reason} ${since}`) }).catch(() => undefined);
    expect(told).toEqual(['a 0', 'b 5000', 'b 15000', 'b 25000']);
  });

  test('a watch asks the next question early, and is let go of at the end', async () => {
    const clock = manualClock();
    let ring: (() => void) | undefined;
    let stopped = 0;
    let there = false;
    const end = ask({
      every: 60_000, patience: 600_000,
      probe: async () => (there ? { ok: true, value: 'seen' } : no('not yet')),
      wake: (now) => { ring = now; return () => { stopped++; }; },
    }, clock);
    await clock.advance(1_000);
    there = true;
    ring?.();
    await expect(end).resolves.toBe('seen');
    expect(clock.now()).toBe(1_001_000);
    expect(stopped).toBe(1);
  });

  test('a watch that rings all the time does not become a busy loop', async () => {
    const clock = manualClock({ auto: true });
    let asked = 0;
    await ask({
      every: 1_000, patience: 800,
      probe: async () => { asked++; return no('x'); },
      wake: (now) => { const id = setInterval(now, 0); return () => clearInterval(id); },
    }, clock).catch(() => undefined);
    expect(asked).toBeLessThanOrEqual(11);
  });
});

describe('clocks', () => {
  test.each([
    [1, 2_000, 60_000, 2_000], [1, 10, 60_000, 80], [60, 2_000, 600_000, 4_800], [60, 2_000, 1_000, 1_000], [1, 2_000, 0, 0],
  ])('at speed %i a pause of %i with %i left is %i', (speed, every, remaining, pause) => {
    expect(pauseFor(manualClock({ speed }), every, remaining)).toBe(pause);
  });

  test('a scaled clock starts now, runs faster, and its sleep ends with the signal\'s own reason', async () => {
    const clock = scaledClock(1000);
    const start = clock.now();
    expect(Math.abs(start - Date.now())).toBeLessThan(5_000);
    await clock.sleep(5_000, forever);
    expect(clock.now() - start).toBeGreaterThanOrEqual(4_000);
    const stop = new AbortController();
    const end = clock.sleep(1e12, stop.signal);
    stop.abort('enough');
    await expect(end).rejects.toBe('enough');
    await expect(clock.sleep(1, stop.signal)).rejects.toBe('enough');
  });

  test.each([0, -1, Number.NaN, Infinity])('a speed of %d is refused', (speed) => expect(() => scaledClock(speed)).toThrow(RangeError));

  test.each([[0, '0ms'], [400, '400ms'], [999, '1s'], [59_000, '59s'], [60_000, '1m'], [200_000, '3m20s'], [3_600_000, '1h'], [5_400_000, '1h30m']])('%i ms is %s', (ms, text) => {
    expect(span(ms)).toBe(text);
  });
});

describe('each', () => {
  const fail = (what: string, exit: 'rerun' | 'look' = 'rerun'): Failure => new Failure({ exit, what });

  test('answers in the order of the items, at most so many at a time', async () => {
    let now = 0;
    let most = 0;
    const doubled = await each([1, 2, 3, 4, 5], 2, async (n) => {
      most = Math.max(most, ++now);
      for (let turn = n; turn < 6; turn++) await Promise.resolve();
      now--;
      return n * 2;
    }, forever);
    expect(doubled).toEqual([2, 4, 6, 8, 10]);
    expect(most).toBe(2);
  });

  test('runs all, and gathers every failure with its chain; the worst exit wins', async () => {
    const ran: number[] = [];
    const root = new Error('ECONNREFUSED');
    const end = each([1, 2, 3, 4], 2, async (n) => {
      ran.push(n);
      if (n === 1) throw new Failure({ exit: 'rerun', what: 'node 1', cause: root });
      if (n === 3) throw fail('node 3', 'look');
    }, forever, { what: 'configure nodes' });
    const failure = await end.catch((error: unknown) => error);
    expect(ran).toEqual([1, 2, 3, 4]);
    expect(failure).toMatchObject({ exit: 'look', what: 'configure nodes: 2 of 4 failed', because: 'node 1; node 3' });
    expect((failure as Failure).parts[0]?.cause).toBe(root);
  });

  test('one failure stays itself', async () => {
    const one = fail('node 2');
    await expect(each([1, 2], 2, async (n) => { if (n === 2) throw one; }, forever)).rejects.toBe(one);
  });

  test('failFast starts nothing more and stops the siblings, whose echo is not a second failure', async () => {
    const started: number[] = [];
    const one = fail('node 1');
    const end = each([1, 2, 3], 2, async (n, signal) => {
      started.push(n);
      if (n === 1) throw one;
      await new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason), { once: true }); if (signal.aborted) reject(signal.reason); });
    }, forever, { failFast: true });
    await expect(end).rejects.toBe(one);
    expect(started).toEqual([1, 2]);
  });

  test('being told to stop starts nothing more and is the error', async () => {
    const stop = new AbortController();
    const started: number[] = [];
    await expect(each([1, 2, 3], 1, async (n) => { started.push(n); stop.abort('Ctrl-C'); }, stop.signal)).rejects.toMatchObject({ exit: 'interrupted' });
    expect(started).toEqual([1]);
  });

  test('no items, no trouble', async () => {
    await expect(each([], 3, never, forever)).resolves.toEqual([]);
  });
});

describe('retry', () => {
  const reasons = [{ name: 'API busy', why: 'it sheds load for seconds', matches: (error: unknown) => error instanceof Error && /429/.test(error.message) }];
  const tries = (fn: (attempt: number) => Promise<string>, told: string[] = []): Promise<string> =>
    retry({ what: 'apply namespaces', reasons, within: 10_000, every: 2_000, clock: manualClock({ auto: true }), signal: forever, retrying: (reason, attempt) => told.push(`${attempt} ${reason}`) }, fn);

  test('a listed reason is tried again until it works', async () => {
    const told: string[] = [];
    await expect(tries(async (attempt) => { if (attempt < 3) throw new Error('429 slow down'); return 'ok'; }, told)).resolves.toBe('ok');
    expect(told).toEqual(['1 API busy: 429 slow down', '2 API busy: 429 slow down']);
  });

  test('any other error is thrown at once, unchanged', async () => {
    const other = new Error('403 forbidden');
    let asked = 0;
    await expect(tries(async () => { asked++; throw other; })).rejects.toBe(other);
    expect(asked).toBe(1);
  });

  test('the deadline keeps the last reason and says why it was expected to pass', async () => {
    let asked = 0;
    await expect(tries(async () => { throw new Error(`429 number ${++asked}`); })).rejects.toMatchObject({
      exit: 'rerun', what: 'apply namespaces did not work in 10s (6 tries)', because: '429 number 6 (expected to pass: it sheds load for seconds)',
    });
  });
});
