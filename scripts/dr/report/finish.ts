import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../engine/failure.ts';
import type { Style } from '../../engine/outcome.ts';
import type { Proc } from '../../tools/doors.ts';
import { writePrivate } from '../../tools/files.ts';
import { MANIFEST_FILE, sealFolder } from '../evidence.ts';
import { endingLines, type Signature } from './ending.ts';
import { REPORT_JSON } from './folder.ts';
import { readReport } from './model.ts';
import { renderAs } from './render.ts';
import type { RehearsalReport } from './report.types.ts';
import { sign } from './sign.ts';

export const REPORT_FILES = { html: 'report.html', md: 'report.md', junit: 'junit.xml', json: REPORT_JSON } as const;

export interface WriteReportOptions {
  /** Whether the rehearsal is over, so that its folder may be sealed. Default: report.final. */
  readonly final?: boolean;
  /** Last look over every text before it is written: the journal is redacted already, the records were not. */
  readonly redact?: (text: string) => string;
  /** How to sign the seal: recovery.signingKey and a door to run ssh-keygen by (scripts/tools/proc; its events must not go into this run's journal, which is closed). */
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
  /** The last words for the terminal. */
  lines(style: Style): readonly string[];
}

/**
 * Writes the report of a rehearsal into its run folder: report.html, report.md, junit.xml and run.json, all four from readReport(). When the
 * rehearsal is over the folder is sealed (manifest.sha256) and, where a key is configured, the seal is signed (manifest.sha256.sig).
 *
 * Call it last in every process of a rehearsal, however it ended: after the journal has its `run-finished` and is closed, and after
 * result.json and everything else of the folder is written, because any later change breaks the seal. A sealed rehearsal must not be gone
 * on with (see isSealed). A signature that cannot be made does not undo the report: `signature` says why.
 */
export async function writeReport(runDir: string, options: WriteReportOptions = {}): Promise<WrittenReport> {
  if (isSealed(runDir)) throw new Failure({ exit: 'refused', what: `${runDir} is sealed`, because: 'a report written into it now would break the seal', hint: 'task dr:report RUN=... FILE=report.html makes it anew elsewhere' });
  const report = readReport(runDir, options.final === undefined ? {} : { final: options.final });
  for (const [form, name] of Object.entries(REPORT_FILES)) await writePrivate(join(runDir, name), (options.redact ?? same)(renderAs(report, form as keyof typeof REPORT_FILES)));
  const file = join(runDir, REPORT_FILES.html);
  const digest = report.final ? await sealFolder(runDir) : undefined;
  const signature = digest === undefined ? unsigned('') : options.signing === undefined ? unsigned('no signing key is configured') : await sign(runDir, options.signing);
  return { report, verdict: report.verdict.is, file, digest, signature, lines: (style) => endingLines(report, { file, digest, signature }, style) };
}

/** Whether the folder carries a seal: then its rehearsal is over, and nothing may be written into it. */
export function isSealed(runDir: string): boolean {
  return existsSync(join(runDir, MANIFEST_FILE));
}

const same = (text: string): string => text;
const unsigned = (because: string): Signature => ({ is: 'unsigned', because });
