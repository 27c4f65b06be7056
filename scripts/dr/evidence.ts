import { createHash } from 'node:crypto';
import { createReadStream, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { JOURNAL_FILE, readJournal } from '../engine/journal.ts';
import type { Verdict } from '../engine/verdict.ts';
import { writePrivate } from '../tools/files.ts';

/** As `sha256sum --check` reads it, so that evidence can be checked without this program. */
export const MANIFEST_FILE = 'manifest.sha256';
/** The seal's signature, made after it and therefore no part of it. */
export const SIGNATURE_FILE = `${MANIFEST_FILE}.sig`;
const LINE = /^([0-9a-f]{64}) {2}(.+)$/;

/**
 * Seals a run's folder: writes the digest of every file in it to manifest.sha256 and answers the digest of that file, which stands
 * for all of them. Kept elsewhere it shows later that nothing was changed; beside the folder it shows only that nothing broke.
 */
export async function sealFolder(dir: string): Promise<string> {
  const lines: string[] = [];
  for (const file of filesOf(dir)) lines.push(`${await digestOf(join(dir, file))}  ${file}\n`);
  const text = lines.join('');
  await writePrivate(join(dir, MANIFEST_FILE), text);
  return createHash('sha256').update(text).digest('hex');
}

export interface Finding { readonly what: string; readonly verdict: Verdict }

/**
 * Whether a run's folder is what was sealed: the journal's chain, every file against the manifest, none missing, none added, and
 * the manifest against a digest that was kept elsewhere, when one is given. What no digest was kept for is `unknown`, not `pass`:
 * who can change a file can make a new chain and a new manifest.
 */
export async function verifyFolder(dir: string, digest: string | undefined): Promise<readonly Finding[]> {
  return [journalFinding(dir), ...await manifestFindings(dir), digestFinding(dir, digest)];
}

function journalFinding(dir: string): Finding {
  const what = 'the journal is one chain, as it was written';
  const file = join(dir, JOURNAL_FILE);
  if (!existsSync(file)) return { what, verdict: { is: 'fail', because: 'there is no journal' } };
  const { events, tampered, torn } = readJournal(file);
  if (tampered !== undefined) return { what, verdict: { is: 'fail', because: `line ${tampered.line}: ${tampered.because}` } };
  if (events.at(-1)?.type !== 'run-finished') return { what, verdict: { is: 'fail', because: torn ? 'its last line was cut off: the run was stopped from outside and not gone on with' : 'it does not tell how the run ended' } };
  return { what, verdict: { is: 'pass', because: `${events.length} events` } };
}

async function manifestFindings(dir: string): Promise<readonly Finding[]> {
  const manifest = join(dir, MANIFEST_FILE);
  const what = 'every file is as it was sealed';
  if (!existsSync(manifest)) return [{ what, verdict: { is: 'unknown', because: 'there is no manifest.sha256: this run was never sealed, or its seal was taken away', hint: 'what is not sealed can be shown whole by its journal alone' } }];
  const wanted = new Map<string, string>();
  const text = readFileSync(manifest, 'utf8');
  // Read as strictly as it was written: a manifest that says the same in other bytes was changed too.
  if (!text.endsWith('\n')) return [{ what, verdict: { is: 'fail', because: 'manifest.sha256 does not end as it was written' } }];
  for (const [index, line] of text.slice(0, -1).split('\n').entries()) {
    const [, sha256, name] = LINE.exec(line) ?? [];
    if (sha256 === undefined || name === undefined || wanted.has(name)) return [{ what, verdict: { is: 'fail', because: `line ${index + 1} of manifest.sha256 is not one it was written with` } }];
    wanted.set(name, sha256);
  }
  const there = filesOf(dir);
  const trouble: string[] = [];
  for (const [name, sha256] of wanted) {
    if (!there.includes(name)) trouble.push(`${name} is gone`);
    else if (await digestOf(join(dir, name)) !== sha256) trouble.push(`${name} was changed`);
  }
  for (const name of there) if (!wanted.has(name)) trouble.push(`${name} was added`);
  return [{ what, verdict: trouble.length === 0 ? { is: 'pass', because: `${wanted.size} files` } : { is: 'fail', because: trouble.join(', ') } }];
}

function digestFinding(dir: string, digest: string | undefined): Finding {
  const what = 'the seal is the one that was made then';
  const manifest = join(dir, MANIFEST_FILE);
  if (!existsSync(manifest)) return { what, verdict: { is: 'unknown', because: 'there is no seal' } };
  const seen = createHash('sha256').update(readFileSync(manifest)).digest('hex');
  if (digest === undefined) {
    return { what, verdict: { is: 'unknown', because: `nothing to compare sha256:${seen} with: who can change the files can seal them anew`, hint: 'give the digest that was printed at the end of the run: DIGEST=sha256:...' } };
  }
  const wanted = digest.replace(/^sha256:/, '').toLowerCase();
  return { what, verdict: wanted === seen ? { is: 'pass', because: `sha256:${seen}` } : { is: 'fail', because: `the seal is sha256:${seen}, the digest that was kept is sha256:${wanted}` } };
}

/** Every file below the folder but the manifest and its signature, by its path there, sorted by bytes. A link is evidence of nothing and is listed by its name. */
function filesOf(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((name) => name !== MANIFEST_FILE && name !== SIGNATURE_FILE)
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  // A link's own content is where it points: following it would put the seal on a file that is not in the folder.
  if (lstatSync(file).isSymbolicLink()) return hash.update(`link to ${readlinkSync(file)}`).digest('hex');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
