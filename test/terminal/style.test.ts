import { describe, expect, test } from 'vitest';
import { createStyle, sentenceWidth, wantsColour, type ColourFacts } from '../../scripts/terminal/style.ts';
import { about, count, duration, limit, shortId, timeOfDay, wallSeconds } from '../../scripts/terminal/words.ts';

describe('colour', () => {
  test.each<[string, ColourFacts, boolean]>([
    ['a terminal has it', { isTTY: true }, true],
    ['a pipe has not', { isTTY: false }, false],
    ['NO_COLOR forbids it', { isTTY: true, noColor: '1' }, false],
    ['an empty NO_COLOR says nothing', { isTTY: true, noColor: '' }, true],
    ['NO_COLOR wins over FORCE_COLOR', { isTTY: true, noColor: '1', forceColor: '1' }, false],
    ['FORCE_COLOR asks for it in a pipe', { isTTY: false, forceColor: '1' }, true],
    ['CI has none by itself', { isTTY: true, ci: 'true' }, false],
    ['CI=false is no CI', { isTTY: true, ci: 'false' }, true],
    ['a dumb terminal has none', { isTTY: true, term: 'dumb' }, false],
  ])('%s', (_why, facts, colour) => expect(wantsColour(facts)).toBe(colour));

  test('without colour text stays as it is', () => {
    expect(createStyle({ colour: false, width: 80 }).red('no')).toBe('no');
    expect(createStyle({ colour: true, width: 80 }).red('no')).toBe('\u001b[31mno\u001b[39m');
  });
});

test.each([[undefined, 100], [0, 100], [1, 100], [19, 100], [20, 20], [80, 80]])('sentences on %s columns are set for %d', (columns, width) => expect(sentenceWidth(columns)).toBe(width));

describe('words for time', () => {
  test.each([[0, '0s'], [420, '0.4s'], [3000, '3s'], [161_000, '2m41s'], [3_900_000, '1h05m'], [Number.NaN, '0s'], [-5, '0s']])('%d ms is %s', (ms, text) => expect(duration(ms)).toBe(text));
  test.each([[120_000, '2m'], [150_000, '2m30s'], [7_200_000, '2h'], [600_000, '10m'], [6_000_000, '1h40m']])('a limit of %d ms is %s', (ms, text) => expect(limit(ms)).toBe(text));
  test('an expectation is rounded, a wall time has one decimal', () => {
    expect(about(253_000)).toBe('~4m10s');
    expect(about(12_400)).toBe('~12s');
    expect(wallSeconds(2740)).toBe('2.7 s');
  });
  test('a time of day that cannot be read is shown as it came', () => {
    expect(timeOfDay('2026-11-21T12:04:31Z', true)).toBe('12:04:31');
    expect(timeOfDay('soon', true)).toBe('soon');
  });
  test('counts and identifiers', () => {
    expect([count(3, 6), count(3, undefined), count(undefined, 6)]).toEqual(['3/6', '3', '']);
    expect(shortId('01JDA7K2M9QXZ4T8V5C3B6N1P7')).toBe('01JDA7…N1P7');
  });
});
