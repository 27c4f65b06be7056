import type { Question, WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { names } from './machines/chosen.ts';
import { untilEtcdWell, untilNodesReady } from './machines/gates.ts';
import { allOurs, refuseFreeze } from './machines/standing.ts';
import { newest, refuse, runningParts, talosVersions } from './machines/upgrade-plan.ts';
import { kubernetesObjections, PARTS, sameVersion } from './machines/versions.ts';

/** Everything that would refuse an upgrade of Kubernetes, found before anything is changed. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'k8s-upgrade-preflight',
  title: 'which versions run, and whether the step is allowed',
  patience: 0,
  verify: [],
  async done() {
    // Never: what ran an hour ago proves nothing now.
    return false;
  },
  async run(cx) {
    const { machines } = cx.cluster;
    const to = cx.site.versions.kubernetes;
    if (cx.dryRun) return `would prove that ${names(machines)} are ours and may go to Kubernetes ${to}`;
    refuseFreeze(cx);
    await allOurs(cx, machines, '');
    const [running, talos] = [await runningParts(cx, machines), await talosVersions(cx, machines)];
    const behind = running.filter(({ version }) => !sameVersion(version, to));
    if (behind.length === 0) return `every part of Kubernetes is ${to}`;
    refuse(`${cx.cluster.name} is not upgraded to Kubernetes ${to}`, kubernetesObjections({ running, to, talos }));
    await untilEtcdWell(cx, undefined);
    await untilNodesReady(cx, machines);
    return `${behind.length} parts behind ${to}: ${behind.map(({ machine, part, version }) => `${part} on ${machine} ${version}`).join(', ')}`;
  },
};
export default phase;

/** What an upgrade means, before it is asked for. */
export async function askUpgradeK8s(cx: Cx): Promise<Question> {
  const { machines } = cx.cluster;
  const running = cx.dryRun ? [] : await runningParts(cx, machines);
  const to = cx.site.versions.kubernetes;
  return {
    title: `Upgrade Kubernetes of ${cx.cluster.name} to ${to}`,
    facts: [
      ['target', cx.site.target.label],
      ...PARTS.map((part): readonly [string, string] => {
        const versions = [...new Set(running.filter((each) => each.part === part).map(({ version }) => version))];
        return [part, `${newest(versions) ?? 'not asked'}${versions.length > 1 ? ` (${versions.join(', ')})` : ''} -> ${to}`];
      }),
      ['before', 'an etcd snapshot; every image is pulled onto every machine that runs it'],
      ['each', 'part by part, the API servers first and the kubelets last; machine by machine, each up before the next. No machine reboots, no pod moves'],
    ],
    word: undefined,
  };
}
