import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Cluster } from '../config/cluster.ts';
import type { TargetFile } from '../config/target.ts';
import type { EndpointAnswer } from './doors.ts';

/** Answers of getaddrinfo that are a definite no; all others mean that nobody could be asked. */
const NO_SUCH_NAME = new Set(['ENOTFOUND', 'ENODATA']);

/**
 * Where the name of a cluster's endpoint leads: asked of this machine's own name service, as every client would; in a lab
 * of what the lab says in its place (no lab asks a name server). An address leads to itself. Never throws.
 */
export async function endpointAnswer(target: TargetFile, cluster: Pick<Cluster, 'endpoint'>): Promise<EndpointAnswer> {
  const host = new URL(cluster.endpoint).hostname.replace(/^\[|\]$/gu, '');
  if (isIP(host) !== 0) return { is: 'leads', host, addresses: [host] };
  if (target.kind === 'lab') {
    const addresses = target.names?.[host];
    if (addresses === undefined) return { is: 'unknown', host, because: 'the lab says nothing of it' };
    return addresses.length === 0 ? { is: 'nowhere', host, because: 'no such host' } : { is: 'leads', host, addresses };
  }
  try {
    const found = await lookup(host, { all: true });
    return { is: 'leads', host, addresses: found.map(({ address }) => address).toSorted() };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (NO_SUCH_NAME.has(code)) return { is: 'nowhere', host, because: 'no such host' };
    return { is: 'unknown', host, because: error instanceof Error ? error.message : String(error) };
  }
}
