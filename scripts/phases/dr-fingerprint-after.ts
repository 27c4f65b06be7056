import { explain } from '../dr/explain.ts';
import { compareFingerprints } from '../dr/fingerprint.ts';
import { readFingerprint } from '../dr/read-fingerprint.ts';
import { readRecord, writeRecord } from '../dr/record.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';

/** What came back, compared with what was there. A difference is a finding for the verdict, not a reason to stop looking. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'fingerprint-after',
  title: 'what came back, compared with what was there',
  patience: 0,
  verify: [],
  async done() {
    return false;
  },
  async run(cx) {
    if (cx.dryRun) return 'would compare what came back';
    const after = await readFingerprint(cx.looking.kube, cx.cluster.name, cx.site.target);
    await writeRecord(cx.runDir, 'fingerprint-after', after, cx.cluster.name);
    const before = readRecord(cx.runDir, 'fingerprint-before', cx.cluster.name);
    if (before === undefined) return 'nothing to compare with: this rehearsal did not see the cluster before';
    const differences = explain(compareFingerprints(before, after));
    await writeRecord(cx.runDir, 'differences', differences, cx.cluster.name);
    const open = differences.filter(({ because }) => because === undefined).length;
    const explained = differences.length - open === 0 ? '' : `, ${differences.length - open} explained`;
    return open === 0 ? `equal${explained}` : `${open} difference${open === 1 ? '' : 's'}${explained}`;
  },
};
export default phase;
