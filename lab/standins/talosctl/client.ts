import { readFileSync } from 'node:fs';
import { isFields, textAt, textsAt } from '../../world/value.ts';
import { refusedText } from '../../world/rpc.ts';
import { Exit } from '../shared/flags.ts';
import type { FlagTable, Parsed } from '../shared/flags.ts';

/** Flags of every verb that talks to machines. */
export const CLIENT_FLAGS: FlagTable = {
  nodes: { type: 'strings', short: 'n' }, endpoints: { type: 'strings', short: 'e' }, talosconfig: { type: 'string' }, context: { type: 'string' },
};

interface Identity { readonly ca: string; readonly crt: string; readonly key: string }
export interface Target { readonly endpoints: readonly string[]; readonly nodes: readonly string[]; readonly identity: Identity | undefined }

/** An RPC error in the words of Go's client: `rpc error: code = C desc = D`. */
export class CallError extends Error {
  readonly rpc: string;
  constructor(code: string, message: string) {
    super(`rpc error: code = ${code} desc = ${message}`);
    this.rpc = code;
  }
}

/** Where to dial and as whom, from flags and the talosconfig. Rejects with Exit 1 in talosctl's own words. */
export async function targetOf(flags: Parsed): Promise<Target> {
  // What only some calls need is loaded when they do: a create starts this program some eighty times.
  const { load } = await import('js-yaml');
  const file = flags.text('talosconfig') || process.env['TALOSCONFIG'] || `${process.env['HOME'] ?? ''}/.talos/config`;
  let whole: unknown;
  try {
    whole = load(readFileSync(file, 'utf8'));
  } catch {
    // Like the real one: no file is an empty configuration, and the complaint is about what is missing in it.
    whole = undefined;
  }
  const name = flags.text('context') || textAt(whole, 'context') || '';
  const contexts = isFields(whole) && isFields(whole['contexts']) ? whole['contexts'] : {};
  const context = contexts[name];
  const endpoints = flags.list('endpoints').length > 0 ? flags.list('endpoints') : textsAt(context, 'endpoints');
  if (flags.given('context') && context === undefined) throw new Exit(1, `error constructing client: failed to create client connection: failed to resolve configuration context: context "${name}" is not defined`);
  if (endpoints.length === 0) throw new Exit(1, 'error constructing client: failed to determine endpoints');
  if (context === undefined) throw new Exit(1, 'error constructing client: failed to create client connection: failed to resolve configuration context: talos config file is empty');
  const pem = (key: string): string => Buffer.from(textAt(context, key) ?? '', 'base64').toString();
  const nodes = flags.list('nodes').length > 0 ? flags.list('nodes') : textsAt(context, 'nodes');
  return { endpoints, nodes, identity: { ca: pem('ca'), crt: pem('crt'), key: pem('key') } };
}

/** --insecure: the nodes themselves are dialled, nobody is asked who they are. */
export function insecureTarget(flags: Parsed): readonly Target[] {
  const nodes = flags.list('nodes');
  if (nodes.length === 0) throw new Exit(1, 'nodes are not set for the command: please use `--nodes` flag or configuration file to set the nodes to run the command against');
  return nodes.map((node) => ({ endpoints: [node], nodes: [], identity: undefined }));
}

export interface NodeAnswer { readonly node: string; readonly result?: Readonly<Record<string, unknown>>; readonly error?: { readonly code: string; readonly message: string } }

/** Calls a method through the first endpoint that answers. Throws CallError when the call as a whole failed. */
export async function call(target: Target, method: string, params: Readonly<Record<string, unknown>> = {}): Promise<readonly NodeAnswer[]> {
  let last: CallError | undefined;
  for (const endpoint of target.endpoints) {
    try {
      return await callAt(endpoint, target, method, params);
    } catch (error) {
      if (!(error instanceof CallError) || error.rpc !== 'Unavailable') throw error;
      last = error;
    }
  }
  throw last ?? new CallError('Unavailable', 'no endpoints');
}

async function callAt(endpoint: string, target: Target, method: string, params: Readonly<Record<string, unknown>>): Promise<readonly NodeAnswer[]> {
  const [, host = endpoint, port = '50000'] = /^\[?([^\]]*?)\]?(?::(\d+))?$/.exec(endpoint) ?? [];
  const body = JSON.stringify({ nodes: target.nodes, params });
  const { identity } = target;
  const [{ request: httpsRequest }, key] = await Promise.all([import('node:https'), identity === undefined ? undefined : import('../../world/pki.ts').then(({ opensslKey }) => opensslKey(identity.key))]);
  return new Promise((resolve, reject) => {
    const request = httpsRequest({
      host, port: Number(port), path: `/lab/talos/${method}`, method: 'POST', agent: false, minVersion: 'TLSv1.3', timeout: 60_000, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      // No authority at all, or Node reads the hundred public ones to believe none.
      ...(identity === undefined ? { ca: [], rejectUnauthorized: false } : { ca: identity.ca, cert: identity.crt, key, rejectUnauthorized: true }),
    }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', (error) => reject(new CallError('Unavailable', `error reading from server: ${error.message}`)));
      response.on('end', () => {
        const reply: unknown = JSON.parse(Buffer.concat(chunks).toString());
        if (isFields(reply) && isFields(reply['error'])) reject(new CallError(textAt(reply, 'error', 'code') ?? 'Unknown', textAt(reply, 'error', 'message') ?? ''));
        else resolve(isFields(reply) && Array.isArray(reply['messages']) ? reply['messages'] : []);
      });
    });
    request.on('timeout', () => request.destroy(new Error('context deadline exceeded')));
    request.on('error', (error: NodeJS.ErrnoException) => reject(new CallError('Unavailable', wording(error, `${host}:${port}`))));
    request.end(body);
  });
}

function wording(error: NodeJS.ErrnoException, address: string): string {
  const code = error.code ?? '';
  if (code === 'ECONNREFUSED') return refusedText(address);
  if (code === 'ECONNRESET' || code === 'EPIPE') return 'error reading from server: EOF';
  if (/CERTIFICATE_REQUIRED/.test(code) || /certificate required/i.test(error.message)) return 'connection error: desc = "error reading server preface: remote error: tls: certificate required"';
  if (/SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|CERT_SIGNATURE_FAILURE/.test(code)) return 'connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate signed by unknown authority"';
  if (/UNKNOWN_CA|ALERT/.test(code)) return 'connection error: desc = "error reading server preface: remote error: tls: unknown certificate authority"';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return `connection error: desc = "transport: authentication handshake failed: tls: failed to verify certificate: x509: certificate is valid for other names, not ${address.replace(/:\d+$/, '')}"`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `connection error: desc = "transport: Error while dialing: dial tcp: lookup ${address.replace(/:\d+$/, '')}: no such host"`;
  return `connection error: desc = "transport: ${error.message}"`;
}

/** Splits answers in good ones and one error, worded as Go's multierror does for calls that name their nodes. */
export function sortOut(answers: readonly NodeAnswer[]): { readonly good: readonly Good[]; readonly error: string | undefined } {
  const good = answers.flatMap((answer) => (answer.result === undefined ? [] : [{ node: answer.node, result: answer.result }]));
  const bad = answers.flatMap((answer) => (answer.error === undefined ? [] : [{ node: answer.node, text: `rpc error: code = ${answer.error.code} desc = ${answer.error.message}` }]));
  if (bad.length === 0) return { good, error: undefined };
  if (bad.length === 1 && bad[0]?.node === '') return { good, error: bad[0].text };
  return { good, error: `${bad.length} error${bad.length === 1 ? '' : 's'} occurred:\n${bad.map((entry) => `\t* ${entry.node}: ${entry.text}\n`).join('')}\n` };
}
export interface Good { readonly node: string; readonly result: Readonly<Record<string, unknown>> }

/** Calls and sorts: some good answers leave a WARNING for the others, none is `Exit` 1 as `what: error`. */
export async function callSorted(target: Target, what: string, method: string, params: Readonly<Record<string, unknown>> = {}): Promise<readonly Good[]> {
  const prefix = what === '' ? '' : `${what}: `;
  let answers: readonly NodeAnswer[];
  try {
    answers = await call(target, method, params);
  } catch (error) {
    if (error instanceof CallError) throw new Exit(1, `${prefix}${error.message}`);
    throw error;
  }
  const { good, error } = sortOut(answers);
  if (error !== undefined && good.length === 0) throw new Exit(1, `${prefix}${error}`);
  if (error !== undefined) process.stderr.write(`WARNING: ${error}\n`);
  return good;
}

/** Calls that are for one node and, as streams, name no node in their error. `what` failed: to be begun, or (`answered`) while the answer was read. */
export async function callOne(target: Target, command: string, what: string, method: string, params: Readonly<Record<string, unknown>> = {}, answered = what): Promise<Readonly<Record<string, unknown>>> {
  if (target.nodes.length > 1) throw new Exit(1, `command "${command}" is not supported with multiple nodes`);
  const failed = (prefix: string, error: CallError): Exit => new Exit(1, prefix === '' ? error.message : `${prefix}: ${error.message}`);
  let answer: NodeAnswer | undefined;
  try {
    [answer] = await call(target, method, params);
  } catch (error) {
    if (error instanceof CallError) throw failed(what, error);
    throw error;
  }
  if (answer?.error !== undefined) throw failed(answered, new CallError(answer.error.code, answer.error.message));
  return answer?.result ?? {};
}

/** What a table shows as NODE: the text given to -n, else the host that was dialled. */
export const shownNode = (node: string, target: Target): string => node || (target.endpoints[0] ?? '').replace(/:\d+$/, '');
