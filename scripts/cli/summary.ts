import type { Event } from '../engine/event.ts';
import type { Json, Outcome } from '../engine/outcome.ts';
import { duration, plural } from '../terminal/words.ts';
import type { LaneTimings } from './estimates.ts';

/** Sentences of a run that a person must not miss at its end. */
export interface Summary { readonly on: (event: Event) => void; notes(): readonly { readonly lane: string; readonly text: string }[] }

export function createSummary(): Summary {
  const notes: { lane: string; text: string }[] = [];
  return {
    on(event) {
      if (event.type === 'note' && event.level === 'warn') notes.push({ lane: event.lane, text: event.text });
    },
    notes: () => notes,
  };
}

/** How a run of steps ended well, for people and programs. */
export function stepsOutcome(facts: {
  readonly task: string; readonly clusters: readonly string[]; readonly run: string; readonly lanes: LaneTimings; readonly label: string;
  readonly ms: number; readonly wallMs: number; readonly simulated: boolean; readonly notes: readonly { readonly lane: string; readonly text: string }[]; readonly verbose: boolean;
  /** The view has said how it ended: only what must not be missed is left. */
  readonly summarised?: boolean;
}): Outcome {
  const steps = Object.values(facts.lanes).flat();
  // A preflight only looks, every time.
  const did = steps.filter((step) => step.how === 'done' && step.step !== 'preflight').length;
  const result: Json = {
    task: facts.task, run: facts.run, exit: 0, clusters: facts.clusters, target: facts.label, ms: facts.ms, wallMs: facts.wallMs,
    lanes: Object.fromEntries(Object.entries(facts.lanes).map(([lane, entries]) => [lane, entries.map((entry) => ({ ...entry }))])),
    notes: facts.notes.map((note) => ({ ...note })),
  };
  return {
    exit: 'done',
    result,
    render(style) {
      const took = facts.simulated ? `${duration(facts.ms)} simulated, ${duration(facts.wallMs)} of wall` : duration(facts.ms);
      const warnings = facts.notes.map((note) => `  ${style.yellow('!')} ${note.lane === '' ? '' : `${note.lane}: `}${note.text}`);
      if (facts.summarised === true) return warnings;
      return [
        `${style.green('✔')} ${style.bold(facts.task)} ${facts.clusters.join(' ')}   ${did === 0 ? 'nothing needed changing' : `${plural(did, 'step')} done`}, ${took}`,
        ...warnings,
        style.dim(`  ${facts.label}   run ${facts.run}`),
      ];
    },
  };
}
