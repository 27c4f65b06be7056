import type { RehearsalReport } from './report.types.ts';

export function html(report: RehearsalReport): string {
  return report.verdict.sentence;
}
