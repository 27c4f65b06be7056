import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { MachineProof } from '../tools/doors.ts';
import { machineChecks } from '../health/checks/index.ts';
import type { Cx } from './context.ts';
import { rememberApplied } from './applied.ts';
import { MINUTES } from './wait-phase.ts';

/** Installing to disk and the reboot after it; slow disks and image pulls included. */
const INSTALL_PATIENCE = 15 * MINUTES;
/** One question to a machine; a rebooting one does not answer at all. */
const ATTEMPT = 10_000;

const phase: WorkPhase<Cx, Snapshot> = {
  name: 'talos-apply',
  title: 'apply machine configuration to every machine',
  patience: 5 * MINUTES,
  verify: machineChecks,

  async done(cx) {
    const faces = await Promise.all(cx.cluster.machines.map(async (machine) => cx.looking.talos.face(machine)));
    if (!faces.every((face) => face.is === 'installed' && face.ours === true)) return false;
    return `${cx.cluster.machines.length} machines run our configuration`;
  },

  async run(cx) {
    const machines = cx.cluster.machines;
    if (cx.dryRun) {
      // The machine that cannot be seen is planned for as a bare one: that is what a first create meets.
      for (const machine of machines) {
        await cx.doors.talos.applyInsecure(machine, '', { machine: machine.name, by: 'disk id', evidence: 'to be proven when it is really applied' });
      }
      return `would configure ${machines.map((machine) => machine.name).join(' ')}`;
    }
    const { bundle } = { bundle: (await cx.secrets()).bundle(cx.cluster) };
    // All machines are proven before the first is written to: two swapped cables must not half-configure a cluster.
    const proofs = new Map<string, MachineProof>();
    await each(machines, machines.length, async (machine) => {
      const face = await cx.doors.talos.face(machine);
      if (face.is === 'maintenance') proofs.set(machine.name, await proveIdentity(cx, machine));
      else if (face.is === 'installed' && face.ours !== true) throw strangerAt(machine, face);
    }, cx.signal);

    await each(machines, machines.length, async (machine) => {
      const proof = proofs.get(machine.name);
      if (proof !== undefined) {
        progress(cx, machine, 'working', `is ${machine.name} by ${proof.by}; generating its configuration`);
        const config = await cx.doors.talos.machineConfig(machine, bundle);
        rememberApplied(cx.clusterDir, machine.name, cx.clock.now());
        await cx.doors.talos.applyInsecure(machine, config, proof);
        progress(cx, machine, 'working', 'installing');
      }
      await untilInstalled(cx, machine);
      progress(cx, machine, 'done', 'installed');
    }, cx.signal);
    return machines.map((machine) => machine.name).join(' ');
  },
};
export default phase;

async function proveIdentity(cx: Cx, machine: Machine): Promise<MachineProof> {
  const answer = await cx.doors.talos.identify(machine);
  if ('by' in answer) return answer;
  throw new Failure({
    exit: 'rerun',
    what: `the machine at ${machine.address} is not ${machine.name}`,
    because: answer.looksLike === undefined ? answer.because : `${answer.because}; it looks like ${answer.looksLike}`,
    hint: `check the cabling and the addresses in talos/clusters/${machine.cluster}.yaml; nothing was written`,
  });
}

/** A configured machine whose certificate is not from our machine CA is never touched. */
export function strangerAt(machine: Machine, { issuer, of }: { readonly issuer: string; readonly of?: string }): Failure {
  return new Failure({
    exit: 'rerun',
    what: `${machine.name} (${machine.address}) belongs to somebody else`,
    because: of === undefined ? `its Talos API is signed by ${issuer}, not by the machine CA of ${machine.cluster}` : `its Talos API is signed by the machine CA of ${of}: it is one of ${of}'s machines`,
    hint: `if it is yours to reuse, reset it to maintenance mode first; if the secrets changed, restore the bundle it was installed with`,
  });
}

async function untilInstalled(cx: Cx, machine: Machine): Promise<void> {
  await cx.wait(`${machine.name} to come back installed`, async () => {
    const face = await cx.doors.talos.face(machine);
    if (face.is === 'closed') return { ok: false, because: `${machine.name}: ${face.because}`, hint: `look at its console: does it hang in the installation or the boot? then run the same command again` };
    if (face.is === 'maintenance') return { ok: false, because: `${machine.name} is still in maintenance mode`, hint: `talosctl --insecure -n ${machine.address} dmesg tells why it does not install; then run the same command again` };
    if (face.ours !== true) throw strangerAt(machine, face);
    return { ok: true, value: true };
  }, { patience: INSTALL_PATIENCE, every: 1_000, attempt: ATTEMPT });
}

function progress(cx: Cx, machine: Machine, state: 'working' | 'done' | 'failed', note: string): void {
  cx.emit({ type: 'progress', lane: cx.lane, step: cx.step, subject: machine.name, state, note });
}
