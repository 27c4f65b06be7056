import { createHash } from 'node:crypto';
import { Failure } from '../engine/failure.ts';
import type { Outcome } from '../engine/outcome.ts';
import { span } from '../engine/clock.ts';
import { formatDuration } from '../config/duration.ts';
import { meant } from '../config/words.ts';
import { clusterNow, isBackedUp, release, restoreScratch, type BackedUp } from '../dr/backup/index.ts';
import { isAnswer, quietly } from '../dr/backup/shared.ts';
import { readVerdict } from '../dr/readiness/data.ts';
import { signOf, wrap } from '../health/layout.ts';
import { readSentinel } from '../probes/sentinel.ts';
import type { Cx } from './context.ts';
import type { Action } from './task.ts';

/** The small drill: one data set, restored beside itself from its newest backup, read, and removed. Nothing of the set is touched. */
const drRestoreOne: Action = async (cx) => {
  const site = await cx.site();
  const [cluster] = cx.clusters;
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task dr:restore-one DATASET=... CLUSTER=infra' });
  const wanted = cx.variables['DATASET'] ?? '';
  const sets = site.recovery.dataSets.filter((set) => set.cluster === cluster.name);
  const set = sets.find(({ name }) => name === wanted);
  const restorable = sets.filter(isBackedUp).map(({ name }) => name);
  if (set === undefined) throw new Failure({ exit: 'usage', what: `${cluster.name} has no data set ${wanted}`, hint: meant(wanted, sets.map(({ name }) => name), restorable.length === 0 ? `bootstrap/dr.yaml declares none of ${cluster.name} that is backed up` : `backed up are ${restorable.join(', ')}`) });
  if (!isBackedUp(set)) throw new Failure({ exit: 'usage', what: `${wanted} of ${cluster.name} has no backup to restore`, because: set.protection.by === 'git' ? 'git brings it back' : 'it is declared to be lost', hint: restorable.length === 0 ? 'nothing of this cluster is backed up' : `backed up are ${restorable.join(', ')}` });
  if (cx.flags.dryRun) return { exit: 'done', result: { format: 1, asked: false }, render: () => [`would restore ${set.name} of ${cluster.name} into a scratch place, read it, and remove that`] };
  return drill(cx.forCluster(cluster, 'restore-one'), set);
};
export default drRestoreOne;

async function drill(cx: Cx, set: BackedUp): Promise<Outcome> {
  await release(cx, set);
  const began = cx.clock.now();
  const scratch = await restoreScratch(cx, set, createHash('sha256').update(cx.runDir).digest('hex').slice(0, 8));
  const tookMs = Math.round(cx.clock.now() - began);
  let mark: string | null | undefined;
  let unread: string | undefined;
  let removed = false;
  try {
    if (scratch.is === 'restored') mark = await readSentinel(cx, set, scratch.object);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    unread = error.message;
  } finally {
    // What stays is told; the answer about the backup stands all the same.
    removed = await quietly(cx, scratch.cleanUp);
  }
  const now = await clusterNow(cx);
  const restored = readVerdict(set, scratch, now);
  const verdict = restored.is === 'pass' && unread !== undefined ? { is: 'unknown', because: `it was restored, and could not be read: ${unread}`, hint: `kubectl -n ${set.namespace} get pods` } as const : restored;
  const exit = verdict.is === 'pass' ? 'done' : verdict.is === 'fail' ? 'no' : 'cannotTell';
  const age = scratch.restoredFrom === null ? null : now - Date.parse(scratch.restoredFrom);
  return {
    exit,
    result: {
      format: 1, cluster: cx.cluster.name, dataSet: set.name, kind: set.kind, target: cx.site.target.label, is: scratch.is, verdict: verdict.is, because: verdict.because ?? scratch.because,
      restoredFrom: scratch.restoredFrom, ageMs: age, objectiveMs: set.protection.dataLossMs, tookMs, sentinel: mark ?? null,
    },
    render: (style) => [
      ...wrap({ done: `${set.name} of ${cx.cluster.name} can be restored`, no: `${set.name} of ${cx.cluster.name} would not come back`, cannotTell: `whether ${set.name} of ${cx.cluster.name} would come back cannot be told` }[exit], style.width - 2).map((line, index) => (index === 0 ? `${signOf(verdict.is, style)} ${style.bold(line)}` : `  ${line}`)),
      ...[
        cx.site.target.label,
        ...(verdict.is === 'pass' ? [] : [verdict.because, ...('hint' in verdict && verdict.hint !== undefined ? [`try ${verdict.hint}`] : [])]),
        ...(age === null ? [] : [`of ${scratch.restoredFrom?.slice(0, 16).replace('T', ' ') ?? ''} UTC, ${formatDuration(age)} old (${formatDuration(set.protection.dataLossMs)} may be lost): ${scratch.because}`]),
        `took ${span(tookMs)}; the scratch copy ${scratch.object} ${removed ? 'is removed' : 'could not be removed: the next readiness or drill of this set does'}`,
        ...(scratch.is !== 'restored' || unread !== undefined ? [] : [mark === null ? 'no mark of a rehearsal is in it' : `the mark of a rehearsal is in it: ${mark ?? ''}`]),
      ].flatMap((text) => wrap(text, style.width - 2)).map((text) => `  ${text}`),
    ],
  };
}
