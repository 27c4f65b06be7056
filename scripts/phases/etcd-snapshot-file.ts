import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Machine } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import type { RecoverFrom } from '../tools/doors.ts';
import { readIfThere } from '../tools/files.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';

/** What is written beside a snapshot, as `FILE.json`: from where and when it is, what it holds, and what it is known by. */
export interface SnapshotEvidence {
  readonly cluster: string;
  readonly machine: string;
  /** Wall, ISO 8601; absent in evidence of before it was written down. */
  readonly at?: string;
  readonly bytes: number;
  readonly hash: string;
  readonly revision: number;
  readonly keys: number;
  /** Of the whole file. */
  readonly sha256: string;
  /** Namespaces that are in it, each with its UID: made anew they would have another. Absent where the API did not answer. */
  readonly namespaces?: Readonly<Record<string, string>>;
}

/** Saves etcd as this machine has it into `file`, and its evidence beside it; undefined in a dry run. One that is empty or arrived damaged is a Failure. */
export async function saveSnapshot(cx: Cx, machine: Machine, file: string): Promise<SnapshotEvidence | undefined> {
  const at = new Date().toISOString();
  const saved = await cx.doors.talos.etcdSnapshot(machine, file);
  if (cx.dryRun) return undefined;
  if (saved.keys === 0) throw new Failure({ exit: 'rerun', what: `the snapshot of ${machine.name} holds no keys`, because: `${saved.bytes} bytes at revision ${saved.revision}`, hint: `task cluster:health CLUSTER=${cx.cluster.name} tells whether etcd is well` });
  const namespaces = await namespacesUntil(cx, saved.revision);
  const { sha256, body, seal } = await digestsOf(file);
  // talosctl is content with its size. Evidence beside it would call it whole.
  if (body !== seal) {
    await rm(file, { force: true });
    throw new Failure({ exit: 'rerun', what: `the snapshot of ${machine.name} arrived damaged, so it was thrown away`, because: 'the digest at its end is not that of what is before it', hint: `look at the disk of ${machine.name} and at this one, then run the same command again` });
  }
  const evidence: SnapshotEvidence = { cluster: cx.cluster.name, machine: machine.name, at, ...saved, sha256, ...(namespaces === undefined ? {} : { namespaces }) };
  await writeWhole(evidenceFile(file), evidence);
  return evidence;
}

/** Namespaces the snapshot must hold: their last change is not younger than its revision, and they are not on their way out. */
async function namespacesUntil(cx: Cx, revision: number): Promise<Readonly<Record<string, string>> | undefined> {
  const found = await namespacesNow(cx);
  if (found === undefined) return undefined;
  return Object.fromEntries(found.flatMap(({ name, uid, version, going }) => (version <= revision && !going ? [[name, uid]] : [])));
}

interface Namespace { readonly name: string; readonly uid: string; readonly version: number; readonly going: boolean }
/** undefined when the API does not say: a snapshot is taken of etcd, and is good without. */
export async function namespacesNow(cx: Cx): Promise<readonly Namespace[] | undefined> {
  if (!cx.looking.kube.hasKubeconfig()) return undefined;
  try {
    const { items } = await cx.looking.kube.list(KINDS.Namespace, { metadataOnly: true });
    return items.map(({ metadata }) => ({ name: metadata.name, uid: String(metadata['uid'] ?? ''), version: Number(metadata.resourceVersion ?? Infinity), going: metadata['deletionTimestamp'] !== undefined }));
  } catch (error) {
    if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
    return undefined;
  }
}

const evidenceFile = (file: string): string => `${file}.json`;

/** The snapshot a restore was given, as it lies there. */
export interface SnapshotFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** A copy of the database itself: etcd's digest is not at its end. */
  readonly raw: boolean;
  /** Its date by the file system, ISO 8601: what is left to say when nothing is beside it. */
  readonly modified: string;
  /** Beside it, and of this very file; undefined when there is none, and then nothing is proven about what it holds. */
  readonly evidence: SnapshotEvidence | undefined;
}

/** etcd ends a snapshot with the SHA-256 of what is before it; pages come in multiples of 512 bytes. */
const SEAL = 32;
const PAGE = 512;
/** The name by which OVERRIDE accepts a copy of the database, which carries no digest. */
export const RAW = 'raw-database';

/** What a restore was told, of all that a phase gets. */
type Asked = Pick<Cx, 'variables' | 'overrides' | 'cluster'>;

/** SNAPSHOT as a path; a Failure (64) when it is empty. */
export function snapshotPath(cx: Asked): string {
  const given = cx.variables['SNAPSHOT'] ?? '';
  if (given === '') throw new Failure({ exit: 'usage', what: 'SNAPSHOT names no file', hint: `task etcd:restore CLUSTER=${cx.cluster.name} SNAPSHOT=<file of etcd:snapshot>` });
  return resolve(given);
}

/** What an etcd bootstrap of this task begins with; undefined for a task without SNAPSHOT. */
export function snapshotToRecover(cx: Asked): RecoverFrom | undefined {
  return cx.variables['SNAPSHOT'] === undefined ? undefined : { file: snapshotPath(cx), raw: cx.overrides.has(RAW) };
}

/** Reads the snapshot to its end. Throws a Failure (75) for one that is not there, not whole, of another cluster, or not the one its evidence tells of. */
export async function readSnapshotFile(cx: Asked): Promise<SnapshotFile> {
  const file = snapshotPath(cx);
  const refuse = (what: string, because: string | undefined, hint: string): Failure => new Failure({ exit: 'rerun', what, because, hint: `${hint}; nothing was touched` });
  const { bytes, modified, sha256, body, seal } = await measure(file, refuse);
  const evidence = readEvidence(file, refuse);
  if (evidence !== undefined && evidence.sha256 !== sha256) {
    throw refuse(`${file} is not the snapshot its evidence tells of: its digest differs`, `sha256 ${sha256.slice(0, 12)}…, ${evidenceFile(file)} says ${evidence.sha256.slice(0, 12)}…`, 'take another copy of it, or an older snapshot');
  }
  if (evidence !== undefined && evidence.cluster !== cx.cluster.name) throw refuse(`${file} is a snapshot of ${evidence.cluster}, not of ${cx.cluster.name}`, `${evidenceFile(file)} says so`, `restored here it would make ${cx.cluster.name} a second ${evidence.cluster}; name a snapshot of ${cx.cluster.name}`);
  const raw = bytes % PAGE === 0;
  if (raw && !cx.overrides.has(RAW)) throw refuse(`${file} carries no digest of its own`, `its ${bytes} bytes are whole pages: it is a copy of etcd's database rather than a snapshot, or a snapshot that was cut off`, `a snapshot of etcd:snapshot is better; for a copy of member/snap/db there is OVERRIDE=${RAW} (journalled)`);
  if (!raw && (bytes % PAGE !== SEAL || body !== seal)) throw refuse(`${file} is not a whole etcd snapshot`, bytes % PAGE === SEAL ? 'the digest at its end differs from what is before it' : `${bytes} bytes are no whole pages and a digest`, 'take another copy of it, or an older snapshot');
  return { file, bytes, sha256, raw, modified, evidence };
}

type Refuse = (what: string, because: string | undefined, hint: string) => Failure;

async function measure(file: string, refuse: Refuse): Promise<Awaited<ReturnType<typeof digestsOf>> & { readonly bytes: number; readonly modified: string }> {
  try {
    const found = await stat(file);
    if (!found.isFile()) throw refuse(`${file} is no file`, undefined, 'SNAPSHOT names the file etcd:snapshot wrote');
    if (found.size === 0) throw refuse(`${file} is empty`, undefined, 'take another copy of it, or an older snapshot');
    return { bytes: found.size, modified: found.mtime.toISOString(), ...(await digestsOf(file)) };
  } catch (error) {
    if (error instanceof Failure || !(error instanceof Error)) throw error;
    throw refuse(`${file} cannot be read`, error.message, 'SNAPSHOT names the file etcd:snapshot wrote');
  }
}

/** Digest of the file; and what etcd's own, the last bytes of it, is and ought to be. */
async function digestsOf(file: string): Promise<{ readonly sha256: string; readonly body: string; readonly seal: string }> {
  const whole = createHash('sha256');
  const body = createHash('sha256');
  let held = Buffer.alloc(0);
  await pipeline(createReadStream(file), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      whole.update(chunk);
      const together = Buffer.concat([held, chunk]);
      const end = Math.max(0, together.length - SEAL);
      body.update(together.subarray(0, end));
      held = Buffer.from(together.subarray(end));
    }
  });
  return { sha256: whole.digest('hex'), body: body.digest('hex'), seal: held.toString('hex') };
}

function readEvidence(file: string, refuse: Refuse): SnapshotEvidence | undefined {
  const beside = evidenceFile(file);
  const text = readIfThere(beside);
  if (text === undefined) return undefined;
  const value = parsed(text);
  if (!isEvidence(value)) throw refuse(`${beside} does not tell what a snapshot's evidence tells`, 'it was changed or cut off', 'fetch it again with the snapshot; without it, moved away, nothing is proven about the snapshot but its own digest');
  return value;
}

function isEvidence(value: unknown): value is SnapshotEvidence {
  if (typeof value !== 'object' || value === null) return false;
  const of = (key: string): unknown => Reflect.get(value, key);
  const namespaces = of('namespaces');
  return ['cluster', 'machine', 'hash', 'sha256'].every((key) => typeof of(key) === 'string') && ['bytes', 'revision', 'keys'].every((key) => typeof of(key) === 'number') && ['string', 'undefined'].includes(typeof of('at'))
    && (namespaces === undefined || (typeof namespaces === 'object' && namespaces !== null && Object.values(namespaces).every((uid) => typeof uid === 'string')));
}

/** A restore that has begun to bring etcd back and was not seen to its end: etcd that is well by then is its own work. */
export interface RestoreMark { readonly sha256: string; readonly file: string; readonly at: string }
const markFile = (cx: Cx): string => join(cx.clusterDir, RESTORE_MARK);
export const RESTORE_MARK = 'etcd-restore.json';

/** Remembers that etcd, which is empty, is about to be brought back from this file. */
export async function writeMark(cx: Cx, file: string): Promise<void> {
  const mark: RestoreMark = { sha256: (await digestsOf(file)).sha256, file, at: new Date().toISOString() };
  await writeWhole(markFile(cx), mark);
}
/** The restore of this very snapshot that is still to be seen to its end; undefined for none, or another's. */
export function markOf(cx: Cx, sha256: string): RestoreMark | undefined {
  const mark = parsed(readIfThere(markFile(cx)) ?? '');
  if (typeof mark !== 'object' || mark === null || !('sha256' in mark && 'file' in mark && 'at' in mark)) return undefined;
  return mark.sha256 === sha256 && typeof mark.file === 'string' && typeof mark.at === 'string' ? { sha256, file: mark.file, at: mark.at } : undefined;
}
export async function dropMark(cx: Cx): Promise<void> {
  await rm(markFile(cx), { force: true });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whole or not at all, for its owner alone; the folder is the operator's choice and stays as it is. */
async function writeWhole(file: string, value: unknown): Promise<void> {
  const part = `${file}.${process.pid}.part`;
  await writeFile(part, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
  const handle = await open(part, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(part, file);
}
