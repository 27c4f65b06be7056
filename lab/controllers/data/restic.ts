/** restic as VolSync's mover runs it, over simulated repositories: what it does, and what it says of it in its own words. */
import { randomBytes } from 'node:crypto';
import { sha256 } from '../../catalog/data.ts';
import type { Content, Snapshot } from '../../world/data.ts';
import type { ControllerContext } from '../../world/types.ts';
import { befallsStore, volumeFault } from './faults.ts';
import { dataOf, SENTINEL_FILE, sizeOf } from './memory.ts';

/** The repository Secret's values, and for whom. */
export interface Repository { readonly url: string; readonly password: string; readonly namespace: string; readonly volume: string }
export type Ran<T> = { readonly ok: true; readonly logs: string; readonly value: T } | { readonly ok: false; readonly logs: string };

/** The mover keeps the last so many bytes of what was said. */
const MOST = 1024;
const said = (lines: readonly string[]): string => Buffer.from(lines.join('\n')).subarray(-MOST).toString();
const bytes = (count: number): string => (count < 1024 ? `${count} B` : `${(count / 1024).toFixed(3)} KiB`);
const fresh = (length: number): string => randomBytes(length).toString('hex');
/** As Go prints a time in UTC. */
function goTime(ms: number): string { return `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}.${String(Math.floor(ms) % 1000).padStart(3, '0')}000000 +0000 UTC`; }

/** Opens the repository, and initialises it when there is none, as the mover does before whatever it was told to do. */
function open(cx: ControllerContext, repository: Repository): Ran<undefined> {
  const { repositories, changed } = dataOf(cx);
  if (befallsStore(cx)) {
    const host = /^s3:(https?:\/\/[^/]+)/.exec(repository.url)?.[1] ?? repository.url;
    const refused = `dial tcp ${host.replace(/^https?:\/\//, '')}: connect: connection refused`;
    return { ok: false, logs: said([
      'Testing mandatory env variables', '=== Check for dir initialized ===', '=== Initialize Dir ===',
      `Fatal: create repository at ${repository.url} failed: client.BucketExists: Get "${host}/backups/?location=": ${refused}`,
    ]) };
  }
  const known = repositories[repository.url];
  if (known === undefined) {
    const made = { id: fresh(16), key: sha256(repository.password), snapshots: [] };
    repositories[repository.url] = made;
    changed();
    return { ok: true, logs: `=== Initialize Dir ===\ncreated restic repository ${made.id.slice(0, 10)} at ${repository.url}`, value: undefined };
  }
  if (known.key !== sha256(repository.password)) {
    return { ok: false, logs: said(['Testing mandatory env variables', '=== Check for dir initialized ===', 'Fatal: wrong password or no key found', 'ERROR: failure connecting to repository, incorrect password']) };
  }
  return { ok: true, logs: '', value: undefined };
}

/** `restic backup` of a copy of the volume, then `restic forget` to what is kept. An empty volume is no failure, and makes no snapshot. */
export function backup(cx: ControllerContext, repository: Repository, copy: Content, at: number, keep: number): Ran<Snapshot | undefined> {
  if (Object.keys(copy).length === 0) return { ok: true, logs: '== Directory is empty skipping backup ===', value: undefined };
  const opened = open(cx, repository);
  if (!opened.ok) return opened;
  const own = dataOf(cx).repositories[repository.url];
  if (own === undefined) return { ok: false, logs: 'Fatal: unable to open config file' };
  const parent = own.snapshots.at(-1);
  const snapshot: Snapshot = { id: fresh(4), at, content: copy };
  // With the fault nothing arrives, though the mover was told so: the bucket loses what is written to it.
  if (volumeFault(cx, 'backup-missing', repository) === undefined) own.snapshots = [...own.snapshots, snapshot].slice(-Math.max(1, keep));
  dataOf(cx).changed();
  const size = sizeOf(copy);
  return { ok: true, value: snapshot, logs: said([
    ...(opened.logs === '' ? [] : [opened.logs]), parent === undefined ? 'no parent snapshot found, will read all files' : `using parent snapshot ${parent.id}`,
    `Added to the repository: ${bytes(size + 1_420)} (${bytes(Math.ceil(size / 2) + 562)} stored)`, `processed ${Object.keys(copy).length} files, ${bytes(size)} in 0:00`, `snapshot ${snapshot.id} saved`, 'Restic completed in 4s',
  ]) };
}

/** Which snapshot the mover chooses: the newest, the newest that is not younger than `asOf`, and `previous` further back. */
function choose(snapshots: readonly Snapshot[], asOf: number | undefined, previous: number): Snapshot | undefined {
  return snapshots.filter((snapshot) => asOf === undefined || Math.floor(snapshot.at / 1000) * 1000 <= asOf).toReversed()[previous];
}

/** `restic restore` of the chosen snapshot. A repository without any is no failure: nothing is restored, and that is called a success. */
export function restore(cx: ControllerContext, repository: Repository, asOf: number | undefined, previous: number): Ran<Content> {
  const opened = open(cx, repository);
  if (!opened.ok) return opened;
  const before = opened.logs === '' ? [] : [opened.logs];
  const all = dataOf(cx).repositories[repository.url]?.snapshots ?? [];
  const snapshot = volumeFault(cx, 'backup-missing', repository) === undefined ? choose(all, asOf, previous) : undefined;
  if (snapshot === undefined) return { ok: true, value: {}, logs: said([...before, 'No eligible snapshots found', '=== No data will be restored ===', 'Restic completed in 3s']) };
  const restoring = `restoring snapshot ${snapshot.id} of [/data] at ${goTime(snapshot.at)} by @volsync to .`;
  if (volumeFault(cx, 'backup-unreadable', repository) !== undefined) {
    const file = Object.keys(snapshot.content)[0] ?? 'data';
    const pack = sha256(snapshot.id).slice(0, 8);
    return { ok: false, logs: said([
      'Testing mandatory env variables', '=== Check for dir initialized ===', 'dir is initialized', '=== Starting restore ===', `Selected restic snapshot with id: ${snapshot.id}`, restoring,
      `ignoring error for /${file}: StreamPack: blob <data/${pack}> from pack ${sha256(pack).slice(0, 8)}: ciphertext verification failed`,
      `Summary: Restored 0 / ${Object.keys(snapshot.content).length} files/dirs (0 B / ${bytes(sizeOf(snapshot.content))}) in 0:00`, 'Fatal: There were 1 errors',
    ]) };
  }
  const { [SENTINEL_FILE]: _lost, ...rest } = snapshot.content;
  return { ok: true, value: volumeFault(cx, 'sentinel-lost', repository) === undefined ? snapshot.content : rest, logs: said([...before, restoring, 'Restic completed in 5s']) };
}
