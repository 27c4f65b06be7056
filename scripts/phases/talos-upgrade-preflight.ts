import type { Question, WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { names } from './machines/chosen.ts';
import { drainDeadline } from './machines/drain.ts';
import { installerImage } from '../tools/installer.ts';
import { allOurs, refuseFreeze } from './machines/standing.ts';
import { newest, refuse, runningParts, talosVersions, UPGRADE } from './machines/upgrade-plan.ts';
import { sameVersion, talosObjections } from './machines/versions.ts';

/** What OVERRIDE accepts by name: a Talos this program has not been held against. */
const UNKNOWN_TALOS = 'unknown-talos';

/** Everything that would refuse an upgrade of Talos, found before anything is changed. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'talos-upgrade-preflight',
  title: 'which versions run, and whether the step is allowed',
  patience: 0,
  verify: [],
  async done() {
    // Never: what ran an hour ago proves nothing now.
    return false;
  },
  async run(cx) {
    const { machines } = cx.cluster;
    const to = cx.site.versions.talos;
    drainDeadline(cx);
    const images = await Promise.all(machines.map((machine) => installerImage(cx.site.root, machine)));
    if (cx.dryRun) return `would prove that ${names(machines)} are ours and may go to Talos ${to}`;
    refuseFreeze(cx);
    await allOurs(cx, machines, UPGRADE);
    const [from, talosctl, parts] = [await talosVersions(cx, machines), await cx.doors.talos.clientVersion(), await runningParts(cx, machines)];
    const behind = machines.filter(({ name }) => !sameVersion(from[name] ?? '', to));
    if (behind.length === 0) return `every machine runs Talos ${to}`;
    // Each Kubernetes that runs has to be one the new Talos runs.
    const kubernetes = [...new Set(parts.map(({ version }) => version))];
    const objections = [...new Set(images)].flatMap((image) => kubernetes.flatMap((each) => talosObjections({ from, to, kubernetes: each, image, talosctl })))
      .filter(({ rule }) => rule !== 'Talos this program knows' || !cx.overrides.has(UNKNOWN_TALOS));
    refuse(`${cx.cluster.name} is not upgraded to Talos ${to}`, objections);
    return `${behind.map(({ name }) => `${name} ${from[name] ?? ''}`).join(', ')} -> ${to}; Kubernetes ${newest(kubernetes) ?? ''}`;
  },
};
export default phase;

/** What an upgrade means, before it is asked for. */
export async function askUpgrade(cx: Cx): Promise<Question> {
  const { machines } = cx.cluster;
  const from = cx.dryRun ? {} : await talosVersions(cx, machines);
  const first = machines[0];
  return {
    title: `Upgrade Talos of ${cx.cluster.name} to ${cx.site.versions.talos}`,
    facts: [
      ['target', cx.site.target.label],
      ['machines', machines.map(({ name }) => `${name} ${from[name] ?? ''}`.trim()).join(', ')],
      ['installer', first === undefined ? 'none' : await installerImage(cx.site.root, first)],
      ['before', 'an etcd snapshot; the installer is pulled onto every machine before the first is drained'],
      ['each', 'one machine at a time: drained as disruption budgets allow, upgraded, and everything whole again before the next'],
      ['if it fails', 'a machine that does not boot the new system falls back by itself; one that is not well on it is rolled back; the others are left alone'],
    ],
    word: undefined,
  };
}
