import { isDeepStrictEqual } from 'node:util';
import { fc } from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import type { Path } from '../../../scripts/config/source.ts';
import { changesOf } from '../../../scripts/manifests/diff/paths.ts';

const at = (value: unknown, path: Path): unknown => path.reduce<unknown>((here, key) => (typeof here === 'object' && here !== null ? Reflect.get(here, key) : undefined), value);
const told = (before: unknown, after: unknown) => changesOf(before, after).map(({ before: a, after: b }) => `${a === undefined ? '' : `-${a.join('.')}`}${b === undefined ? '' : `+${b.join('.')}`}`);

const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, fc.constantFrom('a', 'b', 1, 2, true, null), fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.record({ name: fc.constantFrom('x', 'y', 'z'), v: tie('value') }), { maxLength: 3 }), fc.dictionary(fc.constantFrom('k', 'l', 'm'), tie('value'), { maxKeys: 3, noNullPrototype: true })),
})).value;

describe('where two values differ', () => {
  test('is nowhere for equal ones, and somewhere for others, named lists in another order aside', () => {
    fc.assert(fc.property(value, value, (a, b) => {
      expect(changesOf(a, structuredClone(a))).toEqual([]);
      if (isDeepStrictEqual(a, b)) return;
      const changes = changesOf(a, b);
      const sorted = (each: unknown): unknown => {
        if (Array.isArray(each)) return each.map(sorted).toSorted((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1));
        return typeof each === 'object' && each !== null ? Object.fromEntries(Object.entries(each).map(([key, of]) => [key, sorted(of)])) : each;
      };
      if (changes.length === 0) expect(sorted(a)).toEqual(sorted(b));
      for (const { before, after } of changes) {
        expect(before ?? after).toBeDefined();
        if (before !== undefined && after !== undefined) expect(isDeepStrictEqual(at(a, before), at(b, after))).toBe(false);
      }
    }), { numRuns: 1_000 });
  });

  test.each([
    ['a value', { a: { b: 1 } }, { a: { b: 2 } }, ['-a.b+a.b']],
    ['a key more and a key less', { a: 1, b: 2 }, { b: 2, c: 3 }, ['-a', '+c']],
    ['a named entry, wherever it stands', { c: [{ name: 'x', i: 1 }, { name: 'y', i: 1 }] }, { c: [{ name: 'y', i: 2 }, { name: 'z' }, { name: 'x', i: 1 }] }, ['-c.1.i+c.0.i', '+c.1']],
    ['an entry put between', { l: ['a', 'c'] }, { l: ['a', 'b', 'c'] }, ['+l.1']],
    ['an entry taken out', { l: ['a', 'b', 'c'] }, { l: ['a', 'c'] }, ['-l.1']],
    ['another type', { a: [] }, { a: {} }, ['-a+a']],
    ['ports without names, by their number', { p: [{ containerPort: 1 }, { containerPort: 2 }] }, { p: [{ containerPort: 2, protocol: 'UDP' }] }, ['-p.0', '+p.0.protocol']],
  ])('%s', (_, before, after, expected) => {
    expect(told(before, after)).toEqual(expected);
  });
});
