import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Verdict } from '../../engine/verdict.ts';
import type { ReadinessRow } from '../record.ts';
import { isAnswer } from '../backup/shared.ts';
import { fail, pass, row, type ReadinessContext } from './row.ts';

/** Takes an etcd snapshot and verifies the file, then removes it: it holds every Secret, and a destroy saves its own. */
export async function etcdRow(cx: ReadinessContext): Promise<ReadinessRow> {
  const { name, machines } = cx.cluster;
  const id = `etcd:${name}/snapshot`;
  const file = join(cx.runDir, `etcd-${name}-readiness.db`);
  const said: string[] = [];
  for (const machine of machines.filter((each) => each.role === 'controlplane')) {
    try {
      const told = await cx.doors.talos.etcdSnapshot(machine, file);
      const found = await digests(file);
      return row('etcd', id, `an etcd snapshot, from ${machine.name}`, snapshotVerdict(told, found), `hash ${told.hash}, revision ${told.revision}, ${told.keys} keys, ${found.bytes} bytes, sha256 ${found.sha256.slice(0, 12)}`);
    } catch (error) {
      if (!isAnswer(error)) throw error;
      said.push(`${machine.name}: ${error.because ?? error.what}`);
    } finally {
      await rm(file, { force: true });
    }
  }
  return row('etcd', id, 'an etcd snapshot', fail(`no control plane gave one: ${said.join('; ')}`, `task cluster:health CLUSTER=${name} tells why`));
}

export interface SnapshotFile { readonly bytes: number; readonly sha256: string; /** Whether the digest etcd writes behind the database is that of the database; null when it wrote none. */ readonly whole: boolean | null }

/** The file is what was announced, holds something, and etcd's own digest at its end holds. Pure. */
export function snapshotVerdict(told: { readonly bytes: number; readonly hash: string; readonly revision: number; readonly keys: number }, found: SnapshotFile): Verdict {
  if (found.bytes === 0 || told.keys === 0) return fail(`it holds nothing: ${told.keys} keys, ${found.bytes} bytes`);
  if (found.whole === false) return fail('it is damaged: the digest at its end is not that of what is before it', 'look at the disk of that machine and at this one, then try again');
  if (told.hash === '' || told.revision <= 0) return fail(`it is not told what is in it: hash ${told.hash || 'none'}, revision ${told.revision}`);
  // talosctl tells the size with or without the 32 bytes of the digest.
  if (told.bytes !== found.bytes && told.bytes !== found.bytes - DIGEST) return fail(`${told.bytes} bytes were announced, ${found.bytes} came`);
  return found.whole === null ? fail('it ends without etcd\'s digest: a copy of the database, not a snapshot') : pass('taken and verified');
}

const DIGEST = 32;
/** Pages of the database are multiples of this; a snapshot has its digest behind them. */
const SECTOR = 512;

async function digests(path: string): Promise<SnapshotFile> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const all = createHash('sha256');
    const database = createHash('sha256');
    let tail = Buffer.alloc(0);
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      all.update(bytes);
      // The last 32 bytes are held back: which they are is known at the end.
      const known = Buffer.concat([tail, bytes]);
      database.update(known.subarray(0, Math.max(0, known.length - DIGEST)));
      tail = Buffer.from(known.subarray(Math.max(0, known.length - DIGEST)));
    }
    return { bytes: size, sha256: all.digest('hex'), whole: size % SECTOR === DIGEST ? database.digest().equals(tail) : null };
  } finally {
    await file.close();
  }
}
