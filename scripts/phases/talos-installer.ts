import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { progress } from './machines/chosen.ts';
import { installerImage } from '../tools/installer.ts';
import { untilEarlierIsOver } from './machines/turn.ts';
import { isUnfinished, talosVersions, UPGRADE } from './machines/upgrade-plan.ts';
import { sameVersion } from './machines/versions.ts';

/** Pulls the installer onto every machine that needs it: a registry or a schematic that is not to be had is found before the first is drained. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'talos-installer',
  title: 'pull the installer image onto every machine',
  patience: 0,
  verify: [],
  done: (cx) => everyMachineRuns(cx),
  async run(cx) {
    const { machines } = cx.cluster;
    const from = cx.dryRun ? {} : await talosVersions(cx, machines);
    const behind = machines.filter(({ name }) => cx.dryRun || !sameVersion(from[name] ?? '', cx.site.versions.talos));
    await each(behind, behind.length, async (machine) => {
      progress(cx, machine, 'working', 'pulling');
      const image = await installerImage(cx.site.root, machine);
      try {
        await cx.doors.day2.pullImage(machine, image, 'system');
      } catch (error) {
        if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
        throw new Failure({ exit: 'rerun', what: `${machine.name} cannot pull ${image}`, because: error.because ?? error.what, hint: 'is the tag published, and the schematic known to the factory (task talos:schematic)? can the machine reach the registry? No machine was touched', cause: error });
      }
      progress(cx, machine, 'done', 'has it');
    }, cx.signal, { what: 'pulling the installer', name: (machine) => machine.name });
    return `${behind.length} machines have it`;
  },
};
export default phase;

/** Why there is nothing to upgrade; false when there is. */
export async function everyMachineRuns(cx: Cx): Promise<false | string> {
  const { machines } = cx.cluster;
  const to = cx.site.versions.talos;
  await untilEarlierIsOver(cx, UPGRADE, machines);
  const versions = await talosVersions(cx, machines);
  for (const machine of machines) if (await isUnfinished(cx, machine, versions[machine.name] ?? '', to)) return false;
  return `every machine runs Talos ${to}`;
}
