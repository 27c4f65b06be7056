import { describe, expect, test } from 'vitest';
import { check, phase, runToys, together } from './toys.ts';
import type { ToyStep } from './toys.ts';

/** A step whose check holds only at the fourth look: it waits. */
function waits(name: string, told: string[]): ToyStep {
  let looks = 0;
  return phase(name, {
    patience: 60_000, run: async () => { told.push(`${name} runs`); return name; },
    verify: [check(`${name} to come`, () => ((looks += 1) > 3 ? { is: 'pass' } : { is: 'fail', because: 'not yet' }))],
  });
}
const prepares = (name: string, told: string[], prepare: () => Promise<void> = async () => undefined): ToyStep =>
  phase(name, { prepare: async () => { told.push(`${name} prepares`); await prepare(); }, run: async () => { told.push(`${name} runs`); return name; } });

describe('working ahead', () => {
  test('later phases are prepared, in order, when the lane has to wait; each once', async () => {
    const told: string[] = [];
    const run = await runToys([waits('machines', told), prepares('first', told), prepares('second', told)]);
    expect(run.failure).toBeUndefined();
    expect(told).toEqual(['machines runs', 'first prepares', 'second prepares', 'first runs', 'second runs']);
  });

  test('nothing is prepared while nothing is waited for', async () => {
    const told: string[] = [];
    await runToys([phase('quick'), prepares('first', told)]);
    expect(told).toEqual(['first runs']);
  });

  test('a lane that waits prepares its own phases only', async () => {
    const told: string[] = [];
    await runToys([together({ infra: [waits('machines', told), prepares('of-infra', told)], apps: [prepares('of-apps', told)] })]);
    expect(told.filter((line) => line.endsWith('prepares'))).toEqual(['of-infra prepares']);
  });

  test('phases before the waiting one are not prepared', async () => {
    const told: string[] = [];
    await runToys([prepares('past', told), waits('machines', told), prepares('next', told)]);
    expect(told.filter((line) => line.endsWith('prepares'))).toEqual(['next prepares']);
  });

  test('a failure is not told: the phase runs all the same, and the next one is still prepared', async () => {
    const told: string[] = [];
    const run = await runToys([waits('machines', told), prepares('broken', told, async () => { throw new Error('no chart'); }), prepares('next', told)]);
    expect(run.failure).toBeUndefined();
    expect(told).toEqual(['machines runs', 'broken prepares', 'next prepares', 'broken runs', 'next runs']);
    expect(run.story.join('\n')).not.toContain('no chart');
  });

  test('never in a dry run', async () => {
    const told: string[] = [];
    await runToys([waits('machines', told), prepares('first', told)], { dryRun: true });
    expect(told).not.toContain('first prepares');
  });

  test('nothing more is prepared once the run was stopped', async () => {
    const told: string[] = [];
    const stop = new AbortController();
    const run = await runToys([waits('machines', told), prepares('first', told, async () => { stop.abort(); }), prepares('second', told)], { stop });
    expect(run.failure?.exit).toBe('interrupted');
    expect(told).not.toContain('second prepares');
  });
});
