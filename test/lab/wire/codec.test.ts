import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CodecError, decode, encode, message } from '../../../lab/wire/codec.ts';

const Inner = message({ text: '1 string', numbers: '2* int32', big: '3 uint64' });
const All = message({
  text: '1 string', bytes: '2 bytes', truth: '3 bool', small: '4 int32', unsigned: '5 uint32', large: '6 int64', larger: '7 uint64', real: '8 double', choice: '9 NONE|ONE|TWO', map: '10 map',
  inner: [11, Inner], inners: ['12*', Inner], texts: '13* string', blobs: '14* bytes', larges: '15* int64', reals: '16* double', choices: '300* NONE|ONE|TWO',
});
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value));
const choice = fc.constantFrom('NONE', 'ONE', 'TWO');
const text = fc.string({ unit: 'grapheme' });
// `__proto__` is no key of a plain object, and no label of a resource.
const key = text.filter((word) => word !== '__proto__');
const inner = fc.record({ text, numbers: fc.array(int32), big: uint64 });
const all = fc.record({
  text, bytes, truth: fc.boolean(), small: int32, unsigned: fc.integer({ min: 0, max: 2 ** 32 - 1 }), large: int64, larger: uint64, real: fc.double({ noNaN: true }), choice, map: fc.dictionary(key, text),
  inner, inners: fc.array(inner), texts: fc.array(text), blobs: fc.array(bytes), larges: fc.array(int64), reals: fc.array(fc.double({ noNaN: true })), choices: fc.array(choice),
});

describe('the wire format', () => {
  test('what is written is read again', () => {
    fc.assert(fc.property(all, (value) => {
      const back = decode(All, encode(All, value));
      expect({ ...back, map: Object.entries(Object(back['map'])) }).toEqual({ ...value, map: Object.entries(value.map) });
    }));
  });
  test('unknown fields are skipped, wherever they stand', () => {
    const Less = message({ small: '4 int32', texts: '13* string' });
    fc.assert(fc.property(all, (value) => { expect(decode(Less, encode(All, value))).toEqual({ small: value.small, texts: value.texts }); }));
  });
  test('any bytes are a message or a CodecError, never anything else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (raw) => {
      try {
        decode(All, raw);
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError);
      }
    }));
  });
  test('a message that is cut off is told', () => {
    const whole = encode(All, { text: 'abcdef' });
    expect(() => decode(All, whole.subarray(0, -1))).toThrow(CodecError);
  });
  // Figures of protobuf.dev/programming-guides/encoding.
  test.each([
    ['150 in field 1', message({ a: '1 int32' }), { a: 150 }, '089601'],
    ['text', message({ b: '2 string' }), { b: 'testing' }, '120774657374696e67'],
    ['a message', message({ c: [3, message({ a: '1 int32' })] }), { c: { a: 150 } }, '1a03089601'],
    ['packed numbers', message({ f: '6* int32' }), { f: [3, 270, 86942] }, '3206038e029ea705'],
    ['-2 takes ten bytes', message({ a: '1 int32' }), { a: -2 }, '08feffffffffffffffff01'],
    ['defaults take none', All, { text: '', truth: false, small: 0, large: 0n, choice: 'NONE', inners: [], map: {} }, ''],
  ])('%s', (_name, table, value, hex) => {
    expect(encode(table, value).toString('hex')).toBe(hex);
  });
  test('numbers that are not packed are read too', () => {
    expect(decode(message({ f: '6* int32' }), Buffer.from('3003308e02', 'hex'))).toEqual({ f: [3, 270] });
  });
  test.each([['x string'], ['0 string'], ['1string']])('%s is no notation', (notation) => { expect(() => message({ a: notation })).toThrow(/no field number/); });
  test('a number may be there once', () => { expect(() => message({ a: '1 string', b: '1 bool' })).toThrow(/twice/); });
});
