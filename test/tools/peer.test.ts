import { createServer, type Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { expect, test } from 'vitest';
import type { TargetFile } from '../../scripts/config/target.ts';
import { SITE } from '../../scripts/config/target.ts';
import { peerAnswer } from '../../scripts/tools/peer.ts';
import { authority } from './pki.ts';

const theirs = authority({ organization: ['somebody'] }, 'ed25519');
const peer = { name: 'infra', endpoint: 'https://infra-k8s.monosense.io:6443' };
const at = (port: number): TargetFile => ({ ...SITE, kind: 'lab', apis: { infra: { address: `127.0.0.1:${port}`, serverName: 'infra-k8s.monosense.io' } } });

async function on<T>(server: Server, use: (port: number) => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const address = server.address();
  try {
    return await use(typeof address === 'object' && address !== null ? address.port : 0);
  } finally {
    await new Promise((resolve) => { server.close(resolve); });
  }
}

test('whoever speaks TLS there is there, whoever signed it', async () => {
  const server = createTlsServer({ ...theirs.issue({ commonName: 'apiserver' }) });
  server.on('tlsClientError', () => undefined);
  expect(await on(server, (port) => peerAnswer(at(port), peer))).toEqual({ is: 'there' });
});
test('a closed port, and one that speaks no TLS, are nobody', async () => {
  const closed = await on(createServer(), async (port) => port);
  expect(await peerAnswer(at(closed), peer)).toEqual({ is: 'absent', because: expect.stringContaining('ECONNREFUSED') });
  const rude = createServer((socket) => { socket.resume(); socket.end('no\n'); });
  expect(await on(rude, (port) => peerAnswer(at(port), peer))).toEqual({ is: 'absent', because: expect.stringMatching(/\S/) });
});
test('a cluster the lab does not know is not there, and is never dialled on site', async () => {
  expect(await peerAnswer({ ...SITE, kind: 'lab' }, peer)).toEqual({ is: 'absent', because: 'the lab has no cluster infra' });
});
