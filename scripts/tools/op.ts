import { randomBytes } from 'node:crypto';
import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import { lastWords } from './command-line.ts';
import type { Op, Proc, Scope } from './doors.ts';
import { ToolFailure } from './proc.ts';

/** Wall ms. A person may have to touch a fingerprint reader. */
const TIMEOUT_MS = 90_000;
const PARALLEL = 4;
const REFERENCE = /^op:\/\/[^/{}$\n]+(?:\/[^/{}$\n]+){2,3}$/;

export const whoamiArgs = (): string[] => ['whoami', '--format', 'json'];
/** Reads the template on standard input and prints it with every reference replaced. */
export const injectArgs = (): string[] => ['inject'];
export const readArgs = (reference: string): string[] => ['read', '--no-newline', reference];
export const versionArgs = (): string[] => ['--version'];

/** The 1Password command line. Values stay in memory and are known to the redactor before anybody gets them. */
export function makeOp(scope: Scope, proc: Proc): Op {
  const run = (argv: readonly string[], stdin?: string) => proc.run({ tool: 'op', argv, effect: 'read', timeoutMs: TIMEOUT_MS, ...(stdin === undefined ? {} : { stdin, stdinAsFile: true }) });
  const asked = async (argv: readonly string[], stdin?: string): Promise<string> => {
    try {
      return (await run(argv, stdin)).stdout;
    } catch (error) {
      if (error instanceof ToolFailure && isSignedOut(error.stderr)) throw signedOut(error);
      throw error;
    }
  };
  return {
    whoami: async () => parseWhoami(await asked(whoamiArgs())),

    async resolve(references) {
      const wanted = [...new Set(references)];
      const malformed = wanted.filter((reference) => !REFERENCE.test(reference));
      if (malformed.length > 0) throw new Failure({ exit: 'configuration', what: `no reference of the form op://vault/item/field: ${malformed.join(', ')}`, hint: 'write where the secret is kept in bootstrap/secrets.yaml and talos/clusters; names in it hold no /, {, } or $' });
      if (wanted.length === 0) return new Map();
      const nonce = randomBytes(12).toString('hex');
      let values: ReadonlyMap<string, string>;
      try {
        values = parseInjected(await asked(injectArgs(), injectTemplate(wanted, nonce)), wanted, nonce);
      } catch (error) {
        if (!(error instanceof ToolFailure)) throw error;
        // inject stops at its first trouble and names one reference at best; asking one by one names them all.
        values = await oneByOne(wanted, asked, scope.signal);
      }
      for (const value of values.values()) scope.redactor.add(value);
      const useless = wanted.flatMap((reference) => {
        const because = uselessBecause(values.get(reference) ?? '');
        return because === undefined ? [] : [{ reference, because }];
      });
      if (useless.length > 0) throw unreadable(useless);
      return values;
    },

    clientVersion: async () => parseOpVersion((await run(versionArgs())).stdout),
  };
}

async function oneByOne(references: readonly string[], asked: (argv: readonly string[]) => Promise<string>, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  const failed: { readonly reference: string; readonly because: string }[] = [];
  await each(references, PARALLEL, async (reference) => {
    try {
      values.set(reference, await asked(readArgs(reference)));
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      failed.push({ reference, because: lastWords(error.stderr.replace(/^\[ERROR\]\s+\S+\s+\S+\s+/gm, ''), 1, 160) });
    }
  }, signal);
  if (failed.length > 0) throw unreadable(failed);
  return values;
}

/** What cannot be a secret of ours: nothing, or bytes that were no text and are already changed by having been read as such. */
function uselessBecause(value: string): string | undefined {
  if (value.trim() === '') return 'it is empty';
  return value.includes('\uFFFD') || value.includes('\0') ? 'it is no text; store it in base64' : undefined;
}

function unreadable(failed: readonly { readonly reference: string; readonly because: string }[]): Failure {
  const sorted = failed.toSorted((a, b) => a.reference.localeCompare(b.reference));
  return new Failure({
    exit: 'rerun',
    what: `${sorted.length === 1 ? 'one secret' : `${sorted.length} secrets`} cannot be read`,
    because: sorted.map(({ reference, because }) => `${reference}: ${because}`).join('; '),
    hint: 'put them into the vault (op item edit ...), then run this again; nothing has been written',
  });
}

/** One section per reference, each behind a line nobody can have in a secret. Pure. */
export function injectTemplate(references: readonly string[], nonce: string): string {
  return references.map((reference, i) => `<${nonce}:${i}>\n{{ ${reference} }}\n`).join('') + `<${nonce}:end>\n`;
}

/** The values out of an injected template, by reference; several lines stay several lines. Throws a Failure (75) when a section is missing. */
export function parseInjected(text: string, references: readonly string[], nonce: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [i, reference] of references.entries()) {
    const start = `<${nonce}:${i}>\n`;
    const end = `\n<${nonce}:${i + 1 < references.length ? i + 1 : 'end'}>`;
    const from = text.indexOf(start);
    const to = text.indexOf(end, from + start.length - 1);
    if (from < 0 || to < 0) throw new Failure({ exit: 'rerun', what: 'cannot read what op inject printed', because: `the section of ${reference} is missing`, hint: 'task tools:check' });
    values.set(reference, text.slice(from + start.length, Math.max(to, from + start.length)));
  }
  return values;
}

/** Person or service account that is signed in. */
export function parseWhoami(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) {
      for (const key of ['email', 'user_uuid', 'url']) {
        const value: unknown = Reflect.get(parsed, key);
        if (typeof value === 'string' && value !== '') return value;
      }
    }
  } catch {
    // Told below, with what was printed.
  }
  throw new Failure({ exit: 'rerun', what: 'cannot read who is signed in to 1Password', because: `op printed: ${text.trim().slice(0, 120)}`, hint: 'op whoami' });
}

export function parseOpVersion(text: string): string {
  const version = /^v?(\d+\.\d+\.\d+\S*)$/m.exec(text.trim())?.[1];
  if (version === undefined) throw new Failure({ exit: 'rerun', what: 'cannot read the version of op', because: `it printed: ${text.trim().slice(0, 120)}`, hint: 'task tools:check' });
  return version;
}

/** Words of the op CLI for "nobody is signed in" and "the session is over". */
export function isSignedOut(stderr: string): boolean {
  return /not (?:currently )?signed in|session (?:expired|has expired)|authorization (?:timeout|prompt dismissed)|no account(?:s)? (?:found|configured)/i.test(stderr);
}

function signedOut(cause: ToolFailure): Failure {
  return new Failure({ exit: 'rerun', what: 'nobody is signed in to 1Password', because: lastWords(cause.stderr, 1, 200), hint: 'sign in with: eval "$(op signin)"\nthen run the same command again; nothing has been written', cause });
}
