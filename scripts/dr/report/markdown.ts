import type { RehearsalReport } from './report.types.ts';

export function markdown(report: RehearsalReport): string {
  return report.verdict.sentence;
}
