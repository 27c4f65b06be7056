import { readFileSync, writeFileSync } from 'node:fs';
import { extname, join, resolve } from 'node:path';
import { EXIT, Failure } from '../engine/failure.ts';
import type { Json, Outcome, Style } from '../engine/outcome.ts';
import { remembered } from '../manifests/cache/remembered.ts';
import { jsonOf } from '../manifests/findings/json.ts';
import { exitOf, type Report, type Told } from '../manifests/findings/report.ts';
import { findingLines, renderText } from '../manifests/findings/text.ts';
import { aroundOf, readAsked, type Asked } from './manifests-asked.ts';
import type { Action, ActionContext } from './task.ts';

type Form = 'text' | 'json' | 'sarif' | 'junit' | 'github';

/** Everything a cluster would complain about in a tree of Flux, before there is a cluster. */
const manifestsValidate: Action = async (cx) => {
  const asked = readAsked(cx);
  const form = formOf(cx);
  const fixes = cx.variables['FIX'] === 'true';
  if (cx.flags.watch) {
    if (fixes) throw new Failure({ exit: 'usage', what: 'FIX=true and --watch do not go together', because: 'files would change under whoever is editing them', hint: 'mend once with FIX=true, then watch' });
    const { watchManifests } = await import('./manifests-watch.ts');
    return watchManifests(cx, asked, onlyOf(cx), async (answer) => outcomeOf(cx, answer, form));
  }
  if (fixes) return (await import('./manifests-fix.ts')).mend(cx, () => answerOnce(cx, asked), (answer, more) => outcomeOf(cx, answer, form, more), asked.root);
  return outcomeOf(cx, await answerOnce(cx, asked), form);
};
export default manifestsValidate;

/** What a validation answers: a report, or why the settings cannot be used. Plain data, so that it can be remembered. */
export type Answer = { readonly report: Report } | { readonly broken: readonly Told[] };

export function onlyOf(cx: Pick<ActionContext, 'variables'>): readonly string[] {
  return (cx.variables['ONLY'] ?? '').split(',').map((word) => word.trim()).filter((word) => word !== '');
}

/** Remembered, when nothing it hangs on has changed since it was last worked out. */
async function answerOnce(cx: ActionContext, asked: Asked): Promise<Answer> {
  const only = onlyOf(cx);
  const { value } = await remembered(asked.memory, { task: 'validate', only: [...only], asked: asked.question }, async (reads): Promise<Json> => {
    const { validate } = await import('../manifests/validate.ts');
    return JSON.parse(JSON.stringify(await validate({ ...asked, only, around: await aroundOf(cx, asked, reads), consulted: reads.consulted })));
  });
  return value as unknown as Answer;
}

const BY_ENDING: Readonly<Record<string, Form>> = { '.json': 'json', '.sarif': 'sarif', '.xml': 'junit', '.txt': 'text' };
function formOf(cx: ActionContext): { readonly form: Form; readonly file: string | undefined } {
  const file = cx.variables['FILE'] === undefined || cx.variables['FILE'] === '' ? undefined : resolve(cx.variables['FILE']);
  const named = cx.variables['FORMAT'];
  if (named !== undefined && named !== '') return { form: named as Form, file };
  return { form: file === undefined ? 'text' : (BY_ENDING[extname(file)] ?? 'text'), file };
}

/** More to say than the findings: what was mended. */
export interface More { readonly lines: (style: Style) => readonly string[]; readonly result: { readonly [key: string]: Json } }

async function outcomeOf(cx: ActionContext, answer: Answer, { form, file }: ReturnType<typeof formOf>, more?: More): Promise<Outcome> {
  if ('broken' in answer) return brokenSettings(answer.broken);
  const { report } = answer;
  const rendered = await renderAs(cx, report, form);
  if (file !== undefined) writeTo(file, `${rendered({ ...PLAIN, width: 100 }).join('\n')}\n`);
  const head = (style: Style): readonly string[] => (more?.lines(style) ?? []);
  return {
    exit: exitOf(report),
    result: form === 'sarif' ? await sarifOf(cx, report) : { ...jsonOf(report), ...more?.result },
    // With FILE the form is in the file, and a person reads along; a form on standard output is that form alone.
    render: (style) => (file === undefined ? [...(form === 'text' ? head(style) : []), ...rendered(style)] : [...head(style), ...renderText(report, style), `  ${style.dim(`${form} to ${file}`)}`]),
  };
}

const same = (text: string): string => text;
const PLAIN: Omit<Style, 'width'> = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

async function renderAs(cx: ActionContext, report: Report, form: Form): Promise<(style: Style) => readonly string[]> {
  switch (form) {
    case 'text': return (style) => renderText(report, style);
    case 'json': return () => JSON.stringify(jsonOf(report), null, 2).split('\n');
    case 'sarif': {
      const log = await sarifOf(cx, report);
      return () => JSON.stringify(log, null, 2).split('\n');
    }
    case 'junit': {
      const { junit } = await import('../manifests/findings/junit.ts');
      return () => junit(report).trimEnd().split('\n');
    }
    case 'github': {
      const { github } = await import('../manifests/findings/github.ts');
      return () => github(report);
    }
  }
}

async function sarifOf(cx: Pick<ActionContext, 'programRoot'>, report: Report): Promise<Json> {
  const { sarif } = await import('../manifests/findings/sarif.ts');
  const about: { readonly version?: string; readonly homepage?: string } = JSON.parse(readFileSync(join(cx.programRoot, 'package.json'), 'utf8'));
  return sarif(report, { version: about.version ?? '0.0.0', helpUri: about.homepage === undefined ? undefined : `${about.homepage}/blob/main/docs/manifests.md` });
}

/** A tree whose settings are not understood is not looked at: half of what it says of itself would be left out. */
function brokenSettings(broken: readonly Told[]): Outcome {
  return {
    exit: 'configuration',
    result: { exit: 'configuration', code: EXIT.configuration, problems: JSON.parse(JSON.stringify(broken)) },
    render: (style) => [...findingLines({ clusters: [], findings: broken }, style), `${style.red('✖')} ${style.bold('the settings of the tree cannot be used; nothing was looked at')}  ${style.dim(`exit ${EXIT.configuration}`)}`],
  };
}

function writeTo(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Failure({ exit: 'rerun', what: `the report cannot be written to ${file}`, because: error instanceof Error ? error.message : String(error), hint: 'name a file in a folder that is there and writable: FILE=manifests.sarif' });
  }
}
