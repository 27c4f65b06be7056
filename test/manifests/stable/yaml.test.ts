import { fc } from '../../fast-check.ts';
import { load, YAML11_SCHEMA } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { stableYaml } from '../../../scripts/manifests/stable/yaml.ts';

const key = fc.oneof(fc.constantFrom('apiVersion', 'kind', 'metadata', 'name', 'namespace', 'spec', 'on', 'y', '1', 'a.b/c', '- x', '', '~'), fc.string({ maxLength: 8 })).filter((each) => each !== '__proto__' && each !== '<<');
const text = fc.oneof(
  fc.constantFrom('yes', 'on', 'n', '0777', '0o17', '1_000', '12:30:45', '2026-11-21', '1e3', '0x1f', '0b1', '.inf', '.5', '', ' ', '\n', '\n\n', 'a\n', 'a\n\n', ' a\nb', '\ta\n\tb', 'a\r\nb', '---', '--- \nx', '...', '${X}', '{{ x }}', '# x', 'a #b', 'a: b', '@x', '`x', '%x', 'é\n😀', '\u2028', '\u00a0\nx', '\ufeffx\ny', 'x  \ny'),
  fc.string({ maxLength: 20, unit: fc.constantFrom('a', 'b', ' ', '\n', '\t', ':', '-', '#', '|', '"', "'", '\\', '{', '[', '.', '0', '\r', 'é') }),
  fc.string({ maxLength: 12, unit: 'grapheme' }),
);
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }).map((each) => (Object.is(each, -0) ? 0 : each)), fc.boolean(), fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }), fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true })),
})).value;

/** The same value with the keys of every map in another order. */
function shuffled(of: unknown): unknown {
  if (Array.isArray(of)) return of.map(shuffled);
  if (typeof of !== 'object' || of === null) return of;
  return Object.fromEntries(Object.entries(of).toReversed().map(([name, each]) => [name, shuffled(each)]));
}

describe('stable YAML', () => {
  test('says what the value says, to every reader there is', () => {
    fc.assert(fc.property(fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true }), (object) => {
      const yaml = stableYaml(object);
      expect(load(yaml)).toEqual(object);
      expect(parse(yaml)).toEqual(object);
      expect(load(yaml, { schema: YAML11_SCHEMA })).toEqual(object);
    }), { numRuns: 600 });
  });

  test('does not depend on the order keys were written in', () => {
    fc.assert(fc.property(fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true }), (object) => {
      expect(stableYaml(shuffled(object))).toBe(stableYaml(object));
    }), { numRuns: 200 });
  });

  test.each([
    ['what it is comes first, then by name', { spec: { b: 1, a: [] }, kind: 'X', metadata: { labels: {}, namespace: 'ns', name: 'x' }, apiVersion: 'v1' }, 'apiVersion: v1\nkind: X\nmetadata:\n  name: x\n  namespace: ns\n  labels: {}\nspec:\n  a: []\n  b: 1\n'],
    ['in a list, its name says which entry', { env: [{ value: '1', name: 'A' }] }, "env:\n  - name: A\n    value: '1'\n"],
    ['long lines stay whole', { a: `${'word '.repeat(60)}end` }, `a: ${'word '.repeat(60)}end\n`],
    ['lines with tabs stay lines', { a: 'x {\n\ty\n}\n' }, 'a: |\n  x {\n  \ty\n  }\n'],
    ['a tab alone is an escape', { a: 'x\ty' }, 'a: "x\\ty"\n'],
    ['empty lines at the end are kept, and nothing else is', { a: 'x\n\n' }, 'a: |+\n  x\n\n'],
    ['what nobody sees is written as an escape', { a: 'x\u200b\ny' }, 'a: "x\\u200B\\ny"\n'],
    ['an old reader takes no text for a truth', { a: 'yes', on: 'off' }, "a: 'yes'\n'on': 'off'\n"],
  ])('%s', (_, object, yaml) => {
    expect(stableYaml(object)).toBe(yaml);
  });
});
