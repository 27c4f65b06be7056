import { rebuiltGenerationOf, writeRecord } from '../dr/record.ts';
import { readFingerprint } from '../dr/read-fingerprint.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { liveGeneration } from './data-generation.ts';

/** What the cluster is now, to be compared with what comes back; and under which name its databases archive. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'fingerprint-before',
  title: 'what the cluster is, before it goes',
  patience: 0,
  verify: [],
  async done() {
    return false;
  },
  async run(cx) {
    if (cx.dryRun) return 'would read what the cluster is';
    const fingerprint = await readFingerprint(cx.looking.kube, cx.cluster.name, cx.site.target);
    const [unread] = Object.entries(fingerprint.unread);
    if (unread !== undefined) throw new Failure({ exit: 'rerun', what: `what ${cx.cluster.name} is cannot be read whole`, because: `${unread[0]}: ${unread[1]}`, hint: `task cluster:health CLUSTER=${cx.cluster.name}; what is not read now cannot be compared later` });
    await writeRecord(cx.runDir, 'fingerprint-before', fingerprint, cx.cluster.name);
    await writeRecord(cx.runDir, 'generation', { from: await liveGeneration(cx), to: rebuiltGenerationOf(cx.runDir) }, cx.cluster.name);
    return `${Object.values(fingerprint.sections).reduce((sum, section) => sum + Object.keys(section).length, 0)} facts in ${Object.keys(fingerprint.sections).length} sections`;
  },
};
export default phase;
