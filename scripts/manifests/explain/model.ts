import type { Spot } from '../../config/source.ts';
import type { FieldOrigin } from './fields.ts';
import type { SetValue } from './values.ts';

/** Everything that made one object what it is; plain data. */
export interface Explanation {
  readonly cluster: string;
  /** `Kind namespace/name`. */
  readonly id: string;
  readonly apiVersion: string;
  /** Where it is written: its document, or the entry of its generator; for what a chart makes, its HelmRelease. */
  readonly written: { readonly at: Spot; readonly document: number; readonly documents: number; readonly generator: string | null };
  readonly chart: { readonly release: string; readonly name: string; readonly version: string; readonly template: string; /** Why what it reads is not known; null when it is. */ readonly unknown: string | null } | null;
  /** Values its template reads and somebody set, with where; all others are the chart's own. */
  readonly values: readonly SetValue[];
  /** Entries of kustomization.yaml files that take it in, the outermost first. */
  readonly takenIn: readonly Spot[];
  /** The nearest first, the entry last. */
  readonly chain: readonly { readonly unit: string; readonly folder: string; readonly at: Spot | null; readonly suspended: boolean }[];
  /** Who else had a hand in it, each once. */
  readonly edits: readonly { readonly by: string; readonly at: Spot; readonly component: boolean }[];
  /** Fields that are asked for. */
  readonly fields: readonly FieldOrigin[];
  /** How many there are besides, which stand as they are in its own file. */
  readonly others: number;
}
