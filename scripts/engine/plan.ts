import type { PlannedLane, PlannedStep } from './event.ts';
import type { Step } from './phase.ts';

/**
 * The plan as data, from the very list that runs: one entry per lane in the order of first appearance ('' for steps of
 * the run as a whole), each with its steps in order. Lanes that appear in several groups are joined.
 */
export function planOf<C, S>(steps: readonly Step<C, S>[]): readonly PlannedLane[] {
  const lanes = new Map<string, PlannedStep[]>();
  for (const { lane, step } of flatten(steps, '')) {
    const planned = lanes.get(lane) ?? [];
    planned.push({ name: step.name, title: step.title, kind: step.kind });
    lanes.set(lane, planned);
  }
  return [...lanes].map(([lane, planned]) => ({ lane, steps: planned }));
}

/** Every phase and checkpoint with its lane, in list order; groups opened up. */
export function flatten<C, S>(steps: readonly Step<C, S>[], lane: string): readonly { readonly lane: string; readonly step: Exclude<Step<C, S>, { kind: 'together' }> }[] {
  return steps.flatMap((step) =>
    step.kind === 'together' ? step.lanes.flatMap((inner) => flatten(inner.steps, inner.lane)) : [{ lane, step }],
  );
}
