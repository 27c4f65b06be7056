import { describe, expect, test } from 'vitest';
import type { Event, EventBody } from '../../scripts/engine/event.ts';
import { plainLines } from '../../scripts/terminal/plain.ts';
import { createStyle } from '../../scripts/terminal/style.ts';
import { syntheticRun } from './synthetic.ts';

const style = createStyle({ colour: false, width: 100 });
const START = Date.UTC(2026, 10, 21, 12, 4, 0);
let seq = 0;
function event(wallMs: number, body: EventBody): Event {
  seq += 1;
  return { ...body, seq, t: wallMs, at: new Date(START + wallMs).toISOString() };
}
const waiting = (wallMs: number, reason: string, done = 0): Event =>
  event(wallMs, { type: 'waiting', lane: 'apps', step: 'crds', for: 'CRDs', reason, sinceMs: wallMs, patienceMs: 120_000, done, of: 78 });

test('a wait says time, cluster, step, what is counted, the reason, and how long of how long', () => {
  const lines = plainLines({ style, verbose: false, utc: true });
  expect(lines(waiting(31_000, 'certificates.cert-manager.io not Established (NamesAccepted=False)', 61))).toEqual([
    '12:04:31 apps      crds              waiting    CRDs: 61/78; certificates.cert-manager.io not Established (NamesAccepted=False) (31s of 2m)',
  ]);
});

test('the same reason again is said only after 15 s of the wall; another reason at once', () => {
  const lines = plainLines({ style, verbose: false, utc: true });
  const said = [0, 1000, 14_000, 15_000, 16_000].map((wall) => lines(waiting(wall, 'API does not answer')).length);
  expect(said).toEqual([1, 0, 0, 1, 0]);
  expect(lines(waiting(17_000, 'connection refused'))).toHaveLength(1);
});

test('numbers that count up are no news by themselves', () => {
  const lines = plainLines({ style, verbose: false, utc: true });
  expect([lines(waiting(0, '3 of 78 established')), lines(waiting(500, '4 of 78 established'))].map((each) => each.length)).toEqual([1, 0]);
});

describe('no step says more than one line of a kind a second', () => {
  const at = { lane: 'apps', step: 'crds' } as const;
  const applied = (wallMs: number, done: number): Event => event(wallMs, { type: 'progress', ...at, subject: 'applied', state: done === 81 ? 'done' : 'working', note: 'x'.repeat(done), done, of: 81 });
  const ending = (wallMs: number): Event => event(wallMs, { type: 'phase-finished', ...at, note: '81 applied', ms: 1 });
  const words = (lines: readonly string[]): string[] => lines.map((line) => line.slice(37).trim().replace(/ {2,}/gu, ' '));

  test('what is counted: the first, one a second, and always the last', () => {
    const lines = plainLines({ style, verbose: false, utc: true });
    const said = Array.from({ length: 81 }, (_, index) => lines(applied(index * 30, index + 1)).map((line) => line.replace(/x+$/u, '')));
    expect(words(said.flat())).toEqual(['progress applied 1/81', 'progress applied 34/81', 'progress applied 68/81']);
    expect(words(lines(ending(2_420)))).toEqual([`progress applied done 81/81 ${'x'.repeat(81)}`, 'done 81 applied (0s)']);
  });

  test('of several subjects each gets its word, together', () => {
    const lines = plainLines({ style, verbose: false, utc: true });
    const machine = (wallMs: number, subject: string, note: string): string[] => lines(event(wallMs, { type: 'progress', ...at, subject, state: 'working', note }));
    expect(words(['1', '2', '3'].flatMap((name, index) => machine(index, name, 'configured')))).toEqual(['progress 1 configured']);
    expect(machine(500, '2', 'installing')).toEqual([]);
    expect(words(lines(event(1_100, { type: 'note', lane: '', step: '', level: 'info', text: 'other' })))[0]).toBe('progress 3 configured; 2 installing');
  });

  test('what failed is not held back', () => {
    const lines = plainLines({ style, verbose: false, utc: true });
    lines(applied(0, 1));
    expect(words(lines(event(10, { type: 'progress', ...at, subject: 'applied', state: 'failed', note: 'refused' })))).toEqual(['progress applied failed refused']);
  });

  test('retries are counted, not listed', () => {
    const lines = plainLines({ style, verbose: false, utc: true });
    const retry = (wallMs: number, what: string): string[] => lines(event(wallMs, { type: 'retrying', ...at, what, reason: 'the API server is busy', attempt: 1 }));
    expect(words(retry(0, 'apply a'))).toEqual(['retrying apply a: the API server is busy (attempt 1)']);
    expect(Array.from({ length: 50 }, (_, index) => retry(10 + index, `apply ${index}`)).flat()).toEqual([]);
    expect(words(lines(ending(400)))[0]).toBe('retrying apply 49: the API server is busy (attempt 1), and 49 other retries since');
  });

  test('a wait that is over is not told after its end', () => {
    const lines = plainLines({ style, verbose: false, utc: true });
    expect([lines(waiting(0, 'no answer')), lines(waiting(100, 'refused'))].map((each) => each.length)).toEqual([1, 0]);
    expect(words(lines(ending(200)))).toEqual(['done 81 applied (0s)']);
  });
});

test('verdicts are told when they are final: every check in the way of a step that failed', () => {
  const lines = plainLines({ style, verbose: false, utc: true });
  const at = { lane: 'apps', step: 'flux' } as const;
  const judge = (check: string, is: 'pass' | 'fail' | 'unknown'): string[] => lines(event(0, { type: 'judged', ...at, check, layer: 'x', verdict: is === 'pass' ? { is } : { is, because: 'b' } }));
  expect([judge('one', 'fail'), judge('two', 'fail'), judge('three', 'unknown'), judge('one', 'pass')].flat()).toEqual([]);
  const end = lines(event(1, { type: 'phase-failed', ...at, failure: { exit: 'rerun', code: 75, what: 'waited' }, ms: 1 }));
  expect(end.map((line) => line.slice(37).trim().replace(/ {2,}/gu, ' '))).toEqual(['not so two: b', 'not so cannot tell three: b', 'failed waited (after 0s)']);
});

test('a message with line breaks and escape sequences stays one harmless line', () => {
  const lines = plainLines({ style, verbose: false, utc: true });
  const [line = ''] = lines(waiting(0, 'bad\n\u001b[2Jgateway'));
  expect(line).toContain('bad gateway');
});

describe('a whole run', () => {
  const lines = plainLines({ style, verbose: false, utc: true });
  const all = syntheticRun({ failAt: 'core' }).flatMap((each) => lines(each));

  test('begins with the command, the target and the plan of every cluster', () => {
    expect(all.slice(0, 4).map((line) => line.slice(9).trim().replace(/ {2,}/gu, ' | '))).toEqual([
      'run | task cluster:create CLUSTER=all, run 01JDA7K2M9QXZ4T8V5C3B6N1P7',
      'target | LAB embedded, simulated machines, clock x60',
      expect.stringMatching(/^infra \| plan \| preflight, talos-apply, etcd-bootstrap/u),
      expect.stringMatching(/^apps \| plan \| preflight, talos-apply/u),
    ]);
  });

  test('says what failed, why, and what to do, and what was not begun', () => {
    expect(all.find((line) => / failed {2,}/u.test(line))).toMatch(/apps +core +failed +core did not finish in 10m: cert-manager-webhook: 0\/1/u);
    expect(all.some((line) => /apps +core +next +task cluster:health CLUSTER=apps/u.test(line))).toBe(true);
    expect(all.filter((line) => line.includes('not begun')).map((line) => line.slice(line.indexOf('not begun')))).toEqual(['not begun  nodes-ready, flux, layers, mesh, healthy: core failed']);
  });

  test('ends with the exit code and both clocks', () => {
    expect(all.at(-1)).toMatch(/ended +with exit 75 after 4m\d\ds \(wall 4\.\d s\)$/u);
  });

  test('has no escape sequence and no blank line', () => {
    for (const line of all) {
      expect(line).not.toContain('\u001b');
      expect(line.trim()).not.toBe('');
    }
  });
});

describe('what else is said', () => {
  const quiet = plainLines({ style, verbose: false, utc: true });
  const loud = plainLines({ style, verbose: true, utc: true });
  const at = { lane: 'apps', step: 'core' };
  test.each<[EventBody, string | undefined, string]>([
    [{ type: 'command-ran', ...at, tool: 'helm', argv: ['version'], effect: 'read', exitCode: 0, wallMs: 200 }, undefined, 'ran        helm version (exit 0, wall 0.2 s)'],
    [{ type: 'judged', ...at, check: 'api', layer: 'api', verdict: { is: 'pass' } }, undefined, 'pass       api'],
    [{ type: 'judged', ...at, check: 'api', layer: 'api', verdict: { is: 'unknown', because: 'no answer' } }, undefined, 'unknown    api: no answer'],
    [{ type: 'would-run', ...at, effect: 'write', command: 'helmfile sync' }, undefined, 'would run  helmfile sync'],
    [{ type: 'phase-skipped', ...at, because: 'six releases deployed', ms: 2000 }, 'already    six releases deployed (2s)', 'already    six releases deployed (2s)'],
    [{ type: 'phase-skipped', ...at, because: 'skip: infra is not there', ms: 0 }, 'skipped    infra is not there', 'skipped    infra is not there'],
    [{ type: 'checkpoint-answered', ...at, answer: 'go', by: 'op', how: 'typed', waitedMs: 12_000 }, 'answered   go by op (typed, waited 12.0 s)', 'answered   go by op (typed, waited 12.0 s)'],
    [{ type: 'act-finished', ...at, act: 'etcd-bootstrap', subject: 'apps-01', outcome: 'proven', because: 'member list' }, 'once only  etcd-bootstrap on apps-01: proven (member list)', 'once only  etcd-bootstrap on apps-01: proven (member list)'],
    [{ type: 'note', ...at, level: 'warn', text: 'clock is 3 s off' }, 'warning    clock is 3 s off', 'warning    clock is 3 s off'],
  ])('%j', (body, expected, verbose) => {
    // What stands after time, cluster and step, in the columns they always take.
    expect(quiet(event(0, body)).map((line) => line.replace(/^12:04:00 apps {6}core {14}/u, ''))).toEqual(expected === undefined ? [] : [expected]);
    expect(loud(event(0, body))[0]).toContain(verbose);
  });

  test('for a task that answers only waits and warnings are said: the answer follows', () => {
    const lines = plainLines({ style, verbose: false, utc: true, answersOnly: true });
    expect(lines(event(0, { type: 'phase-started', lane: 'apps', step: 'x', title: 't' }))).toEqual([]);
    expect(lines(event(0, { type: 'note', lane: '', step: '', level: 'info', text: 'i' }))).toEqual([]);
    expect(lines(event(0, { type: 'note', lane: '', step: '', level: 'warn', text: 'w' }))).toHaveLength(1);
    expect(lines(waiting(0, 'no answer'))).toHaveLength(1);
  });
});
