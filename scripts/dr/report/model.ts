import { span } from '../../engine/clock.ts';
import type { Rehearsal } from '../record.ts';
import { interventionsOf, missingSteps, peopleOf, stepsOf, tablesOf } from './collect.ts';
import { controlsOf } from './controls.ts';
import { previousOf, readFolder } from './folder.ts';
import { judgementsOf } from './judge.ts';
import type { Baseline, RehearsalReport, StepReport } from './report.types.ts';
import { recoveryOf, recoveryOfAll, splitOf, stagesOf } from './times.ts';
import { timelineOf } from './timeline.ts';
import { findingsOf, isFinal, verdictOf } from './verdict.ts';
import { took } from './words.ts';

/**
 * Everything a rehearsal's report says, from its run folder: the records and the journal, and the run.json of earlier rehearsals beside it
 * for the trend. Reads only; the same folder always gives the same report. `final` overrules whether the rehearsal is over (default: every step came
 * to its end, or the last process ended in a definite no). Asked while the step `verdict` is at work, verdict.reasons is all that speaks against green. Throws a Failure (64) for a run that is no rehearsal.
 */
export function readReport(runDir: string, options: { readonly final?: boolean } = {}): RehearsalReport {
  const folder = readFolder(runDir);
  const { rehearsal } = folder;
  const { clusters, target, objectives } = rehearsal;
  const timeline = timelineOf(folder.events);
  const steps = stepsOf(folder, timeline);
  const tables = tablesOf(folder);
  const { compared, ...rows } = tables;
  const recoveries = clusters.map((cluster) => recoveryOf(cluster, timeline, steps));
  const recovery = recoveryOfAll(recoveries, timeline);
  const pointOfNoReturn = recovery.from === null ? 'not reached' as const : 'passed' as const;
  const acts = timeline.acts.map(({ from: _from, ...act }) => act);
  const lanes = [...(steps.some((step) => step.lane === '') ? [''] : []), ...clusters];
  const stages = stagesOf(withOther(rehearsal, steps), lanes, steps, timeline);
  const judgements = judgementsOf({
    ...rows, compared, target, objectives, clusters, recovery, steps, acts, snapshots: folder.snapshots, disks: folder.disks, dataSets: rehearsal.dataSets,
    damaged: folder.damaged, missingSteps: missingSteps(folder, steps), passed: pointOfNoReturn === 'passed',
  });
  const final = options.final ?? isFinal(timeline, judgements);
  const interventions = interventionsOf(timeline, rows.readiness);
  const { checkpoints, gaps, processes } = timeline;
  const known = { clusters, recovery, steps, data: rows.data, differences: rows.differences, readiness: rows.readiness, judgements, interventions, pointOfNoReturn, checkpoints, gaps, acts };
  const verdict = verdictOf(known, timeline, final);
  const baseline = baselineOf({ rehearsal, verdict: verdict.is, began: timeline.began.wall, recoveryMs: recovery.time?.machine.run ?? null, stages, steps, objects: rows.objects, data: rows.data });
  const previous = previousOf(runDir, baseline);
  const [first] = processes;
  const report = {
    format: 1, kind: 'rehearsal', run: folder.run, began: timeline.began, ended: timeline.ended, verdict, final, pointOfNoReturn,
    scenario: `Total loss of ${clusters.join(' and ')}: every machine and every data disk wiped at once${clusters.length > 1 ? ', all clusters in one rehearsal' : ''}, with nothing left inside to start from.`,
    hypothesis: `From the repository, the secret provider and the backups alone, ${clusters.join(' and ')} ${clusters.length === 1 ? 'comes' : 'come'} back as the platform ${clusters.length === 1 ? 'it was' : 'they were'}, within ${span(objectives.recoveryTimeMs)} of machine time, losing at most ${span(objectives.dataLossMs)} of any protected data.`,
    stopConditions: stopConditions(known), target, clusters, objectives, version: first?.version ?? 'unknown', commit: first?.commit ?? 'unknown',
    people: peopleOf(timeline, rows.readiness), processes, gaps, recovery, recoveries,
    time: splitOf(timeline, lanes.length === 0 ? clusters : lanes, { from: timeline.began, to: timeline.ended }),
    stages, steps, slowest: slowestOf(steps, previous), checkpoints, acts, judgements, dataSets: rehearsal.dataSets, ...rows, snapshots: folder.snapshots, disks: folder.disks,
    interventions, deviations: deviationsOf(known), skipped: skippedOf(steps, missingSteps(folder, steps)), commands: timeline.commands, notes: timeline.notes,
    findings: findingsOf(known, timeline, final), baseline, previous,
  } satisfies Omit<RehearsalReport, 'controls'>;
  return { ...report, controls: controlsOf(report) };
}

/** Steps outside of every stage are shown as one of their own rather than left out. */
function withOther({ stages }: Rehearsal, steps: readonly StepReport[]): Rehearsal['stages'] {
  return steps.some((step) => step.stage === 'other') ? [...stages, { name: 'other', title: 'outside the stages', steps: [] }] : stages;
}

function stopConditions({ steps, checkpoints, judgements }: Pick<RehearsalReport, 'steps' | 'checkpoints' | 'judgements'>): RehearsalReport['stopConditions'] {
  const failedIn = (names: readonly string[]): string => steps.filter((step) => step.state === 'failed' && names.includes(step.step)).map((step) => `${step.lane}: ${step.failure?.what ?? step.note}`).join('; ');
  const no = checkpoints.filter((each) => each.answer !== 'go' && each.answer !== 'none').map((each) => `${each.lane} ${each.step}: ${each.answer}, by ${each.by}`).join('; ');
  return [
    { what: 'a readiness check is not well and nobody accepted it by name', fired: failedIn(['readiness']) },
    { what: 'somebody answers anything but go at a checkpoint, or nobody can', fired: no },
    { what: 'a machine is not proven to be of the cluster that is named', fired: failedIn(['preflight', 'destroy-preflight', 'wipe']) },
    { what: 'a data disk still shows a signature after the wipe', fired: failedIn(['destroyed']) },
    { what: 'a protected data set would come up empty', fired: [failedIn(['data-gate']), ...judgements.filter((each) => each.id.startsWith('data:') && each.verdict.is === 'fail').map((each) => `${each.what}: ${each.verdict.because ?? ''}`)].filter((part) => part !== '').join('; ') },
    { what: 'a step does not come to its end within its patience', fired: steps.filter((step) => step.state === 'failed').map((step) => `${step.lane} ${step.step}`.trim()).join(', ') },
  ];
}

function deviationsOf({ readiness, interventions, gaps }: Pick<RehearsalReport, 'readiness' | 'interventions' | 'gaps'>): readonly string[] {
  return [
    ...gaps.map((gap) => `${gap.after === 'paused' ? 'paused' : gap.after}: stood still for ${took(gap.to.wall - gap.from.wall)} of wall time${gap.because === '' ? '' : ` (${gap.because})`}`),
    ...interventions.filter((each) => each.kind === 'override').map((each) => `${each.what}, by ${each.by}`),
    ...readiness.filter((row) => row.accepted !== undefined).map((row) => `${row.id} was not well (${row.verdict.because ?? row.detail}) and was accepted by ${row.accepted?.by ?? ''}`),
  ];
}

/** What was not done, with its reason. Steps that found everything as it should be were done. */
function skippedOf(steps: readonly StepReport[], missing: readonly string[]): RehearsalReport['skipped'] {
  return [
    ...steps.filter((step) => step.state === 'not-started' || step.note.startsWith('skip:')).map(({ lane, step, note }) => ({ lane, step, because: note })),
    ...missing.map((step) => ({ lane: '', step, because: 'the rehearsal was told to end before it' })),
  ];
}

/** The slowest steps of the recovery, and how long each took the last time all went well. */
function slowestOf(steps: readonly StepReport[], previous: readonly Baseline[]): RehearsalReport['slowest'] {
  const before = previous.findLast((each) => each.verdict === 'green');
  return steps.filter((step) => step.kind === 'phase' && step.took.run > 0 && ['destroy', 'rebuild', 'data'].includes(step.stage)).toSorted((a, b) => b.took.run - a.took.run).slice(0, 5)
    .map(({ lane, step, took: time }) => ({ cluster: lane, step, took: time, before: before?.steps[`${lane}/${step}`] ?? null, beforeAt: before?.at ?? null }));
}

function baselineOf(of: { readonly rehearsal: Rehearsal; readonly verdict: Baseline['verdict']; readonly began: number; readonly recoveryMs: number | null; readonly stages: RehearsalReport['stages']; readonly steps: readonly StepReport[]; readonly objects: RehearsalReport['objects']; readonly data: RehearsalReport['data'] }): Baseline {
  const { run, target, clusters } = of.rehearsal;
  const losses = of.data.flatMap((each) => (each.protection === 'backup' && each.lossMs !== null ? [each.lossMs] : []));
  return {
    run, at: new Date(of.began).toISOString(), verdict: of.verdict, kind: target.kind, engine: target.engine, speed: target.speed, clusters, recoveryMs: of.recoveryMs,
    stages: Object.fromEntries(of.stages.map((each) => [`${each.lane}/${each.stage}`, each.machine.run])),
    steps: Object.fromEntries(of.steps.filter((step) => step.kind === 'phase' && step.attempts.length > 0).map((step) => [`${step.lane}/${step.step}`, step.took.run])),
    objects: Object.fromEntries(of.objects.flatMap((each) => (each.after === null ? [] : [[`${each.cluster}/${each.section}`, each.after]]))),
    worstLossMs: losses.length === 0 ? null : Math.max(...losses),
  };
}
