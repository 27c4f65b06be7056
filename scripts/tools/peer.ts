import { connect } from 'node:tls';
import type { Cluster } from '../config/cluster.ts';
import type { TargetFile } from '../config/target.ts';
import { dialApi, parseHostPort } from './dial.ts';
import type { PeerAnswer } from './doors.ts';

/** Wall ms: a peer in the same racks that takes longer is not there for what needs it. */
const DEADLINE_MS = 3_000;

/**
 * Whether anybody speaks TLS where another cluster's Kubernetes API is. Nothing is sent and nothing is trusted: it only tells a cluster that is
 * there from one that is not made yet, or lost. Never rejects.
 */
export async function peerAnswer(target: TargetFile, peer: Pick<Cluster, 'name' | 'endpoint'>): Promise<PeerAnswer> {
  const { promise, resolve } = Promise.withResolvers<PeerAnswer>();
  let dial;
  try {
    const { server, serverName } = dialApi(target, peer);
    const url = new URL(server);
    dial = { ...parseHostPort(url.port === '' ? `${url.host}:443` : url.host), serverName };
  } catch (error) {
    return { is: 'absent', because: error instanceof Error ? error.message : String(error) };
  }
  // Never the public authorities: reading them takes longer than the rest.
  const socket = connect({ host: dial.host.replace(/^\[|\]$/gu, ''), port: dial.port, rejectUnauthorized: false, ca: [], ...(dial.serverName === undefined ? {} : { servername: dial.serverName }) });
  const timer = setTimeout(() => resolve({ is: 'absent', because: `no answer within ${DEADLINE_MS / 1000} s` }), DEADLINE_MS);
  socket.once('secureConnect', () => resolve({ is: 'there' }));
  socket.on('error', (error) => resolve({ is: 'absent', because: error.message === '' ? 'the connection was refused' : error.message }));
  socket.once('close', () => resolve({ is: 'absent', because: 'the connection was closed' }));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
