import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Store } from './types.ts';

const MAGIC = Buffer.from('lab-etcd-snapshot-1\n');

/** An etcd snapshot of the lab: all objects, padded to whole pages and followed by their SHA-256, as etcd ends its own. */
export function writeSnapshot(dump: unknown, store: Store | undefined): { readonly data: string; readonly revision: number; readonly keys: number } {
  const packed = gzipSync(Buffer.from(JSON.stringify(dump)));
  const size = Buffer.alloc(8);
  size.writeBigUInt64BE(BigInt(packed.length));
  const used = MAGIC.length + size.length + packed.length;
  const body = Buffer.concat([MAGIC, size, packed, Buffer.alloc((512 - (used % 512)) % 512)]);
  const keys = store === undefined ? 0 : store.types().reduce((sum, type) => sum + store.list(type.group === '' ? type.version : `${type.group}/${type.version}`, type.kind).length, 0);
  return { data: Buffer.concat([body, createHash('sha256').update(body).digest()]).toString('base64'), revision: Number(store?.resourceVersion ?? 1), keys };
}

/** The packed objects of a snapshot; undefined when it is not one of the lab's, or its digest is wrong. */
export function readSnapshot(file: Buffer): Buffer | undefined {
  if (file.length % 512 !== 32 || !file.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const body = file.subarray(0, -32);
  if (!createHash('sha256').update(body).digest().equals(file.subarray(-32))) return undefined;
  const size = Number(body.readBigUInt64BE(MAGIC.length));
  return body.subarray(MAGIC.length + 8, MAGIC.length + 8 + size);
}
