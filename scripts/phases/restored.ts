import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Verdict } from '../engine/verdict.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { writePrivate } from '../tools/files.ts';
import type { Cx } from './context.ts';
import { controlPlanes } from './etcd-membership.ts';
import { dropMark, namespacesNow, readSnapshotFile, saveSnapshot, type SnapshotEvidence } from './etcd-snapshot-file.ts';

/** Whether what runs now is what the snapshot holds, by its revision and by objects that keep their UID only if they came from it. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'restored',
  title: 'compare what came back with what was saved',
  patience: 0,
  verify: [],
  async done() {
    return false;
  },
  async run(cx) {
    if (cx.dryRun) return 'would compare what came back with what was saved';
    const { evidence: then } = await readSnapshotFile(cx);
    const now = await figuresNow(cx);
    const verdicts = then === undefined
      ? [{ check: 'what came back to be what was saved', verdict: { is: 'unknown', because: 'nothing beside the snapshot says what it holds' } as const }]
      : [{ check: "etcd's revision to be at least the snapshot's", verdict: revision(then, now) }, ...await objects(cx, then)];
    for (const { check, verdict } of verdicts) cx.emit({ type: 'judged', lane: cx.lane, step: cx.step, check, layer: 'etcd', verdict });
    await writePrivate(join(cx.runDir, `restored-${cx.cluster.name}.json`), `${JSON.stringify({ then: then ?? null, now, verdicts }, undefined, 2)}\n`);
    // Seen to its end, whatever the verdict: the next restore of the same snapshot is another one.
    await dropMark(cx);
    const wrong = verdicts.filter(({ verdict }) => verdict.is === 'fail');
    if (wrong.length > 0) {
      throw new Failure({
        exit: 'look', what: `what runs on ${cx.cluster.name} is not what the snapshot holds`, because: wrong.map(({ verdict }) => ('because' in verdict ? verdict.because : '')).join('; '),
        leftBehind: 'an etcd that runs; nothing of it came from this snapshot, or not all', hint: `look at what is there (task cluster:status CLUSTER=${cx.cluster.name}); to restore once more, with OVERRIDE=healthy-etcd: task etcd:restore CLUSTER=${cx.cluster.name} SNAPSHOT=<file>`,
      });
    }
    adviseOnWorkers(cx);
    const unproven = verdicts.flatMap(({ verdict }) => (verdict.is === 'unknown' ? [verdict.because] : []));
    return `${now.keys} keys at revision ${now.revision}${then === undefined ? '' : `; the snapshot: ${then.keys} at ${then.revision}`}${unproven.length === 0 ? '' : `; not proven: ${unproven.join('; ')}`}`;
  },
};
export default phase;

type Figures = Pick<SnapshotEvidence, 'machine' | 'hash' | 'revision' | 'keys'>;

/** By a snapshot taken for its figures alone: one more copy of every Secret is not kept. */
async function figuresNow(cx: Cx): Promise<Figures> {
  const file = join(cx.runDir, `etcd-${cx.cluster.name}-restored.db`);
  const failures: Failure[] = [];
  for (const machine of controlPlanes(cx)) {
    try {
      const saved = await saveSnapshot(cx, machine, file);
      if (saved !== undefined) return { machine: saved.machine, hash: saved.hash, revision: saved.revision, keys: saved.keys };
    } catch (error) {
      if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
      failures.push(error);
    } finally {
      await Promise.all([rm(file, { force: true }), rm(`${file}.json`, { force: true })]);
    }
  }
  throw new Failure({ exit: 'rerun', what: `etcd of ${cx.cluster.name} runs again, but gives no snapshot to compare`, because: failures[0]?.because ?? failures[0]?.what, parts: failures, hint: `task cluster:health CLUSTER=${cx.cluster.name} tells why; then run the same command again, it only compares` });
}

function revision(then: SnapshotEvidence, now: Figures): Verdict {
  if (now.revision >= then.revision) return { is: 'pass', because: `${now.revision}, the snapshot ${then.revision}` };
  return { is: 'fail', because: `etcd is at revision ${now.revision}, the snapshot at ${then.revision}: it was not begun from it` };
}

/** Namespaces of then, by UID. One that is gone may have been taken away since the API is up; one that was made anew never came back. */
async function objects(cx: Cx, then: SnapshotEvidence): Promise<readonly { readonly check: string; readonly verdict: Verdict }[]> {
  const check = 'known objects to be there as they were';
  const known = Object.entries(then.namespaces ?? {});
  if (known.length === 0) return [{ check, verdict: { is: 'unknown', because: 'the evidence names no objects: the API did not answer when it was written' } }];
  const found = await namespacesNow(cx);
  if (found === undefined) return [{ check, verdict: { is: 'unknown', because: 'the API does not list its namespaces' } }];
  const uids = new Map(found.map(({ name, uid }) => [name, uid]));
  const anew = known.filter(([name, uid]) => uids.has(name) && uids.get(name) !== uid).map(([name]) => name);
  const gone = known.filter(([name]) => !uids.has(name)).map(([name]) => name);
  if (anew.length > 0) return [{ check, verdict: { is: 'fail', because: `made anew: ${anew.join(', ')}` } }];
  return [{ check, verdict: gone.length === 0 ? { is: 'pass', because: `${known.length} namespaces, each with its UID` } : { is: 'unknown', because: `${gone.join(', ')} ${gone.length === 1 ? 'is' : 'are'} not there; the other ${known.length - gone.length} are as they were` } }];
}

/** Control planes were rebooted. A worker's kubelet has seen a later revision than there is now, and may wait for it. */
function adviseOnWorkers(cx: Cx): void {
  const workers = cx.cluster.machines.filter((machine) => machine.role === 'worker');
  if (workers.length === 0) return;
  cx.emit({
    type: 'note', lane: cx.lane, step: cx.step, level: 'warn',
    text: `kubelets of workers may go on from a revision that is no more; where pods do not follow the API: ${workers.map((machine) => `talosctl -n ${machine.address} service kubelet restart`).join('; ')}`,
  });
}
