import { readReport } from '../dr/report/model.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';

/** The rehearsal's own verdict: what was not proven to come back makes it red, and the run ends with "no" (1). */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'verdict',
  title: 'whether everything came back as it had to',
  patience: 0,
  verify: [],
  async done() {
    return false;
  },
  async run(cx) {
    if (cx.dryRun) return 'would judge what was found';
    const { judgements } = readReport(cx.runDir);
    // Whether all of it was gone through is the one thing that cannot be known before its end.
    const against = judgements.filter(({ id, decisive, verdict }) => decisive && id !== 'complete' && (verdict.is === 'fail' || verdict.is === 'unknown'));
    const reasons = against.map(({ what, verdict }) => `${what}: ${verdict.because ?? verdict.is}`);
    if (reasons.length === 0) return 'everything came back as it had to';
    throw new Failure({
      exit: 'no', what: 'the rehearsal is red: not everything came back as it had to', because: reasons.length === 1 ? reasons[0] : `${reasons.length} findings`,
      parts: reasons.length === 1 ? [] : reasons.map((reason) => new Failure({ exit: 'no', what: reason, hint: 'the report names what was expected and what was found' })),
      leftBehind: 'the rebuilt clusters, running; nothing is torn down because of a finding', hint: 'the report says of each what was expected, what was found, and what to do; task dr:rehearse RUN=new rehearses again',
    });
  },
};
export default phase;
