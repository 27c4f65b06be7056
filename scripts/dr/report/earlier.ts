import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { TargetFile } from '../../config/target.ts';
import type { Baseline } from './report.types.ts';
import { day, took } from './words.ts';

export const REPORT_JSON = 'run.json';
/** So many earlier rehearsals are shown beside this one. */
const SHOWN = 12;

/**
 * Baselines of earlier rehearsals beside this one that may be compared with it: the same clusters, target kind, engine and speed,
 * oldest first. A report that cannot be read is left out: it is no part of this run's evidence.
 */
export function previousOf(runDir: string, like: Comparable): readonly Baseline[] {
  return earlier(runDir, (baseline) => whyNotComparable(baseline, like) === undefined, SHOWN);
}

/** The newest rehearsal before this one on a target of this kind, engine and speed that came to a verdict, in a few words. */
export function lastRehearsal(runDir: string, target: Pick<TargetFile, 'kind' | 'engine' | 'speed'>): string | undefined {
  const [last] = earlier(runDir, (baseline) => baseline.kind === target.kind && baseline.engine === target.engine && baseline.speed === target.speed, 1);
  if (last === undefined) return undefined;
  return [day(Date.parse(last.at)), last.clusters.join(' and '), last.verdict, ...(last.recoveryMs === null ? [] : [`recovered in ${took(last.recoveryMs)}`])].join(', ');
}

/** Rehearsals before this one with a verdict, oldest first, at most `most` of the newest. */
function earlier(runDir: string, wanted: (baseline: Baseline) => boolean, most: number): readonly Baseline[] {
  const base = dirname(runDir);
  const found: Baseline[] = [];
  const names = readdirSync(base).filter((name) => name < basename(runDir) && existsSync(join(base, name, REPORT_JSON))).toSorted().toReversed();
  for (const name of names) {
    if (found.length === most) break;
    const baseline = baselineIn(join(base, name, REPORT_JSON));
    if (baseline !== undefined && baseline.verdict !== 'unfinished' && wanted(baseline)) found.push(baseline);
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
