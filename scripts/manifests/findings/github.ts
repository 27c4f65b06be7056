import { placeOf, verdictWords } from './text.ts';
import { countsOf, type Report, type Told } from './report.ts';

const COMMAND = { error: 'error', warning: 'warning', unknown: 'warning' } as const;

/** Workflow commands: GitHub shows each finding at its line of the change. What could not be checked is a warning that says so. */
export function github(report: Report): readonly string[] {
  const files = new Set(report.findings.filter((finding) => finding.severity !== 'unknown').map((finding) => finding.spot.file)).size;
  return [...report.findings.map((finding) => annotation(finding, report)), verdictWords(countsOf(report), files)];
}

function annotation(finding: Told, { prefix, clusters }: Report): string {
  const { spot, severity } = finding;
  const some = finding.clusters.length === clusters.length ? '' : ` (${finding.clusters.join(', ')})`;
  const title = `${severity === 'unknown' ? 'not checked: ' : ''}${finding.rule}${finding.object === null ? '' : ` · ${finding.object}`}${some}`;
  const properties: readonly (readonly [string, string])[] = [
    ['file', prefix + spot.file],
    // A command without a line is shown at the top of the file; GitHub takes columns only within one line.
    ...(spot.line === 0 ? [] : [['line', String(spot.line)], ['col', String(spot.column)], ['endColumn', String(spot.column + spot.length)]] as const),
    ['title', title],
  ];
  const message = [finding.message, ...finding.related.map((related) => `${related.what}: ${placeOf({ ...related.spot, file: prefix + related.spot.file })}`), ...(finding.hint === '' ? [] : [finding.hint])].join('\n');
  return `::${COMMAND[severity]} ${properties.map(([name, value]) => `${name}=${property(value)}`).join(',')}::${data(message)}`;
}

/** As @actions/core escapes: a message must not end its command, nor begin another. */
function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
