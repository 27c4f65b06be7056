import { escape } from './html-parts.ts';
import type { Judgement, RehearsalReport, StepReport } from './report.types.ts';

interface Case { readonly name: string; readonly classname: string; readonly seconds: number; readonly result: { readonly is: 'pass' } | { readonly is: 'failure' | 'error' | 'skipped'; readonly message: string } }

/** The report as JUnit XML, for whatever reads test results: one suite per cluster's steps, one for what had to be shown. Cannot tell is an error, never a pass. */
export function junit(report: RehearsalReport): string {
  const suites: { readonly name: string; readonly cases: readonly Case[] }[] = [
    ...[...new Set(report.steps.map((step) => step.lane))].map((lane) => ({ name: `steps of ${lane === '' ? 'the rehearsal' : lane}`, cases: report.steps.filter((step) => step.lane === lane).map(ofStep) })),
    { name: 'what had to be shown', cases: report.judgements.map(ofJudgement) },
  ];
  const all = suites.flatMap((suite) => suite.cases);
  const at = new Date(report.began.wall).toISOString().slice(0, 19);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="rehearsal ${escape(report.run)}" ${totals(all)}>`,
    ...suites.flatMap(({ name, cases }) => [
      `  <testsuite name="${escape(name)}" timestamp="${at}" hostname="${escape(report.processes[0]?.by.split('@').at(-1) ?? '')}" ${totals(cases)}>`,
      '    <properties>', ...properties(report).map(([key, value]) => `      <property name="${escape(key)}" value="${escape(value)}"/>`), '    </properties>',
      ...cases.map(caseOf), '  </testsuite>',
    ]),
    '</testsuites>', '',
  ].join('\n');
}

function properties({ target, verdict, version, commit, run }: RehearsalReport): readonly (readonly [string, string])[] {
  return [['run', run], ['verdict', verdict.is], ['target', target.label], ['engine', target.engine], ['speed', String(target.speed)], ['simulated', target.simulated.join(', ')], ['version', version], ['commit', commit]];
}

function totals(cases: readonly Case[]): string {
  const of = (is: Case['result']['is']): number => cases.filter((each) => each.result.is === is).length;
  return `tests="${cases.length}" failures="${of('failure')}" errors="${of('error')}" skipped="${of('skipped')}" time="${cases.reduce((sum, each) => sum + each.seconds, 0).toFixed(3)}"`;
}

function caseOf({ name, classname, seconds, result }: Case): string {
  const open = `    <testcase name="${escape(name)}" classname="${escape(classname)}" time="${seconds.toFixed(3)}"`;
  return result.is === 'pass' ? `${open}/>` : `${open}><${result.is} message="${escape(result.message)}"/></testcase>`;
}

/** Times are of the run's clock, as everything that is measured. */
function ofStep(step: StepReport): Case {
  const of = { name: step.step, classname: `${step.stage}.${step.lane === '' ? 'all' : step.lane}`, seconds: step.took.run / 1_000 };
  switch (step.state) {
    case 'done':
    case 'already': return { ...of, result: { is: 'pass' } };
    case 'failed': return { ...of, result: { is: 'failure', message: [step.failure?.what ?? step.note, step.failure?.because ?? ''].filter((part) => part !== '').join(': ') } };
    case 'unfinished': return { ...of, result: { is: 'error', message: step.note === '' ? 'begun, and not ended' : step.note } };
    case 'not-started': return { ...of, result: { is: 'skipped', message: step.note === '' ? 'not begun' : step.note } };
  }
}

function ofJudgement({ id, what, wanted, seen, verdict, decisive }: Judgement): Case {
  const kind = id.split(':')[0] ?? id;
  const of = { name: what, classname: `shown.${kind}`, seconds: 0 };
  const message = verdict.because ?? `wanted ${wanted}, seen ${seen}`;
  if (verdict.is === 'pass') return { ...of, result: { is: 'pass' } };
  // What does not decide is told without failing a pipeline that green would pass.
  if (verdict.is === 'skip' || !decisive) return { ...of, result: { is: 'skipped', message: verdict.is === 'unknown' ? `cannot tell: ${message}` : message } };
  return { ...of, result: { is: verdict.is === 'fail' ? 'failure' : 'error', message } };
}
