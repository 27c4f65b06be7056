import { createSecureServer } from 'node:http2';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import { probeFace } from '../../scripts/tools/probe.ts';
import { authority } from './pki.ts';
import type { Authority } from './pki.ts';

const ours = authority({ organization: ['talos'] }, 'ed25519');
const theirs = authority({ organization: ['somebody'] }, 'ed25519');

/** Runs `use` against a server on a port of its own, and ends every connection afterwards. */
async function on<T>(server: Server, use: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => { sockets.add(socket); socket.on('error', () => undefined); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  try {
    const address = server.address();
    return await use(isAddress(address) ? address.port : 0);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => { server.close(resolve); });
  }
}
function isAddress(value: AddressInfo | string | null): value is AddressInfo { return typeof value === 'object' && value !== null; }
const probe = (port: number, expectedCA?: string, deadlineMs = 3_000) => probeFace({ dial: { host: '127.0.0.1', port, hostPort: `127.0.0.1:${port}` }, expectedCA, deadlineMs, signal: new AbortController().signal });
const installed = (by: Authority) => createSecureServer({ ...by.issue({ organization: ['talos'], commonName: 'infra-01' }, ['10.25.11.11']), ca: by.cert, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3', allowHTTP1: true });

test('a server that asks for no certificate and answers is in maintenance', async () => {
  const server = createSecureServer({ ...theirs.issue({ commonName: 'maintenance' }), minVersion: 'TLSv1.3', allowHTTP1: true });
  expect(await on(server, (port) => probe(port, ours.cert))).toEqual({ is: 'maintenance', certificate: expect.stringMatching(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/) });
});
test('two machines in maintenance show two certificates, and each its own again', async () => {
  const seen: unknown[] = [];
  for (const leaf of [theirs.issue({ commonName: 'maintenance' }), theirs.issue({ commonName: 'maintenance' })]) {
    const server = createSecureServer({ ...leaf, minVersion: 'TLSv1.3', allowHTTP1: true });
    await on(server, async (port) => { for (let n = 0; n < 2; n += 1) seen.push(Reflect.get(await probe(port), 'certificate')); });
  }
  expect(seen[0]).toBe(seen[1]);
  expect(seen[2]).toBe(seen[3]);
  expect(seen[0]).not.toBe(seen[2]);
});
test('one that demands a certificate is installed, and ours by its authority', async () => {
  expect(await on(installed(ours), (port) => probe(port, ours.cert))).toEqual({ is: 'installed', ours: true, issuer: 'O=talos' });
});
test("installed by another authority it is somebody else's, though it says the same name", async () => {
  expect(await on(installed(theirs), (port) => probe(port, ours.cert))).toEqual({ is: 'installed', ours: false, issuer: 'O=somebody' });
});
test("installed by another cluster's authority, that cluster is named, by the signature and not by the name", async () => {
  const twin = authority({ organization: ['talos'] }, 'ed25519');
  const server = installed(twin);
  const others = [{ cluster: 'same-name', pem: authority({ organization: ['talos'] }, 'ed25519').cert }, { cluster: 'apps', pem: twin.cert }];
  const face = await on(server, (port) => probeFace({ dial: { host: '127.0.0.1', port, hostPort: `127.0.0.1:${port}` }, expectedCA: ours.cert, others: () => others, signal: new AbortController().signal }));
  expect(face).toEqual({ is: 'installed', ours: false, issuer: 'O=talos', of: 'apps' });
});
test('without an authority to compare with, whose it is stays open', async () => {
  expect(await on(installed(ours), (port) => probe(port))).toMatchObject({ is: 'installed', ours: null });
});
test('nobody listening is closed, with the reason', async () => {
  const port = await on(createServer(), async (free) => free);
  expect(await probe(port)).toEqual({ is: 'closed', because: 'connection refused' });
});
test.each([
  ['says nothing', () => createServer(), /no answer within 0\.4 s/],
  ['hangs up', () => createServer((socket) => socket.destroy()), /closed|reset|disconnected/],
  ['speaks no TLS', () => createServer((socket) => { socket.end('SSH-2.0-OpenSSH\r\n'); }), /./],
])('a server that %s is closed, never maintenance', async (_, make, because) => {
  expect(await on(make(), (port) => probe(port, undefined, 400))).toEqual({ is: 'closed', because: expect.stringMatching(because) });
});
test('TLS without HTTP/2 is no Talos API', async () => {
  const leaf = theirs.issue({ commonName: 'web' });
  expect(await on(createTlsServer({ ...leaf, minVersion: 'TLSv1.3' }), (port) => probe(port))).toMatchObject({ is: 'closed', because: expect.stringContaining('not HTTP/2') });
});
test('an interruption rejects', async () => {
  await expect(probeFace({ dial: { host: '127.0.0.1', port: 1, hostPort: '' }, expectedCA: undefined, signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
});
