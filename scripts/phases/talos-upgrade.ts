import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Machine } from '../config/cluster.ts';
import { controlPlanes } from './etcd-membership.ts';
import { talosChecks } from '../health/checks/index.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { progress } from './machines/chosen.ts';
import { uncordon } from './machines/drain.ts';
import { etcdObjection, memberObjection, nodeObjection, seeEtcd, untilEtcdWell, untilNodesReady } from './machines/gates.ts';
import { installerImage } from '../tools/installer.ts';
import { arrive, BACK_PATIENCE, inOrder, takeTurn, untilBack, untilEarlierIsOver, type Turn } from './machines/turn.ts';
import { isUnfinished, talosVersions, UPGRADE } from './machines/upgrade-plan.ts';
import { sameVersion } from './machines/versions.ts';
import { everyMachineRuns } from './talos-installer.ts';
import { MINUTES } from './wait-phase.ts';

/** How long a machine may take on its new system until it counts as not well, and is rolled back. */
const WELL_PATIENCE = 10 * MINUTES;

/** Upgrades one machine after the other. Each is asked what it runs: whatever an earlier run finished is left, what it began is seen to its end. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'talos-upgrade',
  title: 'upgrade Talos, one machine at a time',
  patience: 5 * MINUTES,
  verify: talosChecks,
  done: (cx) => everyMachineRuns(cx),
  async run(cx) {
    const to = cx.site.versions.talos;
    const { machines } = cx.cluster;
    await untilEarlierIsOver(cx, UPGRADE, machines);
    const versions = cx.dryRun ? {} : await talosVersions(cx, machines);
    const upgraded: string[] = [];
    for (const machine of await inOrder(cx, machines)) {
      if (!cx.dryRun && !(await isUnfinished(cx, machine, versions[machine.name] ?? '', to))) continue;
      const turn = turnOf(cx, machine, await installerImage(cx.site.root, machine), to);
      // An earlier run got as far as the new system: what is left is to see it well, and give the node back.
      const landed = !cx.dryRun && !cx.actOpen(UPGRADE, machine.name) && sameVersion(versions[machine.name] ?? '', to);
      if (landed) progress(cx, machine, 'done', await arrive(cx, machine, turn));
      else await takeTurn(cx, machine, turn);
      upgraded.push(machine.name);
    }
    return cx.dryRun ? `would upgrade ${upgraded.join(' ')} to ${to}` : `${upgraded.join(' ') || 'nothing'} at ${to}`;
  },
};
export default phase;

function turnOf(cx: Cx, machine: Machine, image: string, to: string): Turn {
  let waited = false;
  return {
    act: UPGRADE,
    async proof() {
      // Where this very run has waited in vain, the world is looked at once more and not waited for again.
      return sameVersion((await untilBack(cx, machine, undefined, waited ? 0 : BACK_PATIENCE)).version, to) ? 'done' : 'not-done';
    },
    async begin() {
      const from = cx.dryRun ? undefined : await cx.doors.day2.bootId(machine);
      await cx.doors.day2.upgrade(machine, image);
      waited = true;
      if (!cx.dryRun) await untilBack(cx, machine, from);
      return `${machine.name} was told to install ${image}, and is back`;
    },
    async arrived() {
      const back = await untilBack(cx, machine);
      if (!sameVersion(back.version, to)) throw await fellBack(cx, machine, back.version, to);
      progress(cx, machine, 'working', `runs ${to}; waiting for etcd and its node`);
      try {
        await untilEtcdWell(cx, undefined, WELL_PATIENCE);
        await untilNodesReady(cx, [machine], WELL_PATIENCE);
      } catch (error) {
        if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
        const own = await ownTrouble(cx, machine);
        if (own === undefined) throw error;
        throw await rolledBack(cx, machine, to, own, error);
      }
      // The next installation, and the next look at differences, begin with what runs.
      await cx.doors.day2.patch(machine, { machine: { install: { image } } });
      return `runs Talos ${to}`;
    },
  };
}

/**
 * What is wrong with this very machine; undefined when it is well, or when nobody can tell because others are not. Only the
 * first is a reason to take it away once more: with another member missing that would cost the quorum.
 */
async function ownTrouble(cx: Cx, machine: Machine): Promise<string | undefined> {
  const planes = controlPlanes(cx);
  const seen = await seeEtcd(cx, planes);
  if (etcdObjection(planes, machine, seen) !== undefined) return undefined;
  const own = machine.role === 'controlplane' ? memberObjection(machine, seen) : undefined;
  return own ?? nodeObjection([machine], (await cx.looking.kube.list(KINDS.Node)).items);
}

/** The boot loader went back by itself: the machine is as it was, and takes pods again. */
async function fellBack(cx: Cx, machine: Machine, version: string, to: string): Promise<Failure> {
  await settle(cx, machine);
  return new Failure({
    exit: 'rerun', what: `${machine.name} did not boot Talos ${to} and went back to ${version} by itself`, because: 'its boot loader tries a new system once',
    hint: `look at its console or talosctl -n ${machine.address} dmesg: a kernel argument, an extension or a driver of the schematic? Then run the same command again`, leftBehind: `${machine.name} as it was; machines after it in order were not touched`,
  });
}

/** It boots, and is not well: the other slot is booted again. ROLLBACK=never leaves it as it is, to be looked at. */
async function rolledBack(cx: Cx, machine: Machine, to: string, because: string, why: Failure): Promise<Failure> {
  if (cx.variables['ROLLBACK'] === 'never') return new Failure({ exit: 'rerun', what: `${machine.name} is not well on Talos ${to}`, because, hint: `ROLLBACK=never leaves it so; talosctl -n ${machine.address} rollback brings it back`, leftBehind: `${machine.name} on ${to}, taking no pods`, cause: why });
  progress(cx, machine, 'working', `not well on ${to}: rolling back`);
  const before = await cx.doors.day2.bootId(machine);
  await cx.doors.day2.rollback(machine);
  const back = await untilBack(cx, machine, before);
  await settle(cx, machine);
  return new Failure({
    exit: 'rerun', what: `${machine.name} was not well on Talos ${to} and was rolled back to ${back.version}`, because, cause: why,
    hint: `find the cause before the next attempt: release notes of Talos ${to}, then run the same command again; ROLLBACK=never leaves a machine on the new system, to be looked at`, leftBehind: `${machine.name} as it was; machines after it in order were not touched`,
  });
}

async function settle(cx: Cx, machine: Machine): Promise<void> {
  await untilEtcdWell(cx, undefined);
  await untilNodesReady(cx, [machine]);
  await uncordon(cx, machine);
  progress(cx, machine, 'failed', 'runs what it ran before');
}
