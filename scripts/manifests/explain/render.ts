import type { Spot } from '../../config/source.ts';
import type { Style } from '../../engine/outcome.ts';
import { columns, cut, plain, wrap } from '../../health/layout.ts';
import { placeOf } from '../findings/text.ts';
import { byPlace } from './explain.ts';
import type { FieldOrigin, VariableOrigin } from './fields.ts';
import type { Explanation } from './model.ts';

const LABEL = 12;
const MOST_VALUES = 40;

/** Explanations for people: who wrote it, who takes it in, who applies it, and each field that is not simply written in its file. Places stay whole. Pure. */
export function explainLines(all: readonly Explanation[], style: Style): readonly string[] {
  return all.flatMap((each, index) => [...(index === 0 ? [] : ['']), ...oneObject(each, all, style)]);
}

function oneObject(of: Explanation, all: readonly Explanation[], style: Style): readonly string[] {
  const several = new Set(all.map(({ cluster }) => cluster)).size > 1;
  const { written, chart } = of;
  const document = written.documents > 1 ? `  ${style.dim(`document ${written.document} of ${written.documents}`)}` : '';
  const label = (name: string, lines: readonly string[]): readonly string[] => lines.map((line, index) => `  ${style.dim((index === 0 ? name : '').padEnd(LABEL))}${line}`);
  return [
    `${style.bold(of.id)}  ${style.dim([of.apiVersion, ...(several ? [of.cluster] : [])].join(', '))}`,
    ...(chart === null ? [] : label('chart', [`${[chart.name, chart.version].join(' ').trim()}  ${style.dim(chart.template)}`])),
    ...label(chart === null ? 'written' : 'release', [chart === null ? `${place(written.at)}${written.generator === null ? document : `  ${style.dim(written.generator)}`}` : `${chart.release}  ${place(written.at)}`]),
    ...label('taken in', of.takenIn.map(place)),
    ...label('applied by', of.chain.map(({ unit, folder, at, suspended }) => `${unit}${suspended ? style.yellow(' (suspended)') : ''}  ${at === null ? style.dim(`${folder} (the entry)`) : place(at)}`)),
    ...label('changed by', of.edits.map(({ by, at, component }) => `${place(at)}  ${style.dim(component ? `${by}, a component` : by)}`)),
    ...fieldLines(of, style), ...valueLines(of, style),
  ];
}

const place = (spot: Spot): string => placeOf(spot);

function fieldLines({ fields, others, chart }: Explanation, style: Style): readonly string[] {
  if (chart !== null) return [];
  const groups = byPlace(fields).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    return [...group.map((field) => fieldLine(field, style)), ...placeLines(first, style)];
  });
  const rest = others === 0 ? [] : [`  ${style.dim(`${fields.length === 0 ? 'all' : 'the other'} ${others} ${others === 1 ? 'field stands' : 'fields stand'} as they are in its own file (--verbose shows each)`)}`];
  return [...(groups.length === 0 ? [] : ['', ...groups]), ...(rest.length === 0 ? [] : ['', ...rest])];
}

function fieldLine({ field, value }: FieldOrigin, style: Style): string {
  const room = style.width - 5 - columns(field);
  return `  ${field} ${style.dim('=')} ${room < 12 ? plain(value) : cut(plain(value), room)}`;
}

function placeLines({ at, by, component, variables }: FieldOrigin, style: Style): readonly string[] {
  const who = [...(by === '' ? [] : [by]), ...(component ? ['a component'] : [])].join(', ');
  return [`      ${place(at)}${who === '' ? '' : `  ${style.dim(who)}`}`, ...variables.flatMap((variable) => variableLines(variable, at, style))];
}

function variableLines({ name, value, used, from, how }: VariableOrigin, at: Spot, style: Style): readonly string[] {
  const words = { value: '', default: ' (its default)', given: ' (there before Flux)', unknown: '' }[how];
  const is = how === 'unknown' ? `\${${name}} is known in the cluster only` : `\${${name}} is ${value === '' ? '""' : plain(value ?? '')}${words}`;
  return [
    ...(used.line === at.line && used.file === at.file ? [] : [`      ${place(used)}`]),
    `        ${style.cyan(cut(is, style.width - 8))}`, ...(from === null ? [] : [`          ${place(from)}`]),
  ];
}

function valueLines({ values, chart }: Explanation, style: Style): readonly string[] {
  if (chart !== null && chart.unknown !== null) return ['', ...wrap(`? which values its template reads is not known: ${plain(chart.unknown)}`, style.width - 2).map((line) => `  ${style.yellow(line)}`)];
  if (values.length === 0) return chart === null ? [] : ['', `  ${style.dim('of the values its template reads none is set: they are the chart\'s own')}`];
  const shown = values.slice(0, MOST_VALUES);
  return [
    '', `  ${style.bold(chart === null ? 'values' : 'values its template reads')}`,
    ...shown.flatMap(({ path, value, at, variables }) => [
      `  ${path} ${style.dim('=')} ${cut(plain(value), Math.max(12, style.width - 5 - columns(path)))}`, `      ${place(at)}`,
      ...variables.flatMap(({ name, value: of, from }) => [`        ${style.cyan(cut(of === null ? `\${${name}} is known in the cluster only` : `\${${name}} is ${plain(of)}`, style.width - 8))}`, ...(from === null ? [] : [`          ${place(from)}`])]),
    ]),
    ...(values.length > shown.length ? [`  ${style.dim(`and ${values.length - shown.length} more (--json has them all)`)}`] : []),
  ];
}
