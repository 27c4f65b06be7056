import type { Json, Outcome } from '../engine/outcome.ts';
import { Parses } from '../manifests/build/index.ts';
import { remembered } from '../manifests/cache/remembered.ts';
import { validate } from '../manifests/validate.ts';
import { follow } from '../manifests/watch.ts';
import { aroundOf, type Asked } from './manifests-asked.ts';
import type { Answer } from './manifests-validate.ts';
import type { ActionContext } from './task.ts';
import { watchUntilStopped } from './watching.ts';

/** Validates again what a saved file touches, and shows each answer that says something else than the one before. */
export async function watchManifests(cx: ActionContext, asked: Asked, only: readonly string[], outcome: (answer: Answer) => Promise<Outcome>): Promise<Outcome> {
  // Remembered answers are left alone: a watching one would write one for every save.
  const memory = { ...asked.memory, folder: undefined };
  const parses = new Parses();
  const compute = async (): Promise<{ readonly answer: Outcome; readonly inputs: Awaited<ReturnType<typeof remembered>>['inputs'] }> => {
    const { value, inputs } = await remembered(memory, null, async (reads): Promise<Json> => {
      const answer = await validate({ ...asked, only, around: await aroundOf(cx, asked, reads), parses, consulted: reads.consulted });
      return answer as unknown as Json;
    });
    return { answer: await outcome(value as unknown as Answer), inputs };
  };
  return watchUntilStopped(cx, (changed, due) => {
    let trouble: { readonly error: unknown } | undefined;
    const followed = follow(compute, changed, (error) => {
      trouble = { error };
      due();
    });
    return {
      async refresh() {
        await followed.refresh();
        // What nobody could work out ends the watching with its reason.
        if (trouble !== undefined) throw trouble.error;
      },
      answer: () => followed.answer(),
      stop: () => followed.stop(),
    };
  }, async () => (await compute()).answer);
}
