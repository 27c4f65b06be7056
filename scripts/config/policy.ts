import { readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { Failure } from '../engine/failure.ts';
import type { CheckpointReply } from '../engine/run.ts';

/** What a policy file says at a checkpoint; undefined where it says nothing, and whoever else may answers. */
export type PolicyAnswers = (lane: string, step: string) => CheckpointReply | undefined;

const FORM = `format: 1
by: Jane Doe <jane@example.com>          # who allows it
because: quarterly rehearsal             # journalled
targets: [lab]                           # lab, site
tasks: [dr:rehearse]
window: {from: 2026-11-21T18:00:00Z, until: 2026-11-21T23:00:00Z}
answers:
  - {checkpoint: confirm, cluster: apps, answer: go}
  - {checkpoint: rebuild, answer: go}`;

interface Policy { readonly by: string; readonly because: string; readonly targets: readonly string[]; readonly tasks: readonly string[]; readonly from: number; readonly until: number; readonly answers: readonly { readonly checkpoint: string; readonly cluster: string; readonly answer: 'go' | 'pause' | 'stop' }[] }

/**
 * Checkpoints answered ahead, by a file: who allows what, on which target, in which window. Outside of its window, for another task or target it
 * answers nothing, which is a Failure (77) at once: an unattended run must not wait for nobody. Throws a Failure (65) naming what is wrong with it.
 */
export function readPolicy(file: string, asked: { readonly task: string; readonly target: 'site' | 'lab'; readonly now: number }): PolicyAnswers {
  const policy = policyOf(file);
  const refuse = (because: string): never => {
    throw new Failure({ exit: 'refused', what: `${file} does not allow this run`, because, hint: 'a policy is written for one window, target and task; write another, or leave POLICY out and be asked' });
  };
  if (!policy.tasks.includes(asked.task)) refuse(`it is for ${policy.tasks.join(', ')}`);
  if (!policy.targets.includes(asked.target)) refuse(`it is for ${policy.targets.join(', ')}, not ${asked.target}`);
  if (asked.now < policy.from || asked.now > policy.until) refuse(`its window is ${new Date(policy.from).toISOString()} to ${new Date(policy.until).toISOString()}`);
  return (lane, step) => {
    const found = policy.answers.find((answer) => answer.checkpoint === step && (lane === '' || answer.cluster === '' || answer.cluster === lane));
    return found === undefined ? undefined : { answer: found.answer, by: `${policy.by} (${policy.because})`, how: 'policy', waitedMs: 0 };
  };
}

function policyOf(file: string): Policy {
  const wrong = (because: string, cause?: unknown): Failure => new Failure({ exit: 'configuration', what: `${file} is no policy`, because, hint: `its form is:\n${FORM}`, cause });
  let data: unknown;
  try {
    data = parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw wrong(cause instanceof YAMLParseError ? cause.message.split('\n')[0] ?? '' : cause instanceof Error ? cause.message : String(cause), cause);
  }
  const problems: string[] = [];
  const need = <T>(name: string, value: unknown, fits: (value: unknown) => value is T, fallback: T): T => {
    if (fits(value)) return value;
    problems.push(name);
    return fallback;
  };
  const top = isMap(data) ? data : {};
  const window = isMap(top['window']) ? top['window'] : {};
  const answers = need('answers', top['answers'], isList, []).map((each, index) => {
    const at = isMap(each) ? each : {};
    return {
      checkpoint: need(`answers[${index}].checkpoint`, at['checkpoint'], isText, ''), cluster: at['cluster'] === undefined ? '' : need(`answers[${index}].cluster`, at['cluster'], isText, ''),
      answer: need(`answers[${index}].answer (go, pause, stop)`, at['answer'], isAnswer, 'stop'),
    };
  });
  const policy: Policy = {
    by: need('by', top['by'], isText, ''), because: need('because', top['because'], isText, ''),
    targets: need('targets', top['targets'], isTexts, []), tasks: need('tasks', top['tasks'], isTexts, []),
    from: need('window.from', instant(window['from']), isInstant, 0), until: need('window.until', instant(window['until']), isInstant, 0), answers,
  };
  if (top['format'] !== 1) problems.unshift('format');
  if (problems.length > 0) throw wrong(`missing or wrong: ${problems.join(', ')}`);
  return policy;
}

/** Without a zone it would mean another hour on another machine. */
function instant(value: unknown): number {
  const text = value instanceof Date ? value.toISOString() : String(value);
  return /(?:Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN;
}
function isInstant(value: unknown): value is number { return typeof value === 'number' && Number.isFinite(value); }
function isMap(value: unknown): value is Readonly<Record<string, unknown>> { return typeof value === 'object' && value !== null && !Array.isArray(value); }
function isList(value: unknown): value is readonly unknown[] { return Array.isArray(value); }
function isText(value: unknown): value is string { return typeof value === 'string' && value !== ''; }
function isTexts(value: unknown): value is readonly string[] { return Array.isArray(value) && value.length > 0 && value.every(isText); }
function isAnswer(value: unknown): value is 'go' | 'pause' | 'stop' { return value === 'go' || value === 'pause' || value === 'stop'; }
