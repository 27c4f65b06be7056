import { describe, expect, test } from 'vitest';
import type { Event, EventBody } from '../../scripts/engine/event.ts';
import { asFailure, EXIT, Failure, gather, interrupted, toData, WORST_FIRST } from '../../scripts/engine/failure.ts';
import { createSink } from '../../scripts/engine/sink.ts';
import { manualClock } from './manual-clock.ts';

const note = (text: string): EventBody => ({ type: 'note', lane: 'infra', step: 'core', level: 'info', text });
const started: EventBody = { type: 'phase-started', lane: 'infra', step: 'core', title: 'Core' };
const plain = (text: string): string => text;

describe('the sink', () => {
  test('numbers events and stamps both clocks', async () => {
    const clock = manualClock();
    const seen: Event[] = [];
    const sink = createSink({ clock, redact: plain, wall: () => Date.UTC(2026, 0, 1), listeners: [(event) => seen.push(event)] });
    sink.emit(note('a'));
    await clock.advance(1500);
    sink.emit(note('b'));
    expect(seen.map(({ seq, at, t }) => ({ seq, at, t }))).toEqual([{ seq: 1, at: '2026-01-01T00:00:00.000Z', t: 0 }, { seq: 2, at: '2026-01-01T00:00:00.000Z', t: 1500 }]);
  });

  test.each<EventBody>([
    note('the word is hunter2!'),
    { type: 'command-ran', lane: 'infra', step: 'core', tool: 'op', argv: ['read', '--x=hunter2'], effect: 'read', exitCode: 0, wallMs: 1 },
    { type: 'phase-failed', lane: 'infra', step: 'core', ms: 1, failure: toData(new Failure({ exit: 'rerun', what: 'x', because: 'hunter2', hint: 'hunter2', parts: [new Failure({ exit: 'rerun', what: 'hunter2', cause: new Error('deep hunter2') })] })) },
    { type: 'judged', lane: 'infra', step: 'core', check: 'c', layer: 'l', verdict: { is: 'fail', because: 'hunter2' } },
    { type: 'run-started', run: 'r', task: 't', variables: { hunter2: 'x', state: 'hunter2' }, target: { id: 'i', label: 'hunter2', speed: 1, simulated: ['hunter2'] }, plan: [{ lane: 'infra', steps: [{ name: 'n', title: 'hunter2', kind: 'phase' }] }], dryRun: false, by: { user: 'hunter2', host: 'h', pid: 1 }, version: 'v', commit: 'c' },
  ])('lets no secret through, however deep: $type', (event) => {
    const seen: Event[] = [];
    createSink({ clock: manualClock(), redact: (text) => text.replaceAll('hunter2', '[redacted]'), listeners: [(each) => seen.push(each)] }).emit(event);
    const text = JSON.stringify(seen);
    expect(text).not.toContain('hunter2');
    expect(text).toContain('[redacted]');
    expect(seen[0]?.type).toBe(event.type);
  });

  test('a listener that throws loses the event for nobody else, and the run ends with its failure', () => {
    const full = new Failure({ exit: 'rerun', what: 'the disk is full' });
    const seen: string[] = [];
    let calls = 0;
    const sink = createSink({ clock: manualClock(), redact: plain, listeners: [() => { calls++; throw full; }, (event) => seen.push(event.type)] });
    expect(() => sink.emit(note('a'))).toThrow(full);
    expect(sink.signal.reason).toBe(full);
    expect(() => sink.emit(started)).toThrow(full);
    expect(() => sink.emit({ type: 'phase-failed', lane: 'infra', step: 'core', failure: toData(full), ms: 0 })).not.toThrow();
    expect(seen).toEqual(['note', 'phase-started', 'phase-failed']);
    expect(calls).toBe(1);
  });

  test('a listener that breaks is our bug', () => {
    const sink = createSink({ clock: manualClock(), redact: plain, listeners: [() => { throw new TypeError('x'); }] });
    expect(() => sink.emit(started)).toThrow(expect.objectContaining({ exit: 'bug' }));
  });

  test('an event emitted by a listener comes after the one it was told of, for everyone', () => {
    const seen: string[] = [];
    const sink = createSink({ clock: manualClock(), redact: plain });
    sink.add((event) => { if (event.type === 'phase-started') sink.emit(note('because of it')); });
    sink.add((event) => seen.push(`${event.seq} ${event.type}`));
    sink.emit(started);
    expect(seen).toEqual(['1 phase-started', '2 note']);
  });

  test('listeners come and go; after the end there are no events', () => {
    const seen: string[] = [];
    const sink = createSink({ clock: manualClock(), redact: plain });
    const remove = sink.add((event) => seen.push(event.type));
    sink.emit(started);
    remove();
    sink.emit(started);
    expect(seen).toHaveLength(1);
    sink.close();
    expect(() => sink.emit(started)).toThrow(/after the end/);
  });
});

describe('failures', () => {
  test('the order of the worst names every exit once', () => {
    expect([...WORST_FIRST].toSorted()).toEqual(Object.keys(EXIT).toSorted());
  });

  test.each([
    ['a Failure', new Failure({ exit: 'configuration', what: 'x' }), 'configuration'],
    ['an Error', new Error('x'), 'bug'],
    ['a string', 'x', 'bug'],
    ['nothing', undefined, 'bug'],
    ['an abort', new DOMException('aborted', 'AbortError'), 'interrupted'],
    ['an abort because of a Failure', Object.assign(new Error('aborted', { cause: new Failure({ exit: 'look', what: 'lock lost' }) }), { name: 'AbortError' }), 'look'],
  ])('%s becomes a Failure', (_, thrown, exit) => {
    expect(asFailure(thrown, 'core').exit).toBe(exit);
  });

  test('a bug says where, and how to report it', () => {
    expect(asFailure(new RangeError('off by one'), 'infra core')).toMatchObject({ what: expect.stringContaining('infra core'), because: 'RangeError: off by one', hint: expect.stringContaining('--verbose') });
  });

  test.each([[['rerun', 'look'], 'look'], [['rerun', 'interrupted'], 'interrupted'], [['bug', 'rerun'], 'bug'], [['cannotTell', 'no'], 'no']] as const)('of %j the exit is %s', (exits, worst) => {
    expect(gather(exits.map((exit) => new Failure({ exit, what: exit })), 'both').exit).toBe(worst);
  });

  test('as data: what is set, parts included, and causes that say more, once', () => {
    const root = new Error('ECONNREFUSED 10.0.0.1');
    const middle = new Failure({ exit: 'rerun', what: 'read nodes', because: 'no route', cause: root });
    const top = new Failure({ exit: 'rerun', what: 'core', because: 'read nodes: no route', cause: middle });
    expect(toData(top)).toEqual({ exit: 'rerun', code: 75, what: 'core', because: 'read nodes: no route', causes: ['ECONNREFUSED 10.0.0.1'] });
    expect(toData(gather([top, middle], 'both')).parts).toHaveLength(2);
  });

  test('an interruption says that the same command goes on', () => {
    expect(interrupted('Ctrl-C')).toMatchObject({ code: 130, because: 'Ctrl-C', hint: expect.stringMatching(/same command/) });
  });
});
