import { release } from '../dr/backup/index.ts';
import { unacceptedOf } from '../dr/readiness/accept.ts';
import { writeRecord, type ReadinessRow } from '../dr/record.ts';
import { Failure } from '../engine/failure.ts';
import type { WorkPhase } from '../engine/phase.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from './context.ts';
import { setsOf } from './dr-sentinels.ts';
import { readFrozen, resumeFlux } from './flux-freeze.ts';
import { acceptedOf, readReadiness } from './dr-readiness.ts';

/** Whether this cluster can be afforded to be destroyed: the table of dr:readiness, as a gate. */
const phase: WorkPhase<Cx, Snapshot> = {
  name: 'readiness',
  title: 'whether everything that is destroyed can come back',
  patience: 0,
  verify: [],
  async done() {
    // Never: what could be restored an hour ago proves nothing now.
    return false;
  },
  async run(cx) {
    if (cx.dryRun) return `would ask whether ${cx.cluster.name} can come back (task dr:readiness CLUSTER=${cx.cluster.name} asks now)`;
    await thaw(cx);
    const rows = acceptedOf(await readReadiness(cx), cx.variables);
    await writeRecord(cx.runDir, 'readiness', rows, cx.cluster.name);
    const open = unacceptedOf(rows);
    if (open.length > 0) throw notReady(cx, open);
    const accepted = rows.filter((row) => row.accepted !== undefined).length;
    return `${rows.length} things asked${accepted === 0 ? '' : `, ${accepted} accepted by name`}`;
  },
};
export default phase;

/** An attempt that was broken off before the wipe left Flux asleep, or a backup's schedule resting; nothing can be judged of such a cluster. */
export async function thaw(cx: Cx): Promise<void> {
  if (!cx.looking.kube.hasKubeconfig()) return;
  for (const set of setsOf(cx)) await release(cx, set);
  if (readFrozen(cx) === undefined) return;
  const resumed = await resumeFlux(cx);
  cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'info', text: `${resumed.length} Flux objects an earlier attempt had suspended are awake again` });
}

function notReady(cx: Cx, open: readonly ReadinessRow[]): Failure {
  const said = (row: ReadinessRow): string => ('because' in row.verdict && row.verdict.because !== undefined ? row.verdict.because : row.detail);
  const [first] = open;
  return new Failure({
    exit: 'rerun', what: `${cx.cluster.name} is not ready to be destroyed, so nothing was`,
    because: open.length === 1 && first !== undefined ? `${first.id}: ${said(first)}` : `${open.length} things are not well or cannot be told`,
    parts: open.length === 1 ? [] : open.map((row) => new Failure({ exit: 'rerun', what: `${row.id}: ${row.subject}`, because: said(row), hint: 'hint' in row.verdict ? row.verdict.hint : undefined })),
    hint: `task dr:readiness CLUSTER=${cx.cluster.name} shows all of it; what you can live with is accepted by name: ACCEPT=${open.map((row) => row.id).join(',')}`,
  });
}
