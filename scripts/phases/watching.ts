import type { Outcome } from '../engine/outcome.ts';
import { KINDS } from '../tools/kinds.ts';
import type { ActionContext } from './task.ts';

/** Look again at the latest after this long (ms of the run's clock): machines and etcd cannot be watched. */
const AT_THE_LATEST = 10_000;
/** And not more often than this (wall ms), however much changes. */
const BREATH_WALL_MS = 100;
/** Kinds whose changes are worth a new look at once. */
const WATCHED = [KINDS.Node, KINDS.Deployment, KINDS.DaemonSet, KINDS.Kustomization, KINDS.HelmRelease, KINDS.ExternalSecret, KINDS.Certificate] as const;

/**
 * Shows a new answer whenever something watched changes, and every few seconds anyway, until Ctrl-C. The last answer is
 * the task's: its exit code says how things stood when the watching ended.
 */
export async function watchUntilStopped(cx: ActionContext, look: () => Promise<Outcome>): Promise<Outcome> {
  let ring: () => void = () => {};
  const handles = cx.clusters.flatMap((cluster) => {
    const { kube } = cx.forCluster(cluster, 'watch').looking;
    if (!kube.hasKubeconfig()) return [];
    // A watch in trouble needs no word here: the next look says what does not answer.
    return WATCHED.map((kind) => kube.watch(kind, () => ring(), () => ring()));
  });
  let last: Outcome | undefined;
  try {
    while (!cx.signal.aborted) {
      const bell = new Promise<void>((resolve) => { ring = resolve; });
      last = await look();
      cx.show(last);
      await pauseUntil(bell, cx);
    }
  } catch (error) {
    if (!cx.signal.aborted) throw error;
  } finally {
    for (const handle of handles) handle.stop();
  }
  return last === undefined ? look() : { ...last, render: () => [] };
}

async function pauseUntil(bell: Promise<void>, cx: ActionContext): Promise<void> {
  const quiet = new AbortController();
  const signal = AbortSignal.any([cx.signal, quiet.signal]);
  try {
    await cx.clock.sleep(BREATH_WALL_MS * cx.clock.speed, signal);
    await Promise.race([bell, cx.clock.sleep(Math.max(AT_THE_LATEST, 1_000 * cx.clock.speed), signal)]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    quiet.abort();
  }
}
