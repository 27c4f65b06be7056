import { existsSync } from 'node:fs';
import type { Failure } from '../engine/failure.ts';
import { isAnswer } from '../dr/backup/shared.ts';
import { recordFile, writeRecord } from '../dr/record.ts';
import { writeReport } from '../dr/report/finish.ts';
import type { Cx } from './context.ts';
import { thaw } from './dr-gate.ts';
import { readFrozen } from './flux-freeze.ts';
import type { Ending } from './task.ts';
import { causesOf } from './dr-causes.ts';
import { bearsOut } from './dr-bears-out.ts';
import { unfreeze } from './dr-unfreeze.ts';

/**
 * How an attempt at a rehearsal ends. Before the point of no return a failure or a no ends it: what was frozen is woken again. A pause
 * keeps everything as it is; an interruption wakes what was frozen and may be gone on with. After the point of no return it is over only
 * when it came to its verdict.
 */
const ending: Ending = {
  async begin({ contexts, run, runDir, site, stages, goesOn, from, pastNoReturn }) {
    if (from !== undefined) await bearsOut(contexts, from, goesOn);
    if (!pastNoReturn && stages.some((stage) => stage.name === 'readiness')) for (const cx of contexts) await wake(cx);
    // Written once: a rehearsal that is gone on with set out to do what it set out to do.
    if (existsSync(recordFile(runDir, 'rehearsal'))) return;
    const { target, recovery } = site;
    await writeRecord(runDir, 'rehearsal', {
      format: 1, run, clusters: contexts.map((cx) => cx.cluster.name),
      stages: stages.map((stage) => ({ name: stage.name, title: stage.title, steps: [...stage.first ?? [], ...stage.steps, ...stage.last ?? []].flatMap((step) => (step.kind === 'together' ? [] : [step.name])) })),
      target: { id: target.id, kind: target.kind, label: target.label, engine: target.engine, speed: target.speed, simulated: target.simulated },
      objectives: { recoveryTimeMs: recovery.objectives.recoveryTimeMs, dataLossMs: recovery.objectives.dataLossMs },
      dataSets: recovery.dataSets.filter((set) => contexts.some((cx) => cx.cluster.name === set.cluster)),
    });
  },
  async settle({ contexts, failure, pastNoReturn, paused, stoppedAfter }) {
    // A no beside a pause is a no.
    const kept = stoppedAfter !== undefined || (paused && failure?.exit === 'rerun');
    if (!pastNoReturn && failure !== undefined && !kept) {
      for (const cx of contexts) {
        const { putBack, left } = await unfreeze(cx);
        const said = [...putBack, ...left.map((each) => `left: ${each}`)];
        if (said.length > 0) cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: left.length > 0 ? 'warn' : 'info', text: said.join('; ') });
      }
    }
    const found: Failure[] = [];
    if (pastNoReturn && failure?.exit === 'rerun' && !kept) {
      for (const cx of contexts) {
        const causes = await causesOf(cx);
        // The report is made of the journal.
        for (const cause of causes) cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: cause.message });
        found.push(...causes);
      }
    }
    if (stoppedAfter !== undefined) return { over: false };
    if (failure === undefined || failure.exit === 'no') return { over: true };
    return { over: !pastNoReturn && !kept && failure.exit !== 'interrupted', found };
  },
  async report({ runDir, over, site, proc, redact }) {
    const { signingKey } = site.recovery;
    const written = await writeReport(runDir, { final: over, redact, ...(signingKey === null ? {} : { signing: { key: signingKey, proc } }) });
    return { result: { verdict: written.verdict, file: written.file, digest: written.digest ?? null }, render: (style) => written.lines(style) };
  },
};
export default ending;

/** Flux, left asleep by a pause or a crash, would be waited for in vain by whatever comes before readiness, which wakes it at the latest. */
async function wake(cx: Cx): Promise<void> {
  if (readFrozen(cx) === undefined) return;
  try {
    await thaw(cx);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'info', text: `Flux of ${cx.cluster.name} is asleep still: ${error.message}` });
  }
}
