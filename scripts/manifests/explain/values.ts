import type { Spot } from '../../config/source.ts';
import { placeOf } from '../build/index.ts';
import { readChart, type Chart } from '../charts/chart.ts';
import { openContext } from '../charts/context.ts';
import { get, isPlain, spoken } from '../build/data.ts';
import { lookupOf } from '../charts/lookup.ts';
import { obtain } from '../charts/obtain.ts';
import { exactPlace } from '../charts/place.ts';
import { wantedChart } from '../charts/source.ts';
import { canBegin } from '../charts/template/abstract.ts';
import { readsOf } from '../charts/template/reads.ts';
import { readValues } from '../charts/values.ts';
import type { Around, Built, Tree } from '../model.types.ts';
import { kindOf } from '../index/read.ts';
import { MASKED, secretVariables } from '../stable/mask.ts';
import { fieldPath } from './field.ts';
import type { Hit } from './find.ts';

/** Values that the template of an object reads and that somebody set, each with where. */
export interface ValueReads { readonly unknown: string | null; readonly values: readonly SetValue[] }
/** A value somebody set, where, and the variables that stand there. */
export interface SetValue { readonly path: string; readonly value: string; readonly at: Spot; readonly variables: readonly { readonly name: string; readonly value: string | null; readonly from: Spot | null }[] }

const LONGEST = 100;

/** What the template of an object reads of its release's values. */
export async function readsOfTemplate({ tree, built }: Hit, around: Around): Promise<ValueReads> {
  const { release, origin } = built;
  if (release === undefined || origin.template === undefined) return { unknown: 'no chart makes it', values: [] };
  const lookup = lookupOf(tree);
  const wanted = wantedChart(lookup, release);
  const read = readValues(lookup, release);
  if (wanted.is === 'unknown' || wanted.is === 'wrong' || read.values === undefined) return { unknown: read.unknown ?? 'its chart is not known', values: [] };
  const cx = openContext(around);
  try {
    const chart = await obtain(cx, tree, wanted);
    if ('unknown' in chart) return { unknown: chart.unknown, values: [] };
    const reads = readsOf(only(readChart(chart.files()), origin.template, ''), []);
    if (reads === undefined) return { unknown: 'its template reads more than can be told', values: [] };
    const set = leavesOf(read.values).filter((path) => reads.some((each) => canBegin(each.path, path) && (each.how === 'whole' || each.path.length >= path.length)) || reads.some((each) => canBegin(path, each.path)));
    return { unknown: null, values: set.flatMap((path) => valueAt(tree, release, read, path)) };
  } finally {
    cx.close();
  }
}

function valueAt(tree: Tree, release: Built, read: ReturnType<typeof readValues>, path: readonly string[]): readonly SetValue[] {
  const place = exactPlace(tree, release, read, path);
  const secret = read.sources.some(({ known, values }) => known.object.kind === 'Secret' && get(values, ...path) !== undefined);
  const spot = place?.spot ?? (place?.source !== undefined ? tree.texts.spot(place.source, 'key') : place?.built === undefined ? undefined : placeOf(tree.texts, place.built, place.path ?? [], 'key').spot);
  const value = get(read.values, ...path);
  const text = typeof value === 'string' ? value : JSON.stringify(value) ?? '';
  return spot === undefined ? [] : [{ path: spoken(path), value: secret ? MASKED : text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`, at: spot, variables: variablesOn(tree, [...read.sources.flatMap(({ known }) => known.built ?? []), release], spot) }];
}

/** Variables used on a line, by the object that was made of its file. */
function variablesOn({ texts }: Tree, objects: readonly Built[], { file, line }: Spot): SetValue['variables'] {
  const text = texts.text(file)?.split('\n')[line - 1] ?? '';
  if (!text.includes('${')) return [];
  const uses = objects.flatMap((built) => built.unit.uses.filter((use) => use.built === built && text.includes(use.text)));
  return [...new Map(uses.map((use) => [use.text, use])).values()].map(({ name, fallback, built: { unit } }) => {
    const variable = unit.variables.get(name);
    const hidden = secretVariables(unit, texts).has(name);
    return { name, value: hidden ? MASKED : variable?.value ?? fallback ?? null, from: variable === undefined || variable.from === 'given' ? null : texts.spot(variable.from) };
  });
}

/** The chart with this one template, and those that only define what others call: what is read then, it reads. */
function only(chart: Chart, template: string, above: string): Chart {
  const prefix = above === '' ? chart.name : `${above}/charts/${chart.called}`;
  return {
    ...chart, dependencies: chart.dependencies.map((each) => ({ ...each, conditions: [], tags: [] })),
    templates: new Map([...chart.templates].filter(([path]) => `${prefix}/${path}` === template || /(?:^|\/)_/.test(path) || chart.library || path.endsWith('.tpl'))),
    charts: chart.charts.map((each) => only(each, template, prefix)),
  };
}

function leavesOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  return isPlain(value) && Object.keys(value).length > 0 ? Object.entries(value).flatMap(([key, each]) => leavesOf(each, [...path, key])) : [path];
}

const ALL = /^\s*\.?(?:spec\.)?values(?=$|[.[])/;

/** Values a HelmRelease gives its chart, merged, each with who set it last: those at or below a field (`.values.a`, `.spec.values.a`); undefined when it means another field. */
export function valuesOf({ tree, built }: Hit, field: string | undefined): readonly SetValue[] | undefined {
  if (kindOf(built.object) !== 'helm.toolkit.fluxcd.io/HelmRelease' || (field !== undefined && !ALL.test(field))) return undefined;
  const read = readValues(lookupOf(tree), built);
  if (read.values === undefined) return undefined;
  const path = field === undefined ? [] : fieldPath(read.values, field.replace(ALL, '')).map(String);
  return leavesOf(get(read.values, ...path), path).flatMap((each) => valueAt(tree, built, read, each));
}
