import type { RequestOptions } from 'node:https';
import { currentParts } from './kubeconfig.ts';

/** What is needed to speak to an API as somebody: its address, and what goes into the TLS handshake and each request. */
export interface Login {
  readonly server: string;
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'servername' | 'rejectUnauthorized'>;
  readonly auth: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** All that may stand in the parts of a kubeconfig that is read without help; a further word could change its meaning. */
const PLAIN_CLUSTER = new Set(['server', 'certificate-authority-data', 'tls-server-name']);
const PLAIN_USER = new Set(['client-certificate-data', 'client-key-data']);

/**
 * Who a kubeconfig's current context is, and where. The form Talos writes (a client certificate by data, nothing else) is read here;
 * any other form (exec, tokens, files, proxies) is left to client-node, which knows them all and takes half a second and
 * 90 MB to load. Undefined when the kubeconfig names no server; throws a Failure (75) when it is damaged.
 */
export async function loginOf(kubeconfig: string): Promise<Login | undefined> {
  return await plainLogin(kubeconfig) ?? await anyLogin(kubeconfig);
}

async function plainLogin(kubeconfig: string): Promise<Login | undefined> {
  const { cluster, user } = await currentParts(kubeconfig);
  if (!Object.keys(cluster).every((key) => PLAIN_CLUSTER.has(key)) || !Object.keys(user).every((key) => PLAIN_USER.has(key))) return undefined;
  const { server, 'tls-server-name': name } = cluster;
  const [ca, cert, key] = [cluster['certificate-authority-data'], user['client-certificate-data'], user['client-key-data']].map(decoded);
  if (typeof server !== 'string' || !server.startsWith('https://') || ca === undefined || cert === undefined || key === undefined) return undefined;
  return { server, tls: { ca, cert, key, ...(typeof name === 'string' ? { servername: name } : {}) }, auth: undefined, headers: {} };
}

const decoded = (value: unknown): Buffer | undefined => (typeof value === 'string' && value !== '' ? Buffer.from(value, 'base64') : undefined);

async function anyLogin(kubeconfig: string): Promise<Login | undefined> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) return undefined;
  const given: RequestOptions = {};
  await config.applyToHTTPSOptions(given);
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = given;
  const tls = Object.fromEntries(Object.entries({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined));
  return { server, tls, auth: given.auth ?? undefined, headers: headersOf(given) };
}

function headersOf({ headers }: RequestOptions): Record<string, string> {
  if (headers === undefined || Array.isArray(headers)) return {};
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
}
