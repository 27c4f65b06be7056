import { fc } from '../../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { styleOf, written } from '../../../scripts/manifests/build/emit.ts';
import { ExpressionError, expressionsOf, fillTemplate, parseTemplate } from '../../../scripts/manifests/build/envsubst.ts';
import { substituteObject } from '../../../scripts/manifests/build/substitute.ts';
import { isUnknown, readable, unknownOf } from '../../../scripts/manifests/build/unknown.ts';
import { readYaml } from '../../../scripts/manifests/build/yaml.ts';

/** Filling in variables: whatever is thrown at it, and what must always hold. */

const fill = (text: string, values: Readonly<Record<string, string>>): string => fillTemplate(parseTemplate(text), (name) => values[name], ({ name }) => `<${name}>`);
const object = (data: Readonly<Record<string, unknown>>) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' }, data });
const pieces = fc.oneof(fc.constantFrom('${', '}', '$', '$$', '${A}', '${A:-', '${B:=x}', ':', '#', '%', '/', '//', '^^', ',,', '=', '-', 'A', ' ', '\n', '\\', '"', "'", '[', ']', '*', '?', '${#A}', '${A:1:2}'), fc.string({ maxLength: 3 }));
const texts = fc.array(pieces, { maxLength: 12 }).map((all) => all.join(''));

describe('any text', () => {
  test('is read, or refused with a place inside it', () => {
    fc.assert(fc.property(texts, fc.string(), (text, value) => {
      try {
        const template = parseTemplate(text);
        expect(typeof fillTemplate(template, (name) => (name === 'A' ? value : undefined), () => '')).toBe('string');
        for (const { from, to, name } of expressionsOf(template)) expect(text.slice(from, to)).toMatch(new RegExp(String.raw`^\$\{#?${name}[\s\S]*\}$`, 'u'));
      } catch (error) {
        if (!(error instanceof ExpressionError)) throw error;
        expect(text.slice(error.offset, error.offset + 2)).toBe('${');
      }
    }), { numRuns: 2_000 });
  });

  test('without ${ and $$ stays what it is', () => {
    fc.assert(fc.property(fc.string().filter((text) => !/\$[{$]/.test(text)), (text) => { expect(fill(text, {})).toBe(text); }));
  });

  test('written with $$ for each $ comes back', () => {
    fc.assert(fc.property(texts, (text) => { expect(fill(text.replaceAll('$', '$$$$'), {})).toBe(text); }));
  });

  test('a variable beside plain text is put between it', () => {
    fc.assert(fc.property(fc.string().filter((text) => !text.includes('$')), fc.string(), (text, value) => { expect(fill(`${text}\${A}${text}`, { A: value })).toBe(`${text}${value}${text}`); }));
  });
});

describe('any object', () => {
  const plainText = fc.string({ unit: fc.constantFrom(...'abc 19:#-{}[]"\'\\\n,&*!|>%@`.~/=yn☃'), maxLength: 14 });

  test('a text is written so that it is read again as it was, in the style it has', () => {
    fc.assert(fc.property(plainText.filter((text) => !/[ \n]$/.test(text)), (text) => {
      const yaml = written(text, styleOf(text), 'k:', (each) => each);
      const read = readYaml(yaml, true);
      expect('documents' in read ? read.documents : read.trouble).toEqual([{ k: text }]);
    }), { numRuns: 1_000 });
  });

  test('it is filled in like the text that Flux fills in, or trouble is told', () => {
    fc.assert(fc.property(fc.tuple(plainText, plainText), plainText.map((value) => value.replaceAll('\n', '')), ([before, after], value) => {
      const text = `${before}\${A}${after}`;
      const troubles: unknown[] = [];
      const ours = substituteObject(object({ k: text }), () => value, (trouble) => troubles.push(trouble));
      // The text of the whole object, as it is written out, filled in and read again.
      const whole = readYaml(written(text, styleOf(text), 'k:', (each) => fill(each, { A: value })), true);
      if ('trouble' in whole) expect(troubles).toHaveLength(1);
      else expect({ troubles, data: ours['data'] }).toEqual({ troubles: [], data: whole.documents[0] });
    }), { numRuns: 2_000 });
  });

  test('nothing to fill in: the very same object', () => {
    const same = object({ a: 'b $ c', d: ['e'] });
    expect(substituteObject(same, () => 'x', () => undefined)).toBe(same);
  });

  test('what is not changed is shared, what is changed is not changed in place', () => {
    const one = { ...object({ a: '${A}' }), spec: { deep: { list: ['x'] } } };
    const two = substituteObject(one, () => '5', () => undefined);
    expect(two).toMatchObject({ data: { a: 5 } });
    expect(one.data).toEqual({ a: '${A}' });
    expect(two['spec']).toBe(one.spec);
  });

  test('names that are properties of every object are names like others', () => {
    const odd = JSON.parse('{"apiVersion":"v1","kind":"K","metadata":{"name":"m"},"data":{"__proto__":"${A}","constructor":"${B}"}}') as ReturnType<typeof object>;
    expect(JSON.stringify(substituteObject(odd, (name) => name.toLowerCase(), () => undefined)['data'])).toBe('{"__proto__":"a","constructor":"b"}');
  });
});

describe('values only the cluster knows', () => {
  const unknown = (text: string): unknown => substituteObject(object({ k: text }), (name) => (name === 'S' ? unknownOf('S') : undefined), () => undefined)['data'];
  test.each(['${S}', 'https://${S}/x', '${S^^}', '${S:1:2}', '${S:-default}', '${S/a/b}', '${#S}', '"${S}"', '${N:-${S}}'])('%s stays unknown', (text) => {
    expect(isUnknown(unknown(text))).toBe(true);
    expect(readable(JSON.stringify(unknown(text)))).toContain('${S}');
  });
  test('a default that is not needed is not unknown', () => { expect(fill('${A:-x}', { A: 'y' })).toBe('y'); });
});
