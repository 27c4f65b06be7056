import { fc } from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { substituteObject, substituteText } from '../../../lab/flux/substitute.ts';

const VARIABLES = { A: 'alpha', EMPTY: '', N: '3', YES: 'true', LIST: '["x", "y"]' };

describe('text', () => {
  test.each([
    ['${A}', 'alpha'], ['a${A}b', 'aalphab'], ['$${A}', '${A}'], ['$A', '$A'], ['$', '$'], ['${EMPTY}', ''], ['${EMPTY:=d}', 'd'], ['${EMPTY:-d}', 'd'], ['${GONE:=d}', 'd'], ['${GONE:-d}', 'd'], ['${GONE=d}', 'd'], ['${A:=d}', 'alpha'],
    ['${GONE:=}', ''], ['${GONE:=a b: c}', 'a b: c'], ['${GONE:=${A}}', 'alpha'], ['${GONE:=x${ALSO:-y}z}', 'xyz'], ['no variables', 'no variables'], ['}', '}'],
  ])('%s becomes %s', (text, expected) => { expect(substituteText(text, VARIABLES)).toBe(expected); });
  test.each([
    ['${GONE}', 'variable not set (strict mode): "GONE"'], ['${A^^}', 'is a form the lab does not know'], ['${A/x/y}', 'is a form the lab does not know'], ['${#A}', 'unable to parse variable name'], ['${A', 'is a form the lab does not know'],
    ['${GONE:=x', 'missing closing brace'], ['${}', 'unable to parse variable name'], ['${1A}', 'unable to parse variable name'], ['${A:0:1}', 'is a form the lab does not know'], ['${GONE:=${ALSO}}', 'variable not set (strict mode): "ALSO"'],
  ])('%s is refused', (text, message) => { expect(() => substituteText(text, VARIABLES)).toThrow(message); });
  test('a missing variable is empty when not strict', () => { expect(substituteText('a${GONE}b', {}, { strict: false })).toBe('ab'); });
  test('text without ${ is never changed', () => {
    fc.assert(fc.property(fc.string().filter((text) => !text.includes('${')), (text) => { expect(substituteText(text, VARIABLES)).toBe(text); }));
  });
  test('what is escaped comes out as it was written', () => {
    fc.assert(fc.property(fc.stringMatching(/^[A-Z_][A-Z0-9_]{0,8}$/), fc.string().filter((text) => !/[$}]/.test(text)), (name, rest) => {
      expect(substituteText(`$\${${name}}${rest}`, {})).toBe(`\${${name}}${rest}`);
    }));
  });
  test('a value is put in as it is, never read again', () => {
    fc.assert(fc.property(fc.string(), fc.string().filter((text) => !text.includes('$')), (value, around) => { expect(substituteText(`${around}\${V}`, { V: value })).toBe(`${around}${value}`); }));
  });
});

describe('objects', () => {
  const object = (spec: Record<string, unknown>, metadata: Record<string, unknown> = {}) => ({ apiVersion: 'x/v1', kind: 'X', metadata: { name: 'x', ...metadata }, spec });
  test.each([
    ['a number', { v: '${N}' }, { v: 3 }], ['a boolean', { v: '${YES}' }, { v: true }], ['a list', { v: '${LIST}' }, { v: ['x', 'y'] }], ['text with more around it', { v: 'n-${N}' }, { v: 'n-3' }],
    ['quoted inside', { v: '"${N}"' }, { v: '"3"' }], ['a key', { '${A}': 1 }, { alpha: 1 }], ['an empty value', { v: '${EMPTY}' }, { v: null }], ['a block of text', { v: 'a: ${N}\nb: ${A}\n' }, { v: 'a: 3\nb: alpha\n' }],
  ])('%s is typed as YAML types it', (_name, spec, expected) => { expect(substituteObject(object(spec), VARIABLES).spec).toEqual(expected); });
  test.each([['label', { labels: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' } }], ['annotation', { annotations: { 'kustomize.toolkit.fluxcd.io/substitute': 'disabled' } }]])('is left alone by %s', (_name, metadata) => {
    expect(substituteObject(object({ v: '${GONE}' }, metadata), VARIABLES).spec).toEqual({ v: '${GONE}' });
  });
  test('line breaks of a value are dropped', () => { expect(substituteObject(object({ v: 'x${V}' }), { V: 'a\nb' }).spec).toEqual({ v: 'xab' }); });
  test('a name that is no variable name is refused', () => { expect(() => substituteObject(object({}), { 'not-good': 'x' })).toThrow("'not-good' var name is invalid"); });
  test('a value that breaks the YAML is said to', () => { expect(() => substituteObject(object({ v: '${V}' }), { V: '[' })).toThrow('envsubst error: YAMLToJSON'); });
});
