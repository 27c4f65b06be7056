import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Failure } from '../../scripts/engine/failure.ts';
import { readSnapshotFile, snapshotToRecover } from '../../scripts/phases/etcd-snapshot-file.ts';
import { cluster, scratch } from '../tools/support.ts';

const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
/** Longer than one chunk of a file stream, so that the digest at the end lies across two. */
const PAGES = Buffer.alloc(512 * 128 * 3, 7);
const SEALED = Buffer.concat([PAGES, sha256(PAGES)]);
const evidence = (changes: object = {}): string => JSON.stringify({ cluster: 'infra', machine: 'infra-01', at: '2026-11-21T02:00:00.000Z', bytes: SEALED.length, hash: '1a2b', revision: 77, keys: 12, sha256: sha256(SEALED).toString('hex'), namespaces: { 'kube-system': 'u' }, ...changes });

async function read(bytes: Buffer | undefined, beside?: string, override = ''): Promise<Awaited<ReturnType<typeof readSnapshotFile>> | string> {
  using dir = scratch();
  const file = join(dir.path, 'etcd.db');
  if (bytes !== undefined) writeFileSync(file, bytes);
  if (beside !== undefined) writeFileSync(`${file}.json`, beside);
  try {
    return await readSnapshotFile({ variables: { SNAPSHOT: file }, overrides: new Set(override.split(',')), cluster: cluster() });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return `${error.code} ${error.message.replaceAll(file, 'FILE')} [${error.hint}]`;
  }
}

describe('what a restore is told to begin with', () => {
  test('a whole snapshot, with what its evidence says of it and without', async () => {
    expect(await read(SEALED, evidence())).toMatchObject({ raw: false, bytes: SEALED.length, evidence: { revision: 77, keys: 12, namespaces: { 'kube-system': 'u' } } });
    expect(await read(SEALED)).toMatchObject({ raw: false, evidence: undefined });
    expect(await read(SEALED, evidence({ at: undefined, namespaces: undefined }))).toMatchObject({ evidence: { revision: 77 } });
  });
  test('a copy of the database, when that is said by name', async () => {
    expect(await read(PAGES, undefined, 'raw-database')).toMatchObject({ raw: true });
  });
  const broken = Buffer.from(SEALED);
  broken[100] = 8;
  test.each<[string, Buffer | undefined, string | undefined, RegExp]>([
    ['not there', undefined, undefined, /^75 FILE cannot be read: ENOENT/],
    ['empty', Buffer.alloc(0), undefined, /^75 FILE is empty/],
    ['changed, by its evidence', broken, evidence(), /^75 FILE is not the snapshot its evidence tells of: its digest differs/],
    ['changed, by its own digest', broken, undefined, /^75 FILE is not a whole etcd snapshot: the digest at its end differs/],
    ['changed, and so is what should tell it', broken, evidence({ sha256: sha256(broken).toString('hex') }), /^75 FILE is not a whole etcd snapshot/],
    ['cut off', SEALED.subarray(0, 1000), undefined, /^75 FILE is not a whole etcd snapshot: 1000 bytes/],
    ['cut off at a page', SEALED.subarray(0, 1024), undefined, /^75 FILE carries no digest of its own[\s\S]*OVERRIDE=raw-database/],
    ["another cluster's", SEALED, evidence({ cluster: 'apps' }), /^75 FILE is a snapshot of apps, not of infra/],
    ['with evidence that is none', SEALED, '{"cluster":"infra"}', /^75 FILE\.json does not tell what a snapshot's evidence tells/],
    ['with evidence that was cut off', SEALED, evidence().slice(0, 40), /^75 FILE\.json does not tell/],
  ])('one that is %s is refused, with nothing touched', async (_, bytes, beside, wanted) => {
    const said = await read(bytes, beside);
    expect(said).toMatch(wanted);
    expect(said).toMatch(/nothing was touched\]$/);
  });
  test('a folder is no snapshot', async () => {
    using dir = scratch();
    mkdirSync(join(dir.path, 'etcd.db'));
    await expect(readSnapshotFile({ variables: { SNAPSHOT: join(dir.path, 'etcd.db') }, overrides: new Set(), cluster: cluster() })).rejects.toThrow(/is no file/);
  });
  test('an empty name is a mistake on the command line, and a task without SNAPSHOT bootstraps an empty etcd', () => {
    const asked = { overrides: new Set<string>(), cluster: cluster() };
    expect(() => snapshotToRecover({ ...asked, variables: { SNAPSHOT: '' } })).toThrow(/names no file/);
    expect(snapshotToRecover({ ...asked, variables: {} })).toBeUndefined();
    expect(snapshotToRecover({ ...asked, overrides: new Set(['raw-database']), variables: { SNAPSHOT: '/e/db' } })).toEqual({ file: '/e/db', raw: true });
  });
});
