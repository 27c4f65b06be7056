import { placeOf } from './text.ts';
import type { Report, RuleFacts, Told } from './report.ts';

/**
 * JUnit XML: a suite per cluster, a case per rule. An error fails its case, what could not be checked is an error of the case
 * and never a pass, and warnings are told by a case that passes.
 */
export function junit(report: Report): string {
  const suites = report.clusters.map((cluster) => ({ name: cluster.name, cases: report.rules.map((rule) => caseOf(rule, cluster.name, report)) }));
  const all = suites.flatMap((suite) => suite.cases);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="manifests" ${totals(all)}>`,
    ...suites.flatMap(({ name, cases }) => [`  <testsuite name="${attribute(name)}" ${totals(cases)}>`, ...cases.flatMap((each) => each.lines), '  </testsuite>']),
    '</testsuites>', '',
  ].join('\n');
}

interface Case { readonly is: 'pass' | 'failure' | 'error'; readonly lines: readonly string[] }

function totals(cases: readonly Case[]): string {
  const of = (is: Case['is']): number => cases.filter((each) => each.is === is).length;
  return `tests="${cases.length}" failures="${of('failure')}" errors="${of('error')}" skipped="0"`;
}

function caseOf(rule: RuleFacts, cluster: string, { prefix, findings }: Report): Case {
  const own = findings.filter((finding) => finding.rule === rule.id && finding.clusters.includes(cluster));
  const open = `    <testcase name="${attribute(rule.id)}" classname="${attribute(`manifests.${cluster}.${rule.group}`)}"`;
  const errors = own.filter((finding) => finding.severity === 'error');
  const unknown = own.filter((finding) => finding.severity === 'unknown');
  const warnings = own.filter((finding) => finding.severity === 'warning');
  const parts = [
    ...(errors.length > 0 ? [part('failure', errors, prefix)] : unknown.length > 0 ? [part('error', unknown, prefix)] : []),
    // One verdict a case; the rest is told beside it.
    ...([...warnings, ...(errors.length > 0 ? unknown : [])].length > 0 ? [`      <system-out>${content([...warnings, ...(errors.length > 0 ? unknown : [])].map((finding) => words(finding, prefix)).join('\n'))}</system-out>`] : []),
  ];
  const is = errors.length > 0 ? 'failure' : unknown.length > 0 ? 'error' : 'pass';
  return { is, lines: parts.length === 0 ? [`${open}/>`] : [`${open}>`, ...parts, '    </testcase>'] };
}

function part(element: 'failure' | 'error', findings: readonly Told[], prefix: string): string {
  const [first] = findings;
  const more = findings.length > 1 ? ` (and ${findings.length - 1} more)` : '';
  return `      <${element} type="${attribute(first?.rule ?? '')}" message="${attribute(`${first?.message ?? ''}${more}`)}">${content(findings.map((finding) => words(finding, prefix)).join('\n'))}</${element}>`;
}

function words({ spot, severity, message, object, hint }: Told, prefix: string): string {
  const kind = severity === 'error' ? '' : severity === 'warning' ? 'warning: ' : 'not checked: ';
  return `${placeOf({ ...spot, file: prefix + spot.file })}  ${kind}${message}${object === null ? '' : ` [${object}]`}${hint === '' ? '' : `\n    ${hint}`}`;
}

// oxlint-disable-next-line no-control-regex -- XML 1.0 has no way to write them, escaped or not
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;
function content(text: string): string {
  return text.replace(NOT_XML, '\ufffd').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
function attribute(text: string): string {
  return content(text).replaceAll('"', '&quot;').replaceAll('\n', '&#10;').replaceAll('\r', '&#13;').replaceAll('\t', '&#9;');
}
