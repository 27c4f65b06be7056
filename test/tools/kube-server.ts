import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { dump } from 'js-yaml';
import { SITE } from '../../scripts/config/target.ts';
import { clusterFiles, writePrivate } from '../../scripts/tools/files.ts';
import { certificateFingerprint } from '../../scripts/tools/talos-bundle.ts';
import { authority } from './pki.ts';
import type { Authority } from './pki.ts';

export interface Asked { readonly method: string; readonly path: string; readonly query: Readonly<Record<string, string>>; readonly type: string | undefined; readonly agent: string | undefined; readonly user: string | undefined; readonly body: string }
export type Answer = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;
export interface TestApi {
  readonly asked: Asked[];
  readonly ca: Authority;
  /** Answers every request from now on. */
  answer(by: Answer): void;
  /** Writes kubeconfig.dial and identity.json of cluster infra for site, of this API's authority or another's. */
  writeFiles(taskDir: string, identityOf?: Authority): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const b64 = (text: string): string => Buffer.from(text).toString('base64');

export const say = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};
export const status = (code: number, reason: string, message: string, causes: readonly object[] = []): object => ({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message, details: { causes } });

/** A Kubernetes API that says what the test wants, over TLS with a client certificate demanded. */
export async function testApi(): Promise<TestApi> {
  const ca = authority({ commonName: 'kubernetes' });
  const asked: Asked[] = [];
  let answer: Answer = (_, response) => say(response, 500, 'no answer was set');
  const server: Server = createServer({ ...ca.issue({ commonName: 'kube-apiserver' }), ca: ca.cert, requestCert: true, rejectUnauthorized: true }, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const url = new URL(request.url ?? '/', 'https://x');
      const one: Asked = {
        method: request.method ?? '', path: url.pathname, query: Object.fromEntries(url.searchParams), type: request.headers['content-type'], agent: request.headers['user-agent'],
        user: subject(request.socket), body: Buffer.concat(chunks).toString('utf8'),
      };
      asked.push(one);
      answer(one, response, request);
    });
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const client = ca.issue({ organization: ['system:masters'], commonName: 'admin' });
  return {
    asked, ca,
    answer: (by) => { answer = by; },
    async writeFiles(taskDir, identityOf = ca) {
      const files = clusterFiles(taskDir, SITE, 'infra');
      await writePrivate(files.kubeconfigDial, dump({
        apiVersion: 'v1', kind: 'Config', 'current-context': 'infra', contexts: [{ name: 'infra', context: { cluster: 'infra', user: 'infra' } }],
        clusters: [{ name: 'infra', cluster: { server: `https://127.0.0.1:${port}`, 'tls-server-name': 'localhost', 'certificate-authority-data': b64(ca.cert) } }],
        users: [{ name: 'infra', user: { 'client-certificate-data': b64(client.cert), 'client-key-data': b64(client.key) } }],
      }));
      const pair = { sha256: certificateFingerprint(identityOf.cert), pem: identityOf.cert };
      await writePrivate(files.identity, JSON.stringify({ format: 1, cluster: 'infra', machineCA: pair, clusterCA: pair }));
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
}

function subject(socket: IncomingMessage['socket']): string | undefined {
  const name = isTls(socket) ? socket.getPeerCertificate().subject?.CN : undefined;
  return Array.isArray(name) ? name[0] : name;
}
function isTls(socket: IncomingMessage['socket']): socket is TLSSocket { return 'getPeerCertificate' in socket; }
