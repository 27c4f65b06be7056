import type { RehearsalReport } from './report.types.ts';

export function junit(report: RehearsalReport): string {
  return report.verdict.sentence;
}
