import { describe, expect, test } from 'vitest';
import { quieten, settingsSilences, silencesIn, type Silences } from '../../../scripts/manifests/findings/silence.ts';
import type { Finding, Settings } from '../../../scripts/manifests/model.types.ts';

const RULES = ['exact-pin', 'known-name'];
const FILE = 'apps/app.yaml';
const at = (line: number, more: Partial<Finding> = {}): Finding => ({ rule: 'exact-pin', severity: 'error', clusters: ['infra'], object: null, spot: { file: FILE, line, column: 1, length: 1 }, message: 'm', hint: 'h', related: [], fix: null, ...more });
const read = (text: string): Silences => silencesIn(FILE, text, RULES, ['infra']);
/** The lines (1-based, and 0 for the whole file) at which a finding of the rule is silenced by a text. */
function covered(text: string, rule = 'exact-pin'): readonly number[] {
  const { silences } = read(text);
  return Array.from({ length: text.split('\n').length + 1 }, (_, line) => line).filter((line) => silences.some((silence) => silence.covers(at(line, { rule }))));
}

describe('which lines a comment speaks of', () => {
  test.each([
    ['on its line', ['a: 1', 'b: 2 # manifests:ignore exact-pin: known', 'c: 3'], [2]],
    ['above a line', ['# manifests:ignore exact-pin: known', 'a: 1', 'b: 2'], [2]],
    ['above a line, other comments and blanks between', ['# manifests:ignore exact-pin: known', '# and more words', '', 'a: 1', 'b: 2'], [4]],
    ['above a map', ['spec:', '  # manifests:ignore exact-pin: known', '  a:', '    b: 1', '', '    c: 2', '  d: 3'], [3, 4, 5, 6]],
    ['on the key of a map', ['spec:', '  a: # manifests:ignore exact-pin: known', '    b: 1', '  d: 3'], [2, 3]],
    ['above an item', ['list:', '  # manifests:ignore exact-pin: known', '  - name: a', '    tag: b', '  - name: c'], [3, 4]],
    ['on the first line of an item', ['list:', '- name: a # manifests:ignore exact-pin: known', '  tag: b', '- name: c'], [2, 3]],
    ['above a key whose items are not indented', ['# manifests:ignore exact-pin: known', 'list:', '- name: a', '- name: b', 'd: 1'], [2, 3, 4]],
    ['a text of several lines', ['# manifests:ignore exact-pin: known', 'a: |', '  one', '', '  two', 'b: 1'], [2, 3, 4, 5]],
    ['flow style that closes at its margin', ['# manifests:ignore exact-pin: known', 'a: {', '  b: 1', '}', 'c: 2'], [2, 3, 4]],
    ['ends with its document', ['# manifests:ignore exact-pin: known', 'a:', '  b: 1', '---', 'c: 1'], [2, 3]],
    ['a document', ['---', 'a: 1', '---', '# manifests:ignore-document exact-pin: known', 'b: 1', 'c: 2', '---', 'd: 1'], [3, 4, 5, 6]],
    ['the first document, from above its marker', ['# manifests:ignore-document exact-pin: known', '---', 'a: 1', '---', 'b: 1'], [1, 2, 3]],
    ['a file, also what has no line', ['a: 1', '# manifests:ignore-file exact-pin: known', '---', 'b: 1'], [0, 1, 2, 3, 4]],
    ['with a line end of Windows', ['# manifests:ignore exact-pin: known\r', 'a: 1\r', 'b: 2\r'], [2]],
    ['no comment', ['a: "x#manifests:ignore exact-pin: known"', 'b: 2'], []],
    ['another word', ['a: 1 # manifests:ignores exact-pin: known'], []],
  ])('%s', (_, lines, expected) => {
    expect(covered(lines.join('\n'))).toEqual(expected);
  });

  test('several rules, and only those', () => {
    const text = 'a: 1 # manifests:ignore exact-pin , known-name: both: known\n';
    expect([covered(text), covered(text, 'known-name'), covered(text, 'another')]).toEqual([[1], [1], []]);
    expect(read(text).silences.map(({ reason, by }) => [reason, by.column, by.length])).toEqual([['both: known', 25, 9], ['both: known', 37, 10]]);
  });
});

describe('what is wrong with a silence', () => {
  test.each([
    ['no reason', 'a: 1 # manifests:ignore exact-pin', [['silence-reason', 1, 6, 'this silence does not say why, so it counts for nothing', 'add the reason after a colon: # manifests:ignore exact-pin: reason']]],
    ['an empty reason', 'a: 1 # manifests:ignore-document exact-pin:  ', [['silence-reason', 1, 6, 'this silence does not say why, so it counts for nothing', 'add the reason after a colon: # manifests:ignore-document exact-pin: reason']]],
    ['no rule', 'a: 1 # manifests:ignore: because', [['silence-rule', 1, 6, 'this silence names no rule', 'write it as # manifests:ignore <rule>: reason']]],
    ['a rule there is not', 'a: 1 # manifests:ignore exact-pins: known', [['silence-rule', 1, 25, 'there is no rule exact-pins', 'did you mean exact-pin?']]],
  ])('%s: it says so and silences nothing', (_, text, expected) => {
    const { silences, wrong } = read(text);
    expect(wrong.map(({ rule, spot, message, hint }) => [rule, spot.line, spot.column, message, hint])).toEqual(expected);
    expect(silences).toEqual([]);
  });

  test('it silences nothing: told at the rule it names, when that would be known', () => {
    const { silences } = read('a: 1 # manifests:ignore exact-pin, known-name: known\nb: 1');
    const quiet = quieten([at(1), at(2)], silences, () => true, ['infra']);
    expect(quiet.kept).toEqual([at(2)]);
    expect(quiet.silenced).toEqual([{ ...at(1), reason: 'known', by: { file: FILE, line: 1, column: 25, length: 9 } }]);
    expect(quiet.unused).toMatchObject([{ rule: 'silence-unused', severity: 'warning', spot: { line: 1, column: 36, length: 10 }, message: 'nothing here breaks known-name any more' }]);
    expect(quieten([], silences, () => false, []).unused).toEqual([]);
  });

  test('two silences of one finding are both needed', () => {
    const { silences } = read('# manifests:ignore-file exact-pin: known\na: 1 # manifests:ignore exact-pin: known\n');
    expect(quieten([at(2)], silences, () => true, []).unused).toEqual([]);
  });
});

describe('.manifests.yaml', () => {
  const settings = (ignore: readonly Partial<NonNullable<Settings['ignore']>[number]>[]): Settings => ({
    entries: new Map(), given: [], before: [], schemas: [], charts: [], items: undefined,
    ignore: ignore.map((each) => ({ rule: 'exact-pin', file: undefined, object: undefined, reason: 'known', source: { file: '.manifests.yaml', document: 0, at: ['ignore', 0] }, ...each })),
  });
  const spotOf = (): Finding['spot'] => ({ file: '.manifests.yaml', line: 4, column: 5, length: 3 });
  test.each([
    ['a file', { file: FILE }, true], ['another file', { file: 'apps/other.yaml' }, false], ['a pattern', { file: 'apps/**' }, true], ['a pattern that does not reach', { file: 'web/*.json' }, false],
    ['an object', { object: 'ConfigMap web/a' }, true], ['another object', { object: 'ConfigMap web/b' }, false], ['a file and an object', { file: FILE, object: 'ConfigMap web/a' }, true], ['a file and another object', { file: FILE, object: 'ConfigMap web/b' }, false],
    ['another rule', { rule: 'known-name' }, false],
  ])('%s', (_, ignore, expected) => {
    const { silences, wrong } = settingsSilences(settings([ignore]), spotOf, RULES, ['infra']);
    expect([silences.some((silence) => silence.covers(at(3, { object: 'ConfigMap web/a' }))), wrong]).toEqual([expected, []]);
  });
  test('a rule there is not, and no reason', () => {
    expect(settingsSilences(settings([{ rule: 'exact-pon' }, { reason: ' ' }]), spotOf, RULES, ['infra']).wrong.map(({ rule, message }) => [rule, message])).toEqual([['silence-rule', 'there is no rule exact-pon'], ['silence-reason', 'this silence does not say why, so it counts for nothing']]);
  });
});
