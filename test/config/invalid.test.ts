import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { PROJECT, Scratch, type Change } from './scratch.ts';

const FOLDER = join(PROJECT, 'test/fixtures/invalid');
const DR = readFileSync(join(PROJECT, 'test/fixtures/recovery/dr.yaml'), 'utf8');

interface Fixture {
  readonly change: readonly Change[];
  readonly expect: readonly { readonly at: string; readonly length: number; readonly rule: string; readonly message: string; readonly hint: string }[];
}

const fixtures = readdirSync(FOLDER).toSorted().map((file) => {
  const fixture: Fixture = parse(readFileSync(join(FOLDER, file), 'utf8'));
  return { name: basename(file, '.yaml'), ...fixture };
});

describe('a configuration with one mistake', () => {
  let scratch: Scratch;
  beforeAll(() => { scratch = new Scratch(); });
  afterAll(() => { scratch[Symbol.dispose](); });

  test('the real configuration, unchanged, has none', () => {
    expect(scratch.problems()).toEqual([]);
  });

  test('there are fixtures enough, and each has exactly one mistake', () => {
    expect(fixtures.length).toBeGreaterThanOrEqual(45);
    expect(fixtures.filter((each) => each.expect.length !== 1).map(({ name }) => name)).toEqual([]);
  });

  // Each is a whole configuration read and judged: every third by default, all in the soak.
  test.each(fixtures.filter((_, index) => process.env['SOAK'] !== undefined || index % 3 === 0))('$name', ({ change, expect: expected }) => {
    try {
      // Mistakes in dr.yaml are made in one of few lines, so that what the platform protects can grow without moving them.
      if (change.some(({ file }) => file === 'bootstrap/dr.yaml')) scratch.change([{ file: 'bootstrap/dr.yaml', write: DR }]);
      scratch.change(change);
      const found = scratch.problems();
      expect(found.map(({ file, line, column, length, rule }) => ({ at: `${file}:${line}:${column}`, length, rule })))
        .toEqual(expected.map(({ at, length, rule }) => ({ at, length, rule })));
      for (const [index, problem] of found.entries()) {
        expect(problem.message).toContain(expected[index]?.message);
        expect(problem.hint).toContain(expected[index]?.hint);
      }
    } finally {
      scratch.restore();
    }
  });
});
