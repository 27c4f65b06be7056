import type { Site } from '../../config/cluster.ts';
import type { LockHolder } from '../../engine/lock-holder.ts';
import type { Alive } from '../../engine/process-identity.ts';
import type { Verdict } from '../../engine/verdict.ts';
import type { Dated } from '../../tools/certificates.ts';
import type { EndpointAnswer, MachineTime } from '../../tools/doors.ts';
import type { Glance } from '../../tools/glance.ts';

/** One thing that was looked at. */
export interface Finding { readonly name: string; readonly verdict: Verdict }

/** What a read of something gave, or why it gave nothing. */
export type Told<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly because: string; readonly hint?: string };

export interface LockSeen { readonly file: string; /** undefined: somebody else's program wrote it. */ readonly holder: LockHolder | undefined; readonly alive: Alive; /** Since its last sign of life, ms. */ readonly silent: number }

/** Everything the checks look at: the real machine's in around-here.ts, a table's in tests. Nothing in it throws, except for the run's end. */
export interface Around {
  readonly node: { readonly version: string; readonly path: string; readonly system: string };
  readonly memory: { readonly total: number; readonly available: number };
  readonly taskDir: string;
  readonly root: string;
  readonly target: 'site' | 'lab';
  readonly dryRun: boolean;
  /** Wall ms. */
  now(): number;
  /** Makes the task folder where it is missing; the reason when it cannot be written to. */
  taskFolder(): Told<{ readonly mode: number }>;
  /** Free bytes on the task folder's disk. */
  room(): Told<number>;
  /** Permission bits of a file or folder; undefined when it is not there. */
  mode(file: string): number | undefined;
  site(): Promise<Told<Site>>;
  /** As tools/commit.ts tells it. */
  commit(): string;
  tools(): Promise<Told<readonly { readonly name: string; readonly verdict: Verdict }[]>>;
  /** Who is signed in to the secret store. */
  whoami(): Promise<Told<string>>;
  endpoint(cluster: string): Promise<EndpointAnswer>;
  api(cluster: string): Promise<Told<Glance>>;
  machine(cluster: string, machine: string): Promise<Told<Glance>>;
  /** Whether this machine has a kubeconfig of the cluster. */
  known(cluster: string): boolean;
  /** Whether this machine has a talosconfig of the cluster. */
  askable(cluster: string): boolean;
  /** The clocks of its machines, by name, and how long it took to ask them, ms of their clocks. */
  times(cluster: string): Promise<Told<{ readonly times: ReadonlyMap<string, Told<MachineTime>>; readonly tookMs: number }>>;
  /** Certificates in the cluster's files; files that cannot be read are findings of their own. */
  dated(cluster: string): Promise<readonly Told<Dated>[]>;
  /** Files that hold keys, of every cluster and target. */
  keyFiles(): readonly string[];
  locks(): readonly LockSeen[];
  lab(): Promise<Told<string>>;
}
