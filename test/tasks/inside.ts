import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../../scripts/config/cluster.ts';
import { loadSite } from '../../scripts/config/load.ts';
import type { TargetFile } from '../../scripts/config/target.ts';
import { scaledClock } from '../../scripts/engine/clock.ts';
import type { EventBody } from '../../scripts/engine/event.ts';
import { poll } from '../../scripts/engine/poll.ts';
import type { ProbeContext } from '../../scripts/probes/sentinel.ts';
import { makeKube } from '../../scripts/tools/kube.ts';
import { makeRedactor } from '../../scripts/tools/redact.ts';
import { PROGRAM, type Rig } from './rig.ts';

/** What a step of a run in this rig's lab would be given, as far as a probe needs it: the doors of a cluster that was made there. */
export function inside(rig: Rig, name: string, signal: AbortSignal = AbortSignal.timeout(300_000)): ProbeContext & { readonly events: readonly EventBody[] } {
  const target: TargetFile = JSON.parse(readFileSync(join(rig.taskDir, 'lab', 'target.json'), 'utf8'));
  const loaded = loadSite(PROGRAM, target);
  if (!('site' in loaded)) throw new Error(JSON.stringify(loaded.problems));
  const cluster: Cluster | undefined = loaded.site.clusters.find((each) => each.name === name);
  if (cluster === undefined) throw new Error(`no cluster ${name}`);
  const clock = scaledClock(target.speed);
  const events: EventBody[] = [];
  const emit = (event: EventBody): void => { events.push(event); };
  const kube = makeKube({ lane: name, step: 'test', emit, signal, clock, dryRun: false, site: loaded.site, redactor: makeRedactor(), taskDir: rig.taskDir }, cluster);
  const doors = { kube };
  return {
    lane: name, step: 'test', cluster, doors, looking: doors, clock, dryRun: false, emit, events,
    wait: async (what, probe, options) => poll({ what, probe, clock, signal, ...options }),
  };
}
