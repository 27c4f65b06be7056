import { describe, expect, test } from 'vitest';
import type { WaitPhase } from '../../scripts/engine/phase.ts';
import { check, isThere, runToys, type ToyStep, type World } from './toys.ts';

/** A step that only waits until `thing` is in the world. */
function waiting(thing: string, over: Partial<WaitPhase<World>> = {}): ToyStep {
  const phase: WaitPhase<World> = { name: 'wait', title: 'Toy wait', verify: [isThere(thing)], patience: 60_000, holds: (seen) => `${seen.size} things`, ...over };
  return { kind: 'phase', name: 'wait', title: phase.title, load: async () => phase };
}

describe('a step that only waits', () => {
  test('looks once when it already holds, and says so with what it saw', async () => {
    let looks = 0;
    const { story } = await runToys([waiting('a')], { world: new Set(['a', 'b']), look: async (_layers, world) => { looks += 1; return world; } });
    expect(story.at(-1)).toBe('phase-skipped wait: 2 things');
    expect(looks).toBe(1);
  });

  test('goes on looking until it holds, and ends with what it saw last', async () => {
    const world: World = new Set();
    let looks = 0;
    const { story, failure } = await runToys([waiting('a')], { world, look: async () => { looks += 1; if (looks === 4) world.add('a'); return world; } });
    expect(failure).toBeUndefined();
    expect(looks).toBe(4);
    expect(story.at(-1)).toBe('phase-finished wait: 1 things');
    expect(story.some((line) => line.startsWith('waiting wait'))).toBe(true);
  });

  test('fails with the last reason and its hint when patience ends', async () => {
    const { failure } = await runToys([waiting('a', { patience: 10_000 })]);
    expect(failure).toMatchObject({ exit: 'rerun', hint: 'make a' });
    expect(failure?.because).toContain('a is not there');
  });

  test('unknown is waited for as well, and never holds', async () => {
    const { failure } = await runToys([waiting('a', { patience: 5_000, verify: [check('a to be known', () => ({ is: 'unknown', because: 'nobody answers' }))] })]);
    expect(failure?.because).toContain('nobody answers');
  });

  test('when every check is skipped, their reason is said instead of what would hold', async () => {
    const { story } = await runToys([waiting('a', { verify: [check('a mesh', () => ({ is: 'skip', because: 'not in this tree yet' }))] })]);
    expect(story.at(-1)).toBe('phase-skipped wait: skip: not in this tree yet');
  });

  test('a dry run looks once, says what it would wait for, and waits for nothing', async () => {
    let looks = 0;
    const { story, failure } = await runToys([waiting('a')], { dryRun: true, look: async (_layers, world) => { looks += 1; return world; } });
    expect(failure).toBeUndefined();
    expect(looks).toBe(1);
    expect(story.at(-1)).toBe('phase-finished wait: would wait for a to be there');
  });

  test('an interruption while waiting ends it as interrupted', async () => {
    const stop = new AbortController();
    const { failure } = await runToys([waiting('a')], { stop, listen: (event) => { if (event.type === 'waiting') stop.abort(); } });
    expect(failure?.exit).toBe('interrupted');
  });
});
