import { describe, expect, test } from 'vitest';
import { Failure } from '../../scripts/engine/failure.ts';
import { check, checkpoint, isThere, phase, runToys, together } from './toys.ts';
import type { World } from './toys.ts';

const makes = (thing: string, world: World) => async (): Promise<string> => {
  world.add(thing);
  return `${thing} made`;
};
const broken = (what: string, exit: 'rerun' | 'look' = 'rerun') => async (): Promise<never> => {
  throw new Failure({ exit, what, because: 'toy', hint: 'mend the toy' });
};
const pass = (): { is: 'pass' } => ({ is: 'pass' });
const reply = (answer: 'go' | 'pause' | 'stop') => async () => ({ answer, by: 'ann', how: 'typed' as const, waitedMs: 5 });
const entered = (story: readonly string[]): readonly string[] => story.filter((line) => line.startsWith('phase-started')).map((line) => line.slice('phase-started '.length));

describe('a list of phases', () => {
  test('runs in order and ends each line with the note of its run', async () => {
    const { failure, story } = await runToys([phase('a'), phase('b')]);
    expect(failure).toBeUndefined();
    expect(story).toEqual(['phase-started a', 'phase-finished a: a made', 'phase-started b', 'phase-finished b: b made']);
  });

  test('stops at the first failure; every step after it is told as not started, with the reason', async () => {
    const { failure, story } = await runToys([phase('a', { run: broken('the wheel came off') }), phase('b'), checkpoint('c')]);
    expect(story).toEqual(['phase-started a', 'phase-failed a: the wheel came off', 'phase-not-started b: a failed', 'phase-not-started c: a failed']);
    expect(failure).toMatchObject({ exit: 'rerun', what: 'a: the wheel came off', because: 'toy', hint: 'mend the toy' });
  });

  test('an error nobody threw on purpose is our bug and keeps its cause', async () => {
    const oops = new TypeError('x is not a function');
    const { failure } = await runToys([phase('a', { run: async () => { throw oops; } })]);
    expect(failure).toMatchObject({ exit: 'bug', code: 70 });
    expect(failure?.cause).toMatchObject({ cause: oops });
  });

  test('a phase that cannot be loaded fails as that phase', async () => {
    const { story, failure } = await runToys([{ kind: 'phase', name: 'a', title: 'A', load: async () => { throw new Error('no such module'); } }]);
    expect(failure?.exit).toBe('bug');
    expect(story.at(-1)).toMatch(/^phase-failed a/);
  });
});

describe('done and verify', () => {
  test.each([[undefined, 2_000], [500, 500]])('a step that waits looks again after its own pause (%s): none is missed by a long one', async (every, since) => {
    let looks = 0;
    const { events } = await runToys([phase('a', {
      patience: 60_000, ...(every === undefined ? {} : { every }),
      verify: [check('x to come', () => ((looks += 1) > 2 ? { is: 'pass' } : { is: 'fail', because: `look ${looks}` }))],
    })]);
    const waited = events.flatMap((event) => (event.type === 'waiting' ? [event.sinceMs] : []));
    expect(waited).toEqual([0, since]);
  });

  test('what is done already is skipped, with its reason, after its checks passed', async () => {
    let ran = false;
    const { story } = await runToys([phase('a', { done: async () => 'seen it', run: async () => { ran = true; return ''; }, verify: [isThere('x')] })], { world: new Set(['x']) });
    expect(story).toEqual(['phase-started a', 'judged a x to be there: pass', 'phase-skipped a: seen it']);
    expect(ran).toBe(false);
  });

  test('a wrong claim is noticed: the work is done after all, and a note says so', async () => {
    const world: World = new Set();
    const { story, failure } = await runToys([phase('a', { done: async () => 'seen it', run: makes('x', world), verify: [isThere('x')] })], { world });
    expect(failure).toBeUndefined();
    expect(story).toEqual([
      'phase-started a', 'judged a x to be there: fail',
      'note a: said to be done (seen it), but x to be there: x is not there; doing it again',
      'judged a x to be there: pass', 'phase-finished a: x made',
    ]);
  });

  test('a claim whose checks cannot tell yet is waited on before work is repeated', async () => {
    let asked = 0;
    let ran = false;
    const flapping = check('the API to answer', () => (++asked < 4 ? { is: 'unknown', because: '429' } : { is: 'pass' }));
    const { story } = await runToys([phase('a', { done: async () => 'seen it', run: async () => { ran = true; return ''; }, verify: [flapping], patience: 60_000 })]);
    expect(ran).toBe(false);
    expect(story.at(-1)).toBe('phase-skipped a: seen it');
  });

  test('a claim that stays unknown does not count as shown', async () => {
    let ran = false;
    const { story } = await runToys([phase('a', {
      done: async () => 'seen it', run: async () => { ran = true; return 'did it'; }, patience: 60_000,
      verify: [check('light', () => (ran ? { is: 'pass' } : { is: 'unknown', because: 'dark' }))],
    })]);
    expect(story.at(-1)).toBe('phase-finished a: did it');
  });

  test('verify is waited for, saying for which check and why, until it passes', async () => {
    let looks = 0;
    const world: World = new Set();
    const { story, failure } = await runToys([phase('a', { verify: [isThere('x'), isThere('y')], patience: 60_000 })], {
      world, look: async () => new Set(++looks === 1 ? ['y'] : ['x', 'y']),
    });
    expect(failure).toBeUndefined();
    expect(story).toEqual([
      'phase-started a', 'judged a x to be there: fail', 'judged a y to be there: pass', 'waiting a x to be there: x is not there',
      'judged a x to be there: pass', 'phase-finished a: a made',
    ]);
  });

  test('all layers the checks need are looked at in one go', async () => {
    const asked: (readonly string[])[] = [];
        await runToys([phase('a', { verify: [check('1', pass, 'etcd'), check('2', pass, 'nodes'), check('3', pass, 'etcd')] })], {
      look: async (layers, world) => { asked.push(layers); return world; },
    });
    expect(asked).toEqual([['etcd', 'nodes']]);
  });

  test.each([
    ['fail', { is: 'fail', because: 'no' }, 'rerun'],
    ['unknown', { is: 'unknown', because: 'cannot see' }, 'rerun'],
    ['skip', { is: 'skip', because: 'simulated' }, undefined],
    ['pass', { is: 'pass' }, undefined],
  ] as const)('when patience ends, %s ends the phase as it must', async (_, verdict, exit) => {
    const { failure, story } = await runToys([phase('a', { verify: [check('it', () => verdict)], patience: 10_000 })]);
    expect(failure?.exit).toBe(exit);
    expect(story).toContain(`judged a it: ${verdict.is}`);
  });

  test('the deadline says what was waited for, how long, the last reason and the check\'s own hint', async () => {
    const { failure } = await runToys([phase('a', { verify: [isThere('x')], patience: 90_000 })]);
    expect(failure).toMatchObject({ exit: 'rerun', what: 'a: waited 1m30s for x to be there', because: 'x is not there', hint: 'make x' });
  });

  test('a check that breaks is our bug, never a pass', async () => {
    const { failure } = await runToys([phase('a', { verify: [check('it', () => { throw new RangeError('off'); })], patience: 10_000 })]);
    expect(failure?.exit).toBe('bug');
  });
});

describe('a dry run', () => {
  test('runs what is not done and waits for nothing', async () => {
    let looked = 0;
    const { story, failure } = await runToys([phase('a', { verify: [isThere('x')], patience: 60_000 }), phase('b')], {
      dryRun: true, look: async (_, world) => { looked++; return world; },
    });
    expect(failure).toBeUndefined();
    expect(looked).toBe(0);
    expect(entered(story)).toEqual(['a', 'b']);
  });

  test('a done that cannot be read counts as "would run" and says what could not be read', async () => {
    const { story, failure } = await runToys([phase('a', { done: broken('API does not answer') })], { dryRun: true });
    expect(failure).toBeUndefined();
    expect(story).toEqual(['phase-started a', 'note a: would run: whether it is done already cannot be read (API does not answer: toy)', 'phase-finished a: a made']);
  });

  test('a failure inside run becomes a note and the plan goes on', async () => {
    const { story, failure } = await runToys([phase('a', { run: broken('no kubeconfig') }), phase('b')], { dryRun: true });
    expect(failure).toBeUndefined();
    expect(story).toContain('note a: a dry run cannot follow further: no kubeconfig: toy');
    expect(story.at(-1)).toBe('phase-finished b: b made');
  });

  test('our own bug is not forgiven', async () => {
    const { failure } = await runToys([phase('a', { run: async () => { throw new TypeError('oops'); } })], { dryRun: true });
    expect(failure?.exit).toBe('bug');
  });

  test('checkpoints are printed, not asked', async () => {
    const { story } = await runToys([checkpoint('wipe', () => { throw new Error('asked'); })], { dryRun: true, answer: () => { throw new Error('answered'); } });
    expect(story).toEqual(['would-run wipe: ask: Toy wipe']);
  });

  test('a wrong claim would be done again, without waiting', async () => {
    const { story } = await runToys([phase('a', { done: async () => 'seen', verify: [isThere('x')], patience: 60_000 })], { dryRun: true });
    expect(story).toEqual([
      'phase-started a', 'judged a x to be there: fail', 'note a: said to be done (seen), but x to be there: x is not there; would do it again', 'phase-finished a: a made',
    ]);
  });
});

describe('being told to stop', () => {
  test('between two phases: the next is not entered, and the error says how to go on', async () => {
    const stop = new AbortController();
    const { story, failure } = await runToys([phase('a', { run: async () => { stop.abort('Ctrl-C'); return 'a made'; } }), phase('b'), phase('c')], { stop });
    expect(story).toEqual(['phase-started a', 'phase-finished a: a made', 'phase-not-started b: stopped: Ctrl-C', 'phase-not-started c: stopped: Ctrl-C']);
    expect(failure).toMatchObject({ exit: 'interrupted', code: 130, because: 'Ctrl-C' });
    expect(failure?.hint).toMatch(/same command/);
  });

  test('before anything: nothing is entered', async () => {
    const stop = new AbortController();
    stop.abort('Ctrl-C');
    const { story, failure } = await runToys([phase('a'), together({ x: [phase('b')] })], { stop });
    expect(story).toEqual(['phase-not-started a: stopped: Ctrl-C', 'phase-not-started x/b: stopped: Ctrl-C']);
    expect(failure?.exit).toBe('interrupted');
  });

  test.each([
    ['sleeping', async (signal: AbortSignal, sleep: (ms: number, signal: AbortSignal) => Promise<void>) => { await sleep(5_000, signal); }],
    ['a tool that words it its own way', async () => { throw new Failure({ exit: 'rerun', what: 'talosctl was ended by TERM' }); }],
    ['an aborted Node call', async () => { throw new DOMException('This operation was aborted', 'AbortError'); }],
  ])('inside a phase (%s): it is an interruption, not a failure of the tool', async (_, work) => {
    const stop = new AbortController();
    const { story, failure } = await runToys([
      phase('a', { run: async (cx) => { stop.abort('Ctrl-C'); await work(cx.signal, cx.clock.sleep); return ''; } }), phase('b'),
    ], { stop });
    expect(failure).toMatchObject({ exit: 'interrupted', because: 'Ctrl-C' });
    expect(story.at(-1)).toBe('phase-not-started b: stopped: Ctrl-C');
  });

  test('while verify waits', async () => {
    const stop = new AbortController();
    const { failure } = await runToys([phase('a', { verify: [isThere('x')], patience: 600_000 })], {
      stop, listen: (event) => { if (event.type === 'waiting') stop.abort('Ctrl-C'); },
    });
    expect(failure).toMatchObject({ exit: 'interrupted', code: 130 });
  });

  test('does not hide a state that must be looked at', async () => {
    const stop = new AbortController();
    const { failure } = await runToys([phase('a', { run: async () => { stop.abort('Ctrl-C'); return broken('half wiped', 'look')(); } })], { stop });
    expect(failure).toMatchObject({ exit: 'look', what: 'a: half wiped' });
  });

  test('a Failure as the reason (a lost lock, a full disk) is the error, told once for all lanes', async () => {
    const stop = new AbortController();
    const lost = new Failure({ exit: 'look', what: 'the lock is no longer ours' });
    const wait = { run: async (cx: { signal: AbortSignal; clock: { sleep(ms: number, s: AbortSignal): Promise<void> } }) => { stop.abort(lost); await cx.clock.sleep(1, cx.signal); return ''; } };
    const { failure } = await runToys([together({ infra: [phase('a', wait)], apps: [phase('b', wait)] })], { stop });
    expect(failure).toBe(lost);
  });
});

describe('lanes side by side', () => {
  test('one fails, the other goes on to its end; what comes after both does not start', async () => {
    const { story, failure } = await runToys([
      together({ infra: [phase('a', { run: broken('no') }), phase('b')], apps: [phase('a'), phase('b', { verify: [check('slow', slow(3))], patience: 60_000 })] }),
      phase('after'),
    ]);
    expect(entered(story)).toEqual(['infra/a', 'apps/a', 'apps/b']);
    expect(story).toContain('phase-not-started infra/b: a failed');
    expect(story).toContain('phase-finished apps/b: b made');
    expect(story).toContain('phase-not-started after: an earlier step failed');
    expect(failure?.what).toBe('infra a: no');
  });

  test('several failures are one, the worst exit first, every chain intact', async () => {
    const { failure } = await runToys([together({ infra: [phase('a', { run: broken('no') })], apps: [phase('b', { run: broken('half done', 'look') })] })]);
    expect(failure).toMatchObject({ exit: 'look', what: '2 of 2 lanes failed', because: 'infra a: no: toy; apps b: half done: toy' });
    expect(failure?.parts.map((part) => (part.cause as Failure).what)).toEqual(['no', 'half done']);
  });

  test('really run at the same time', async () => {
    const meet = Promise.withResolvers<void>();
    const { failure } = await runToys([together({
      infra: [phase('a', { run: async () => { await meet.promise; return ''; } })],
      apps: [phase('a', { run: async () => { meet.resolve(); return ''; } })],
    })]);
    expect(failure).toBeUndefined();
  });
});

describe('a checkpoint', () => {
  test('go goes on, and who said so is told', async () => {
    const { story, failure, events } = await runToys([checkpoint('wipe'), phase('a')], { answer: reply('go') });
    expect(failure).toBeUndefined();
    expect(story.slice(0, 3)).toEqual(['checkpoint-asked wipe', 'checkpoint-answered wipe: go', 'phase-started a']);
    expect(events[1]).toMatchObject({ by: 'ann', how: 'typed', waitedMs: 5 });
  });

  test.each([
    ['stop', 77, /refused/, /Nothing after this point/],
    ['pause', 75, /paused/, /same command to go on/],
  ] as const)('%s ends with exit %i and says how to go on', async (answer, code, what, hint) => {
    const { story, failure } = await runToys([checkpoint('wipe'), phase('a')], { answer: reply(answer) });
    expect(failure?.code).toBe(code);
    expect(failure?.what).toMatch(what);
    expect(failure?.hint).toMatch(hint);
    expect(entered(story)).toEqual([]);
    expect(story.at(-1)).toMatch(/^phase-not-started a/);
  });

  test('two lanes never ask at the same time', async () => {
    let asking = 0;
    let most = 0;
    await runToys([together({ infra: [checkpoint('x')], apps: [checkpoint('x')], dev: [checkpoint('x')] })], {
      answer: async () => {
        most = Math.max(most, ++asking);
        await new Promise((resolve) => setImmediate(resolve));
        asking--;
        return { answer: 'go', by: 'ann', how: 'typed', waitedMs: 1 };
      },
    });
    expect(most).toBe(1);
  });

  test('that cannot be asked fails its lane, with the reason', async () => {
    const refused = new Failure({ exit: 'refused', what: 'nobody is there to ask', hint: '--confirm=apps' });
    const { failure, story } = await runToys([checkpoint('wipe'), phase('a')], { answer: async () => { throw refused; } });
    expect(failure).toMatchObject({ exit: 'refused', hint: '--confirm=apps' });
    expect(story).toContain('phase-failed wipe: nobody is there to ask');
  });
});

describe('a step that is run once in a run, however often the run is gone on with', () => {
  const earlier = (_lane: string, step: string): string | undefined => (step === 'b' || step === 'ask' ? 'seen at 12:03' : undefined);
  const steps = [phase('a'), { ...phase('b'), once: true as const }, { ...checkpoint('ask'), once: true as const }, { ...phase('c'), once: true as const }, phase('b')];

  test('is skipped with the reason when an earlier attempt came through it; what is not marked is left to the world', async () => {
    const { story } = await runToys(steps, { earlier, answer: async () => { throw new Error('nobody is asked'); } });
    expect(story.filter((line) => !line.startsWith('phase-started'))).toEqual(['phase-finished a: a made', 'phase-skipped b: seen at 12:03', 'phase-skipped ask: seen at 12:03', 'phase-finished c: c made', 'phase-finished b: b made']);
  });
  test('a dry run takes nothing as done by an earlier attempt', async () => {
    const { story } = await runToys(steps, { earlier, dryRun: true });
    expect(story.filter((line) => line.startsWith('phase-skipped'))).toEqual([]);
  });
});

function slow(times: number): () => { is: 'pass' } | { is: 'fail'; because: string } {
  let left = times;
  return () => (left-- > 0 ? { is: 'fail', because: 'not yet' } : { is: 'pass' });
}
