import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { planFixes, readRaw, renderDiff, writeChanges } from '../../../scripts/manifests/findings/fix.ts';
import type { Told } from '../../../scripts/manifests/findings/report.ts';
import { createStyle } from '../../../scripts/terminal/style.ts';
import { told } from './toy.ts';

const FILE = 'a.yaml';
const fixed = (line: number, column: number, length: number, from: string, to: string): Told => told({ spot: { file: FILE, line, column, length }, fix: { from, to } });
const plan = (text: string, findings: readonly Told[]): ReturnType<typeof planFixes> => planFixes(findings, () => text);
const after = (text: string, ...findings: readonly Told[]): string => plan(text, findings).changes[0]?.after ?? text;

describe('what is replaced', () => {
  test.each([
    ['the very spot', 'a: v1\nb: v1 # v1\n', fixed(2, 4, 2, 'v1', 'v2'), 'a: v1\nb: v2 # v1\n'],
    ['a value in its quotes', 'a: "v1"\n', fixed(1, 4, 4, 'v1', 'v2'), 'a: "v2"\n'],
    ['a word of a value', 'a: one two three\n', fixed(1, 4, 13, 'two', '2'), 'a: one 2 three\n'],
    ['a word that stands twice in the value: which is meant cannot be told', 'a: "x x"\n', fixed(1, 4, 5, 'x', 'y'), 'a: "x x"\n'],
    ['text that is something else by now', 'a: v3\n', fixed(1, 4, 2, 'v1', 'v2'), 'a: v3\n'],
    ['a line that is not there any more', 'a: v1', fixed(3, 4, 2, 'v1', 'v2'), 'a: v1'],
    ['line ends of Windows and a byte order mark stay', '\uFEFFa: v1\r\nb: v1\r\n', fixed(2, 4, 2, 'v1', 'v2'), '\uFEFFa: v1\r\nb: v2\r\n'],
    ['the first line after a byte order mark', '\uFEFFa: v1\n', fixed(1, 4, 2, 'v1', 'v2'), '\uFEFFa: v2\n'],
    ['beside wide characters', 'a: 名前 # v1\n', fixed(1, 4, 2, '名前', 'name'), 'a: name # v1\n'],
    ['the whole file as a place', 'a: v1\n', fixed(0, 0, 1, 'v1', 'v2'), 'a: v1\n'],
  ])('%s', (_, text, finding, expected) => {
    expect(after(text, finding)).toBe(expected);
  });

  test('several in a file, whatever their lengths; the same one of two findings once; of two that meet, the first', () => {
    expect(after('a: v1\nb: v1\n', fixed(1, 4, 2, 'v1', 'longer'), fixed(2, 4, 2, 'v1', ''))).toBe('a: longer\nb: \n');
    const { changes, left } = plan('a: one two\n', [fixed(1, 4, 7, 'one', '1'), fixed(1, 4, 7, 'one', '1'), fixed(1, 4, 7, 'one two', '3')]);
    expect(changes.map(({ after: made, mends }) => [made, mends.length])).toEqual([['a: 1 two\n', 2]]);
    expect(left.map(({ because }) => because)).toEqual(['another fix changes the same words; run it again']);
  });

  test('what was not mended says why', () => {
    expect(plan('a: v3\n', [fixed(1, 4, 2, 'v1', 'v2')]).left.map(({ because }) => because)).toEqual(['the text there is not v1 any more']);
  });
});

test('the diff: hunks with their surroundings, close ones together, numbers that other tools take', () => {
  const text = Array.from({ length: 20 }, (_, index) => `l${index + 1}: v1`).join('\n');
  const { changes } = plan(`${text}\n`, [fixed(2, 5, 2, 'v1', 'v2'), fixed(4, 5, 2, 'v1', 'v2'), fixed(18, 6, 2, 'v1', 'a\nb')]);
  expect(renderDiff(changes, createStyle({ colour: false, width: 80 }))).toEqual([
    '--- a/a.yaml', '+++ b/a.yaml',
    '@@ -1,6 +1,6 @@', ' l1: v1', '-l2: v1', '+l2: v2', ' l3: v1', '-l4: v1', '+l4: v2', ' l5: v1', ' l6: v1',
    '@@ -16,5 +16,6 @@', ' l16: v1', ' l17: v1', '-l18: v1', '+l18: a', '+b', ' l19: v1', ' l20: v1',
  ]);
});

describe('on disk', () => {
  let root: string;
  beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'fix-')); });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const mend = (finding: Told): void => writeChanges(root, planFixes([finding], (file) => readRaw(root, file)).changes);

  test('keeps the mode, leaves nothing beside it, and a second time there is nothing to do', () => {
    writeFileSync(join(root, FILE), 'a: v1\n');
    chmodSync(join(root, FILE), 0o640);
    mend(fixed(1, 4, 2, 'v1', 'v2'));
    expect([readFileSync(join(root, FILE), 'utf8'), statSync(join(root, FILE)).mode & 0o777, readdirSync(root)]).toEqual(['a: v2\n', 0o640, [FILE]]);
    expect(planFixes([fixed(1, 4, 2, 'v1', 'v2')], (file) => readRaw(root, file)).changes).toEqual([]);
  });

  test('through a link, the file it leads to', () => {
    mkdirSync(join(root, 'real'));
    writeFileSync(join(root, 'real/x.yaml'), 'a: v1\n');
    symlinkSync('real/x.yaml', join(root, FILE));
    mend(fixed(1, 4, 2, 'v1', 'v2'));
    expect([readFileSync(join(root, 'real/x.yaml'), 'utf8'), readdirSync(root).toSorted()]).toEqual(['a: v2\n', [FILE, 'real']]);
  });

  test('what somebody saved meanwhile is not overwritten', () => {
    writeFileSync(join(root, FILE), 'a: v1\n');
    const { changes } = planFixes([fixed(1, 4, 2, 'v1', 'v2')], (file) => readRaw(root, file));
    writeFileSync(join(root, FILE), 'a: v1 # mine\n');
    expect(() => writeChanges(root, changes)).toThrow(/was changed while it was being mended/u);
    expect(readFileSync(join(root, FILE), 'utf8')).toBe('a: v1 # mine\n');
  });

  test('a file that went away', () => {
    expect(planFixes([fixed(1, 4, 2, 'v1', 'v2')], (file) => readRaw(root, file))).toMatchObject({ changes: [], left: [{}] });
  });
});
