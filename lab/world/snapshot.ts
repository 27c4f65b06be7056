import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { encode, message } from '../wire/codec.ts';
import { crc32c, readBolt, writeBolt } from './bolt.ts';
import type { Entry } from './bolt.ts';
import type { KubeObject, Store } from './types.ts';

/** etcd's record of a key (mvccpb.KeyValue); the lab's values are in a bucket of their own. */
const KeyValue = message({ key: '1 bytes', createRevision: '2 int64', modRevision: '3 int64', version: '4 int64', value: '5 bytes' });
/** The bucket that holds all objects as the lab keeps them, packed: what a recovery begins with. */
const LAB = 'lab';

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
/** etcd's name of a revision: main and sub, so that keys are in the order of their changes. */
const revisionKey = (main: number, sub: number): Buffer => Buffer.concat([number(main), Buffer.from('_'), number(sub)]);

function keysOf(store: Store | undefined): readonly { readonly key: string; readonly revision: number }[] {
  const objects: readonly { readonly kind: string; readonly object: KubeObject }[] = store?.types().flatMap((type) => store.list(type.group === '' ? type.version : `${type.group}/${type.version}`, type.kind).map((object) => ({ kind: type.plural, object }))) ?? [];
  const found = objects.map(({ kind, object: { metadata } }) => ({ key: `/registry/${kind}/${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`, revision: Number(metadata.resourceVersion ?? 1) }));
  // The key that the API server compacts by changes last: the revision of the whole.
  return [...found, { key: 'compact_rev_key', revision: Number(store?.resourceVersion ?? 1) }].toSorted((a, b) => a.revision - b.revision);
}

/** An etcd snapshot of the lab: a database that etcd's own tools open, followed by its SHA-256 as etcd ends its own. `hash` is what they print of it. */
export function writeSnapshot(dump: unknown, store: Store | undefined): { readonly data: string; readonly hash: string; readonly revision: number; readonly keys: number } {
  const keys = keysOf(store);
  const records = keys.map(({ key, revision }, n): Entry => [revisionKey(revision, n), encode(KeyValue, { key: Buffer.from(key), createRevision: revision, modRevision: revision, version: 1 })]);
  const buckets: Readonly<Record<string, readonly Entry[]>> = {
    key: records, [LAB]: [[Buffer.from('state'), gzipSync(Buffer.from(JSON.stringify(dump)))]],
    meta: [[Buffer.from('confState'), Buffer.from('{}')], [Buffer.from('storageVersion'), Buffer.from('3.6.0')]],
  };
  const body = writeBolt(buckets);
  const hash = crc32c(Object.entries(buckets).flatMap(([name, entries]) => [Buffer.from(name), ...entries.flat()]));
  return { data: Buffer.concat([body, sealOf(body)]).toString('base64'), hash, revision: Number(store?.resourceVersion ?? 1), keys: new Set(keys.map(({ key }) => key)).size };
}

const SEAL = 32;
const sealOf = (body: Buffer): Buffer => createHash('sha256').update(body).digest();

/** The packed objects of a snapshot, and whether it ends in its digest (a copy of the database itself does not); undefined when it is not one of the lab's, or its digest is wrong. */
export function readSnapshot(file: Buffer): { readonly packed: Buffer; readonly sealed: boolean } | undefined {
  const sealed = file.length % 512 === SEAL;
  const body = sealed ? file.subarray(0, -SEAL) : file;
  if (sealed && !sealOf(body).equals(file.subarray(-SEAL))) return undefined;
  const packed = readBolt(body, LAB)?.find(([key]) => key.toString() === 'state')?.[1];
  return packed === undefined ? undefined : { packed, sealed };
}
