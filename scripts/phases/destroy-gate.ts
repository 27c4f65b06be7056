import { unacceptedOf } from '../dr/readiness/index.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { standings } from './destroy-preflight.ts';
import { acceptedOf, readReadiness } from './dr-readiness.ts';

/** Of dr:readiness what a destroy must not go without; a cluster that is ill, or whose Git is ahead, may well be what is destroyed. */
const GROUPS = ['calendar', 'secrets', 'data', 'stores'] as const;

/** Data that is declared to be protected has a backup that is fresh and can be read, or somebody accepts by name that it has not. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'can-come-back',
  title: 'whether what is lost can come back',
  patience: 0,
  verify: [],
  async done(cx) {
    const bare = [...await standings(cx)].filter(([, how]) => how.is === 'maintenance').map(([name]) => name);
    // It was decided then, and what could have told is gone with those machines.
    return bare.length === 0 ? false : `bare already: ${bare.join(' ')}`;
  },
  async run(cx) {
    if (cx.dryRun) return `would ask whether the data of ${cx.cluster.name} can come back`;
    const rows = acceptedOf(await readReadiness(cx, GROUPS), cx.variables);
    const open = unacceptedOf(rows);
    if (open.length > 0) {
      throw new Failure({
        exit: 'rerun', what: `not everything of ${cx.cluster.name} can be shown to come back, so nothing was destroyed`,
        parts: open.map(({ id, verdict, detail }) => new Failure({ exit: 'rerun', what: id, because: verdict.because ?? detail, hint: 'hint' in verdict ? verdict.hint : undefined })),
        hint: `task dr:readiness CLUSTER=${cx.cluster.name} shows all of it; what you can live without is accepted by name: ACCEPT=${open.map(({ id }) => id).join(',')}`,
      });
    }
    for (const { id, accepted, verdict } of rows) if (accepted !== undefined) cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `${id}: ${verdict.because ?? verdict.is}; accepted by ${accepted.by}` });
    return `${rows.length} things asked`;
  },
};
export default phase;
