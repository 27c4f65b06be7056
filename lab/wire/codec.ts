/**
 * Protocol Buffers (proto3, protobuf.dev/programming-guides/encoding) from our own tables of field numbers: as much of it as the
 * Talos API uses. Messages are plain objects; a field that is not in the table is skipped, as every reader of the format must.
 */
import { isFields } from '../world/value.ts';
import type { Fields } from '../world/value.ts';

type Scalar = 'string' | 'bytes' | 'bool' | 'int32' | 'uint32' | 'int64' | 'uint64' | 'double';
/** What a field holds: a scalar, an enumeration (its names, from 0 on), a map of texts, or a message. */
type Kind = Scalar | 'map' | readonly string[] | Table;
interface Field { readonly name: string; readonly n: number; readonly kind: Kind; readonly many: boolean }
export interface Table { readonly fields: readonly Field[]; readonly byNumber: ReadonlyMap<number, Field> }
/** `'3 string'`, `'3* string'` for a repeated one, `'3 A|B'` for an enumeration, `[3, Inner]` and `['3*', Inner]` for messages. */
export type Notation = string | readonly [number | string, Table];

/** Bytes that are no message of the table they were read with. */
export class CodecError extends Error {}

const SCALARS: readonly string[] = ['string', 'bytes', 'bool', 'int32', 'uint32', 'int64', 'uint64', 'double', 'map'];
const isScalar = (word: string): word is Scalar | 'map' => SCALARS.includes(word);

/** A table from its notation. Throws for a notation that is none: a mistake in a table is a bug. */
export function message(notation: Readonly<Record<string, Notation>>): Table {
  const fields = Object.entries(notation).map(([name, entry]): Field => {
    const [head, kind] = typeof entry === 'string' ? [entry.slice(0, entry.indexOf(' ')), entry.slice(entry.indexOf(' ') + 1)] : [String(entry[0]), entry[1]];
    const n = Number.parseInt(head, 10);
    if (!/^\d+\*?$/.test(head) || n < 1) throw new Error(`no field number in ${name}: ${head}`);
    return { name, n, many: head.endsWith('*'), kind: typeof kind !== 'string' || isScalar(kind) ? kind : kind.split('|') };
  });
  const byNumber = new Map(fields.map((field) => [field.n, field]));
  if (byNumber.size !== fields.length) throw new Error(`a field number is there twice: ${Object.keys(notation).join(', ')}`);
  return { fields, byNumber };
}

const isTable = (kind: Kind): kind is Table => typeof kind === 'object' && 'fields' in kind;
const isNames = (kind: Kind): kind is readonly string[] => Array.isArray(kind);
const LENGTH = 2;

/** 0 varint, 1 eight bytes, 2 with a length. */
const wireOf = (kind: Kind): number => (kind === 'double' ? 1 : kind === 'string' || kind === 'bytes' || kind === 'map' || isTable(kind) ? LENGTH : 0);

/** Whole numbers as they come: numbers, big ones, decimal text. Throws CodecError for anything else. */
function whole(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if ((typeof value === 'number' && Number.isInteger(value)) || (typeof value === 'string' && /^-?\d+$/.test(value))) return BigInt(value);
  throw new CodecError(`not a whole number: ${String(value)}`);
}

function pushVarint(out: number[], value: bigint): void {
  // A negative number is ten bytes long whatever its type.
  let rest = BigInt.asUintN(64, value);
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
}

const varint = (value: bigint | number): Buffer => {
  const out: number[] = [];
  pushVarint(out, BigInt(value));
  return Buffer.from(out);
};

/** One value without its tag and, where it has one, without its length. */
function valueBytes(kind: Kind, value: unknown): Buffer {
  if (isTable(kind)) {
    if (!isFields(value)) throw new CodecError('a message must be an object');
    return encode(kind, value);
  }
  if (isNames(kind)) {
    const index = typeof value === 'number' ? value : kind.indexOf(String(value));
    if (index < 0) throw new CodecError(`${String(value)} is not one of ${kind.join(', ')}`);
    return varint(index);
  }
  switch (kind) {
    case 'string': return Buffer.from(String(value));
    case 'bytes': return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(String(value));
    case 'bool': return Buffer.from([value === true ? 1 : 0]);
    case 'double': {
      const eight = Buffer.alloc(8);
      eight.writeDoubleLE(Number(value));
      return eight;
    }
    case 'map': throw new CodecError('a map has no value of its own');
    default: return varint(whole(value));
  }
}

/** proto3 leaves out what has its default. */
function isDefault(kind: Kind, value: unknown): boolean {
  if (isTable(kind)) return false;
  if (isNames(kind)) return value === 0 || value === kind[0];
  if (kind === 'bytes') return value instanceof Uint8Array ? value.length === 0 : value === '';
  if (kind === 'double') return Object.is(value, 0);
  return value === '' || value === false || value === 0 || value === 0n || value === '0';
}

/** The bytes of a message. A missing, null or undefined field is left out; so is one the table does not name. Throws CodecError. */
export function encode(table: Table, value: Readonly<Record<string, unknown>>): Buffer {
  const parts: Uint8Array[] = [];
  const put = (field: Field, wire: number, bytes: Uint8Array): void => {
    parts.push(varint((field.n << 3) | wire));
    if (wire === LENGTH) parts.push(varint(bytes.length));
    parts.push(bytes);
  };
  for (const field of table.fields) {
    const given = value[field.name];
    if (given === undefined || given === null) continue;
    if (field.kind === 'map') {
      for (const [key, text] of Object.entries(isFields(given) ? given : {})) put(field, LENGTH, encode(ENTRY, { key, value: text }));
    } else if (field.many) {
      if (!Array.isArray(given)) throw new CodecError(`${field.name} must be a list`);
      const entries = given.map((entry: unknown) => valueBytes(field.kind, entry));
      // Repeated numbers stand together (packed); what has a length stands for itself.
      if (wireOf(field.kind) === LENGTH) for (const entry of entries) put(field, LENGTH, entry);
      else if (entries.length > 0) put(field, LENGTH, Buffer.concat(entries));
    } else if (!isDefault(field.kind, given)) put(field, wireOf(field.kind), valueBytes(field.kind, given));
  }
  return Buffer.concat(parts);
}

const ENTRY: Table = message({ key: '1 string', value: '2 string' });

class Reader {
  readonly #bytes: Buffer;
  at = 0;
  constructor(bytes: Uint8Array) { this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength); }
  get done(): boolean { return this.at >= this.#bytes.length; }

  varint(): bigint {
    let value = 0n;
    for (let n = 0; n < 10; n++) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined) throw new CodecError('a number ends too early');
      value |= BigInt(byte & 0x7f) << BigInt(7 * n);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new CodecError('a number is too long');
  }

  take(length: number): Buffer {
    const bytes = this.#bytes.subarray(this.at, this.at + length);
    if (bytes.length !== length) throw new CodecError('a message ends too early');
    this.at += length;
    return bytes;
  }

  /** The payload of a field with this wire type; numbers stay to be read. */
  payload(wire: number): Buffer | bigint {
    if (wire === 0) return this.varint();
    if (wire === 1) return this.take(8);
    if (wire === 5) return this.take(4);
    if (wire !== LENGTH) throw new CodecError(`no such wire type: ${wire}`);
    return this.take(Number(this.varint()));
  }
}

function scalar(kind: Kind, payload: Buffer | bigint): unknown {
  if (typeof payload === 'bigint') {
    if (isNames(kind)) return kind[Number(payload)] ?? Number(BigInt.asIntN(32, payload));
    if (kind === 'bool') return payload !== 0n;
    if (kind === 'int32') return Number(BigInt.asIntN(32, payload));
    if (kind === 'uint32') return Number(BigInt.asUintN(32, payload));
    if (kind === 'int64') return BigInt.asIntN(64, payload);
    if (kind === 'uint64') return payload;
  } else {
    if (isTable(kind)) return decode(kind, payload);
    if (kind === 'string') return payload.toString();
    if (kind === 'bytes') return Buffer.from(payload);
    if (kind === 'double' && payload.length === 8) return payload.readDoubleLE();
  }
  throw new CodecError('a field has another wire type than its table says');
}

function zero(kind: Kind): unknown {
  if (isNames(kind)) return kind[0];
  return kind === 'string' ? '' : kind === 'bytes' ? Buffer.alloc(0) : kind === 'bool' ? false : kind === 'int64' || kind === 'uint64' ? 0n : 0;
}

/** Reads a message: every scalar and list is there (with its default), a message that was not sent is not. 64-bit numbers are bigint. Throws CodecError. */
export function decode(table: Table, bytes: Uint8Array): Fields {
  const answer: Fields = {};
  for (const { name, kind, many } of table.fields) {
    if (many) answer[name] = [];
    else if (kind === 'map') answer[name] = {};
    else if (!isTable(kind)) answer[name] = zero(kind);
  }
  const reader = new Reader(bytes);
  while (!reader.done) {
    const tag = Number(reader.varint());
    const field = table.byNumber.get(tag >>> 3);
    const payload = reader.payload(tag & 7);
    if (field === undefined) continue;
    const { name, kind, many } = field;
    const before = answer[name];
    if (kind === 'map') {
      const entry = typeof payload === 'bigint' ? {} : decode(ENTRY, payload);
      if (isFields(before)) before[String(entry['key'])] = entry['value'];
    } else if (!many) answer[name] = scalar(kind, payload);
    else if (Array.isArray(before)) {
      if (wireOf(kind) === LENGTH || typeof payload === 'bigint' || (tag & 7) === 1) before.push(scalar(kind, payload));
      else for (const packed = new Reader(payload); !packed.done;) before.push(scalar(kind, packed.payload(wireOf(kind))));
    }
  }
  return answer;
}
