import { becameOf } from '../dr/backup/index.ts';
import { readRecord, writeRecord } from '../dr/record.ts';
import { each } from '../engine/each.ts';
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
    const sets = setsOf(cx);
    const frozen = readRecord(cx.runDir, 'frozen', cx.cluster.name);
    const verdicts = await each(sets, sets.length, async (set) => becameOf(cx, set, frozen?.sim ?? null, set.protection.by === 'backup' ? set.protection.dataLossMs : null), cx.signal, { what: 'looking at the data sets', name: (set) => set.name });
    await writeRecord(cx.runDir, 'data', verdicts, cx.cluster.name);
    const bad = verdicts.filter(({ became }) => became === 'lost' || became === 'unknown');
    for (const verdict of bad) cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `${verdict.dataSet}: ${verdict.became}; ${verdict.because}` });
    const restored = verdicts.filter(({ became }) => became === 'restored').length;
    return `${restored} restored, ${verdicts.length - restored - bad.length} from git or fresh as declared${bad.length === 0 ? '' : `, ${bad.map((each) => `${each.dataSet} ${each.became}`).join(', ')}`}`;
  },
};
export default phase;
