import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { cell, clean, displayWidth, fit, truncate, wrap } from '../../scripts/terminal/width.ts';

describe('columns of a text', () => {
  test.each([
    ['plain', 5],
    ['', 0],
    ['✔ ok', 4],
    ['日本', 4],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['한글', 4],
    ['\u001b[31mred\u001b[39m', 3],
    ['░█', 2],
  ])('%j takes %i', (text, width) => expect(displayWidth(text)).toBe(width));
});

test('what a terminal would obey is removed, line breaks become one space', () => {
  expect(clean('a\r\n\u001b[2Jb\u001b]0;title\u0007c\u202ed')).toBe('a bc d');
});

test('a cut is shown by an ellipsis and never splits a wide character', () => {
  expect(truncate('infra-01', 5)).toBe('infr…');
  expect(truncate('日本語', 4)).toBe('日…');
  expect(truncate('abc', 0)).toBe('');
});

test('dressed text is cut by its columns and its dress is closed', () => {
  expect(fit('\u001b[31mfailed\u001b[39m here', 4)).toBe('\u001b[31mfail\u001b[39m\u001b[0m');
});

test('words stay whole when they fit, in order, none lost', () => {
  expect(wrap('waiting for certificates.cert-manager.io now', 16)).toEqual(['waiting for', 'certificates.cer', 't-manager.io now']);
});

const anyText = fc.string({ unit: 'grapheme', maxLength: 60 });

test('property: nothing is ever wider than asked, and cells are exactly as wide', () => {
  fc.assert(fc.property(anyText, fc.integer({ min: 0, max: 30 }), (raw, width) => {
    const text = clean(raw);
    expect(displayWidth(truncate(text, width))).toBeLessThanOrEqual(width);
    expect(displayWidth(fit(text, width))).toBeLessThanOrEqual(width);
    expect(displayWidth(cell(text, width))).toBe(width);
    for (const line of wrap(text, width)) expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(1, width));
  }));
});
