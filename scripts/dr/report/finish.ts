import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../engine/failure.ts';
import type { Event } from '../../engine/event.ts';
import { JOURNAL_FILE, readJournal } from '../../engine/journal.ts';
import type { Json, Style } from '../../engine/outcome.ts';
import type { Proc } from '../../tools/doors.ts';
import { writePrivate } from '../../tools/files.ts';
import { MANIFEST_FILE, sealFolder } from '../evidence.ts';
import { endingLines, type Sealed, type Signature } from './ending.ts';
import { REPORT_JSON } from './folder.ts';
import { readReport } from './model.ts';
import { outputsText } from './outputs.ts';
import { renderAs, type ReportForm } from './render.ts';
import type { RehearsalReport } from './report.types.ts';
import { sign } from './sign.ts';

export const REPORT_FILES = { html: 'report.html', md: 'report.md', junit: 'junit.xml', json: REPORT_JSON } as const;

/** What the tools said, beside the report. */
export const OUTPUTS_FILE = 'outputs.txt';

export interface WriteReportOptions {
  /** Whether the rehearsal is over, so that its folder is sealed. Default: what the folder says (report.final). */
  readonly final?: boolean;
  /** Last look over every text before it is written: the journal is redacted already, the records were not. */
  readonly redact?: (text: string) => string;
  /** Signs the seal: recovery.signingKey, and a door to run ssh-keygen by whose events do not go into this run's journal, which is closed. */
  readonly signing?: { readonly key: string; readonly proc: Proc };
}

export interface WrittenReport {
  readonly report: RehearsalReport;
  readonly verdict: RehearsalReport['verdict']['is'];
  /** Path of report.html. */
  readonly file: string;
  /** Hex SHA-256 that stands for the whole folder; undefined when it was not sealed. */
  readonly digest: string | undefined;
  readonly signature: Signature;
  /** For programs: verdict, reasons, times, file, digest. */
  readonly result: Json;
  /** The last words for the terminal. */
  lines(style: Style): readonly string[];
}

/**
 * Writes the report of a rehearsal into its run folder: report.html, report.md, junit.xml and run.json, all four from readReport(), and outputs.txt. When the
 * rehearsal is over the folder is sealed (manifest.sha256) and, where a key is configured, the seal is signed (manifest.sha256.sig).
 *
 * Call it last in every process of a rehearsal, however it ended: after the journal has its `run-finished` and is closed, and after
 * result.json and everything else of the folder is written, because any later change breaks the seal. A sealed rehearsal must not be gone
 * on with (see isSealed). A signature that cannot be made does not undo the report: `signature` says why.
 */
export async function writeReport(runDir: string, options: WriteReportOptions = {}): Promise<WrittenReport> {
  if (isSealed(runDir)) throw new Failure({ exit: 'refused', what: `${runDir} is sealed`, because: 'a report written into it now would break the seal', hint: 'task dr:report RUN=... FILE=report.html makes it anew elsewhere' });
  const report = readReport(runDir, options.final === undefined ? {} : { final: options.final });
  for (const [form, name] of Object.entries(REPORT_FILES)) await writePrivate(join(runDir, name), (options.redact ?? same)(renderAs(report, form as ReportForm)));
  await writePrivate(join(runDir, OUTPUTS_FILE), (options.redact ?? same)(outputsText(eventsOf(join(runDir, JOURNAL_FILE)))));
  const file = join(runDir, REPORT_FILES.html);
  const digest = report.final ? await sealFolder(runDir) : undefined;
  const signature = digest === undefined || options.signing === undefined
    ? { is: 'unsigned', because: digest === undefined ? '' : 'no signing key is configured' } as const
    : await sign(runDir, options.signing);
  const sealed = { file, digest, signature };
  return { report, verdict: report.verdict.is, ...sealed, result: resultOf(report, sealed), lines: (style) => endingLines(report, sealed, style) };
}

/** The report says that there is no journal; without one nothing is known of tools. */
function eventsOf(journal: string): readonly Event[] {
  return existsSync(journal) ? readJournal(journal).events : [];
}

/** Whether the folder carries a seal: then its rehearsal is over, and nothing may be written into it. */
export function isSealed(runDir: string): boolean {
  return existsSync(join(runDir, MANIFEST_FILE));
}

const same = (text: string): string => text;

function resultOf(report: RehearsalReport, { file, digest, signature }: Sealed): Json {
  const { run, verdict, recovery, time, target, clusters } = report;
  const known = { run, clusters, verdict: verdict.is, sentence: verdict.sentence, reasons: verdict.reasons, recovery: recovery.time, time, target, report: file, digest: digest === undefined ? null : `sha256:${digest}`, signature };
  return JSON.parse(JSON.stringify(known));
}
