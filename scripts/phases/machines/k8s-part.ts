import { Failure } from '../../engine/failure.ts';
import type { WorkPhase } from '../../engine/phase.ts';
import type { Machine } from '../../config/cluster.ts';
import { nodesRegisteredChecks } from '../../health/checks/index.ts';
import type { Snapshot } from '../../health/snapshot.types.ts';
import type { Cx } from '../context.ts';
import { MINUTES } from '../wait-phase.ts';
import { progress } from './chosen.ts';
import { untilEtcdWell, untilNodesReady } from './gates.ts';
import { runningParts } from './upgrade-plan.ts';
import { sameVersion, type Part } from './versions.ts';

/** A static pod that is made anew, or a kubelet that restarts; its image is there already. */
const UP_PATIENCE = 10 * MINUTES;

const IMAGES: Readonly<Record<Part, string>> = {
  'kube-apiserver': 'registry.k8s.io/kube-apiserver', 'kube-controller-manager': 'registry.k8s.io/kube-controller-manager', 'kube-scheduler': 'registry.k8s.io/kube-scheduler', kubelet: 'ghcr.io/siderolabs/kubelet',
};
/** As talosctl writes it when it generates a configuration for that version. */
export const imageOf = (part: Part, version: string): string => `${IMAGES[part]}:v${version.replace(/^v/, '')}`;

function patchOf(part: Part, version: string): Readonly<Record<string, unknown>> {
  const image = imageOf(part, version);
  switch (part) {
    case 'kube-apiserver': return { cluster: { apiServer: { image } } };
    case 'kube-controller-manager': return { cluster: { controllerManager: { image } } };
    case 'kube-scheduler': return { cluster: { scheduler: { image } } };
    case 'kubelet': return { machine: { kubelet: { image } } };
  }
}

/** The step that brings one part of Kubernetes to the pinned version, one machine after the other. */
export function k8sPart(part: Part): WorkPhase<Cx, Snapshot> {
  const concerned = (cx: Cx): readonly Machine[] => cx.cluster.machines.filter(({ role }) => part === 'kubelet' || role === 'controlplane');
  const behind = async (cx: Cx): Promise<readonly Machine[]> => {
    const running = await runningParts(cx, concerned(cx));
    return concerned(cx).filter(({ name }) => running.some((each) => each.machine === name && each.part === part && !sameVersion(each.version, cx.site.versions.kubernetes)));
  };
  return {
    name: `k8s-${part}`,
    title: part === 'kubelet' ? 'upgrade the kubelets, one machine at a time' : `upgrade ${part}, one machine at a time`,
    patience: 5 * MINUTES,
    verify: nodesRegisteredChecks,
    async done(cx) {
      return (await behind(cx)).length === 0 ? `every ${part} is ${cx.site.versions.kubernetes}` : false;
    },
    async run(cx) {
      const to = cx.site.versions.kubernetes;
      const machines = cx.dryRun ? concerned(cx) : await behind(cx);
      for (const machine of machines) {
        if (!cx.dryRun) {
          await untilEtcdWell(cx, undefined);
          await untilNodesReady(cx, cx.cluster.machines);
        }
        progress(cx, machine, 'working', `${part} to ${to}`);
        await cx.doors.day2.patch(machine, patchOf(part, to));
        await untilRuns(cx, machine, part, to);
        progress(cx, machine, 'done', `${part} ${to}`);
      }
      return `${machines.map(({ name }) => name).join(' ')} at ${to}`;
    },
  };
}

async function untilRuns(cx: Cx, machine: Machine, part: Part, to: string): Promise<void> {
  await cx.wait(`${part} ${to} on ${machine.name}`, async () => {
    const hint = part === 'kubelet' ? `talosctl -n ${machine.address} service kubelet; logs kubelet` : `talosctl -n ${machine.address} get staticpodstatus; the images of an earlier version are a patch away`;
    try {
      const found = (await runningParts(cx, [machine])).find((each) => each.part === part);
      return found !== undefined && sameVersion(found.version, to) ? { ok: true, value: true } : { ok: false, because: `it is ${found?.version ?? 'not there'}`, hint };
    } catch (error) {
      // Its pod is made anew, and the API server that is asked may be the one that restarts.
      if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
      return { ok: false, because: error.because ?? error.what, hint };
    }
  }, { patience: UP_PATIENCE, every: 2_000 });
  if (!cx.dryRun) await untilNodesReady(cx, [machine]);
}
