import { createHash } from 'node:crypto';
import type { Json } from '../../engine/outcome.ts';
import type { Spot } from '../../config/source.ts';
import { EXIT } from '../../engine/failure.ts';
import { exitOf, type Report, type RuleFacts, type Silenced, type Told } from './report.ts';

/** Where rules are told in full, at the version that spoke. */
export interface SarifTool { readonly version: string; readonly helpUri: string | undefined }

/** SARIF 2.1.0, one run. Its columns are UTF-16 units, as all of ours; regions never reach over the end of their line. */
export function sarif(report: Report, tool: SarifTool): Json {
  const exit = exitOf(report);
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{
      tool: { driver: { name: 'talos-flux-runner', semanticVersion: tool.version, rules: report.rules.map((rule) => descriptor(rule, tool)) } },
      columnKind: 'utf16CodeUnits',
      invocations: [{ executionSuccessful: true, exitCode: EXIT[exit] }],
      results: results(report),
    }],
  };
}

function results(report: Report): readonly Json[] {
  const index = new Map(report.rules.map((rule, at) => [rule.id, at]));
  const seen = new Map<string, number>();
  const mark = (finding: Told): string => {
    const print = fingerprint(finding, report.prefix);
    const count = (seen.get(print) ?? 0) + 1;
    seen.set(print, count);
    return `${print}:${count}`;
  };
  return [...report.findings.map((finding) => result(finding, report, index, mark(finding))), ...report.silenced.map((finding) => result(finding, report, index, mark(finding), finding))];
}

function descriptor(rule: RuleFacts, tool: SarifTool): Json {
  return {
    id: rule.id,
    shortDescription: { text: sentence(rule.summary).join('') },
    fullDescription: { text: sentence(rule.why).join('') },
    help: { text: [rule.summary, rule.why].flatMap(sentence).join(' ') },
    ...(tool.helpUri === undefined ? {} : { helpUri: `${tool.helpUri}#${rule.id}` }),
    defaultConfiguration: { level: rule.severity },
    properties: { tags: ['kubernetes', rule.group] },
  };
}

function result(finding: Told, report: Report, index: ReadonlyMap<string, number>, print: string, silenced?: Silenced): Json {
  const { spot, object, fix } = finding;
  const at = index.get(finding.rule);
  return {
    ruleId: finding.rule, ...(at === undefined ? {} : { ruleIndex: at }),
    // "Not enough to decide" is a kind of its own in SARIF, and has no level.
    ...(finding.severity === 'unknown' ? { kind: 'open', level: 'none' } : { kind: 'fail', level: finding.severity }),
    message: { text: [finding.message, finding.hint].flatMap(sentence).join(' ') },
    locations: [{
      physicalLocation: physical(spot, report.prefix, finding.text),
      ...(object === null ? {} : { logicalLocations: [{ name: object.slice(object.lastIndexOf('/') + 1), fullyQualifiedName: object, kind: 'object' }] }),
    }],
    ...(finding.related.length === 0 ? {} : { relatedLocations: finding.related.map((related, id) => ({ id, message: { text: related.what }, physicalLocation: physical(related.spot, report.prefix, null) })) }),
    ...(fix === null || finding.text === null ? {} : { fixes: fixes(finding, report.prefix) }),
    ...(silenced === undefined ? {} : { suppressions: [{ kind: 'inSource', status: 'accepted', justification: silenced.reason, location: { physicalLocation: physical(silenced.by, report.prefix, null) } }] }),
    partialFingerprints: { 'manifests/v1': print },
    properties: { clusters: [...finding.clusters] },
  };
}

function physical(spot: Spot, prefix: string, text: string | null): Json {
  const end = text === null ? spot.column + spot.length : Math.min(spot.column + spot.length, Math.max(spot.column, text.length + 1));
  return {
    artifactLocation: { uri: uri(prefix + spot.file), uriBaseId: '%SRCROOT%' },
    ...(spot.line === 0 ? {} : { region: { startLine: spot.line, startColumn: Math.max(1, spot.column), endLine: spot.line, endColumn: Math.max(1, end), ...(text === null ? {} : { snippet: { text } }) } }),
  };
}

function fixes({ spot, fix, text, hint }: Told, prefix: string): Json {
  if (fix === null || text === null) return [];
  const within = text.slice(spot.column - 1, spot.column - 1 + spot.length).indexOf(fix.from);
  // What spans lines is underlined at its first character only, and no replacement could be told by that.
  if (within < 0) return [];
  const startColumn = spot.column + within;
  return [{
    description: { text: sentence(hint === '' ? `write ${fix.to}` : hint).join('') },
    artifactChanges: [{
      artifactLocation: { uri: uri(prefix + spot.file), uriBaseId: '%SRCROOT%' },
      replacements: [{ deletedRegion: { startLine: spot.line, startColumn, endLine: spot.line, endColumn: startColumn + fix.from.length }, insertedContent: { text: fix.to } }],
    }],
  }];
}

/** The same finding on another line is the same finding: by rule, file, object and words. */
function fingerprint({ rule, spot, object, message }: Told, prefix: string): string {
  return createHash('sha256').update(JSON.stringify([rule, prefix + spot.file, object, message])).digest('hex').slice(0, 32);
}

/** A relative reference of RFC 3986: a first segment with a colon would be a scheme. */
function uri(file: string): string {
  return file.split('/').map((segment) => encodeURIComponent(segment)).join('/');
}

/** A part of a message as a sentence of its own; nothing for nothing. */
function sentence(text: string): readonly string[] {
  if (text === '') return [];
  return [`${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/u.test(text) ? '' : '.'}`];
}
