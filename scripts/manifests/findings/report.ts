import type { Finding, Severity } from '../model.types.ts';
import type { Spot } from '../../config/source.ts';

/** What a report says of a rule: it needs no rule to be loaded. */
export interface RuleFacts {
  readonly id: string;
  /** The folder it lives in; `build` for what building finds, `silences` for what is wrong with silences. */
  readonly group: string;
  readonly severity: 'error' | 'warning';
  readonly summary: string;
  readonly why: string;
  readonly secret: boolean;
}

/** A finding with the line it is on, so that a report needs no file. */
export interface Told extends Finding {
  /** null when there is no such line. What nobody may read is dotted out. */
  readonly text: string | null;
}
export interface Silenced extends Told { readonly reason: string; /** Where the silence is written. */ readonly by: Spot }

export interface ClusterFacts {
  readonly name: string;
  readonly entry: string;
  readonly kustomizations: number;
  readonly objects: number;
  readonly releases: number;
  readonly rendered: number;
}

/** Everything a validation has to say; plain data, the same whether it was worked out now or remembered. */
export interface Report {
  readonly root: string;
  /** Where the root is in its repository: '' or a folder that ends with `/`. */
  readonly prefix: string;
  readonly clusters: readonly ClusterFacts[];
  /** The rules that were asked. */
  readonly rules: readonly RuleFacts[];
  /** By file, line, column. */
  readonly findings: readonly Told[];
  readonly silenced: readonly Silenced[];
}

export interface Counts { readonly errors: number; readonly warnings: number; readonly unknown: number; readonly silenced: number }

export function countsOf({ findings, silenced }: Pick<Report, 'findings' | 'silenced'>): Counts {
  const of = (severity: Severity): number => findings.filter((finding) => finding.severity === severity).length;
  return { errors: of('error'), warnings: of('warning'), unknown: of('unknown'), silenced: silenced.length };
}

/** Nothing wrong, something wrong, or something that could not be checked. Warnings alone are nothing wrong. */
export function exitOf(report: Pick<Report, 'findings' | 'silenced'>): 'done' | 'no' | 'cannotTell' {
  const { errors, unknown } = countsOf(report);
  return errors > 0 ? 'no' : unknown > 0 ? 'cannotTell' : 'done';
}
