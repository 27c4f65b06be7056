import { fc } from '../fast-check.ts';
import { expect, test } from 'vitest';
import { problemsJson, renderProblems } from '../../scripts/cli/problems.ts';
import { createStyle } from '../../scripts/terminal/style.ts';
import { displayWidth } from '../../scripts/terminal/width.ts';

const style = createStyle({ colour: false, width: 100 });
const taken = {
  file: 'talos/clusters/apps.yaml', line: 31, column: 14, length: 11, rule: 'address-taken',
  message: "address 10.25.11.13 is already infra-03's", hint: 'did you mean 10.25.11.16?',
};
const missing = { file: 'bootstrap/versions.yaml', line: 0, column: 0, length: 1, rule: 'file-missing', message: 'the file is missing', hint: 'restore it from git' };

test('place, message, the line with a caret under the fault, and the way out; a missing file without a line', () => {
  expect(renderProblems([taken, missing], (_file, line) => (line === 31 ? '    address: 10.25.11.13' : undefined), style)).toEqual([
    `✖ 2 problems in the configuration; nothing was changed${' '.repeat(39)}exit 65`,
    "talos/clusters/apps.yaml:31:14  address 10.25.11.13 is already infra-03's",
    '   31 │     address: 10.25.11.13',
    '      │              ^^^^^^^^^^^ did you mean 10.25.11.16?',
    'bootstrap/versions.yaml  the file is missing',
    '     restore it from git',
  ]);
});

test('a hint too long for its line stands below the caret', () => {
  const lines = renderProblems([{ ...taken, hint: 'x'.repeat(70) }], () => '    address: 10.25.11.13', style);
  expect(lines.slice(-2)).toEqual(['      │              ^^^^^^^^^^^', `      │ ${'x'.repeat(70)}`]);
});

test('property: whatever the place, no line but the place itself is wider than the screen', () => {
  fc.assert(fc.property(fc.record({ line: fc.nat(9999), column: fc.integer({ min: 1, max: 300 }), length: fc.nat(300), message: fc.string(), hint: fc.string() }), fc.string({ unit: 'grapheme', maxLength: 120 }), fc.integer({ min: 30, max: 120 }), (given, source, width) => {
    const lines = renderProblems([{ ...taken, ...given }], () => source, createStyle({ colour: false, width }));
    for (const line of lines.slice(2)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
  }));
});

test('as a document nothing is lost', () => {
  expect(problemsJson([taken])).toEqual({ exit: 'configuration', code: 65, problems: [taken] });
});
