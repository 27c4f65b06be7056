import { createHash, randomUUID } from 'node:crypto';
import type { DataSet } from '../config/recovery.ts';
import { backUpNow, clusterNow } from '../dr/backup/index.ts';
import { writeRecord, type Sentinel } from '../dr/record.ts';
import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { readSentinel, writeSentinel } from '../probes/sentinel.ts';
import type { Cx } from './context.ts';

/** A mark of our own in every data set, then a backup that covers it: what comes back is known to the byte, and from when. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'sentinels',
  title: 'mark every data set, and back it up',
  patience: 0,
  verify: [],
  async done(cx) {
    return setsOf(cx).length === 0 ? `${cx.cluster.name} holds no data set that bootstrap/dr.yaml names` : false;
  },
  async run(cx) {
    const sets = setsOf(cx);
    if (cx.dryRun) return `would mark ${sets.map((set) => set.name).join(' ')}`;
    const sentinels = await each(sets, sets.length, async (set) => mark(cx, set), cx.signal, { what: 'marking the data sets', name: (set) => set.name });
    await writeRecord(cx.runDir, 'sentinels', sentinels, cx.cluster.name);
    const covered = sentinels.filter((sentinel) => sentinel.backedUpSim !== null).length;
    return `${sentinels.length} marked, ${covered} backed up since`;
  },
};
export default phase;

/** The data sets of a step's cluster. */
export function setsOf(cx: Pick<Cx, 'site' | 'cluster'>): readonly DataSet[] {
  return cx.site.recovery.dataSets.filter((set) => set.cluster === cx.cluster.name);
}

async function objectMark(cx: Cx, set: DataSet): Promise<string> {
  const value = await readSentinel(cx, set);
  if (value !== null) return value;
  throw new Failure({ exit: 'rerun', what: `${set.namespace}/${set.object} is not in ${cx.cluster.name}`, because: `bootstrap/dr.yaml names it as the data set ${set.name}`, hint: 'mend the name there, or find out why the object is gone' });
}

async function mark(cx: Cx, set: DataSet): Promise<Sentinel> {
  const tell = (state: 'working' | 'done', note: string): void => cx.emit({ type: 'progress', lane: cx.lane, step: cx.step, subject: set.name, state, note });
  tell('working', 'marking');
  // What git brings back is marked by what it is already; writing into it would be drift.
  const value = set.kind === 'object' ? await objectMark(cx, set) : randomUUID();
  const { writtenSim } = set.kind === 'object' ? { writtenSim: new Date(await clusterNow(cx)).toISOString() } : await writeSentinel(cx, set, value);
  let backedUpSim: string | null = null;
  if (set.protection.by === 'backup') {
    tell('working', 'backing up');
    // Names of triggers are told apart by run and data set; the digest keeps them short.
    backedUpSim = await backUpNow(cx, set, createHash('sha256').update(`${cx.runDir}|${set.name}`).digest('hex').slice(0, 10));
  }
  tell('done', backedUpSim === null ? 'marked' : 'marked, backed up');
  return { dataSet: set.name, kind: set.kind, value, expected: set.protection.by === 'none' ? 'lost' : 'returns', writtenAt: new Date().toISOString(), writtenSim, backedUpSim };
}
