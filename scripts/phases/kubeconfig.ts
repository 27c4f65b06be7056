import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { MINUTES } from './wait-phase.ts';

const phase: WorkPhase<Cx, Snapshot> = {
  name: 'kubeconfig',
  title: "fetch this cluster's own kubeconfig",
  patience: MINUTES,
  verify: [],

  async done(cx) {
    return cx.looking.kube.hasKubeconfig() ? `kubeconfig of ${cx.cluster.name} is here` : false;
  },

  async prepare(cx) {
    await cx.looking.kube.prepare?.();
  },

  async run(cx) {
    const machine = cx.cluster.machines.find((candidate) => candidate.role === 'controlplane');
    if (machine === undefined) throw new Failure({ exit: 'configuration', what: `${cx.cluster.name} has no control plane`, hint: `add one to ${cx.cluster.file}` });
    if (cx.dryRun) {
      await cx.doors.talos.writeKubeconfig(machine);
      return 'would fetch it';
    }
    // Talos hands it out once its Kubernetes certificates are made, a few seconds after etcd is up.
    await cx.wait('the kubeconfig', async () => {
      try {
        await cx.doors.talos.writeKubeconfig(machine);
        return { ok: true, value: true };
      } catch (error) {
        if (error instanceof Failure && error.exit === 'rerun') return { ok: false, because: error.because ?? error.what };
        throw error;
      }
    }, { patience: 3 * MINUTES, every: 2_000 });
    return `context ${cx.cluster.name}`;
  },
};
export default phase;
