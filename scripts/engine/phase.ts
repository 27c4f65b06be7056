import type { Clock } from './clock.ts';
import type { Emit } from './event.ts';
import type { Check } from './verdict.ts';

/** What the engine itself needs of a context; phases get a richer one (scripts/phases/context.ts). */
export interface EngineContext<S> {
  /** The cluster's name, or '' for steps of the run as a whole. */
  readonly lane: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly dryRun: boolean;
  readonly emit: Emit;
  /** Reads the named layers of the world once. */
  look(layers: readonly string[]): Promise<S>;
}

/** One step of the work: it does something, or it only waits for what others do. */
export type Phase<C, S> = WorkPhase<C, S> | WaitPhase<S>;

/**
 * A step that changes nothing: it waits until its checks hold. One look answers both "already so?" and "how far?", which
 * for a look at a whole cluster is half the cost.
 */
export interface WaitPhase<S> {
  readonly name: string;
  readonly title: string;
  readonly verify: readonly Check<S>[];
  readonly patience: number;
  /** Pause between two looks, ms of the run's clock; 2 s unless told. Shorter only where a look starts no child process. */
  readonly every?: number;
  /** What to say when the checks hold ("3 nodes Ready"). */
  holds(seen: S): string;
}

/** One step of the work. `name` is stable (journal, plan); `title` is what people read. */
export interface WorkPhase<C, S> {
  readonly name: string;
  readonly title: string;
  /** Asks the world, read-only. A string says why there is nothing to do; false means run. */
  done(cx: C): Promise<false | string>;
  /**
   * Local work that does not depend on earlier steps (rendering, loading a client): called once while an earlier step of the
   * lane waits, or not at all. It writes nothing, and a failure counts only when `done` or `run` meet it themselves.
   */
  prepare?(cx: C): Promise<void>;
  /** Does it. The returned sentence ends the line people see ("3 members healthy"). */
  run(cx: C): Promise<string>;
  /** Judged after run, and after a skip too: "already there" is a claim. Waited for up to `patience`. */
  readonly verify: readonly Check<S>[];
  /** How long verify may take to pass, in ms of the run's clock. */
  readonly patience: number;
  /** As of a WaitPhase. */
  readonly every?: number;
}

/** A phase in a list, loaded only when its turn comes: 111 modules loaded at start made `--list` eight times slower. */
export interface PhaseStep<C, S> {
  readonly kind: 'phase';
  readonly name: string;
  readonly title: string;
  /** Once in a run, however often the run is gone on with: see RunHost.earlier. What only the world decides is not marked. */
  readonly once?: true;
  load(): Promise<Phase<C, S>>;
}

export interface Question {
  readonly title: string;
  /** Label and text, shown above the question: what is about to be lost. */
  readonly facts: readonly (readonly [label: string, text: string])[];
  /** The word to type for a destructive step; undefined for a yes/no one. */
  readonly word: string | undefined;
}

/** A point where a person decides. Asked between two renderings, never inside one. */
export interface CheckpointStep<C> {
  readonly kind: 'checkpoint';
  readonly name: string;
  readonly title: string;
  /** As of a PhaseStep. */
  readonly once?: true;
  ask(cx: C): Promise<Question>;
}

/** Lanes side by side, each its own list. One lane's failure does not stop the others. */
export interface Together<C, S> {
  readonly kind: 'together';
  readonly lanes: readonly { readonly lane: string; readonly steps: readonly Step<C, S>[] }[];
}

export type Step<C, S> = PhaseStep<C, S> | CheckpointStep<C> | Together<C, S>;
