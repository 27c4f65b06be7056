import { randomBytes } from 'node:crypto';
import { each } from '../engine/each.ts';
import { Failure } from '../engine/failure.ts';
import { lastWords } from './command-line.ts';
import type { Op, OpItem, Proc, Scope, StoreAnswer, Unread } from './doors.ts';
import { ToolFailure } from './proc.ts';

/** Wall ms. A person may have to touch a fingerprint reader. */
const TIMEOUT_MS = 90_000;
const PARALLEL = 4;
/** The account is named where the configuration names one; else op takes the one it is signed in to. */
const of = (account: string | undefined): string[] => (account === undefined ? [] : ['--account', account]);
export const whoamiArgs = (account?: string): string[] => ['whoami', '--format', 'json', ...of(account)];
/** Reads the template on standard input and prints it with every reference replaced. */
export const injectArgs = (account?: string): string[] => ['inject', ...of(account)];
export const readArgs = (reference: string, account?: string): string[] => ['read', '--no-newline', ...of(account), reference];
/**
 * Makes an item of the template on standard input, which has to be a pipe. Category and title stand in it alone: given as flags as well, op makes
 * the item and drops its fields without a word (diazoxide/charter#78, op 2.34).
 */
export const createArgs = (vault: string, account?: string): string[] => ['item', 'create', '-', '--vault', vault, '--format', 'json', ...of(account)];
export const versionArgs = (): string[] => ['--version'];

/** The 1Password command line. Values stay in memory. */
export function makeOp(scope: Pick<Scope, 'signal'>, proc: Proc): Op {
  const run = (argv: readonly string[], stdin?: string) => proc.run({ tool: 'op', argv, effect: 'read', timeoutMs: TIMEOUT_MS, ...(stdin === undefined ? {} : { stdin, stdinAsFile: true }) });
  const asked = async (argv: readonly string[], account: string | undefined, stdin?: string): Promise<string> => {
    try {
      return (await run(argv, stdin)).stdout;
    } catch (error) {
      if (error instanceof ToolFailure && isSignedOut(error.stderr)) throw signedOut(error, account);
      throw error;
    }
  };
  return {
    whoami: async (account) => parseWhoami(await asked(whoamiArgs(account), account)),

    async read(references, account) {
      const wanted = [...new Set(references)];
      if (wanted.length === 0) return { values: new Map(), failed: [] };
      const nonce = randomBytes(12).toString('hex');
      try {
        return { values: parseInjected(await asked(injectArgs(account), account, injectTemplate(wanted, nonce)), wanted, nonce), failed: [] };
      } catch (error) {
        if (!(error instanceof ToolFailure)) throw error;
        // inject stops at its first trouble and names one reference at best; asking one by one names them all.
        return oneByOne(wanted, (reference) => asked(readArgs(reference, account), account), scope.signal);
      }
    },

    async create(item, account) {
      await proc.run({ tool: 'op', argv: createArgs(item.vault, account), effect: 'write', timeoutMs: TIMEOUT_MS, stdin: itemTemplate(item), stdinAsFile: true });
    },

    clientVersion: async () => parseOpVersion((await run(versionArgs())).stdout),
  };
}

async function oneByOne(references: readonly string[], ask: (reference: string) => Promise<string>, signal: AbortSignal): Promise<StoreAnswer> {
  const values = new Map<string, string>();
  const failed: Unread[] = [];
  await each(references, PARALLEL, async (reference) => {
    try {
      values.set(reference, await ask(reference));
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      failed.push({ reference, because: lastWords(error.stderr.replace(/^\[ERROR\]\s+\S+\s+\S+\s+/gm, ''), 1, 160) });
    }
  }, signal);
  return { values, failed };
}

/** An item as op's template has it, every field concealed (1Password's item JSON template). Pure. */
export function itemTemplate({ title, fields }: Pick<OpItem, 'title' | 'fields'>): string {
  return JSON.stringify({ title, category: 'SECURE_NOTE', fields: Object.entries(fields).map(([label, value]) => ({ id: label, type: 'CONCEALED', label, value })) });
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

/** Person or service account that is signed in, and how long that holds: a person's sign-in ends by itself, a service account's does not. */
export function parseWhoami(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null) {
      const service = Reflect.get(parsed, 'user_type') === 'SERVICE_ACCOUNT';
      for (const key of ['email', 'user_uuid', 'url']) {
        const value: unknown = Reflect.get(parsed, key);
        if (typeof value === 'string' && value !== '') return `${value} (${service ? 'a service account: its token holds until it is revoked or its date' : 'a sign-in that ends after 10 idle minutes, 12 hours at the latest; a run reads what it needs once, at its beginning'})`;
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

function signedOut(cause: ToolFailure, account: string | undefined): Failure {
  return new Failure({ exit: 'rerun', what: `nobody is signed in to 1Password${account === undefined ? '' : ` as ${account}`}`, because: lastWords(cause.stderr, 1, 200), hint: `sign in with: eval "$(op signin${account === undefined ? '' : ` --account ${account}`})"\nthen run the same command again; nothing has been written`, cause });
}
