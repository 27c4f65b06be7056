import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { makeRedactor, REDACTED } from '../../scripts/tools/redact.ts';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
const SECRET = 'c4nary/with "quotes"+é';

describe('a known value is blanked', () => {
  test.each([
    ['raw', SECRET],
    ['base64', base64(SECRET)],
    ['base64 of base64', base64(base64(SECRET))],
    ['URL-encoded', encodeURIComponent(SECRET)],
    ['JSON-escaped', JSON.stringify(SECRET).slice(1, -1)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(SECRET)).slice(3, -3)],
  ])('%s', (_, spelling) => {
    const out = makeRedactor([SECRET]).redact(`before ${spelling} after`);
    expect(out).toBe(`before ${REDACTED} after`);
  });

  test.each([0, 1, 2, 3, 4])('inside a larger base64 text, %i bytes in', (before) => {
    const whole = base64(`${'x'.repeat(before)}${SECRET}yyyyyy`);
    const out = makeRedactor([SECRET]).redact(whole);
    expect(out).toContain(REDACTED);
    expect(Buffer.from(out.replace(REDACTED, ''), 'base64').toString('utf8')).not.toContain('nary/with');
  });

  test('each longer line of a value of several lines, but not the armour of a PEM', () => {
    const pem = '-----BEGIN THING-----\nMIIBfTCCASOgAwIBAgIQTNG\nshort\n-----END THING-----\n';
    const redactor = makeRedactor([pem]);
    expect(redactor.redact('line MIIBfTCCASOgAwIBAgIQTNG here')).toBe(`line ${REDACTED} here`);
    expect(redactor.redact('-----BEGIN THING----- short')).toBe('-----BEGIN THING----- short');
  });

  test('overlapping values leave no end behind', () => {
    expect(makeRedactor(['abcdef', 'cdefghijkl']).redact('[abcdefghijkl]')).toBe(`[${REDACTED}]`);
  });
});

test('values shorter than six characters are left alone: they would blank ordinary words', () => {
  expect(makeRedactor(['infra', '6443']).redact('infra 6443')).toBe('infra 6443');
});

test('a value learned later is blanked from then on', () => {
  const redactor = makeRedactor();
  expect(redactor.redact('password1')).toBe('password1');
  redactor.add('password1');
  expect(redactor.redact('password1')).toBe(REDACTED);
});

test('no text keeps a value, whatever surrounds it', () => {
  fc.assert(fc.property(fc.string({ minLength: 6, maxLength: 40, unit: 'grapheme' }), fc.string(), fc.string(), (value, before, after) => {
    fc.pre(value.trim().length >= 6 && !REDACTED.includes(value.trim()));
    const out = makeRedactor([value]).redact(before + value + after);
    // What is left may only hold the value where the mark itself or its surroundings make it up.
    expect(out.split(REDACTED).some((part) => part.includes(value))).toBe(false);
  }));
});

test('a large text with many values takes well under two seconds', () => {
  const values = Array.from({ length: 80 }, (_, i) => `value-${i}-${'k'.repeat(40)}${i * 7919}`);
  const redactor = makeRedactor(values);
  const text = 'kind: CustomResourceDefinition\n  description: some words that are not secret at all\n'.repeat(30_000);
  const started = performance.now();
  const out = redactor.redact(text + values[79]);
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(out.endsWith(REDACTED)).toBe(true);
});

test('thousands of spellings cost a short text next to nothing: every event passes through', () => {
  const lines = Array.from({ length: 300 }, (_, i) => base64(`line ${i} of a key ${i * 7919} ${'z'.repeat(20)}`)).join('\n');
  const redactor = makeRedactor([lines]);
  const started = performance.now();
  for (let i = 0; i < 20_000; i += 1) redactor.redact(`command-ran talosctl get disks --nodes 10.25.11.${i} --output json`);
  // One pattern of all spellings took minutes for this.
  expect(performance.now() - started).toBeLessThan(2_000);
});

test('many values that share their beginning are told apart, longest first', () => {
  const redactor = makeRedactor(['secret-a', 'secret-abc', 'secret-b']);
  expect(redactor.redact('secret-abc secret-ab secret-b secret-c')).toBe(`${REDACTED} ${REDACTED}b ${REDACTED} secret-c`);
});
