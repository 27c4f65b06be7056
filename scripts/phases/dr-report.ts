import { existsSync, writeFileSync } from 'node:fs';
import { extname, join, resolve, sep } from 'node:path';
import { isSealed, REPORT_FILES } from '../dr/report/finish.ts';
import { endingLines } from '../dr/report/ending.ts';
import { readReport } from '../dr/report/model.ts';
import { renderAs, type ReportForm } from '../dr/report/render.ts';
import { recordFile } from '../dr/record.ts';
import { Failure } from '../engine/failure.ts';
import type { Json } from '../engine/outcome.ts';
import { listRuns } from '../engine/runs.ts';
import { findRun } from './runs-record.ts';
import type { Action } from './task.ts';

/**
 * The report of a rehearsal, made anew from its folder: in a few lines, in full on standard output (FORMAT), or into a file (FILE). The one in the
 * folder is never touched: it is part of what is sealed.
 */
const drReport: Action = async (cx) => {
  const dir = rehearsalDir(cx.taskDir, cx.variables['RUN'] ?? 'last');
  const report = readReport(dir);
  const result: Json = JSON.parse(JSON.stringify(report));
  const own = join(dir, REPORT_FILES.html);
  const where = existsSync(own) ? `${own} (${isSealed(dir) ? 'sealed' : 'not sealed'})` : 'there is none in its folder';
  const file = cx.variables['FILE'] === undefined || cx.variables['FILE'] === '' ? undefined : resolve(cx.variables['FILE']);
  const format = formOf(cx.variables['FORMAT'], file);
  if (file !== undefined) {
    writeTo(file, dir, renderAs(report, format ?? 'html'));
    return { exit: 'done', result, render: (style) => [`${style.green('✔')} ${format ?? 'html'} of rehearsal ${report.run} (${report.verdict.is}) to ${file}`, `  its own  ${where}`] };
  }
  // What is asked for in full goes out as it is, for a pipe or a redirection.
  if (format !== undefined) return { exit: 'done', result, render: () => renderAs(report, format).replace(/\n$/, '').split('\n') };
  return { exit: 'done', result, render: (style) => endingLines(report, { file: where }, style) };
};
export default drReport;

const FORMS: Readonly<Record<string, ReportForm>> = { '.html': 'html', '.htm': 'html', '.md': 'md', '.xml': 'junit', '.json': 'json' };
function formOf(wanted: string | undefined, file: string | undefined): ReportForm | undefined {
  if (wanted !== undefined && wanted !== '') return wanted as ReportForm;
  return file === undefined ? undefined : (FORMS[extname(file)] ?? 'html');
}

function writeTo(file: string, dir: string, text: string): void {
  if (`${file}${sep}`.startsWith(`${resolve(dir)}${sep}`)) {
    throw new Failure({ exit: 'usage', what: `${file} is in the rehearsal's own folder`, because: 'what lies there is evidence, and a file more would break its seal', hint: 'name a file elsewhere: FILE=report.html' });
  }
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    throw new Failure({ exit: 'rerun', what: `the report cannot be written to ${file}`, because: error instanceof Error ? error.message : String(error), hint: 'name a file in a folder that is there and writable: FILE=report.html' });
  }
}

/** The folder of the rehearsal a person means: `last`, an id or its beginning, or a path (evidence is looked at elsewhere, too). Throws a Failure (64). */
export function rehearsalDir(taskDir: string, wanted: string): string {
  if (wanted.includes('/')) {
    const dir = resolve(wanted);
    if (isRehearsal(dir)) return dir;
    throw new Failure({ exit: 'usage', what: `${wanted} is not the folder of a rehearsal`, because: existsSync(dir) ? 'it has no rehearsal.json' : 'it is not there', hint: 'name a run of task runs:list, or the folder of one: RUN=path/to/01J...' });
  }
  const rehearsals = listRuns(taskDir).filter((run) => isRehearsal(run.dir));
  const last = rehearsals.at(-1);
  if (last === undefined) throw new Failure({ exit: 'usage', what: `there is no rehearsal in ${taskDir} yet`, hint: 'rehearse in the lab first, where nothing is real: task dr:rehearse TARGET=lab' });
  if (wanted === 'last') return last.dir;
  const { dir, id } = findRun(taskDir, wanted);
  if (rehearsals.some((run) => run.id === id)) return dir;
  throw new Failure({ exit: 'usage', what: `${id} is not a rehearsal`, because: `the newest one is ${last.id}`, hint: 'task runs:list tells which runs are; task runs:show RUN=... is for the others' });
}

/** By any of what makes one: evidence of which a file was taken away must still be looked at. */
function isRehearsal(dir: string): boolean {
  return existsSync(recordFile(dir, 'rehearsal')) || existsSync(join(dir, REPORT_FILES.json)) || isSealed(dir);
}
