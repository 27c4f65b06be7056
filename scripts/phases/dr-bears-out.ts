import { Failure } from '../engine/failure.ts';
import { readRecord } from '../dr/record.ts';
import type { Cx } from './context.ts';
import { liveGeneration } from './data-generation.ts';
import { areBare } from './destroy-preflight.ts';

/** What each stage finds when it is begun with; a stage not named here begins with running clusters. */
const AFTER_DESTROY: readonly string[] = ['data', 'again', 'after'];

/**
 * Whether the world is as the stage FROM would find it. Throws a Failure (75) that says for which cluster it is not: a rehearsal that skips
 * what has not happened would report what nobody saw.
 */
export async function bearsOut(contexts: readonly Cx[], from: string, goesOn: boolean): Promise<void> {
  for (const cx of contexts) {
    const because = await whyNot(cx, from, goesOn);
    if (because === undefined) continue;
    throw new Failure({ exit: 'rerun', what: `the rehearsal cannot begin with ${from}`, because, hint: 'leave FROM out: a rehearsal goes on by itself with what is left to do' });
  }
}

async function whyNot(cx: Cx, from: string, goesOn: boolean): Promise<string | undefined> {
  const { name, machines } = cx.cluster;
  if (from === 'destroy') return goesOn && readRecord(cx.runDir, 'frozen', name) !== undefined ? undefined : `${name} was not judged ready, marked and frozen in a rehearsal that is not over`;
  if (from === 'rebuild') return await areBare(cx, machines) ? undefined : `not every machine of ${name} is bare`;
  const faces = await Promise.all(machines.map(async (machine) => ({ machine, face: await cx.looking.talos.face(machine) })));
  const other = faces.find(({ face }) => face.is !== 'installed');
  if (other !== undefined) return `${other.machine.name} is not installed: it shows ${other.face.is}`;
  if (!AFTER_DESTROY.includes(from)) return undefined;
  const generation = await liveGeneration(cx);
  const wanted = readRecord(cx.runDir, 'generation', name)?.to;
  return wanted === generation ? undefined : `${name} is of generation ${generation}, not of the one this rehearsal builds (${wanted ?? 'it has not come so far'})`;
}
