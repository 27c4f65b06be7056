import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { Failure } from '../engine/failure.ts';
import { dialDownload } from './dial.ts';
import type { Download, Scope } from './doors.ts';
import { cacheFolder, inherited } from './environment.ts';
import { readIfThere, writePrivate } from './files.ts';

/** Wall ms for one file, and the most it may hold: CRD bundles are a few megabytes. */
const TIMEOUT_MS = 60_000;
const LARGEST = 64 * 1_048_576;

/** Pinned files. What does not have the pinned digest is never handed out, whether from the network, the cache or a lab. */
export function makeDownload(scope: Scope, get: (url: string, signal: AbortSignal) => Promise<Response> = (url, signal) => fetch(url, { signal, redirect: 'follow' })): Download {
  return {
    async fetch(url, sha256) {
      const from = dialDownload(scope.site.target, url, sha256);
      if (from.from === 'file') {
        const bytes = await readFile(from.file);
        return verified(bytes, from.sha256, url, `the lab's ${from.file}`);
      }
      if (!/^[0-9a-f]{64}$/.test(from.sha256)) throw new Failure({ exit: 'configuration', what: `the pin of ${url} is no SHA-256 digest`, because: `it is "${from.sha256}"`, hint: 'write the digest of the file into bootstrap/crds.yaml: sha256sum' });
      const cached = join(cacheFolder(scope.env ?? inherited()), 'downloads', from.sha256);
      const kept = readIfThere(cached);
      // A damaged cache entry is fetched anew rather than trusted or complained about.
      if (kept !== undefined && digest(Buffer.from(kept, 'utf8')) === from.sha256) return kept;
      const bytes = await load(url, scope.signal, get);
      const text = verified(bytes, from.sha256, url, url);
      await writePrivate(cached, text);
      return text;
    },
  };
}

async function load(url: string, signal: AbortSignal, get: (url: string, signal: AbortSignal) => Promise<Response>): Promise<Buffer> {
  const what = `cannot fetch ${url}`;
  if (!url.startsWith('https://')) throw new Failure({ exit: 'configuration', what, because: 'only https is fetched', hint: 'give its https address in bootstrap/crds.yaml' });
  const both = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const response = await get(url, both);
    if (!response.ok) throw new Failure({ exit: 'rerun', what, because: `HTTP status ${response.status}`, hint: 'look whether the address in bootstrap/crds.yaml is right, then run the same command again' });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > LARGEST) throw new Failure({ exit: 'rerun', what, because: `it is larger than ${LARGEST} bytes`, hint: 'look at what the address in bootstrap/crds.yaml gives: curl -I' });
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Failure) throw error;
    const because = both.aborted ? `no complete answer within ${TIMEOUT_MS / 1000} s` : error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new Failure({ exit: 'rerun', what, because, hint: 'the file is kept once it was fetched; a run without network needs it in the cache', cause: error });
  }
}

function verified(bytes: Buffer, sha256: string, url: string, where: string): string {
  const seen = digest(bytes);
  if (seen === sha256) return bytes.toString('utf8');
  throw new Failure({ exit: 'rerun', what: `${where} is not what is pinned, and is not used`, because: `its SHA-256 is ${seen}, pinned is ${sha256}`, hint: `look at what changed at ${url} before changing the pin` });
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
