import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { imageOf } from './machines/k8s-part.ts';
import { progress } from './machines/chosen.ts';
import { runningParts } from './machines/upgrade-plan.ts';
import { PARTS, sameVersion } from './machines/versions.ts';

/** Pulls every new image onto every machine that is to run it: what is not to be had is found before anything restarts. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'k8s-images',
  title: 'pull the images of Kubernetes onto every machine',
  patience: 0,
  verify: [],
  async done(cx) {
    const to = cx.site.versions.kubernetes;
    return (await runningParts(cx, cx.cluster.machines)).every(({ version }) => sameVersion(version, to)) ? `every part of Kubernetes is ${to}` : false;
  },
  async run(cx) {
    const to = cx.site.versions.kubernetes;
    const { machines } = cx.cluster;
    const running = cx.dryRun ? machines.flatMap((machine) => PARTS.filter((part) => part === 'kubelet' || machine.role === 'controlplane').map((part) => ({ machine: machine.name, part, version: '0.0.0' }))) : await runningParts(cx, machines);
    await each(machines, machines.length, async (machine) => {
      for (const { part } of running.filter((entry) => entry.machine === machine.name && !sameVersion(entry.version, to))) {
        const image = imageOf(part, to);
        progress(cx, machine, 'working', `pulling ${image}`);
        try {
          // The kubelet is run by Talos itself, the others by the kubelet.
          await cx.doors.day2.pullImage(machine, image, part === 'kubelet' ? 'system' : 'cri');
        } catch (error) {
          if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
          throw new Failure({ exit: 'rerun', what: `${machine.name} cannot pull ${image}`, because: error.because ?? error.what, hint: 'is the version published? can the machine reach the registry? Nothing was restarted', cause: error });
        }
      }
      progress(cx, machine, 'done', 'has them');
    }, cx.signal, { what: 'pulling images', name: (machine) => machine.name });
    return `${machines.length} machines have them`;
  },
};
export default phase;
