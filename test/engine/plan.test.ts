import { fc } from '../fast-check.ts';
import { expect, test } from 'vitest';
import { Failure } from '../../scripts/engine/failure.ts';
import { planOf } from '../../scripts/engine/plan.ts';
import { checkpoint, phase, runToys, together } from './toys.ts';
import type { ToyStep } from './toys.ts';

test('the plan has a lane for the run and one per cluster, each in order', () => {
  const steps = [phase('a'), together({ infra: [phase('b'), checkpoint('c')], apps: [phase('b')] }), phase('d'), together({ infra: [phase('e')] })];
  expect(planOf(steps).map(({ lane, steps: planned }) => [lane, planned.map(({ name, kind }) => `${kind} ${name}`)])).toEqual([
    ['', ['phase a', 'phase d']], ['infra', ['phase b', 'checkpoint c', 'phase e']], ['apps', ['phase b']],
  ]);
});

/** What may happen to a step, at random. */
type Fate = 'works' | 'done' | 'wrong claim' | 'fails' | 'breaks' | 'never verified' | 'stops the run' | 'ask: go' | 'ask: pause' | 'ask: stop';
const FATES: readonly Fate[] = ['works', 'works', 'works', 'done', 'wrong claim', 'fails', 'breaks', 'never verified', 'stops the run', 'ask: go', 'ask: pause', 'ask: stop'];
const BAD: ReadonlySet<Fate> = new Set(['fails', 'breaks', 'never verified', 'ask: pause', 'ask: stop']);

interface Drawn { readonly top: readonly Fate[]; readonly lanes: readonly (readonly Fate[])[]; readonly after: readonly Fate[] }
const fates = fc.array(fc.constantFrom(...FATES), { maxLength: 5 });
const drawn: fc.Arbitrary<Drawn> = fc.record({ top: fates, lanes: fc.array(fates, { minLength: 1, maxLength: 3 }), after: fates });

function build({ top, lanes, after }: Drawn, stop: AbortController): { readonly steps: readonly ToyStep[]; readonly fateOf: ReadonlyMap<string, Fate> } {
  const fateOf = new Map<string, Fate>();
  const make = (lane: string, fate: Fate): ToyStep => {
    const name = `s${fateOf.size}`;
    fateOf.set(name, fate);
    if (fate.startsWith('ask')) return checkpoint(name);
    return phase(name, {
      done: async () => (fate === 'done' || fate === 'wrong claim' ? 'seen' : false),
      run: async () => {
        if (fate === 'fails') throw new Failure({ exit: 'rerun', what: `${lane} ${name} failed` });
        if (fate === 'breaks') throw new TypeError('broken');
        if (fate === 'stops the run') stop.abort('Ctrl-C');
        return 'made';
      },
      patience: 4_000,
      verify: fate === 'never verified' ? [{ name: 'it', layer: 'x', judge: () => ({ is: 'unknown', because: 'dark' }) }]
        : fate === 'wrong claim' ? [firstNo()] : [],
    });
  };
  const steps = [
    ...top.map((fate) => make('', fate)),
    together(Object.fromEntries(lanes.map((inner, index) => [`lane${index}`, inner.map((fate) => make(`lane${index}`, fate))]))),
    ...after.map((fate) => make('', fate)),
  ];
  return { steps, fateOf };
}

function firstNo(): { name: string; layer: string; judge(): { is: 'pass' } | { is: 'fail'; because: string } } {
  let asked = 0;
  return { name: 'it', layer: 'x', judge: () => (asked++ === 0 ? { is: 'fail', because: 'not there' } : { is: 'pass' }) };
}

test('whatever happens: each step is entered at most once, in the planned order, never after its lane ended, and every step is accounted for', async () => {
  await fc.assert(fc.asyncProperty(drawn, fc.boolean(), async (list, dryRun) => {
    const stop = new AbortController();
    const { steps, fateOf } = build(list, stop);
    const { events, failure } = await runToys(steps, {
      dryRun, stop,
      answer: async (_, step) => ({ answer: fateOf.get(step) === 'ask: pause' ? 'pause' : fateOf.get(step) === 'ask: stop' ? 'stop' : 'go', by: 'toy', how: 'flag', waitedMs: 0 }),
    });
    const entered = events.flatMap((event) => (event.type === 'phase-started' || event.type === 'checkpoint-asked' || event.type === 'would-run' ? [event.step] : []));
    const notStarted = events.flatMap((event) => (event.type === 'phase-not-started' ? [event.step] : []));
    expect(new Set(entered).size).toBe(entered.length);
    // Entered and not started together are the whole plan. A checkpoint that was waiting its turn when the run stopped has failed.
    const failed = events.flatMap((event) => (event.type === 'phase-failed' ? [event.step] : []));
    expect(new Set([...entered, ...notStarted, ...failed])).toEqual(new Set(fateOf.keys()));
    expect(entered.filter((step) => notStarted.includes(step))).toEqual([]);

    for (const { steps: planned } of planOf(steps)) {
      const order = planned.map(({ name }) => name);
      const mine = entered.filter((step) => order.includes(step));
      expect(mine).toEqual(order.filter((step) => mine.includes(step)));
      const firstBad = order.find((step) => BAD.has(fateOf.get(step) ?? 'works') && !dryRun && mine.includes(step));
      // Nothing of a lane is entered after its first bad end.
      expect(firstBad === undefined || mine.at(-1) === firstBad).toBe(true);
    }
    // A run that entered everything and met nothing bad has no failure, and only such a run.
    const bad = [...fateOf].some(([step, fate]) => entered.includes(step) && (dryRun ? fate === 'breaks' : BAD.has(fate)));
    expect(failure === undefined).toBe(!bad && notStarted.length === 0 && failed.length === 0);
  }), { numRuns: 150 });
});
