import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { MachineProof } from '../tools/doors.ts';
import type { Cx } from './context.ts';

/** How a machine stands before it is wiped. */
export type Standing =
  | { readonly is: 'installed' }
  /** Bare already: an earlier destroy got so far, or it was never installed. */
  | { readonly is: 'maintenance'; readonly proof: MachineProof };

/** Everything that would refuse a destroy, found before anything is changed: every machine answers and is proven ours. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'destroy-preflight',
  title: 'whose machines these are',
  patience: 0,
  verify: [],
  async done() {
    // Never: who answered an hour ago proves nothing now.
    return false;
  },
  async run(cx) {
    if (cx.dryRun) return `would prove that ${cx.cluster.machines.map((machine) => machine.name).join(' ')} are ours`;
    await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
    const standing = await standings(cx);
    const bare = [...standing].filter(([, how]) => how.is === 'maintenance').map(([name]) => name);
    return bare.length === 0 ? `${standing.size} machines, all ours` : `${standing.size} machines, all ours; bare already: ${bare.join(' ')}`;
  },
};
export default phase;

/** How every machine of the cluster stands. Throws one Failure (75) naming each that does not answer or is not proven ours. */
export async function standings(cx: Cx): Promise<ReadonlyMap<string, Standing>> {
  const found = await each(cx.cluster.machines, cx.cluster.machines.length, async (machine) => [machine.name, await standing(cx, machine)] as const, cx.signal, { what: 'looking at the machines' });
  return new Map(found);
}

/** Whether all of these show the face of maintenance mode; a look without proof, enough to know that there is nothing to wipe. */
export async function areBare(cx: Cx, machines: readonly Machine[]): Promise<boolean> {
  const faces = await Promise.all(machines.map(async (machine) => cx.looking.talos.face(machine)));
  return faces.every((face) => face.is === 'maintenance');
}

async function standing(cx: Cx, machine: Machine): Promise<Standing> {
  const face = await cx.doors.talos.face(machine);
  switch (face.is) {
    case 'installed': {
      const standing: Standing = { is: 'installed' };
      if (face.ours === true) return standing;
      throw new Failure({
        exit: 'rerun', what: `${machine.name} (${machine.address}) is not proven to be ${cx.cluster.name}'s, so nothing is wiped`,
        because: face.ours === null ? 'no machine CA is known to compare with' : `its Talos API is signed by ${face.issuer}, not by the machine CA of ${cx.cluster.name}`,
        hint: 'if it is yours to wipe, reset it by hand; if the secrets changed, restore the bundle it was installed with',
      });
    }
    case 'maintenance': {
      const proof = await cx.doors.talos.identify(machine);
      if ('by' in proof) return { is: 'maintenance', proof };
      throw new Failure({ exit: 'rerun', what: `the machine at ${machine.address} is not ${machine.name}, so nothing is wiped`, because: proof.because, hint: `check cabling and the addresses in ${cx.cluster.file}` });
    }
    case 'closed':
      throw new Failure({
        exit: 'rerun', what: `${machine.name} (${machine.address}) does not answer, so it could not be wiped`, because: face.because,
        hint: 'power it on, or take it out of the cluster file when it is gone for good, then run the same command again',
      });
  }
}
