/** The HTTPS side of a simulated API server. */
import { constants } from 'node:crypto';
import { createServer } from 'node:https';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ApiError } from '../world/types.ts';
import type { ApiHandler } from '../world/types.ts';
import { opensslKey } from '../world/pki.ts';
import { sendJson } from './reading.ts';
import { statusOf } from './server.ts';

export interface ListenApiOptions {
  /** 0 picks a free one. */
  readonly port: number; readonly host: '127.0.0.1';
  /** PEM. Keys may carry Talos's own label. */
  readonly cert: string; readonly key: string; readonly clientCa: string;
  readonly handler: ApiHandler;
}
export interface ApiListener { readonly port: number; close(): void }

/**
 * Opens the port: HTTPS with HTTP/1.1 and keep-alive. Clients without a certificate of `clientCa` are answered 401.
 * `close` ends every connection at once; afterwards connections are refused. Rejects when the port cannot be had.
 */
export function listenApi(options: ListenApiOptions): Promise<ApiListener> {
  const server = createServer({
    cert: options.cert, key: opensslKey(options.key), ca: [options.clientCa], requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'],
    // A resumed session would come without its client's certificate.
    secureOptions: constants.SSL_OP_NO_TICKET, keepAliveTimeout: 90_000,
  }, (request, response) => {
    const user = request.socket instanceof TLSSocket ? userOf(request.socket) : undefined;
    if (user !== undefined) options.handler(request, response, user);
    else {
      request.resume();
      sendJson(response, 401, statusOf(new ApiError(401, 'Unauthorized', 'Unauthorized')));
    }
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A client that goes away in the middle is its own affair.
    socket.on('error', () => sockets.delete(socket));
  });
  server.on('tlsClientError', (_error, socket) => { socket.destroy(); });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : options.port,
        close() {
          server.close();
          for (const socket of sockets) socket.destroy();
        },
      });
    });
  });
}

/** CN is the user, each O a group; undefined without a certificate of the authority. */
function userOf(socket: TLSSocket): Parameters<ApiHandler>[2] | undefined {
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  const name = /^CN=(.*)$/m.exec(certificate?.subject ?? '')?.[1];
  if (certificate === undefined || name === undefined) return undefined;
  return { name, groups: [...[...certificate.subject.matchAll(/^O=(.*)$/gm)].map((match) => match[1] ?? ''), 'system:authenticated'] };
}
