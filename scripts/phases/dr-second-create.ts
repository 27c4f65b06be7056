import { writeRecord } from '../dr/record.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';

/** Steps of the second create are told apart from the first one's by this. */
export const AGAIN = 'again:';

/** What the second create wrote: nothing, when the first one left what the tree says. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'idempotent',
  title: 'that a second create writes nothing',
  patience: 0,
  verify: [],
  async done() {
    return false;
  },
  async run(cx) {
    if (cx.dryRun) return 'would count what the second create writes';
    const writes = cx.written((lane, step) => lane === cx.lane && step.startsWith(AGAIN));
    await writeRecord(cx.runDir, 'second-create', { writes }, cx.cluster.name);
    return writes.length === 0 ? 'it wrote nothing' : `it wrote ${writes.length} times`;
  },
};
export default phase;
