import { becameOf } from '../dr/backup/index.ts';
import type { DataSet } from '../config/recovery.ts';
import { readRecord, writeRecord, type DataVerdict } from '../dr/record.ts';
import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { setsOf } from './dr-sentinels.ts';

/** Per data set: restored and from when, back from git, fresh as declared, or lost. A missing backup never passes for a fresh start. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'data-gate',
  title: 'what became of every data set, and from when it is',
  patience: 0,
  verify: [],
  async done(cx) {
    return setsOf(cx).length === 0 ? `${cx.cluster.name} holds no data set that bootstrap/dr.yaml names` : false;
  },
  async run(cx) {
    if (cx.dryRun) return 'would ask what became of every data set';
    const verdicts = await verdictsOf(cx, setsOf(cx));
    await writeRecord(cx.runDir, 'data', verdicts, cx.cluster.name);
    const bad = verdicts.filter(({ became }) => became === 'lost' || became === 'unknown');
    for (const verdict of bad) cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `${verdict.dataSet}: ${verdict.became}; ${verdict.because}` });
    const restored = verdicts.filter(({ became }) => became === 'restored').length;
    return `${restored} restored, ${verdicts.length - restored - bad.length} from git or fresh as declared${bad.length === 0 ? '' : `, ${bad.map((each) => `${each.dataSet} ${each.became}`).join(', ')}`}`;
  },
};
export default phase;

async function verdictsOf(cx: Cx, sets: readonly DataSet[]): Promise<readonly DataVerdict[]> {
  const frozen = readRecord(cx.runDir, 'frozen', cx.cluster.name);
  return each(sets, sets.length, async (set) => becameOf(cx, set, frozen?.sim ?? null, set.protection.by === 'backup' ? set.protection.dataLossMs : null), cx.signal, { what: 'looking at the data sets', name: (set) => set.name });
}

/**
 * Data sets that are on their way back and do not come, when a rebuild stopped before the gate: they are what everything else waits for. What is
 * not there yet says nothing. Written down as far as it is known; the gate judges all of them when it is come to. For a cluster that answers.
 */
export async function openDataSets(cx: Cx): Promise<readonly Failure[]> {
  const sets = setsOf(cx).filter((set) => set.protection.by === 'backup');
  if (sets.length === 0) return [];
  const begun = (await verdictsOf(cx, sets)).filter(({ became }) => became !== 'lost');
  const open = begun.filter(({ became }) => became === 'unknown');
  const judged = readRecord(cx.runDir, 'data', cx.cluster.name)?.length === setsOf(cx).length;
  if (open.length > 0 && !judged) await writeRecord(cx.runDir, 'data', begun, cx.cluster.name);
  return open.map(({ dataSet, because }) => new Failure({ exit: 'rerun', what: `${cx.cluster.name}: data set ${dataSet} is not back`, because, hint: hintOf(sets.find((set) => set.name === dataSet)) }));
}

function hintOf(set: DataSet | undefined): string | undefined {
  if (set?.protection.by !== 'backup') return undefined;
  return set.protection.method === 'barman' ? `kubectl -n ${set.namespace} logs -l cnpg.io/cluster=${set.object} --tail=50` : `kubectl -n ${set.namespace} describe replicationdestination ${set.protection.restore}`;
}
