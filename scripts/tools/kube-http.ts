import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { programVersion } from './environment.ts';
import { withoutManagers } from './kube-json.ts';
import { loginOf } from './kube-login.ts';

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly contentType?: string;
  /** The form of the answer; JSON as it is by default. */
  readonly accept?: string;
  /** Who wrote which field (metadata.managedFields) is left out of the answer: nearly half of a list. */
  readonly withoutManagers?: boolean;
  /** Wall ms until the whole answer must be here. */
  readonly timeoutMs?: number;
}
export interface KubeReply { readonly status: number; readonly retryAfter: string | undefined; readonly body: string }
export interface KubeStream { readonly status: number; readonly retryAfter: string | undefined; readonly lines: AsyncIterable<string> }

/** No answer came: the network's or TLS' own words. */
export class NoAnswer extends Error {
  readonly code: string;
  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'NoAnswer';
    this.code = code;
  }
}

/** One cluster's API over HTTPS. Nothing is retried here. */
export interface KubeHttp {
  send(request: KubeRequest, signal: AbortSignal): Promise<KubeReply>;
  /** For watches: the body line by line as it comes. */
  open(request: KubeRequest, signal: AbortSignal): Promise<KubeStream>;
}

const REQUEST_MS = 30_000;
const kept = new Map<string, Promise<KubeHttp>>();

/**
 * A connection by a kubeconfig's text. Requests go over node:https as raw JSON: typed lists cost twice the time. It is
 * kept per kubeconfig for the life of the process, so that steps share connections.
 */
export function kubeHttp(kubeconfig: string): Promise<KubeHttp> {
  const key = createHash('sha256').update(kubeconfig).digest('hex');
  let http = kept.get(key);
  if (http === undefined) {
    http = connect(kubeconfig);
    kept.set(key, http);
    http.catch(() => kept.delete(key));
  }
  return http;
}

async function connect(kubeconfig: string): Promise<KubeHttp> {
  const login = await loginOf(kubeconfig);
  if (login === undefined) throw new NoAnswer('EKUBECONFIG', 'the kubeconfig names no server', undefined);
  const base = new URL(login.server);
  const questions = new Agent({ ...login.tls, keepAlive: true, maxSockets: 16 });
  // A watch keeps its connection for as long as it is open: among the questions' own, a dozen and a half of them would leave none to ask by.
  const watches = new Agent({ ...login.tls, keepAlive: false });

  const start = (request: KubeRequest, agent: Agent, signal: AbortSignal): Promise<IncomingMessage> => new Promise((resolve, reject) => {
    const url = new URL(base.pathname.replace(/\/$/, '') + request.path, base);
    for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
    const outgoing = httpsRequest(url, {
      method: request.method, agent, signal, ...(login.auth === undefined ? {} : { auth: login.auth }),
      headers: {
        ...login.headers, Accept: request.accept ?? 'application/json', 'User-Agent': `task/${programVersion()}`,
        ...(request.body === undefined ? {} : { 'Content-Type': request.contentType ?? 'application/json', 'Content-Length': Buffer.byteLength(request.body) }),
      },
    });
    outgoing.on('response', resolve);
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });

  return {
    async send(request, signal) {
      const timeoutMs = request.timeoutMs ?? REQUEST_MS;
      const both = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      try {
        const incoming = await start(request, questions, both);
        const chunks: Buffer[] = [];
        for await (const chunk of incoming) chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk)));
        const body = Buffer.concat(chunks);
        return { status: incoming.statusCode ?? 0, retryAfter: incoming.headers['retry-after'], body: (request.withoutManagers === true ? withoutManagers(body) : body).toString('utf8') };
      } catch (error) {
        signal.throwIfAborted();
        throw noAnswer(error, both.aborted ? timeoutMs : undefined);
      }
    },
    async open(request, signal) {
      try {
        const incoming = await start(request, watches, signal);
        return { status: incoming.statusCode ?? 0, retryAfter: incoming.headers['retry-after'], lines: linesOf(incoming, signal) };
      } catch (error) {
        signal.throwIfAborted();
        throw noAnswer(error, undefined);
      }
    },
  };
}

async function* linesOf(incoming: IncomingMessage, signal: AbortSignal): AsyncIterable<string> {
  incoming.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of incoming) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield line;
    }
    if (rest.trim() !== '') yield rest;
  } catch (error) {
    signal.throwIfAborted();
    throw noAnswer(error, undefined);
  } finally {
    incoming.destroy();
  }
}

function noAnswer(error: unknown, timeoutMs: number | undefined): NoAnswer {
  if (timeoutMs !== undefined) return new NoAnswer('ETIMEDOUT', `no answer within ${timeoutMs / 1000} s`, error);
  if (error instanceof NoAnswer) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'EUNKNOWN';
  const message = error instanceof AggregateError ? error.errors.map(String).join(', ') : error instanceof Error ? error.message : String(error);
  return new NoAnswer(code, message, error);
}
