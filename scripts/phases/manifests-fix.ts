import type { Json, Outcome } from '../engine/outcome.ts';
import { planFixes, readRaw, renderDiff, writeChanges, type Change, type Plan } from '../manifests/findings/fix.ts';
import { placeOf } from '../manifests/findings/text.ts';
import type { Answer, More } from './manifests-validate.ts';
import type { ActionContext } from './task.ts';

/** Fixes that stood in each other's way come one after another; more rounds than this would be two fixes that undo each other. */
const ROUNDS = 5;

/** Mends what findings say how to mend, looks again, and tells what was changed; with --dry-run only what would be. */
export async function mend(cx: Pick<ActionContext, 'flags'>, ask: () => Promise<Answer>, outcome: (answer: Answer, more?: More) => Promise<Outcome>, root: string): Promise<Outcome> {
  let answer = await ask();
  const done: Change[] = [];
  let plan: Plan | undefined;
  for (let round = 0; round < ROUNDS && 'report' in answer; round += 1) {
    plan = planFixes(answer.report.findings, (file) => readRaw(root, file));
    if (plan.changes.length === 0 || cx.flags.dryRun) break;
    writeChanges(root, plan.changes);
    done.push(...plan.changes);
    answer = await ask();
  }
  return outcome(answer, told(cx.flags.dryRun ? plan?.changes ?? [] : done, plan?.left ?? [], cx.flags.dryRun));
}

function told(changes: readonly Change[], left: Plan['left'], dryRun: boolean): More {
  const mends = changes.flatMap((change) => change.mends);
  const files = new Set(changes.map((change) => change.file)).size;
  const what = mends.length === 0 ? 'nothing that can be mended here' : `${dryRun ? 'would mend' : 'mended'} ${mends.length} ${mends.length === 1 ? 'finding' : 'findings'} in ${files} ${files === 1 ? 'file' : 'files'}`;
  const data = (each: Change): Json => ({ file: each.file, mends: each.mends.map(({ rule, spot, fix }) => ({ rule, line: spot.line, column: spot.column, from: fix?.from ?? '', to: fix?.to ?? '' })) });
  return {
    lines: (style) => [
      ...renderDiff(changes, style),
      ...left.map(({ finding, because }) => `${style.yellow('!')} ${placeOf(finding.spot)} not mended: ${because}`),
      `${mends.length === 0 ? style.dim('–') : style.green('✔')} ${what}${dryRun ? '; nothing was changed' : ''}`, '',
    ],
    result: { dryRun, fixed: changes.map(data), notFixed: left.map(({ finding, because }) => ({ rule: finding.rule, place: placeOf(finding.spot), because })) },
  };
}
