import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import type { Event, EventBody } from '../../scripts/engine/event.ts';
import { finalFrame, frame } from '../../scripts/terminal/frame.ts';
import { initialState, reduce, type ViewState } from '../../scripts/terminal/state.ts';
import { createStyle } from '../../scripts/terminal/style.ts';
import { displayWidth } from '../../scripts/terminal/width.ts';
import { ESTIMATES, STEPS, syntheticRun } from './synthetic.ts';

const plain = createStyle({ colour: false, width: 200 });
const coloured = createStyle({ colour: true, width: 200 });

/** The state of the synthetic run once everything up to `seconds` of the run's clock has happened, and the wall then. */
function at(seconds: number, events: readonly Event[]): { state: ViewState; now: number } {
  const past = events.filter((event) => event.t <= seconds * 1000);
  const state = past.reduce(reduce, initialState(ESTIMATES));
  return { state, now: state.lastWall };
}

const SIZES: readonly (readonly [number, number])[] = [[80, 24], [160, 50], [40, 10], [120, 30], [200, 8], [20, 5], [8, 3], [1, 1]];

describe.each(SIZES)('at %i columns and %i rows', (width, height) => {
  test.each(['1 cluster', '2 clusters', '5 clusters'])('a frame of %s never exceeds the screen at any moment of a run', (clusters) => {
    const names = ['infra', 'apps', 'apps-dev', 'apps-stg', 'apps-prod'].slice(0, Number(clusters.slice(0, 1)));
    const events = syntheticRun({ clusters: names, failAt: 'core' });
    let state = initialState(ESTIMATES);
    for (const event of events) {
      state = reduce(state, event);
      const lines = frame(state, width, height, state.lastWall, coloured);
      expect(lines.length).toBeLessThanOrEqual(height);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    }
  });
});

describe('what a frame says', () => {
  const events = syntheticRun();

  test('wide: clusters side by side, both clocks, the wait with its last reason and how long of how long', () => {
    const { state, now } = at(125, events);
    const text = frame(state, 160, 50, now, plain).join('\n');
    expect(text).toMatch(/^task cluster:create CLUSTER=all +target: LAB embedded, simulated machines, clock x60 \(2m0\ds simulated, wall 2\.\d s\) +run 01JDA7…N1P7$/mu);
    expect(text).toMatch(/^ {2}infra .*core .* apps .*(crds|core)/mu);
    expect(text).toMatch(/\d+s of 10m, waiting for cert-manager: 2\/3/u);
    expect(text).toContain('of ~4m40s');
    expect(text).toContain('✔ etcd-bootstrap    on infra-01, 3 members healthy');
    expect(text).toContain('○ nodes-ready ○ flux');
    expect(text).toMatch(/ {2}Ctrl-C stops safely; running the same command again goes on from here\.$/u);
  });

  test('80x24: one under the other, old finished steps folded, both clusters still tell what they wait for', () => {
    const { state, now } = at(140, events);
    const lines = frame(state, 80, 24, now, plain);
    expect(lines.filter((line) => /waiting for/u.test(line))).toHaveLength(2);
    expect(lines.some((line) => /✔ \d+ done: preflight talos-apply/u.test(line))).toBe(true);
    expect(lines[1]).toMatch(/clock x60 \(2m\d+s, wall 2\.\d s\)/u);
    expect(lines.findIndex((line) => /^ {2}apps /u.test(line))).toBeGreaterThan(lines.findIndex((line) => /^ {2}infra /u.test(line)));
  });

  test('every machine shows its own progress while there is room, and in one line when there is not', () => {
    const { state, now } = at(20, events);
    const wide = frame(state, 160, 50, now, plain).join('\n');
    for (const machine of ['infra-01', 'infra-02', 'infra-03', 'apps-03']) expect(wide).toContain(`${machine}  `);
    expect(wide).toMatch(/installing to Samsung/u);
    expect(frame(state, 80, 14, now, plain).join('\n')).toMatch(/infra-01 .*, infra-02/u);
  });

  test('what failed stays when everything else has to go', () => {
    const { state, now } = at(1000, syntheticRun({ failAt: 'core' }));
    const lines = frame(state, 80, 6, now, plain);
    expect(lines.join('\n')).toContain('✖ core');
    expect(lines.join('\n')).toContain('failed at core');
  });

  test('the clocks go on between events, the run\'s as fast as the target says', () => {
    const { state, now } = at(125, events);
    const later = frame(state, 160, 50, now + 1000, plain)[0] ?? '';
    expect(later).toMatch(/\(3m0\ds simulated, wall 3\.\d s\)/u);
  });

  test('without estimates nothing is promised', () => {
    const state = events.filter((event) => event.t <= 125_000).reduce(reduce, initialState());
    expect(frame(state, 160, 50, state.lastWall, plain).join('\n')).not.toContain('~');
  });

  test('colour only repeats what words say: without it the frame reads the same', () => {
    const { state, now } = at(125, events);
    // oxlint-disable-next-line no-control-regex -- taking the dress off is the point
    const bare = frame(state, 160, 50, now, coloured).map((line) => line.replace(/\u001b\[\d+m/gu, '').trimEnd());
    expect(bare).toEqual(frame(state, 160, 50, now, plain).map((line) => line.trimEnd()));
  });

  test('what stays after the run is short: a line per cluster with its slowest steps, and both clocks', () => {
    const { state, now } = at(1000, events);
    const lines = finalFrame(state, 100, now, plain);
    expect(lines).toHaveLength(5);
    expect(lines[2]).toMatch(/✔ infra {2}14 steps {3}4m40s {3}slowest: core 1m20s, flux 55s, talos-apply 42s/u);
    expect(lines.at(-1)).toMatch(/✔ done in 5m\d\ds simulated, wall 5\.\d s/u);
  });

  test('a step that counts for itself shows its own count, one that checks how many are through', () => {
    const stamp = (seq: number, body: EventBody): Event => ({ ...body, seq, t: seq, at: new Date(seq).toISOString() });
    const events: EventBody[] = [
      { type: 'phase-started', lane: 'apps', step: 'preflight', title: 'tools, secrets' },
      { type: 'judged', lane: 'apps', step: 'preflight', check: 'helm', layer: 'preflight', verdict: { is: 'pass' } },
      { type: 'judged', lane: 'apps', step: 'preflight', check: 'flux', layer: 'preflight', verdict: { is: 'pass' } },
      { type: 'phase-started', lane: 'infra', step: 'core', title: 'core releases' },
      { type: 'progress', lane: 'infra', step: 'core', subject: 'cilium', state: 'done', note: '1.18.3', done: 1, of: 6 },
      { type: 'progress', lane: 'infra', step: 'core', subject: 'coredns', state: 'working', note: 'installing', done: 1, of: 6 },
    ];
    const state = events.map((body, index) => stamp(index, body)).reduce(reduce, initialState());
    const text = frame(state, 100, 30, 10, plain).join('\n');
    expect(text).toMatch(/preflight {2}2 checks passed {2}tools, secrets/u);
    expect(text).toMatch(/core {6}1\/6 {2}core releases/u);
  });

  test('what was stopped has not failed: the last picture says where, without alarm', () => {
    const failure = { exit: 'interrupted', code: 130, what: 'stopped before it was finished', because: 'Ctrl-C' } as const;
    const events = syntheticRun({ failAt: 'core' }).map((event) => (event.type === 'phase-failed' ? { ...event, failure } : event.type === 'run-finished' ? { ...event, exit: 130 as const, failure } : event));
    const { state, now } = at(1000, events);
    const text = finalFrame(state, 100, now, plain).join('\n');
    expect(text).toContain('    – stopped in core');
    expect(text).toMatch(/– apps {3}8 of 14 steps/u);
    expect(text).toMatch(/– stopped after 4m40s simulated/u);
    expect(text).not.toContain('✖');
  });

  test.each(['pause', 'stop'] as const)('a checkpoint answered with %s was entered: it is where the run stopped', (answer) => {
    const step = { lane: 'infra', step: 'core' };
    const told: EventBody[] = [{ type: 'checkpoint-asked', ...step, question: 'destroy infra' }, { type: 'checkpoint-answered', ...step, answer, by: 'mira', how: 'typed', waitedMs: 4000 }];
    const state = [...syntheticRun().filter((event) => event.type === 'run-started'), ...told.map((body): Event => ({ ...body, seq: 99, t: 5000, at: '2026-01-01T00:00:05.000Z' }))].reduce(reduce, initialState());
    const text = finalFrame(state, 80, 0, plain).join('\n');
    expect(text).toContain('stopped in core');
    expect(text).not.toMatch(/not entered:.*\bcore\b/u);
  });
  test('after a failure the last picture names the step and its reason, and who ended where', () => {
    const { state, now } = at(1000, syntheticRun({ failAt: 'core' }));
    const text = finalFrame(state, 120, now, plain).join('\n');
    expect(text).toMatch(/✖ apps {3}8 of 14 steps/u);
    expect(text).toContain('✖ core: core did not finish in 10m: cert-manager-webhook: 0/1 replicas');
    expect(text).toContain('✖ ended with exit 75');
  });

  test('a step the world had already is shown as such, one that was not judged as skipped', () => {
    const stamp = { seq: 9, at: new Date(0).toISOString(), t: 0 };
    const state = [
      ...events.slice(0, 1),
      { type: 'phase-skipped', lane: 'infra', step: 'preflight', because: 'all 12 hold', ms: 100, ...stamp } satisfies Event,
      { type: 'phase-skipped', lane: 'infra', step: 'mesh', because: 'skip: apps is not there', ms: 0, ...stamp } satisfies Event,
    ].reduce(reduce, initialState());
    const text = frame(state, 80, 50, state.lastWall, plain).join('\n');
    expect(text).toContain('✔ preflight         already: all 12 hold');
    expect(text).toMatch(/– mesh +skipped: apps is not there/u);
  });
});

const word = fc.string({ unit: 'grapheme', maxLength: 40 });
const lane = fc.constantFrom('infra', 'apps', '', '集群');
const step = fc.constantFrom(...STEPS.slice(0, 4).map(([name]) => name), 'a-step-nobody-planned-with-a-long-name');
const at2 = { lane, step };
const failure = fc.record({ exit: fc.constant('rerun' as const), code: fc.constant(75 as const), what: word, because: word });
const number = fc.oneof(fc.integer(), fc.double());
const target = fc.record({ id: word, label: word, speed: number, simulated: fc.constant([]) });
const anyBody: fc.Arbitrary<EventBody> = fc.oneof(
  fc.record({ type: fc.constant('run-started' as const), run: word, task: word, variables: fc.dictionary(fc.constantFrom('CLUSTER', 'TARGET'), word), target, plan: fc.array(fc.record({ lane, steps: fc.array(fc.record({ name: step, title: word, kind: fc.constant('phase' as const) }), { maxLength: 5 }) }), { maxLength: 6 }), dryRun: fc.boolean(), by: fc.constant({ user: 'u', host: 'h', pid: 1 }), version: word, commit: word }),
  fc.record({ type: fc.constant('run-finished' as const), run: word, exit: fc.constantFrom(0 as const, 75 as const), ms: number, wallMs: number }),
  fc.record({ type: fc.constant('phase-started' as const), ...at2, title: word }),
  fc.record({ type: fc.constant('phase-skipped' as const), ...at2, because: word, ms: number }),
  fc.record({ type: fc.constant('phase-finished' as const), ...at2, note: word, ms: number }),
  fc.record({ type: fc.constant('phase-failed' as const), ...at2, failure, ms: number }),
  fc.record({ type: fc.constant('phase-not-started' as const), ...at2, because: word }),
  fc.record({ type: fc.constant('progress' as const), ...at2, subject: word, state: fc.constantFrom('working' as const, 'done' as const, 'failed' as const), note: word }),
  fc.record({ type: fc.constant('waiting' as const), ...at2, for: word, reason: word, sinceMs: number, patienceMs: number, done: fc.integer(), of: fc.integer() }),
  fc.record({ type: fc.constant('retrying' as const), ...at2, what: word, reason: word, attempt: fc.integer() }),
  fc.record({ type: fc.constant('would-run' as const), ...at2, effect: fc.constant('write' as const), command: word }),
  fc.record({ type: fc.constant('checkpoint-asked' as const), ...at2, question: word }),
  fc.record({ type: fc.constant('checkpoint-answered' as const), ...at2, answer: fc.constantFrom('go' as const, 'pause' as const, 'stop' as const), by: word, how: fc.constant('typed' as const), waitedMs: number }),
  fc.record({ type: fc.constant('note' as const), ...at2, level: fc.constantFrom('info' as const, 'warn' as const), text: word }),
);

test('property: no sequence of events, however odd, makes a frame wider or taller than asked, or fails', () => {
  fc.assert(fc.property(fc.array(anyBody, { maxLength: 25 }), fc.integer({ min: 0, max: 180 }), fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 10_000 }), (bodies, width, height, now) => {
    const state = bodies.map((body, seq): Event => ({ ...body, seq, at: new Date(seq * 100).toISOString(), t: seq * 100 })).reduce(reduce, initialState(ESTIMATES));
    const lines = frame(state, width, height, now, coloured);
    expect(lines.length).toBeLessThanOrEqual(height);
    for (const line of [...lines, ...finalFrame(state, width, now, coloured)]) {
      expect(displayWidth(line)).toBeLessThanOrEqual(width);
      expect(line).not.toContain('\n');
    }
  }), { numRuns: 300 });
});
