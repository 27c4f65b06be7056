import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Failure } from '../../scripts/engine/failure.ts';
import { withText } from '../../scripts/manifests/findings/locate.ts';
import type { Report } from '../../scripts/manifests/findings/report.ts';
import { readTexts } from '../../scripts/manifests/build/index.ts';
import type { Rule, Tree, View } from '../../scripts/manifests/model.types.ts';
import { askRules, validate, type ValidateOptions } from '../../scripts/manifests/validate.ts';
import { rule, told } from './findings/toy.ts';

let root: string;
beforeAll(() => { root = mkdtempSync(join(tmpdir(), 'validate-')); });
afterAll(() => rmSync(root, { recursive: true, force: true }));

const flux = (name: string, path: string, more = ''): string => `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
  namespace: flux-system
spec:
  interval: 10m
  path: ./${path}
  prune: true
  sourceRef: { kind: GitRepository, name: flux-system }
  postBuild: { substitute: { REGION: here } }
${more}`;
const config = (greeting: string): string => `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: default
data:
  greeting: ${greeting}
`;
/** Two clusters that share an app, and each an app of its own. */
const TREE: Readonly<Record<string, string>> = {
  'clusters/one/apps.yaml': [flux('shared', 'apps/shared'), flux('own', 'apps/one')].join('---\n'),
  'clusters/two/apps.yaml': [flux('shared', 'apps/shared'), flux('own', 'apps/two')].join('---\n'),
  'apps/shared/config.yaml': config('hello ${REGION}'),
  'apps/one/config.yaml': config('one').replace('settings', 'one'),
  'apps/two/config.yaml': config('two').replace('settings', 'two'),
};
async function reportOf(changes: Readonly<Record<string, string>>, options: Partial<ValidateOptions> = {}): Promise<Report> {
  const answer = await validate({ root, only: ['build'], overlay: new Map(Object.entries({ ...TREE, ...changes })), ...options });
  if ('broken' in answer) throw new Error('the settings are broken');
  return answer.report;
}
const lines = ({ findings }: Pick<Report, 'findings'>): readonly string[] => findings.map(({ rule: id, spot, clusters }) => `${id} ${spot.file}:${spot.line}:${spot.column} ${clusters.join(',')}`);

describe('what clusters have in common', () => {
  test('nothing wrong', async () => {
    expect(await reportOf({})).toMatchObject({ findings: [], silenced: [], clusters: [{ name: 'one', kustomizations: 3 }, { name: 'two', kustomizations: 3 }] });
  });

  test('is told once, with both; what is of one alone with that one; by file and line', async () => {
    const report = await reportOf({ 'apps/shared/config.yaml': config('${ZONE} and ${PLACE}'), 'apps/two/config.yaml': config('${ZONE}').replace('settings', 'two') });
    expect(lines(report)).toEqual(['variable-undefined apps/shared/config.yaml:7:13 one,two', 'variable-undefined apps/shared/config.yaml:7:25 one,two', 'variable-undefined apps/two/config.yaml:7:13 two']);
    expect(report.findings[0]).toMatchObject({ object: 'ConfigMap default/settings', text: '  greeting: ${ZONE} and ${PLACE}', spot: { length: 7 } });
  });

  test('CLUSTER asks one of them', async () => {
    const report = await reportOf({ 'apps/two/config.yaml': config('${ZONE}') }, { cluster: 'one' });
    expect([lines(report), report.clusters.map(({ name }) => name)]).toEqual([[], ['one']]);
    await expect(reportOf({}, { cluster: 'three' })).rejects.toMatchObject({ exit: 'usage' });
  });
});

describe('ONLY', () => {
  const bad = { 'apps/shared/config.yaml': config('${ZONE}'), 'apps/two/config.yaml': config('${ZONE}'), 'clusters/one/apps.yaml': flux('own', 'apps/none') };
  test.each<[string, readonly string[], readonly string[]]>([
    ['a rule of the build', ['path-missing'], ['path-missing clusters/one/apps.yaml:8:9 one']],
    ['a folder', ['build', 'apps/two'], ['variable-undefined apps/two/config.yaml:7:13 two']],
    ['a file', ['build', './apps/shared/config.yaml'], ['variable-undefined apps/shared/config.yaml:7:13 two']],
    ['other rules: what building finds is told all the same', ['depends-cycle', 'clusters'], ['path-missing clusters/one/apps.yaml:8:9 one']],
  ])('%s', async (_, only, expected) => {
    expect(lines(await reportOf(bad, { only }))).toEqual(expected);
  });
  test('a word that is none of them', async () => {
    await expect(reportOf({}, { only: ['biuld'] })).rejects.toThrow(/ONLY cannot be "biuld"/u);
  });
});

describe('silences', () => {
  const quiet = (comment: string): Readonly<Record<string, string>> => ({ 'apps/shared/config.yaml': config(`\${ZONE} ${comment}`) });
  test('in place: out of the findings, into what is silenced, with its reason', async () => {
    const report = await reportOf(quiet('# manifests:ignore variable-undefined: comes with the next release'));
    expect([lines(report), report.silenced]).toEqual([[], [expect.objectContaining({ rule: 'variable-undefined', clusters: ['one', 'two'], reason: 'comes with the next release' })]]);
  });
  test('without a reason: both are told', async () => {
    expect(lines(await reportOf(quiet('# manifests:ignore variable-undefined')))).toEqual(['variable-undefined apps/shared/config.yaml:7:13 one,two', 'silence-reason apps/shared/config.yaml:7:21 one,two']);
  });

  const idle = { 'apps/two/config.yaml': `${config('two').replace('settings', 'two').trimEnd()} # manifests:ignore variable-undefined: gone\n` };
  test.each<[string, Readonly<Record<string, string>>, Partial<ValidateOptions>, readonly string[]]>([
    ['when every cluster was asked', idle, {}, ['silence-unused apps/two/config.yaml:7:36 one,two']],
    ['not when only one was', idle, { cluster: 'two' }, []],
    ['not when its rule was not asked', idle, { only: ['path-missing'] }, []],
    ['not when something is broken', { ...idle, 'apps/one/config.yaml': config('${ZONE}') }, {}, ['variable-undefined apps/one/config.yaml:7:13 one']],
  ])('that silence nothing are told %s', async (_, changes, options, expected) => {
    expect(lines(await reportOf(changes, options))).toEqual(expected);
  });
});

describe('a rule', () => {
  const tree = { name: 'one', texts: readTexts('/nowhere') } as unknown as Tree;
  const view: View = { tree, others: [], releases: [], all: [], unrendered: [] };
  const spot = { file: 'a.yaml', line: 1, column: 1, length: 1 };
  const made = (check: Rule['check']): Rule => ({ id: 'toy', severity: 'warning', summary: 's', why: 'w', check });
  const oops = (): never => { throw new TypeError('of undefined'); };

  test.each<[string, Rule['check']]>([
    ['throws', oops],
    ['throws halfway', function* half() { yield { spot, message: 'm', hint: 'h' }; oops(); }],
    ['throws later', async () => { await Promise.resolve(); return oops(); }],
    ['says neither object nor place', () => [{ message: 'm', hint: 'h' }]],
  ])('that %s is our bug, named', async (_, check) => {
    const failure = await askRules([view], [made(check)]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({ exit: 'bug', what: 'the rule toy broke in a way the program did not expect' });
  });

  test('that is stopped by something with words of its own keeps them', async () => {
    const failure = new Failure({ exit: 'interrupted', what: 'stopped' });
    await expect(askRules([view], [made(() => { throw failure; })])).rejects.toBe(failure);
  });

  test('may answer at once or later; what it says of a severity is its own, or that it does not know', async () => {
    const found = await askRules([view], [made(() => [{ spot, message: 'now', hint: '' }]), made(async () => [{ spot, message: 'later', hint: '', unknown: true }])]);
    expect(found.map(({ message, severity }) => [message, severity]).toSorted()).toEqual([['later', 'unknown'], ['now', 'warning']]);
  });
});

test('what nobody may read is dotted out, with all that follows it', () => {
  const texts = readTexts('/nowhere', new Map([['a.yaml', 'token: hunter2 # and hunter3\n']]));
  const finding = told({ rule: 'no-secret', spot: { file: 'a.yaml', line: 1, column: 8, length: 7 } });
  expect(withText(finding, texts, new Map([['no-secret', rule('no-secret', { secret: true })]]))).toMatchObject({ text: 'token: ••••••••', spot: { column: 8, length: 8 } });
  expect(withText(finding, texts, new Map([['no-secret', rule('no-secret')]]))).toMatchObject({ text: 'token: hunter2 # and hunter3' });
});
