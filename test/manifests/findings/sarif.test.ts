import { describe, expect, test } from 'vitest';
import { sarif } from '../../../scripts/manifests/findings/sarif.ts';
import type { Report, Told } from '../../../scripts/manifests/findings/report.ts';
import { report, rule, told } from './toy.ts';

const TOOL = { version: '1.2.3', helpUri: 'https://example.org/docs/manifests.md' };
interface Region { readonly startLine: number; readonly startColumn: number; readonly endLine: number; readonly endColumn: number; readonly snippet?: { readonly text: string } }
interface Physical { readonly artifactLocation: { readonly uri: string; readonly uriBaseId: string }; readonly region?: Region }
interface Result {
  readonly ruleId: string; readonly ruleIndex?: number; readonly kind: string; readonly level: string; readonly message: { readonly text: string };
  readonly locations: readonly { readonly physicalLocation: Physical; readonly logicalLocations?: readonly { readonly fullyQualifiedName: string }[] }[];
  readonly relatedLocations?: readonly { readonly id: number; readonly physicalLocation: Physical }[];
  readonly fixes?: readonly { readonly artifactChanges: readonly { readonly replacements: readonly { readonly deletedRegion: Region; readonly insertedContent: { readonly text: string } }[] }[] }[];
  readonly suppressions?: readonly { readonly kind: string; readonly justification: string }[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
}
interface Log { readonly version: string; readonly runs: readonly { readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string; readonly helpUri?: string; readonly defaultConfiguration: { readonly level: string } }[] } }; readonly invocations: readonly { readonly exitCode: number }[]; readonly results: readonly Result[] }[] }

function logOf(of: Report): Log['runs'][number] {
  const log: Log = JSON.parse(JSON.stringify(sarif(of, TOOL)));
  const [run] = log.runs;
  if (run === undefined) throw new Error('no run');
  return run;
}
const resultOf = (finding: Told, more: Partial<Report> = {}): Result => {
  const [result] = logOf(report({ findings: [finding], ...more })).results;
  if (result === undefined) throw new Error('no result');
  return result;
};

test('rules are told with their level and where they are explained, and results point at them', () => {
  const run = logOf(report({ findings: [told(), told({ rule: 'known-place', severity: 'warning' })] }));
  expect(run.tool.driver.rules.map(({ id, helpUri, defaultConfiguration }) => [id, helpUri, defaultConfiguration.level])).toEqual([['known-name', `${TOOL.helpUri}#known-name`, 'error'], ['known-place', `${TOOL.helpUri}#known-place`, 'warning']]);
  expect(run.results.map(({ ruleId, ruleIndex, kind, level }) => [ruleId, ruleIndex, kind, level])).toEqual([['known-name', 0, 'fail', 'error'], ['known-place', 1, 'fail', 'warning']]);
  expect(run.invocations).toMatchObject([{ exitCode: 1 }]);
});

test('what could not be checked is open and has no level', () => {
  expect(resultOf(told({ severity: 'unknown' }))).toMatchObject({ kind: 'open', level: 'none' });
});

test('a message is made of sentences', () => {
  expect([resultOf(told({ hint: '' })).message.text, resultOf(told({ hint: 'is it Anna?' })).message.text]).toEqual(['Nobody is called Otto.', 'Nobody is called Otto. Is it Anna?']);
});

describe('places', () => {
  test('columns are half open, the line beside them; objects are logical locations', () => {
    const [location] = resultOf(told()).locations;
    expect(location?.physicalLocation).toEqual({ artifactLocation: { uri: 'apps/web/app.yaml', uriBaseId: '%SRCROOT%' }, region: { startLine: 3, startColumn: 9, endLine: 3, endColumn: 13, snippet: { text: '  name: Otto' } } });
    expect(location?.logicalLocations).toMatchObject([{ fullyQualifiedName: 'ConfigMap web/settings' }]);
  });
  test.each([
    ['a whole file has no region', told({ spot: { file: 'a.yaml', line: 0, column: 0, length: 1 }, text: null }), undefined],
    ['nothing reaches over the end of its line', told({ spot: { file: 'a.yaml', line: 2, column: 3, length: 99 }, text: 'a: b' }), { endColumn: 5 }],
    ['wide characters count as they are stored', told({ spot: { file: 'a.yaml', line: 2, column: 4, length: 2 }, text: 'a: \u{1F600} b' }), { startColumn: 4, endColumn: 6 }],
  ])('%s', (_, finding, region) => {
    const found = resultOf(finding).locations[0]?.physicalLocation.region;
    if (region === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(region);
  });
  test('paths begin at the repository and are references: blanks, colons, hashes, letters of all kinds', () => {
    expect(resultOf(told({ spot: { file: 'a b/x:y#1%/ü.yaml', line: 1, column: 1, length: 1 } }), { prefix: 'deploy/' }).locations[0]?.physicalLocation.artifactLocation.uri).toBe('deploy/a%20b/x%3Ay%231%25/%C3%BC.yaml');
  });
  test('other places have ids', () => {
    const spot = { file: 'b.yaml', line: 2, column: 1, length: 1 };
    expect(resultOf(told({ related: [{ what: 'one', spot }, { what: 'two', spot }] })).relatedLocations?.map(({ id }) => id)).toEqual([0, 1]);
  });
});

describe('fixes', () => {
  test.each([
    ['the whole spot', { from: 'Otto', to: 'Anna' }, { startLine: 3, startColumn: 9, endLine: 3, endColumn: 13 }],
    ['a part of it', { from: 'tt', to: 'l' }, { startLine: 3, startColumn: 10, endLine: 3, endColumn: 12 }],
    ['what is not there', { from: 'Anna', to: 'Otto' }, undefined],
  ])('%s', (_, fix, region) => {
    const replaced = resultOf(told({ fix })).fixes?.[0]?.artifactChanges[0]?.replacements[0];
    expect(replaced).toEqual(region === undefined ? undefined : { deletedRegion: region, insertedContent: { text: fix.to } });
  });
});

test('what is silenced is there, suppressed with its reason, and does not count', () => {
  const run = logOf(report({ silenced: [{ ...told(), reason: 'known since 2024', by: told().spot }] }));
  expect([run.results[0]?.suppressions, run.invocations[0]?.exitCode]).toEqual([[expect.objectContaining({ kind: 'inSource', justification: 'known since 2024' })], 0]);
});

test('a finding keeps its fingerprint when its line moves, and two alike have two', () => {
  const prints = logOf(report({ findings: [told(), told({ at: [4, 9, 4] }), told({ message: 'else' })] })).results.map((result) => result.partialFingerprints['manifests/v1'] ?? '');
  expect(prints.map((print) => print.split(':')[1])).toEqual(['1', '2', '1']);
  expect(resultOf(told({ at: [40, 9, 4] })).partialFingerprints['manifests/v1']).toBe(prints[0]);
});

test('nothing found is a run without results', () => {
  expect(logOf(report({ rules: [rule('a')] }))).toMatchObject({ results: [], invocations: [{ executionSuccessful: true, exitCode: 0 }] });
});
