import { join } from 'node:path';
import { readRecord } from '../dr/record.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { areBare, standings } from './destroy-preflight.ts';
import { saveSnapshot } from './etcd-snapshot-file.ts';

/** The name by which OVERRIDE accepts a destroy without a snapshot. */
const OVERRIDE = 'no-snapshot';

/** The last thing that is saved of a cluster: an etcd snapshot with its hash, revision and key count, and the digest of the file. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'evidence',
  title: 'a last etcd snapshot, before anything is lost',
  patience: 0,
  verify: [],
  async done(cx) {
    // Where no control plane is installed any more, there is no etcd to save: an earlier run saved it, or there never was one.
    return await areBare(cx, cx.cluster.machines.filter((machine) => machine.role === 'controlplane')) ? 'no control plane is installed any more' : false;
  },
  async run(cx) {
    const file = join(cx.runDir, `etcd-${cx.cluster.name}.db`);
    const standing = cx.dryRun ? undefined : await standings(cx);
    const failures: Failure[] = [];
    for (const machine of cx.cluster.machines) {
      if (machine.role !== 'controlplane' || (standing !== undefined && standing.get(machine.name)?.is !== 'installed')) continue;
      try {
        const saved = await saveSnapshot(cx, machine, file);
        return saved === undefined ? `would save etcd of ${cx.cluster.name}` : `${saved.keys} keys at revision ${saved.revision}, sha256 ${saved.sha256.slice(0, 12)}`;
      } catch (error) {
        if (!(error instanceof Failure) || error.exit === 'interrupted' || error.exit === 'bug') throw error;
        failures.push(error);
      }
    }
    const because = failures.map((failure) => failure.because ?? failure.what).filter((reason, n, all) => all.indexOf(reason) === n).join('; ');
    if (cx.overrides.has(OVERRIDE)) {
      cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `no etcd snapshot of ${cx.cluster.name} could be taken (${because}); going on without one, as OVERRIDE=${OVERRIDE} allows` });
      return `none, accepted by OVERRIDE=${OVERRIDE}`;
    }
    throw new Failure({
      exit: 'rerun', what: `no etcd snapshot of ${cx.cluster.name} could be taken, so nothing was destroyed`, because: failures[0]?.because ?? failures[0]?.what, parts: failures,
      // A rehearsal has no such way around: what could not be saved could not be proven to come back.
      hint: `task cluster:health CLUSTER=${cx.cluster.name} tells why; ${readRecord(cx.runDir, 'rehearsal') === undefined ? `to destroy without one: OVERRIDE=${OVERRIDE} (journalled)` : 'then run the same command again'}`,
    });
  },
};
export default phase;
