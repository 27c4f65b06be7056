import { fc } from '../fast-check.ts';
import { expect, test } from 'vitest';
import { withoutManagers } from '../../scripts/tools/kube-json.ts';

const skimmed = (value: unknown): unknown => JSON.parse(withoutManagers(Buffer.from(JSON.stringify(value))).toString('utf8'));

/** The same, the slow way. */
function expected(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expected);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === 'managedFields' && Array.isArray(inner) ? [] : expected(inner)]));
}

const hard = fc.oneof(fc.string(), fc.constantFrom('managedFields', '"managedFields":[', 'x"managedFields', ']', '[', '\\', '\\"', 'ü€😀', '{"k:{\\"type\\":[\\"Ready\\"]}"'));
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof({ depthSize: 'small', withCrossShrink: true }, hard, fc.integer(), fc.boolean(), fc.constant(null), fc.array(tie('tree'), { maxLength: 4 }), fc.dictionary(fc.oneof(hard, fc.constant('managedFields')), tie('tree'), { maxKeys: 5 })),
}));

test('nothing but the lists of managers is gone, whatever stands around and in them', () => {
  fc.assert(fc.property(tree, (value) => {
    const plain: unknown = JSON.parse(JSON.stringify(value));
    expect(skimmed(plain)).toEqual(expected(plain));
  }), { numRuns: 500 });
});

test.each(['', '{', '{"managedFields":[', '{"managedFields":[{"a":"]}', '{"a":1,"managedFields":["\\'])('%j is left for the parser to refuse', (text) => {
  expect(withoutManagers(Buffer.from(text)).toString('utf8')).toBe(text);
});
