import { setMaxListeners } from 'node:events';
import { constants, createSecureServer } from 'node:http2';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { issue, opensslKey, selfSigned } from './pki.ts';
import { isFields } from './value.ts';
import { RpcError } from './rpc.ts';
import type { RpcReply, RpcRequest } from './rpc.ts';

export interface TalosListener {
  close(): void;
  /** Another authority from the next handshake on; connections that stand go on, as Talos has it while its authority changes. */
  trust(authority: Trust): void;
}
/** The machine CA that issues, and those that are accepted beside it. */
export interface Trust { readonly crt: string; readonly key: string; readonly accepted: readonly string[] }
export interface ListenOptions {
  readonly port: number;
  /** What the certificate is for besides 127.0.0.1 and localhost. */
  readonly names: readonly string[];
  /** The machine CA of an installed machine; undefined in maintenance: self-signed, no client certificate asked. */
  readonly authority: Trust | undefined;
  /** Answers a call. `roles` is O of the client's certificate, empty in maintenance. Throws RpcError. */
  readonly call: (method: string, request: RpcRequest, roles: readonly string[]) => Promise<RpcReply>;
  /** Answers what a gRPC client sends. `closing` is aborted when the port closes: streams end then, single answers still go out. */
  readonly grpc: (request: Http2ServerRequest, response: Http2ServerResponse, roles: readonly string[], closing: AbortSignal) => Promise<void>;
  /** Told when the port cannot be had; opening is tried again. */
  readonly trouble: (because: string) => void;
}

/**
 * Opens a machine's Talos port on 127.0.0.1: TLS 1.3, HTTP/2 and HTTP/1.1. `close` breaks every connection, as a reboot does.
 * A port that is taken is tried again every 200 wall ms until it is free or `close` is called.
 */
export function listenTalos(options: ListenOptions): TalosListener {
  const names = [...new Set([...options.names, '127.0.0.1', 'localhost'])];
  const shown = (authority: Trust | undefined): { readonly cert: string; readonly key: string; readonly ca?: string[] } => {
    const leaf = authority === undefined ? selfSigned({ organization: ['talos'], commonName: 'maintenance-service.talos.dev' }, names) : issue(authority, { organization: ['talos'], commonName: options.names[1] ?? 'talos', names, use: 'both', ttlMs: 86_400_000 });
    return { cert: leaf.crt, key: opensslKey(leaf.key), ...(authority === undefined ? {} : { ca: [authority.crt, ...authority.accepted] }) };
  };
  const server = createSecureServer({ allowHTTP1: true, minVersion: 'TLSv1.3', ...shown(options.authority), ...(options.authority === undefined ? {} : { requestCert: true, rejectUnauthorized: true }) });
  const sockets = new Set<Socket>();
  let closed = false;
  let again: NodeJS.Timeout | undefined;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that goes away in the middle is its own affair.
    socket.on('error', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (_error, socket) => { socket.destroy(); });
  server.on('sessionError', () => undefined);
  const closing = new AbortController();
  // Every stream that goes on listens to it, however many there are.
  setMaxListeners(0, closing.signal);
  let busy = 0;
  const destroy = (): void => { for (const socket of sockets) socket.destroy(); };
  server.on('request', (request: Http2ServerRequest, response: Http2ServerResponse) => {
    busy++;
    response.on('close', () => {
      busy--;
      if (closed && busy === 0) destroy();
    });
    if (request.httpVersionMajor < 2 || request.headers['content-type']?.startsWith('application/grpc') !== true) void answer(options, request, response);
    // Refused, not failed: such a call has done nothing, and the client makes it again on a new connection.
    else if (closed) request.stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else void options.grpc(request, response, rolesOf(request), closing.signal);
  });
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (closed) return;
    options.trouble(`port ${options.port}: ${error.message}`);
    again = setTimeout(open, 200);
    again.unref();
  });
  const open = (): void => { if (!closed) server.listen(options.port, '127.0.0.1'); };
  open();
  return {
    trust: (authority) => server.setSecureContext({ minVersion: 'TLSv1.3', ...shown(authority) }),
    close() {
      closed = true;
      clearTimeout(again);
      server.close();
      closing.abort();
      // The answer to the very call that takes the machine down still goes out; at high speed there is no time between the two.
      if (busy === 0) destroy();
      else setTimeout(destroy, ANSWER_WITHIN).unref();
    },
  };
}

/** Wall ms that an answer may take to leave a port that closes. */
const ANSWER_WITHIN = 500;
/** Calls carry a configuration or a snapshot at most; more than this is a mistake. */
const LIMIT = 64 * 1024 * 1024;

/** O of the client's certificate; none in maintenance. */
function rolesOf(request: Http2ServerRequest): readonly string[] {
  const { socket } = request;
  const peer = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  return [...(peer?.subject ?? '').matchAll(/^O=(.*)$/gm)].map((match) => match[1] ?? '');
}

async function answer(options: ListenOptions, request: Http2ServerRequest, response: Http2ServerResponse): Promise<void> {
  const send = (status: number, body: unknown): void => {
    if (response.writableEnded || response.destroyed) return;
    const text = JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
    response.end(text);
  };
  try {
    const method = /^\/lab\/talos\/([A-Za-z]+)$/.exec(request.url)?.[1];
    if (method === undefined || request.method !== 'POST') return send(404, { error: { code: 'Unimplemented', message: `unknown service ${request.url}` } });
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request) {
      const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
      size += bytes.length;
      if (size > LIMIT) return send(413, { error: { code: 'InvalidArgument', message: 'request too large' } });
      chunks.push(bytes);
    }
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    const nodes = isFields(body) && Array.isArray(body['nodes']) ? body['nodes'].filter((node): node is string => typeof node === 'string') : [];
    const params = isFields(body) && isFields(body['params']) ? body['params'] : {};
    send(200, await options.call(method, { nodes, params }, rolesOf(request)));
  } catch (error) {
    if (error instanceof RpcError) return send(200, { error: { code: error.code, message: error.message } });
    if (error instanceof SyntaxError) return send(400, { error: { code: 'InvalidArgument', message: `not JSON: ${error.message}` } });
    send(500, { error: { code: 'Internal', message: error instanceof Error ? error.message : String(error) } });
  }
}
