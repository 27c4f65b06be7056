import { EXIT } from '../../engine/failure.ts';
import type { Json } from '../../engine/outcome.ts';
import { countsOf, exitOf, type Report } from './report.ts';

/** The report as one document; its shape is told in docs/manifests.md and changes only by what is added. */
export function jsonOf(report: Report): { readonly [key: string]: Json } {
  const exit = exitOf(report);
  return {
    exit, code: EXIT[exit], root: report.root,
    clusters: report.clusters.map((cluster) => ({ ...cluster })),
    counts: { ...countsOf(report) },
    rules: report.rules.map(({ id }) => id),
    findings: plainData(report.findings),
    silenced: plainData(report.silenced),
  };
}

function plainData(value: unknown): Json {
  return JSON.parse(JSON.stringify(value));
}
