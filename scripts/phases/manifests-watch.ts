import type { Json, Outcome } from '../engine/outcome.ts';
import { Parses } from '../manifests/build/index.ts';
import { remembered } from '../manifests/cache/remembered.ts';
import { validate } from '../manifests/validate.ts';
import { follow, type Computed } from '../manifests/watch.ts';
import { aroundOf, type Asked } from './manifests-asked.ts';
import type { Answer } from './manifests-validate.ts';
import type { ActionContext } from './task.ts';
import { watchUntilStopped } from './watching.ts';

/** Validates again what a saved file touches, and shows each answer that says something else than the one before. */
export async function watchManifests(cx: ActionContext, asked: Asked, only: readonly string[], outcome: (answer: Answer) => Promise<Outcome>): Promise<Outcome> {
  // Remembered answers are left alone: a watching one would write one for every save.
  const memory = { ...asked.memory, folder: undefined };
  const parses = new Parses();
  // What holds in another way of building alone is looked for once the rest is told; while there is such a thing, both are told together, or it would come and go.
  let apart = true;
  const work = async (changed: readonly string[] | undefined, notEveryWay?: () => void): Promise<{ readonly value: Json; readonly inputs: Computed<Outcome>['inputs'] }> => remembered(memory, null, async (reads): Promise<Json> => {
    const answer = await validate({ ...asked, only, around: await aroundOf(cx, asked, reads), parses, changed, consulted: reads.consulted, ...(notEveryWay === undefined ? {} : { notEveryWay }) });
    return answer as unknown as Json;
  });
  const compute = async (changed?: readonly string[]): Promise<Computed<Outcome>> => {
    let more = false;
    const first = await work(changed, apart ? () => { more = true; } : undefined);
    const answer = await outcome(first.value as unknown as Answer);
    // What it hangs on is asked for after the answer has been shown.
    const computed: Computed<Outcome> = { answer, get inputs() { return first.inputs; } };
    if (!more) return computed;
    return { answer, get inputs() { return first.inputs; }, rest: async () => {
      const whole = await work([]);
      apart = JSON.stringify(whole.value) === JSON.stringify(first.value);
      return { answer: await outcome(whole.value as unknown as Answer), inputs: whole.inputs };
    } };
  };
  return watchUntilStopped(cx, (ring, due) => {
    let trouble: { readonly error: unknown } | undefined;
    const followed = follow(compute, ring, (error) => {
      trouble = { error };
      due();
    });
    return {
      async refresh() {
        await followed.refresh();
        // What nobody could work out ends the watching with its reason.
        if (trouble !== undefined) throw trouble.error;
      },
      settled: () => followed.settled(),
      answer: () => followed.answer(),
      stop: () => followed.stop(),
    };
  }, async () => {
    const { answer, rest } = await compute();
    return rest === undefined ? answer : (await rest()).answer;
  });
}
