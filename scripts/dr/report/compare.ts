import { Failure } from '../../engine/failure.ts';
import type { Style } from '../../engine/outcome.ts';
import { table } from '../../health/layout.ts';
import { whyNotComparable } from './folder.ts';
import type { RehearsalReport } from './report.types.ts';
import { day, took } from './words.ts';

/** One number of both rehearsals, ms of the run's clock or a count; null where one of them has none. */
export interface Pair { readonly what: string; readonly a: number | null; readonly b: number | null }
/** One answer of both rehearsals that is not the same. */
export interface Changed { readonly what: string; readonly a: string; readonly b: string }
export interface Comparison {
  readonly a: { readonly run: string; readonly verdict: string; readonly at: string };
  readonly b: { readonly run: string; readonly verdict: string; readonly at: string };
  readonly recovery: readonly Pair[];
  readonly stages: readonly Pair[];
  readonly losses: readonly Pair[];
  readonly objects: readonly Pair[];
  /** Judgements (data sets, sentinels, fingerprints, second create and all the others) whose verdict is another. */
  readonly judgements: readonly Changed[];
  /** Differences between the fingerprints that only one of them found. */
  readonly differences: readonly Changed[];
}

/**
 * What is different between two rehearsals, of the clusters both rebuilt. Throws a Failure (64) where that would compare what is not of one kind:
 * another kind of target, engine or speed.
 */
export function compareReports(a: RehearsalReport, b: RehearsalReport): Comparison {
  const common = a.clusters.filter((cluster) => b.clusters.includes(cluster));
  const why = common.length === 0 ? `one rebuilt ${a.clusters.join(', ')}, the other ${b.clusters.join(', ')}` : whyNotComparable({ ...a.baseline, clusters: common }, { ...b.baseline, clusters: common });
  if (why !== undefined) throw new Failure({ exit: 'usage', what: `${a.run} and ${b.run} cannot be compared`, because: why, hint: 'compare rehearsals of one kind of target, engine and speed; task runs:list shows which there are' });
  const lanes = new Set([...common, ...(common.length === a.clusters.length && common.length === b.clusters.length ? [''] : [])]);
  const inCommon = (lane: string): boolean => lanes.has(lane);
  const of = ({ run, verdict, began }: RehearsalReport): Comparison['a'] => ({ run, verdict: verdict.is, at: new Date(began.wall).toISOString() });
  const stages = (report: RehearsalReport): Numbers => report.stages.filter((each) => inCommon(each.lane) && each.from !== null).map((each) => [`${each.lane === '' ? 'all' : each.lane} ${each.title}`, each.machine.run]);
  const losses = (report: RehearsalReport): Numbers => report.data.filter((each) => inCommon(each.cluster) && each.lossMs !== null).map((each) => [`${each.cluster}/${each.dataSet}`, each.lossMs ?? 0]);
  const objects = (report: RehearsalReport): Numbers => report.objects.flatMap((each) => (inCommon(each.cluster) && each.after !== null ? [[`${each.cluster} ${each.section}`, each.after] as const] : []));
  const recovery = (report: RehearsalReport): Numbers => report.recoveries.flatMap(({ cluster, time }) => (time === null || !inCommon(cluster) ? [] : [[`${cluster} machine`, time.machine.run], [`${cluster} people`, time.people.run], [`${cluster} stood still`, time.stopped.run], [`${cluster} in all`, time.elapsed.run]] as const));
  const judgements = (report: RehearsalReport): Words => report.judgements.filter((each) => each.cluster === '' || inCommon(each.cluster)).map((each) => [each.what, each.verdict.is === 'pass' ? 'pass' : `${each.verdict.is}: ${each.verdict.because}`]);
  const differences = (report: RehearsalReport): Words => report.differences.filter((each) => inCommon(each.cluster)).map((each) => [`${each.cluster} ${each.section} ${each.key} ${each.field}`.trim(), `${each.kind}${each.because === undefined ? '' : ', explained'}`]);
  return {
    a: of(a), b: of(b), recovery: pairs(recovery(a), recovery(b)), stages: pairs(stages(a), stages(b)), losses: pairs(losses(a), losses(b)),
    objects: pairs(objects(a), objects(b)).filter((each) => each.a !== each.b), judgements: changed(judgements(a), judgements(b), 'not judged'), differences: changed(differences(a), differences(b), 'none'),
  };
}

type Numbers = readonly (readonly [what: string, value: number])[];
type Words = readonly (readonly [what: string, value: string])[];

function pairs(a: Numbers, b: Numbers): readonly Pair[] {
  const [inA, inB] = [new Map(a), new Map(b)];
  return [...new Set([...inA.keys(), ...inB.keys()])].map((what) => ({ what, a: inA.get(what) ?? null, b: inB.get(what) ?? null }));
}
function changed(a: Words, b: Words, without: string): readonly Changed[] {
  const [inA, inB] = [new Map(a), new Map(b)];
  return [...new Set([...inA.keys(), ...inB.keys()])].map((what) => ({ what, a: inA.get(what) ?? without, b: inB.get(what) ?? without })).filter((each) => each.a !== each.b);
}

/** For the terminal. */
export function comparisonLines(comparison: Comparison, style: Style): readonly string[] {
  const { a, b, recovery, stages, losses, objects, judgements, differences } = comparison;
  const heads = (of: Comparison['a']): string => `${day(Date.parse(of.at))} ${of.verdict}`;
  const times = (title: string, rows: readonly Pair[]): readonly string[] => (rows.length === 0 ? [] : ['', style.bold(title), ...table(['', `A ${heads(a)}`, `B ${heads(b)}`, 'change'], rows.map((row) => [{ text: row.what }, { text: row.a === null ? '–' : took(row.a) }, { text: row.b === null ? '–' : took(row.b) }, { text: change(row) }]), style)]);
  const words = (title: string, rows: readonly Changed[]): readonly string[] => ['', style.bold(title), ...(rows.length === 0 ? ['  none'] : table(['', 'A', 'B'], rows.map((row) => [{ text: row.what }, { text: row.a }, { text: row.b }]), style))];
  return [
    `A ${a.run}  ${heads(a)}`, `B ${b.run}  ${heads(b)}`, ...times('Recovery', recovery), ...times('Machine time by stage', stages), ...times('Data loss', losses),
    ...words('Judged otherwise', judgements), ...words('Differences of the fingerprints', differences),
    ...(objects.length === 0 ? [] : ['', style.bold('Objects'), ...table(['', 'A', 'B'], objects.map((row) => [{ text: row.what }, { text: String(row.a ?? '–') }, { text: String(row.b ?? '–') }]), style)]),
  ];
}

function change({ a, b }: Pair): string {
  if (a === null || b === null) return '–';
  return a === b ? 'same' : `${b > a ? '+' : ''}${took(b - a)}`;
}
