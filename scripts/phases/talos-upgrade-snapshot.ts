import { join } from 'node:path';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { controlPlanes } from './etcd-membership.ts';
import { saveSnapshot } from './etcd-snapshot-file.ts';

/** An etcd snapshot in the run's folder, before machines are touched. From the first control plane that gives one. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'snapshot',
  title: 'an etcd snapshot, before machines are touched',
  patience: 0,
  verify: [],
  async done() {
    // Never: what is saved has to be of now.
    return false;
  },
  async run(cx) {
    const file = join(cx.runDir, `etcd-${cx.cluster.name}.db`);
    const failures: Failure[] = [];
    for (const machine of controlPlanes(cx)) {
      try {
        const saved = await saveSnapshot(cx, machine, file);
        return saved === undefined ? `would save etcd of ${cx.cluster.name}` : `${saved.keys} keys at revision ${saved.revision}, sha256 ${saved.sha256.slice(0, 12)}, ${file}`;
      } catch (error) {
        if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
        failures.push(error);
      }
    }
    throw new Failure({ exit: 'rerun', what: `no etcd snapshot of ${cx.cluster.name} could be taken, so no machine was touched`, because: failures[0]?.because ?? failures[0]?.what, hint: `task cluster:health CLUSTER=${cx.cluster.name} tells why`, parts: failures });
  },
};
export default phase;
