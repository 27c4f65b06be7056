import type { Cluster, Site } from '../config/cluster.ts';
import type { Clock } from '../engine/clock.ts';
import type { Emit } from '../engine/event.ts';
import type { Answer, PollOptions } from '../engine/poll.ts';
import type { Doors } from '../tools/doors.ts';

/** What the parts of a rehearsal need of a step's context (scripts/phases/context.ts has it all). */
export interface DrContext {
  readonly lane: string;
  readonly step: string;
  readonly site: Site;
  readonly cluster: Cluster;
  readonly doors: Doors;
  readonly looking: Doors;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly dryRun: boolean;
  readonly emit: Emit;
  readonly runDir: string;
  readonly clusterDir: string;
  wait<T>(what: string, probe: () => Promise<Answer<T>>, options: PollOptions): Promise<T | undefined>;
}
