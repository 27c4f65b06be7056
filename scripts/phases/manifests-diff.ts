import { writeFileSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import { EXIT, Failure } from '../engine/failure.ts';
import type { Outcome, Style } from '../engine/outcome.ts';
import { askDiff } from '../manifests/diff/ask.ts';
import type { DiffReport } from '../manifests/diff/model.ts';
import { safeLines } from '../manifests/stable/safe.ts';
import { tellBroken } from '../manifests/stable/broken.ts';
import { makeGitTree } from '../tools/git-tree.ts';
import { aroundOf, readAsked } from './manifests-asked.ts';
import type { Action, ActionContext } from './task.ts';

type Form = 'text' | 'markdown' | 'json';
const BY_ENDING: Readonly<Record<string, Form>> = { '.md': 'markdown', '.json': 'json', '.txt': 'text' };

/** What a change of files makes of what the controllers apply: object by object, why, and what would be lost. */
const manifestsDiff: Action = async (cx) => {
  const asked = readAsked(cx);
  // Nothing is remembered of a comparison: what Git has is asked every time.
  const around = await aroundOf(cx, asked, { read: () => undefined, volatile: () => undefined });
  const head = cx.variables['HEAD'] ?? 'worktree';
  const report = await askDiff({ ...asked, base: cx.variables['REF'] ?? 'main', head: head === 'worktree' ? undefined : head, git: makeGitTree(around.proc, asked.root), tools: around, ...(cx.variables['RENDER'] === 'true' ? { around } : {}) });
  if (!('clusters' in report)) throw tellBroken({ is: 'settings', findings: report.broken }, '');
  return outcomeOf(cx, report);
};
export default manifestsDiff;

async function outcomeOf(cx: ActionContext, report: DiffReport): Promise<Outcome> {
  const file = cx.variables['FILE'] === undefined || cx.variables['FILE'] === '' ? undefined : resolve(cx.variables['FILE']);
  const named = cx.variables['FORMAT'] as Form | undefined;
  const form = file !== undefined && (named === undefined || named === 'text') ? BY_ENDING[extname(file)] ?? 'text' : named ?? 'text';
  const { diffLines } = await import('../manifests/diff/render-text.ts');
  const lines = await linesAs(form, report, (style) => safeLines(diffLines(report, style, cx.flags.verbose)));
  if (file !== undefined) writeTo(file, `${lines(PLAIN).join('\n')}\n`);
  const exit = report.broken.length > 0 ? 'no' : report.rendered && report.clusters.some(({ releases }) => releases.some(({ unknown }) => unknown !== null)) ? 'cannotTell' : 'done';
  return {
    exit, result: { exit: EXIT[exit], ...JSON.parse(JSON.stringify(report)) },
    // With FILE the form is in the file, and a person reads along.
    render: (style) => (file === undefined ? lines(style) : [...safeLines(diffLines(report, style, cx.flags.verbose)), '', style.dim(`${form} to ${file}`)]),
  };
}

const same = (text: string): string => text;
const PLAIN: Style = { width: 100, bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

async function linesAs(form: Form, report: DiffReport, text: (style: Style) => readonly string[]): Promise<(style: Style) => readonly string[]> {
  switch (form) {
    case 'text': return text;
    case 'markdown': {
      const markdown = (await import('../manifests/diff/render-markdown.ts')).diffMarkdown(report).trimEnd().split('\n');
      return () => markdown;
    }
    case 'json': return () => JSON.stringify(report, null, 2).split('\n');
  }
}

function writeTo(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new Failure({ exit: 'rerun', what: `the difference cannot be written to ${file}`, because: error instanceof Error ? error.message : String(error), hint: 'name a file in a folder that is there and writable: FILE=diff.md' });
  }
}
