import type { Told } from '../findings/report.ts';
import type { Danger } from './danger.ts';
import type { Fate } from './fate.ts';
import type { Hunk } from './text.ts';

/** Why something is otherwise: a place in a file that changed. */
export interface Reason { readonly file: string; /** 0: the file as a whole. */ readonly line: number; readonly column: number; /** Looked up in the older of the two sides: it is there no more. */ readonly gone: boolean; /** `patch`, `variable X`, ... */ readonly what: string }

export interface ObjectDiff {
  /** `Kind namespace/name`, as it is after the change, or was. */
  readonly id: string;
  readonly kind: string;
  readonly apiVersion: string;
  readonly how: 'added' | 'removed' | 'changed';
  /** `namespace/name` of the Kustomization. */
  readonly unit: string;
  /** `HelmRelease namespace/name` whose chart makes it. */
  readonly release: string | null;
  /** Another Kustomization applied it before. */
  readonly movedFrom: string | null;
  /** What it was called before: a generator names by content. */
  readonly renamedFrom: string | null;
  /** For what is removed: what becomes of it. */
  readonly fate: Fate | null;
  /** Who applies it is suspended: nothing happens until it goes on. */
  readonly suspended: boolean;
  readonly dangers: readonly Danger[];
  readonly why: readonly Reason[];
  readonly hunks: readonly Hunk[];
  readonly added: number;
  readonly removed: number;
}

export interface ValueChange { readonly path: string; readonly before: string | null; readonly after: string | null }

/** What changes of a release besides its own object. */
export interface ReleaseDiff {
  readonly id: string;
  readonly how: 'added' | 'removed' | 'changed';
  readonly before: { readonly chart: string; readonly version: string } | null;
  readonly after: { readonly chart: string; readonly version: string } | null;
  /** The version says that old ways may not work any more. */
  readonly major: boolean;
  readonly values: readonly ValueChange[];
  /** Why what its chart renders was not compared; null when it was. */
  readonly unknown: string | null;
}

export interface ClusterDiff {
  readonly name: string;
  readonly entry: string;
  readonly objects: readonly ObjectDiff[];
  readonly releases: readonly ReleaseDiff[];
  /** Kustomizations that could not be built on a side: nothing is said of what they apply. */
  readonly left: readonly string[];
}

export interface SideName { readonly name: string; /** null: the working tree. */ readonly commit: string | null }

/** Plain data. */
export interface DiffReport {
  readonly base: SideName;
  readonly head: SideName;
  /** Files that are not the same on both sides. */
  readonly files: readonly string[];
  readonly clusters: readonly ClusterDiff[];
  /** What is wrong with a side that could not be built. */
  readonly broken: readonly { readonly side: string; readonly findings: readonly Told[] }[];
  /** Charts were rendered. */
  readonly rendered: boolean;
}

export interface Counts { readonly added: number; readonly removed: number; readonly changed: number; readonly dangers: number }

export function countsOf({ objects }: Pick<ClusterDiff, 'objects'>): Counts {
  const of = (how: ObjectDiff['how']): number => objects.filter((object) => object.how === how).length;
  return { added: of('added'), removed: of('removed'), changed: of('changed'), dangers: objects.reduce((sum, object) => sum + object.dangers.length, 0) };
}

/** Nothing in it, for nothing of what the controllers apply is otherwise. */
export function isEmpty(report: Pick<DiffReport, 'clusters' | 'broken'>): boolean {
  return report.broken.length === 0 && report.clusters.every((cluster) => cluster.objects.length === 0 && cluster.releases.length === 0);
}
