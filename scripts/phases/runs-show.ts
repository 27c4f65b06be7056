import { span } from '../engine/clock.ts';
import { EXIT } from '../engine/failure.ts';
import type { Json, Style } from '../engine/outcome.ts';
import { labelled, plain, SIGN, wrap } from '../health/layout.ts';
import { findRun, type LaneRecord, type RunRecord, type StepRecord } from './runs-record.ts';
import { damageOf, endOf, instant, tookOf, typedOf } from './runs-words.ts';
import type { Action } from './task.ts';

/** One run from its journal: what each cluster went through, what was waited for and why, and where it stopped. */
const runsShow: Action = async (cx) => {
  const run = findRun(cx.taskDir, cx.variables['RUN'] ?? 'last');
  return {
    // What it says may not be what happened: whoever relies on it has to look.
    exit: run.tampered === undefined ? 'done' : 'look',
    result: resultOf(run),
    render: (style) => [...heading(run, style), ...run.lanes.flatMap((lane) => laneLines(lane, style)), ...ending(run, style)],
  };
};
export default runsShow;

function resultOf(run: RunRecord): Json {
  const { id, dir, started, finished, end, lanes, torn, tampered } = run;
  return JSON.parse(JSON.stringify({ run: id, dir, began: new Date(run.began).toISOString(), task: started?.task ?? null, variables: started?.variables ?? {}, target: started?.target ?? null, by: started?.by ?? null, version: started?.version, commit: started?.commit, end, exit: finished?.exit ?? null, ms: finished?.ms ?? null, wallMs: finished?.wallMs ?? null, failure: finished?.failure, torn, tampered: tampered ?? null, lanes }));
}

function heading(run: RunRecord, style: Style): readonly string[] {
  const { started } = run;
  const { sign, words } = endOf(run.end, style);
  const damage = damageOf(run);
  const wall = run.finished !== undefined && started !== undefined && started.target.speed !== 1 ? `, ${span(run.finished.wallMs)} of wall` : '';
  const facts: readonly (readonly [string, string])[] = [
    ['run', run.id],
    ...(started === undefined ? [] : [
      ['target', started.target.label],
      ['by', `${started.by.user}@${started.by.host} (pid ${started.by.pid}), version ${started.version}, commit ${started.commit}`],
    ] as const),
    ['began', `${instant(run.began)} UTC`],
    ['took', `${tookOf(run)}${wall}`],
    ['journal', `${run.dir}/journal.jsonl`],
  ];
  return [
    `${sign} ${style.bold(typedOf(run))}  ${words}${run.end.is === 'ended' && run.end.exit !== 'done' ? ` (exit ${EXIT[run.end.exit]})` : ''}`,
    ...facts.flatMap(([label, text]) => labelled(label, text, { indent: 2, label: 10, width: style.width, dress: style.dim })),
    ...(damage === undefined ? [] : labelled(`${SIGN.warn} journal`, damage, { indent: 2, label: 10, width: style.width, dress: style.red })),
  ];
}

const SIGNS: Readonly<Record<StepRecord['how'], readonly [sign: string, word: string]>> = {
  done: [SIGN.pass, 'done'], already: [SIGN.pass, 'already so'], failed: [SIGN.fail, 'failed'], 'not-started': [SIGN.skip, 'not started'], unfinished: [SIGN.unknown, 'begun, and not ended'], unasked: [' ', ''],
};

function laneLines({ lane, locks, steps }: LaneRecord, style: Style): readonly string[] {
  const wide = Math.max(10, ...steps.map((step) => step.step.length)) + 2;
  return ['', style.bold(lane === '' ? 'the run as a whole' : lane), ...locks.flatMap((lock) => labelled('lock', lock, { indent: 2, label: wide + 2, width: style.width, dress: style.dim })), ...steps.flatMap((step) => stepLines(step, wide, style))];
}

function stepLines(step: StepRecord, wide: number, style: Style): readonly string[] {
  const [sign, word] = SIGNS[step.how];
  const dress = step.how === 'failed' ? style.red : step.how === 'unfinished' ? style.yellow : step.how === 'not-started' ? style.dim : style.green;
  const times = [step.at === undefined ? '' : `+${span(step.at)}`, step.ms === undefined ? '' : `took ${span(step.ms)}`].filter((part) => part !== '').join(', ');
  const told = [word, times, step.how === 'failed' ? '' : step.note].filter((part) => part !== '').join('; ');
  const details: string[] = [
    ...step.waits.map((wait) => `waited ${span(wait.ms)} for ${wait.for}${wait.longest === '' ? '' : `, longest (${span(wait.longestMs)}) because ${wait.longest}`}`),
    ...(step.commands.length === 0 ? [] : [`ran ${step.commands.map((ran) => `${ran.tool} ×${ran.count} in ${span(ran.wallMs)} of wall${ran.failed === 0 ? '' : ` (${ran.failed} failed)`}`).join(', ')}`]),
    ...step.retries.map((again) => `tried again ×${again.count}: ${again.what}, ${again.reason}`),
  ];
  const beside = { indent: 2, label: wide + 2, width: style.width };
  return [
    ...labelled(`${sign} ${step.step}`, told, { ...beside, dress }),
    ...details.flatMap((text) => wrap(text, style.width - wide - 6).map((line, index) => `${' '.repeat(wide + (index === 0 ? 4 : 6))}${style.dim(line)}`)),
  ];
}

/** Where it stopped, and what its last words were. */
function ending(run: RunRecord, style: Style): readonly string[] {
  const say = (label: string, text: string | undefined): readonly string[] => (text === undefined || plain(text) === '' ? [] : labelled(label, text, { indent: 2, label: 10, width: style.width, dress: style.dim }));
  const where = run.lanes.flatMap(({ lane, steps }) => steps.filter((step) => step.how === 'failed' || (step.how === 'unfinished' && run.end.is !== 'running')).map((step) => [lane, step.step].filter((part) => part !== '').join(' ')));
  const failure = run.finished?.failure;
  if (run.end.is === 'silent') return ['', `${style.red(SIGN.fail)} the last that is known of it is of ${run.end.since}`, ...say('in', where.join(', ') || undefined), ...say('next', run.started === undefined ? undefined : `task ${typedOf(run)}${run.started.variables['TARGET'] === undefined ? '' : ` TARGET=${run.started.variables['TARGET']}`}, which goes on from there`)];
  if (failure === undefined) return [];
  return ['', `${style.red(SIGN.fail)} ${plain(failure.what)}`, ...say('because', failure.because), ...say('in', where.join(', ') || undefined), ...say('left', failure.leftBehind), ...say('next', failure.hint)];
}
