import type { TargetFile } from '../config/target.ts';
import type { CheckpointReply } from '../engine/run.ts';
import type { Question } from '../engine/phase.ts';
import { ask } from '../terminal/ask.ts';
import { styleFor, type View } from '../terminal/view.ts';
import { shortId } from '../terminal/words.ts';
import { userName } from './compose.ts';
import { decideConsent } from './consent.ts';
import type { Invocation } from './invocation.ts';
import type { PolicyAnswers } from '../config/policy.ts';

/** Answers checkpoints: by flag or policy where those may, by the person at the terminal otherwise, between two renderings. */
export function answerWith(parts: { readonly invocation: Invocation; readonly target: TargetFile; readonly run: string; readonly view: View; readonly signal: AbortSignal; readonly answers?: PolicyAnswers }): (lane: string, step: string, question: Question) => Promise<CheckpointReply> {
  const { invocation, target, run, view, signal, answers } = parts;
  return async (lane, step, question) => {
    const policy = answers?.(lane, step);
    if (policy !== undefined) return policy;
    const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true;
    const consent = decideConsent({
      question, command: invocation.typed, confirm: invocation.flags.confirm, yes: invocation.flags.yes,
      interactive, target: target.kind, policy: target.policy !== null,
    });
    if (consent.is === 'refused') throw consent.failure;
    if (consent.is === 'given') return { answer: 'go', by: userName(), how: consent.how, waitedMs: 0 };
    await view.pause();
    try {
      const { answer, waitedMs } = await ask(question, { input: process.stdin, output: process.stderr, style: styleFor(process.stderr, invocation.env), signal, where: `run ${shortId(run)}, ${lane === '' ? '' : `${lane} `}${step}` });
      return { answer, by: userName(), how: 'typed', waitedMs };
    } finally {
      view.resume();
    }
  };
}
