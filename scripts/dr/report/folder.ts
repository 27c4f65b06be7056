import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../../engine/failure.ts';
import { JOURNAL_FILE, readJournal } from '../../engine/journal.ts';
import type { Event } from '../../engine/event.ts';
import { readRecord, type RecordName, type Records, type Rehearsal } from '../record.ts';
import type { Baseline, DiskReport, EtcdSnapshot } from './report.types.ts';

/** What lies in a rehearsal's folder. `damaged` names what is there and cannot be believed: it is told, never guessed. */
export interface Folder {
  readonly run: string;
  readonly rehearsal: Rehearsal;
  readonly events: readonly Event[];
  readonly damaged: readonly string[];
  /** Undefined where it was never written, and where it is damaged. */
  record<N extends RecordName>(name: N, cluster: string): Records[N] | undefined;
  readonly snapshots: readonly EtcdSnapshot[];
  readonly disks: readonly DiskReport[];
}

/** Reads it all. Throws a Failure (64) for a folder of another kind of run. */
export function readFolder(runDir: string): Folder {
  const rehearsal = readRecord(runDir, 'rehearsal');
  if (rehearsal === undefined) throw new Failure({ exit: 'usage', what: `${basename(runDir)} is not a rehearsal`, because: 'its folder has no rehearsal.json', hint: 'task runs:list tells which runs are; task runs:show RUN=... is for the others' });
  const damaged: string[] = [];
  const { events, tampered } = journalOf(join(runDir, JOURNAL_FILE), damaged);
  if (tampered !== undefined) damaged.push(`journal, line ${tampered.line}: ${tampered.because}; what comes after it is not believed`);
  const known = new Map<string, unknown>();
  const once = <T>(file: string, read: () => T): T | undefined => {
    if (!known.has(file)) known.set(file, attempt(read, file, damaged));
    return known.get(file) as T | undefined;
  };
  return {
    run: rehearsal.run, rehearsal, events, damaged,
    record: (name, cluster) => once(`${name} ${cluster}`, () => readRecord(runDir, name, cluster)),
    snapshots: rehearsal.clusters.flatMap((cluster) => {
      const file = `etcd-${cluster}.db.json`;
      const read = once(file, () => jsonOf(join(runDir, file)));
      return isSnapshot(read) ? [{ ...read, cluster }] : [];
    }),
    disks: rehearsal.clusters.flatMap((cluster) => {
      const file = `disks-${cluster}.json`;
      const read = once(file, () => jsonOf(join(runDir, file)));
      return Array.isArray(read) ? read.filter(isDisk).map((disk) => ({ ...disk, cluster })) : [];
    }),
  };
}

function journalOf(file: string, damaged: string[]): Pick<ReturnType<typeof readJournal>, 'events' | 'tampered'> {
  if (existsSync(file)) return readJournal(file);
  damaged.push('there is no journal');
  return { events: [], tampered: undefined };
}

function attempt<T>(read: () => T, file: string, damaged: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Failure) && !(error instanceof SyntaxError)) throw error;
    damaged.push(`${file}: ${error instanceof Failure ? (error.because ?? error.what) : error.message}`);
    return undefined;
  }
}

function jsonOf(file: string): unknown {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}
function isSnapshot(value: unknown): value is Omit<EtcdSnapshot, 'cluster'> {
  return typeof value === 'object' && value !== null && 'hash' in value && 'revision' in value && 'keys' in value && 'sha256' in value;
}
function isDisk(value: unknown): value is Omit<DiskReport, 'cluster'> {
  return typeof value === 'object' && value !== null && 'machine' in value && 'purpose' in value && 'verdict' in value;
}

export const REPORT_JSON = 'run.json';
/** So many earlier rehearsals are shown beside this one. */
const SHOWN = 12;

/**
 * Baselines of earlier rehearsals beside this one that may be compared with it: the same clusters, target kind, engine and speed,
 * oldest first. A report that cannot be read is left out: it is no part of this run's evidence.
 */
export function previousOf(runDir: string, like: Comparable & Pick<Baseline, 'run'>): readonly Baseline[] {
  const base = dirname(runDir);
  const found: Baseline[] = [];
  const names = readdirSync(base).filter((name) => name < like.run && existsSync(join(base, name, REPORT_JSON))).toSorted().toReversed();
  for (const name of names) {
    if (found.length === SHOWN) break;
    const baseline = baselineIn(join(base, name, REPORT_JSON));
    if (baseline !== undefined && baseline.verdict !== 'unfinished' && whyNotComparable(baseline, like) === undefined) found.push(baseline);
  }
  return found.toReversed();
}

function baselineIn(file: string): Baseline | undefined {
  try {
    const read: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof read !== 'object' || read === null || !('format' in read) || read.format !== 1 || !('baseline' in read)) return undefined;
    const { baseline } = read;
    return typeof baseline === 'object' && baseline !== null && 'run' in baseline && 'stages' in baseline && 'steps' in baseline && 'kind' in baseline ? (baseline as Baseline) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type Comparable = Pick<Baseline, 'kind' | 'engine' | 'speed' | 'clusters'>;
/** Why two rehearsals must not be compared, or undefined when they may be: a simulated minute is none on site. */
export function whyNotComparable(a: Comparable, b: Comparable): string | undefined {
  if (a.kind !== b.kind) return `one was on the ${a.kind}, the other on the ${b.kind}`;
  if (a.engine !== b.engine) return `one ran on the engine ${a.engine}, the other on ${b.engine}`;
  if (a.speed !== b.speed) return `one ran at speed ${a.speed}, the other at ${b.speed}`;
  const [ours, theirs] = [a.clusters.toSorted().join(', '), b.clusters.toSorted().join(', ')];
  return ours === theirs ? undefined : `one rebuilt ${ours}, the other ${theirs}`;
}
