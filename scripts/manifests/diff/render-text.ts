import type { Style } from '../../engine/outcome.ts';
import { columns, cut, plain, SIGN, wrap } from '../../health/layout.ts';
import { findingLines } from '../findings/text.ts';
import { countsOf, isEmpty, type DiffReport, type ObjectDiff, type ReleaseDiff } from './model.ts';
import { chartWords, countWords, dangerWord, hunkWords, MARK, notesOf, nothingWords, reasonWords, sharedObjects, sharedReleases, sideWords, type Shared } from './words.ts';

/** Lines of what is new or gone that are shown unless all are asked for. */
const FOLDED = 30;
const VALUES = 8;

/** A difference for people: what is dangerous first, then charts, then every object with why and its lines. Pure. */
export function diffLines(report: DiffReport, style: Style, verbose = false): readonly string[] {
  const head = `${style.bold(sideWords(report.base))} → ${style.bold(sideWords(report.head))}  ${style.dim(report.files.length === 1 ? '1 file' : `${report.files.length} files`)}`;
  if (isEmpty(report)) return [head, '', `${style.green(SIGN.pass)} ${nothingWords(report)}`];
  const objects = sharedObjects(report.clusters);
  const wide = Math.max(...report.clusters.map(({ name }) => columns(name)), 0);
  return [
    head, '',
    ...report.clusters.map((cluster) => {
      const counts = countsOf(cluster);
      const danger = counts.dangers === 0 ? '' : `  ${style.red(`${SIGN.fail} ${counts.dangers} to look at`)}`;
      return `  ${style.bold(cluster.name)}${' '.repeat(wide - columns(cluster.name) + 2)}${countWords(counts)}${danger}`;
    }),
    ...report.broken.flatMap(({ side, findings }) => ['', `${style.red(SIGN.fail)} ${style.bold(`${side} cannot be built everywhere; what is broken there is not compared`)}`, '', ...findingLines({ clusters: [], findings }, style).slice(0, -1)]),
    ...[...new Set(report.clusters.flatMap(({ left }) => left))].map((unit) => `  ${style.yellow(SIGN.unknown)} Kustomization ${unit} was not compared`),
    ...dangerLines(objects, report, style),
    ...releaseLines(report, style),
    ...objects.flatMap((each) => ['', ...objectLines(each, report, style, verbose)]),
  ];
}

const inWords = (clusters: readonly string[], report: DiffReport): string => (clusters.length === report.clusters.length ? '' : clusters.join(', '));

function dangerLines(objects: readonly Shared<ObjectDiff>[], report: DiffReport, style: Style): readonly string[] {
  return objects.flatMap(({ of, clusters }) => of.dangers.flatMap((danger) => {
    const where = inWords(clusters, report);
    const dress = danger.kind === 'outage' ? style.yellow : style.red;
    return [
      '', ...wrap(`${of.id}${where === '' ? '' : ` (${where})`}: ${danger.says}`, style.width - 16).map((line, index) => (index === 0 ? `${dress(SIGN.fail)} ${style.bold(dress(dangerWord(danger.kind).padEnd(12)))}  ${line}` : `${' '.repeat(16)}${line}`)),
      ...wrap(danger.hint, style.width - 16).map((line, index) => `${index === 0 ? `${' '.repeat(10)}${style.dim('try')}   ` : ' '.repeat(16)}${style.cyan(line)}`),
    ];
  }));
}

function releaseLines(report: DiffReport, style: Style): readonly string[] {
  const releases = sharedReleases(report.clusters);
  if (releases.length === 0) return [];
  return ['', style.bold('releases'), ...releases.flatMap(({ of, clusters }) => [
    ...wrap(`${MARK[of.how]} ${of.id}  ${chartWords(of)}${of.major ? '  (a major version: read what it breaks)' : ''}${inWords(clusters, report) === '' ? '' : `  (${inWords(clusters, report)})`}`, style.width - 2).map((line, index) => (index === 0 ? `  ${dressed(of.how, style)(line)}` : `    ${line}`)),
    ...valueLines(of, style),
    ...(of.unknown !== null && report.rendered ? wrap(`what it renders was not compared: ${plain(of.unknown)}`, style.width - 6).map((line, index) => `    ${index === 0 ? `${style.yellow(SIGN.unknown)} ` : '  '}${line}`) : []),
  ])];
}

function valueLines({ values }: ReleaseDiff, style: Style): readonly string[] {
  const shown = values.slice(0, VALUES).map(({ path, before, after }) => {
    const words = `${path} ${before === null ? 'new: ' : `${plain(before)} → `}${after === null ? 'gone' : plain(after)}`;
    return `    ${style.dim('value')} ${cut(words, style.width - 10)}`;
  });
  return values.length <= VALUES ? shown : [...shown, `    ${style.dim(`and ${values.length - VALUES} values more`)}`];
}

const dressed = (how: ObjectDiff['how'], style: Style): ((text: string) => string) => (how === 'added' ? style.green : how === 'removed' ? style.red : style.yellow);

function objectLines({ of, clusters }: Shared<ObjectDiff>, report: DiffReport, style: Style, verbose: boolean): readonly string[] {
  const where = [inWords(clusters, report), of.release === null ? of.unit : `${of.unit} ${of.release}`].filter((part) => part !== '').join(', ');
  const label = (name: string, text: string): readonly string[] => wrap(text, style.width - 8).map((line, index) => `  ${style.dim((index === 0 ? name : '').padEnd(6))}${line}`);
  return [
    `${dressed(of.how, style)(MARK[of.how])} ${style.bold(of.id)}  ${style.dim(where)}`,
    ...notesOf(of).flatMap((note) => label('note', note)),
    ...of.why.flatMap((reason, index) => label(index === 0 ? 'why' : '', reasonWords(reason))),
    ...hunkLines(of, style, verbose),
  ];
}

function hunkLines(object: ObjectDiff, style: Style, verbose: boolean): readonly string[] {
  const lines = object.hunks.flatMap((hunk) => [...(object.how === 'changed' ? [style.cyan(hunkWords(hunk))] : []), ...hunk.lines.map((line) => coloured(line, style))]);
  const shown = verbose || object.how === 'changed' || lines.length <= FOLDED + 5 ? lines : lines.slice(0, FOLDED);
  return [...shown.map((line) => `  ${line}`), ...(shown.length < lines.length ? [`  ${style.dim(`… ${lines.length - shown.length} lines more (--verbose)`)}`] : [])];
}

function coloured(line: string, style: Style): string {
  const text = line.includes('\u001b') ? plain(line) : line;
  return line.startsWith('+') ? style.green(text) : line.startsWith('-') ? style.red(text) : line.startsWith('\\') ? style.dim(text) : text;
}
