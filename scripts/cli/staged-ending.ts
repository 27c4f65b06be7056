import type { Failure } from '../engine/failure.ts';
import type { Ended, Ending } from '../phases/task.ts';
import { contextsFor, isStagedTask, type Parts } from './run-parts.ts';
import type { StagedRun } from './staged.ts';

/** Wall ms that putting things back may take after a run was stopped; who stops it again ends it at once. */
const SETTLE_MS = 60_000;

/** How a staged run stands after this attempt: what must not stay is put back. Answers whether it is over, and what was found out about its failure. */
export async function settle(parts: Parts, staged: StagedRun, failure: Failure | undefined): ReturnType<Ending['settle']> {
  const { todo, run, events } = parts;
  if (todo.site === undefined || !isStagedTask(todo.resolved.task)) return { over: true };
  const ending = (await todo.resolved.task.ending()).default;
  const contexts = await contextsFor(parts, todo.site, AbortSignal.any([events.signal, AbortSignal.timeout(SETTLE_MS)]));
  try {
    return await ending.settle({
      contexts: todo.resolved.clusters.map((lane) => contexts.contextFor(lane, 'settle')), runDir: run.dir, failure, pastNoReturn: staged.pastNoReturn(), paused: staged.paused(), stoppedAfter: failure === undefined ? staged.stopsAfter : undefined,
    });
  } finally {
    contexts.end();
  }
}

/** The last thing a staged run does, when its journal is closed. */
export async function report(parts: Parts, over: boolean): Promise<Ended | undefined> {
  const { todo, run } = parts;
  if (todo.site === undefined || !isStagedTask(todo.resolved.task)) return undefined;
  const ending = (await todo.resolved.task.ending()).default;
  const { makeProc } = await import('../tools/proc.ts');
  // What is told from here on is in no journal any more: the report is made of what is there.
  const proc = makeProc({
    lane: '', step: 'report', emit: () => undefined, signal: AbortSignal.timeout(SETTLE_MS), dryRun: false, site: todo.site, redactor: parts.redactor, taskDir: todo.invocation.places.taskDir, env: todo.invocation.env,
  });
  return ending.report({ runDir: run.dir, over, site: todo.site, proc, redact: (text) => parts.redactor.redact(text) });
}
