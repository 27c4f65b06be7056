import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DataSet } from '../config/recovery.ts';
import { Failure } from '../engine/failure.ts';
import { isRunId, startOfRun } from '../engine/runs.ts';
import type { Verdict } from '../engine/verdict.ts';
import { writePrivate } from '../tools/files.ts';
import type { Difference, Fingerprint } from './fingerprint.ts';

/**
 * What a rehearsal writes into its run folder, one file per cluster and subject; the report is made of these and the journal
 * alone. Times are wall ISO 8601 unless they say `sim`: those are the run's clock as a date (in the lab, simulated time).
 */
export interface Records {
  /** What the rehearsal set out to do; written once, before its first step. */
  readonly rehearsal: Rehearsal;
  readonly readiness: readonly ReadinessRow[];
  readonly 'fingerprint-before': Fingerprint;
  readonly 'fingerprint-after': Fingerprint;
  readonly differences: readonly Difference[];
  readonly sentinels: readonly Sentinel[];
  readonly 'sentinels-after': readonly SentinelFound[];
  readonly data: readonly DataVerdict[];
  readonly 'second-create': SecondCreate;
  readonly generation: Generation;
  readonly frozen: Frozen;
  readonly unfrozen: Unfrozen;
}
export type RecordName = keyof Records;

export interface Rehearsal {
  readonly format: 1;
  readonly run: string;
  readonly clusters: readonly string[];
  readonly stages: readonly { readonly name: string; readonly title: string; readonly steps: readonly string[] }[];
  readonly target: { readonly id: string; readonly kind: 'site' | 'lab'; readonly label: string; readonly engine: string; readonly speed: number; readonly simulated: readonly string[] };
  readonly objectives: { readonly recoveryTimeMs: number; readonly dataLossMs: number };
  readonly dataSets: readonly DataSet[];
}

/** One line of the readiness table. `id` is what ACCEPT names, e.g. `backup:infra/ledger`. */
export interface ReadinessRow {
  readonly id: string;
  readonly group: 'repository' | 'machines' | 'power' | 'secrets' | 'calendar' | 'etcd' | 'data' | 'stores' | 'outside' | 'health';
  readonly subject: string;
  readonly verdict: Verdict;
  /** Newest backup, newest rehearsal and the like, for the table and the checkpoint. */
  readonly detail: string;
  /** Set when it was not well and somebody accepted it by name. */
  readonly accepted?: { readonly by: string; readonly how: 'variable' | 'policy' };
  /** Of a data set's backup: when it was made (sim), how old at the look, and how old it may be. */
  readonly backup?: { readonly at: string; readonly ageMs: number; readonly objectiveMs: number };
}

/** A value of our own in a data set, written before the destroy and covered by a backup made after it. */
export interface Sentinel {
  readonly dataSet: string;
  readonly kind: DataSet['kind'];
  /** The marker: random, no secret. */
  readonly value: string;
  readonly expected: 'returns' | 'lost';
  readonly writtenAt: string;
  readonly writtenSim: string;
  /** When the backup that covers it was complete (sim); null for what git brings back and what nothing protects. */
  readonly backedUpSim: string | null;
}
export interface SentinelFound {
  readonly dataSet: string;
  readonly expected: 'returns' | 'lost';
  /** What was read after the rebuild; null when there was none. */
  readonly found: string | null;
  readonly verdict: Verdict;
}

/** What became of one data set. `unknown` is never good. */
export interface DataVerdict {
  readonly dataSet: string;
  readonly kind: DataSet['kind'];
  readonly protection: DataSet['protection']['by'];
  readonly became: 'restored' | 'from git' | 'fresh, as declared' | 'lost' | 'unknown';
  /** The moment the data is of (sim); null when there is none or it cannot be told. */
  readonly restoredFrom: string | null;
  /** Between that moment and the freeze, ms; null when it cannot be told. */
  readonly lossMs: number | null;
  readonly objectiveMs: number | null;
  readonly because: string;
}

/** Names under which a cluster's databases archive: each rebuild has its own, and data comes back from the one before it. */
export interface Generation { readonly from: string; readonly to: string }
/** What stands for "there is none before it". */
export const NO_GENERATION = 'none';
/** The generation a run makes: its beginning in UTC, as a name that fits into a bucket's path and a Kubernetes name. */
export function generationOf(runDir: string): string {
  const run = basename(runDir);
  // A dry run has no folder of its own.
  if (!isRunId(run)) return 'dry-run';
  return new Date(startOfRun(run)).toISOString().replace(/\.\d+Z$/, '').replaceAll(/[-:]/g, '').replace('T', '-');
}
/** The generation a rehearsal rebuilds: another than that of clusters the same run may have brought up first. */
export function rebuiltGenerationOf(runDir: string): string {
  return `${generationOf(runDir)}-r`;
}
export interface SecondCreate { readonly writes: readonly string[] }
/** When the cluster was frozen (both clocks), and what was suspended by us or already by others. */
export interface Frozen { readonly at: string; readonly sim: string; readonly suspended: readonly string[]; readonly byOthers: readonly string[]; readonly scaledToZero: readonly string[]; readonly hooks: readonly string[] }
/** What was put back, and what could not be: then a person has to. */
export interface Unfrozen { readonly putBack: readonly string[]; readonly left: readonly string[]; readonly because: string }

/** `<name>-<cluster>.json`; the rehearsal's own has no cluster. */
export function recordFile(runDir: string, name: RecordName, cluster = ''): string {
  return join(runDir, cluster === '' ? `${name}.json` : `${name}-${cluster}.json`);
}

/** Writes a record whole or not at all (0600). */
export async function writeRecord<N extends RecordName>(runDir: string, name: N, record: Records[N], cluster = ''): Promise<void> {
  await writePrivate(recordFile(runDir, name, cluster), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** Reads one, or undefined when it was never written. Throws a Failure (76) for one that is damaged: evidence must not be guessed. */
export function readRecord<N extends RecordName>(runDir: string, name: N, cluster = ''): Records[N] | undefined {
  const file = recordFile(runDir, name, cluster);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Records[N];
  } catch (cause) {
    throw new Failure({ exit: 'look', what: `${file} is damaged`, because: cause instanceof Error ? cause.message : String(cause), hint: 'task dr:verify tells what else of this run was changed; RUN=new starts another rehearsal', cause });
  }
}
