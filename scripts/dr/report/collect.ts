import type { Difference, Fingerprint } from '../fingerprint.ts';
import { borneOut, dataVerdict, NOT_JUDGED } from './judge.ts';
import { tookOf } from './times.ts';
import type { Folder } from './folder.ts';
import type { ComponentRate, Intervention, RehearsalReport, StepReport } from './report.types.ts';
import type { Timeline } from './timeline.ts';

/** Stage of a step no stage names. */
const ELSEWHERE = 'other';

/** Every step of the plan with its stage, in the order of the plan. */
export function stepsOf({ rehearsal }: Folder, timeline: Timeline): readonly StepReport[] {
  const stageOf = (step: string): string => rehearsal.stages.find((stage) => stage.steps.includes(step))?.name ?? (step.startsWith('first:') ? 'prepare' : step.startsWith('again:') ? 'again' : ELSEWHERE);
  return timeline.steps.map(({ lane, step, title, kind, state, note, failure, attempts, retries }) => ({
    lane, stage: stageOf(step), step, title, kind, state, note, attempts, retries, took: tookOf(attempts),
    failure: failure === null ? null : { what: failure.what, because: failure.because ?? '', hint: failure.hint ?? '', exit: failure.exit },
  }));
}

/** Steps the rehearsal set out to do that no process ever planned: it was told to end before them. */
export function missingSteps({ rehearsal }: Folder, steps: readonly StepReport[]): readonly string[] {
  const planned = new Set(steps.map((step) => step.step));
  return rehearsal.stages.flatMap((stage) => stage.steps).filter((step) => !planned.has(step) && !step.startsWith('first:'));
}

type Tables = Pick<RehearsalReport, 'data' | 'sentinels' | 'differences' | 'readiness' | 'secondCreate' | 'frozen' | 'unfrozen' | 'generations' | 'components' | 'versions' | 'objects'> & { readonly compared: readonly string[] };

/** The records of all clusters side by side, each row with its cluster's name. */
export function tablesOf(folder: Folder): Tables {
  const { rehearsal, record } = folder;
  const { clusters } = rehearsal;
  const single = <T extends object>(read: (cluster: string) => T | undefined): readonly (T & { readonly cluster: string })[] => clusters.flatMap((cluster) => {
    const found = read(cluster);
    return found === undefined ? [] : [{ ...found, cluster }];
  });
  const rows = <T extends object>(read: (cluster: string) => readonly T[] | undefined): readonly (T & { readonly cluster: string })[] => clusters.flatMap((cluster) => (read(cluster) ?? []).map((row) => ({ ...row, cluster })));
  const prints = (cluster: string): { readonly before: Fingerprint | undefined; readonly after: Fingerprint | undefined } => ({ before: record('fingerprint-before', cluster), after: record('fingerprint-after', cluster) });
  return {
    data: clusters.flatMap((cluster) => dataOf(folder, cluster)),
    sentinels: clusters.flatMap((cluster) => sentinelsOf(folder, cluster)),
    differences: rows((cluster) => record('differences', cluster)),
    compared: clusters.filter((cluster) => record('differences', cluster) !== undefined),
    readiness: rows((cluster) => record('readiness', cluster)),
    secondCreate: single((cluster) => record('second-create', cluster)),
    frozen: single((cluster) => record('frozen', cluster)),
    unfrozen: single((cluster) => record('unfrozen', cluster)),
    generations: single((cluster) => record('generation', cluster)),
    components: clusters.flatMap((cluster) => ratesOf(cluster, prints(cluster), record('differences', cluster) ?? [])),
    versions: clusters.flatMap((cluster) => versionsOf(cluster, prints(cluster).after ?? prints(cluster).before)),
    objects: clusters.flatMap((cluster) => objectsOf(cluster, prints(cluster))),
  };
}

/** Every declared data set has a row, judged or not: what is not spoken of must not look well. */
function dataOf({ rehearsal, record }: Folder, cluster: string): RehearsalReport['data'] {
  const found = record('data', cluster) ?? [];
  const declared = rehearsal.dataSets.filter((set) => set.cluster === cluster);
  const marks = record('sentinels-after', cluster) ?? [];
  const judged = found.map((each) => borneOut(each, marks.find((mark) => mark.dataSet === each.dataSet)))
    .map((each) => ({ ...each, cluster, verdict: dataVerdict(declared.find((set) => set.name === each.dataSet), each) }));
  const silent = declared.filter((set) => !found.some((each) => each.dataSet === set.name)).map((set) => ({
    cluster, dataSet: set.name, kind: set.kind, protection: set.protection.by, became: 'unknown' as const, restoredFrom: null, lossMs: null,
    objectiveMs: set.protection.by === 'backup' ? set.protection.dataLossMs : null, because: NOT_JUDGED, verdict: dataVerdict(set, undefined),
  }));
  return [...judged, ...silent];
}

function sentinelsOf({ record }: Folder, cluster: string): RehearsalReport['sentinels'] {
  const written = record('sentinels', cluster) ?? [];
  const found = record('sentinels-after', cluster) ?? [];
  return [
    ...found.map((each) => ({ ...each, cluster, written: written.find((one) => one.dataSet === each.dataSet) ?? null })),
    ...written.filter((one) => !found.some((each) => each.dataSet === one.dataSet)).map((one) => ({ dataSet: one.dataSet, expected: one.expected, found: null, verdict: { is: 'unknown', because: 'it was written and not looked for yet' } as const, cluster, written: one })),
  ];
}

/** Sections that are what people mean by a platform's components. */
const COMPONENTS: readonly (readonly [section: string, kind: string])[] = [['releases', 'HelmReleases'], ['kustomizations', 'Kustomizations'], ['workloads', 'workloads']];

/** A component is back when nothing about it is different that is not explained. */
function ratesOf(cluster: string, { before, after }: { readonly before: Fingerprint | undefined; readonly after: Fingerprint | undefined }, differences: readonly Difference[]): readonly ComponentRate[] {
  return COMPONENTS.flatMap(([section, kind]) => {
    const [a, b] = [before?.sections[section], after?.sections[section]];
    if (a === undefined || b === undefined) return [];
    const open = new Set(differences.filter((each) => each.section === section && each.because === undefined).map((each) => each.key));
    const missing = Object.keys(a).filter((key) => open.has(key));
    return [{ cluster, kind, before: Object.keys(a).length, back: Object.keys(a).length - missing.length, missing }];
  });
}

function versionsOf(cluster: string, print: Fingerprint | undefined): RehearsalReport['versions'] {
  const rows: RehearsalReport['versions'][number][] = [];
  for (const [name, fact] of Object.entries(print?.sections['nodes'] ?? {})) if (isMap(fact)) rows.push({ cluster, what: `node ${name}`, version: [fact['os'], fact['kubelet']].filter((part) => typeof part === 'string').join(', kubelet ') });
  for (const [name, fact] of Object.entries(print?.sections['releases'] ?? {})) if (isMap(fact) && typeof fact['version'] === 'string') rows.push({ cluster, what: `release ${name}`, version: fact['version'] });
  return rows;
}
function isMap(fact: unknown): fact is { readonly [name: string]: unknown } {
  return typeof fact === 'object' && fact !== null && !Array.isArray(fact);
}

function objectsOf(cluster: string, { before, after }: { readonly before: Fingerprint | undefined; readonly after: Fingerprint | undefined }): RehearsalReport['objects'] {
  const sections = [...new Set([...Object.keys(before?.sections ?? {}), ...Object.keys(after?.sections ?? {})])].toSorted();
  const size = (print: Fingerprint | undefined, section: string): number | null => (print?.sections[section] === undefined ? null : Object.keys(print.sections[section]).length);
  return sections.map((section) => ({ cluster, section, before: size(before, section), after: size(after, section) }));
}

/** Everything a person did: the checkpoints that belong to a rehearsal, and what does not. */
export function interventionsOf(timeline: Timeline, readiness: RehearsalReport['readiness']): readonly Intervention[] {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return [
    ...timeline.checkpoints.filter((each) => each.how === 'typed').map((each): Intervention => ({ kind: 'checkpoint', cluster: each.lane, what: `${each.question}: ${each.answer}`, by: each.by, at: iso(each.to.wall) })),
    ...timeline.processes.slice(1).map((each, index): Intervention => ({ kind: 'resume', cluster: '', what: `gone on with after it was ${timeline.processes[index]?.end ?? 'stopped'}`, by: each.by, at: iso(each.from.wall) })),
    ...timeline.processes.flatMap((each) => (each.variables['OVERRIDE'] === undefined || each.variables['OVERRIDE'] === '' ? [] : [{ kind: 'override' as const, cluster: '', what: `OVERRIDE=${each.variables['OVERRIDE']}`, by: each.by, at: iso(each.from.wall) }])),
    ...readiness.flatMap((row) => (row.accepted === undefined ? [] : [{ kind: 'acceptance' as const, cluster: row.cluster, what: `${row.id}: ${row.verdict.because ?? row.detail}`, by: `${row.accepted.by} (${row.accepted.how})`, at: '' }])),
  ].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** Who took part, and as what. */
export function peopleOf(timeline: Timeline, readiness: RehearsalReport['readiness']): RehearsalReport['people'] {
  const roles = new Map<string, Set<string>>();
  const add = (who: string, role: string): void => {
    if (who !== '') roles.set(who, (roles.get(who) ?? new Set()).add(role));
  };
  timeline.processes.forEach((each, index) => add(each.by, index === 0 ? 'started it' : 'went on with it'));
  for (const each of timeline.checkpoints) add(each.by, each.how === 'typed' ? 'answered checkpoints' : `answered checkpoints by ${each.how}`);
  for (const row of readiness) if (row.accepted !== undefined) add(row.accepted.by, 'accepted exceptions');
  return [...roles].map(([who, as]) => ({ who, roles: [...as] }));
}
