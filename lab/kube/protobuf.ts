/**
 * The few messages that typed clients send only as protobuf (`kubectl create namespace|configmap|secret|serviceaccount`).
 * Field numbers are those of the published generated.proto files. Any other kind, or a field that is not known here, is refused with 415.
 */
import type { Fields } from '../world/value.ts';
import { ApiError } from '../world/types.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';
type Read = (bytes: Uint8Array) => unknown;
interface Field { readonly name: string; readonly read?: Read; readonly kind?: 'map' | 'list' }
type Message = Readonly<Record<number, Field>>;

const refused = (what: string): ApiError => new ApiError(415, 'UnsupportedMediaType', `the lab's API server does not read ${what} as protobuf - accepted media types include: application/json, application/yaml`);
const utf8: Read = (bytes) => Buffer.from(bytes).toString('utf8');
const base64: Read = (bytes) => Buffer.from(bytes).toString('base64');

/** Tag and value of each field: varints as numbers, length-delimited ones as bytes. Throws 415 on other wire types and on bytes cut short. */
function* fieldsOf(bytes: Uint8Array): Generator<readonly [number, number | Uint8Array]> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 49) throw refused('a damaged message');
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const [number, wire] = [Math.floor(tag / 8), tag % 8];
    if (wire === 0) yield [number, varint()];
    else if (wire === 2) {
      const length = varint();
      if (at + length > bytes.length) throw refused('a damaged message');
      yield [number, bytes.subarray(at, at + length)];
      at += length;
    } else throw refused(`wire type ${wire}`);
  }
}

function entry(bytes: Uint8Array, read: Read): readonly [string, unknown] {
  let key = '';
  let value: unknown = '';
  for (const [number, data] of fieldsOf(bytes)) {
    if (typeof data === 'number') throw refused('a map of numbers');
    if (number === 1) key = Buffer.from(data).toString('utf8');
    else value = read(data);
  }
  return [key, value];
}

function message(fields: Message, what: string): (bytes: Uint8Array) => Fields {
  return (bytes) => {
    const out: Fields = {};
    for (const [number, data] of fieldsOf(bytes)) {
      const field = fields[number];
      // Zeroes and empty messages stand for "not set".
      if (data === 0 || (typeof data !== 'number' && data.length === 0)) continue;
      if (field === undefined) throw refused(`field ${number} of ${what}`);
      if (typeof data === 'number') out[field.name] = data;
      else if (field.kind === 'map') out[field.name] = Object.fromEntries([...Object.entries(Object(out[field.name])), entry(data, field.read ?? utf8)]);
      else if (field.kind === 'list') out[field.name] = [...(Array.isArray(out[field.name]) ? Object.values(Object(out[field.name])) : []), (field.read ?? utf8)(data)];
      else out[field.name] = (field.read ?? utf8)(data);
    }
    return out;
  };
}

/** A creationTimestamp that clients send is never kept: the server sets its own. */
const META: Field = { name: 'metadata', read: message({ 1: { name: 'name' }, 2: { name: 'generateName' }, 3: { name: 'namespace' }, 8: { name: 'creationTimestamp', read: () => null }, 11: { name: 'labels', kind: 'map' }, 12: { name: 'annotations', kind: 'map' }, 14: { name: 'finalizers', kind: 'list' } }, 'metadata') };
const KINDS: Readonly<Record<string, Message>> = {
  Namespace: { 1: META, 2: { name: 'spec', read: message({ 1: { name: 'finalizers', kind: 'list' } }, 'a namespace') }, 3: { name: 'status', read: message({ 1: { name: 'phase' } }, 'a namespace') } },
  ConfigMap: { 1: META, 2: { name: 'data', kind: 'map' }, 3: { name: 'binaryData', kind: 'map', read: base64 } },
  Secret: { 1: META, 2: { name: 'data', kind: 'map', read: base64 }, 3: { name: 'type' }, 4: { name: 'stringData', kind: 'map' } },
  ServiceAccount: { 1: META },
};
const MAGIC = 'k8s\u0000';

/** The object in a protobuf body. Throws 415 when it is not one of the few kinds known here. */
export function fromProtobuf(body: Uint8Array): Fields {
  if (Buffer.from(body.subarray(0, 4)).toString('latin1') !== MAGIC) throw refused('a body without the k8s prefix');
  let type: Fields = {};
  let raw = new Uint8Array();
  for (const [number, data] of fieldsOf(body.subarray(4))) {
    if (typeof data === 'number') continue;
    if (number === 1) type = message({ 1: { name: 'apiVersion' }, 2: { name: 'kind' } }, 'the type')(data);
    else if (number === 2) raw = Uint8Array.from(data);
  }
  const kind = String(type['kind']);
  const known = type['apiVersion'] === 'v1' ? KINDS[kind] : undefined;
  if (known === undefined) throw refused(kind);
  return { ...type, ...message(known, kind)(raw) };
}
