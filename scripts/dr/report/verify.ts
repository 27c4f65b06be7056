import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExitName } from '../../engine/failure.ts';
import type { Verdict } from '../../engine/verdict.ts';
import type { Proc } from '../../tools/doors.ts';
import { verifyFolder, type Finding } from '../evidence.ts';
import { REPORT_JSON } from './folder.ts';
import { readReport } from './model.ts';
import type { RehearsalReport } from './report.types.ts';
import { verifySignature } from './sign.ts';

export interface Verification { readonly exit: ExitName; readonly findings: readonly Finding[]; /** What this shows, and what it cannot. */ readonly shows: readonly string[] }

/**
 * Everything that can be told of a rehearsal's evidence: chain, seal, signature, the seal against a digest kept elsewhere, and whether the report
 * says what the records say. Exit 0: as it was sealed, by proof from outside the folder; 1: something is not; 2: nothing from outside to hold it against.
 */
export async function verifyRehearsal(dir: string, options: { readonly digest: string | undefined; readonly signers: string | undefined; readonly proc: Proc; readonly version: string }): Promise<Verification> {
  const folder = await verifyFolder(dir, options.digest);
  const signed = await verifySignature(dir, options.signers, options.proc);
  // Two proofs from outside the folder; one is enough.
  const passes = (what: string): boolean => [...folder, ...signed].some((each) => each.what.startsWith(what) && each.verdict.is === 'pass');
  const [byDigest, bySigner] = [passes('the seal is'), passes('the signature is of')];
  const findings = [...folder, reportFinding(dir, options.version), ...signed].map(({ what, verdict }): Finding => {
    if (what.startsWith('the seal is') && options.digest === undefined && bySigner && verdict.is === 'unknown') return { what, verdict: { is: 'skip', because: 'no digest was given; the signature stands for it' } };
    if (what.startsWith('the signature is of') && options.signers === undefined && byDigest && verdict.is === 'unknown') return { what, verdict: { is: 'skip', because: 'no signers were named; the digest stands for it' } };
    return { what, verdict };
  });
  const is = (wanted: Verdict['is']): boolean => findings.some(({ verdict }) => verdict.is === wanted);
  return { exit: is('fail') ? 'no' : is('unknown') ? 'cannotTell' : 'done', findings, shows: showsOf(byDigest, bySigner, is('fail')) };
}

function showsOf(byDigest: boolean, bySigner: boolean, failed: boolean): readonly string[] {
  const shows = failed ? 'Something is not as it was written: what this folder says is no evidence until it is known what happened to it.'
    : byDigest ? 'The folder is the one that was sealed when the digest was printed: whoever changed a byte since would have needed another digest.'
      : bySigner ? 'The folder is the one the signer signed. It does not show when: who holds the key can sign again.'
        : 'Nothing in the folder contradicts itself. Who can write into it could have made journal, report and seal anew, so that is no proof that nobody did: give the digest that was printed at the end (DIGEST=), or who may sign (SIGNERS=).';
  return [shows, 'No chain can show that what was written down was true when it was written, nor that runs are missing: for that, digests are sent elsewhere as runs end.'];
}

const KEPT = ['verdict', 'judgements', 'recovery', 'recoveries', 'data', 'sentinels', 'differences', 'secondCreate', 'acts', 'checkpoints', 'readiness'] as const satisfies readonly (keyof RehearsalReport)[];

/** A seal made anew over a report that was made to say something else is whole; that the report does not follow from the records shows it. */
function reportFinding(dir: string, version: string): Finding {
  const what = 'the report says what journal and records say';
  const file = join(dir, REPORT_JSON);
  if (!existsSync(file)) return { what, verdict: { is: 'fail', because: `there is no ${REPORT_JSON}` } };
  let said: Partial<RehearsalReport>;
  try {
    said = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return { what, verdict: { is: 'fail', because: `${REPORT_JSON} is damaged: ${error instanceof Error ? error.message : String(error)}` } };
  }
  let again: RehearsalReport;
  try {
    again = readReport(dir, typeof said.final === 'boolean' ? { final: said.final } : {});
  } catch (error) {
    // Records of another shape than any that was written (a changed name of a field, say) end anywhere in the reading.
    return { what, verdict: { is: 'fail', because: `no report follows from them: ${error instanceof Error ? error.message : String(error)}` } };
  }
  const other = KEPT.filter((key) => JSON.stringify(said[key]) !== JSON.stringify(JSON.parse(JSON.stringify(again[key]))));
  if (other.length === 0) return { what, verdict: { is: 'pass', because: `verdict ${again.verdict.is}` } };
  const because = `${other.join(', ')} ${other.length === 1 ? 'is' : 'are'} not what follows from them`;
  if (said.version !== version) return { what, verdict: { is: 'unknown', because: `${because}; but it was made by version ${said.version ?? 'unknown'}, this is ${version}`, hint: 'verify it with the version that made it' } };
  return { what, verdict: { is: 'fail', because } };
}
