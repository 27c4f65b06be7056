import { compareReports, comparisonLines } from '../dr/report/compare.ts';
import { readReport } from '../dr/report/model.ts';
import { rehearsalDir } from './dr-report.ts';
import type { Action } from './task.ts';

/** What is different between two rehearsals of one kind: times by stage, data loss, sentinels, differences. */
const drCompare: Action = async (cx) => {
  const report = (name: 'A' | 'B'): ReturnType<typeof readReport> => readReport(rehearsalDir(cx.taskDir, cx.variables[name] ?? 'last'));
  const comparison = compareReports(report('A'), report('B'));
  return { exit: 'done', result: JSON.parse(JSON.stringify(comparison)), render: (style) => comparisonLines(comparison, style) };
};
export default drCompare;
