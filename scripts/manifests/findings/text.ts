import type { Style } from '../../engine/outcome.ts';
import { columns, plain, SIGN, wrap } from '../../health/layout.ts';
import type { Spot } from '../../config/source.ts';
import { picture } from './picture.ts';
import { countsOf, exitOf, type Counts, type Report, type Told } from './report.ts';

/** A place as editors and terminals make a link of it. */
export function placeOf({ file, line, column }: Spot): string {
  return line === 0 ? file : `${file}:${line}:${column}`;
}

/** A validation for people: findings by file with the line each is on, then what could not be checked, then what was looked at. */
export function renderText(report: Report, style: Style): string[] {
  return [...findingLines(report, style), ...summaryLines(report, style)];
}

/** The findings alone, an empty line after each file. */
export function findingLines(report: Pick<Report, 'findings' | 'clusters'>, style: Style): string[] {
  const wrong = report.findings.filter((finding) => finding.severity !== 'unknown');
  const unknown = report.findings.filter((finding) => finding.severity === 'unknown');
  const files = [...Map.groupBy(wrong, (finding) => finding.spot.file).values()];
  const blocks = [...files.map((of) => of.flatMap((finding) => oneFinding(finding, report, style))), ...(unknown.length === 0 ? [] : [unknownLines(unknown, style)])];
  return blocks.flatMap((lines) => [...lines, '']);
}

function oneFinding(finding: Told, report: Pick<Report, 'clusters'>, style: Style): readonly string[] {
  const notes = [...finding.related.map(({ what, spot }) => `${what}: ${placeOf(spot)}`), footOf(finding, report)];
  const sign = finding.severity === 'error' ? style.red(SIGN.fail) : style.yellow(SIGN.warn);
  const head = headLines(sign, finding, style);
  const { line, column, length } = finding.spot;
  if (finding.text !== null && line > 0) return [...head, ...picture({ line, column, length, text: finding.text, hint: finding.hint, severity: finding.severity, notes }, style)];
  const below = (text: string, dress: (words: string) => string): readonly string[] => wrap(text, style.width - 5).map((words) => `     ${dress(words)}`);
  return [...head, ...(finding.hint === '' ? [] : below(finding.hint, style.cyan)), ...notes.flatMap((note) => below(note, style.dim))];
}

/** The place stays whole on one line, whatever the width. */
function headLines(sign: string, { spot, message }: Told, style: Style): readonly string[] {
  const place = plain(placeOf(spot));
  const words = plain(message);
  if (columns(place) + 4 + columns(words) <= style.width) return [`${sign} ${style.bold(place)}  ${words}`];
  return [`${sign} ${style.bold(place)}`, ...wrap(words, style.width - 2).map((line) => `  ${line}`)];
}

/** Rule, object, and the clusters where it is not all of them. */
function footOf({ rule, object, clusters }: Told, report: Pick<Report, 'clusters'>): string {
  const all = clusters.length === report.clusters.length;
  return [rule, ...(object === null ? [] : [object]), ...(all ? [] : [`only ${clusters.join(', ')}`])].join(' · ');
}

/** Places of one reason that are told; without schemas there would be one for every kind. */
const PLACES = 8;

/** Places of one rule together: a chart that is not here is often not here thirty times. What to do is said once for all it is the same for. */
function unknownLines(unknown: readonly Told[], style: Style): readonly string[] {
  const below = (text: string, dress: (words: string) => string): readonly string[] => wrap(text, style.width - 5).map((line) => `     ${dress(line)}`);
  return [...Map.groupBy(unknown, ({ rule }) => rule)].flatMap(([rule, group]) => [
    ...[...Map.groupBy(group, ({ hint }) => inGeneral(hint)).values()].flatMap((same) => {
      const more = same.length - PLACES;
      const shown = more > 1 ? same.slice(0, PLACES) : same;
      return [
        ...shown.flatMap((finding) => headLines(style.yellow(SIGN.unknown), finding, style)),
        ...(more > 1 ? below(`and ${more} more of this kind (FORMAT=json tells them all)`, (words) => words) : []),
        ...below(hintOf(same), style.cyan),
      ];
    }),
    ...below(rule, style.dim),
  ]);
}

/** What to do, without the command in brackets that is each finding's own. */
function inGeneral(hint: string): string {
  return hint.replaceAll(/ \([^()]*\)/g, '');
}
/** One hint for several: as it stands where all say the same, with the first as an example where they differ in a command. */
function hintOf(same: readonly Told[]): string {
  const [first = '', ...others] = new Set(same.map(({ hint }) => hint));
  if (others.length === 0) return first;
  const command = / \(([^()]*)\)/.exec(first)?.[1];
  return command === undefined ? inGeneral(first) : `${inGeneral(first)}; for the first: ${command}`;
}

const some = (count: number, noun: string, many = `${noun}s`): string => `${count} ${count === 1 ? noun : many}`;

/** What was found, in one sentence. */
export function verdictWords(counts: Counts, files: number): string {
  const { errors, warnings, unknown } = counts;
  const wrong = [...(errors > 0 ? [some(errors, 'error')] : []), ...(warnings > 0 ? [some(warnings, 'warning')] : [])];
  const where = wrong.length === 0 ? 'nothing wrong' : `${wrong.join(', ')} in ${some(files, 'file')}`;
  return `${where}${unknown === 0 ? '' : `; ${unknown} could not be checked`}${counts.silenced === 0 ? '' : `; ${counts.silenced} silenced`}`;
}

/** The verdict, the exit code beside it, and what was looked at. */
export function summaryLines(report: Report, style: Style): readonly string[] {
  const counts = countsOf(report);
  const exit = exitOf(report);
  const files = new Set(report.findings.filter((finding) => finding.severity !== 'unknown').map((finding) => finding.spot.file)).size;
  const sign = exit === 'no' ? style.red(SIGN.fail) : exit === 'cannotTell' ? style.yellow(SIGN.unknown) : counts.warnings > 0 ? style.yellow(SIGN.warn) : style.green(SIGN.pass);
  const words = wrap(verdictWords(counts, files), style.width - 2);
  const head = words.map((line, index) => (index === 0 ? `${sign} ${style.bold(line)}` : `  ${style.bold(line)}`));
  const code = exit === 'done' ? '' : exit === 'no' ? 'exit 1' : 'exit 2';
  const gap = style.width - columns(words.at(-1) ?? '') - 2 - code.length;
  if (code !== '' && gap >= 2) head.push(`${head.pop() ?? ''}${' '.repeat(gap)}${style.dim(code)}`);
  return [...head, ...looked(report, style)];
}

function looked({ clusters, rules }: Report, style: Style): readonly string[] {
  const sum = (of: (cluster: Report['clusters'][number]) => number): number => clusters.reduce((total, cluster) => total + of(cluster), 0);
  const releases = sum((cluster) => cluster.releases);
  const rendered = sum((cluster) => cluster.rendered);
  const words = [
    clusters.map((cluster) => cluster.name).join(', '), some(sum((cluster) => cluster.kustomizations), 'Kustomization'), some(sum((cluster) => cluster.objects), 'object'),
    ...(releases === 0 ? [] : [`${rendered === releases ? 'all' : `${rendered} of`} ${some(releases, 'chart')} rendered`]), some(rules.length, 'rule'),
  ].join('; ');
  return wrap(words, style.width - 2).map((line) => `  ${style.dim(line)}`);
}
