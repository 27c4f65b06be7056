import type { Cluster } from '../config/cluster.ts';
import type { TargetFile } from '../config/target.ts';
import { Failure } from '../engine/failure.ts';
import { dialApi } from './dial.ts';

/** What a context puts together. */
export interface Parts { readonly cluster: Record<string, unknown>; readonly user: Record<string, unknown>; readonly namespace: unknown }

/** A kubeconfig as talosctl gives it (context `admin@<cluster>`), reduced to its current context, everything in it named after the cluster. */
export async function namedKubeconfig(text: string, name: string): Promise<string> {
  const { dump } = await import('js-yaml');
  return dump(assemble(await currentParts(text), name));
}

/** The same, with the address that is dialled: `server` and, where it differs from the certificate's name, `tls-server-name`. */
export async function dialKubeconfig(text: string, target: TargetFile, cluster: Pick<Cluster, 'name' | 'endpoint'>): Promise<string> {
  const { dump } = await import('js-yaml');
  const parts = await currentParts(text);
  if (target.kind === 'site' && target.apis[cluster.name] === undefined) return dump(assemble(parts, cluster.name));
  const dial = dialApi(target, cluster);
  return dump(assemble({ ...parts, cluster: { ...parts.cluster, server: dial.server, ...(dial.serverName === undefined ? {} : { 'tls-server-name': dial.serverName }) } }, cluster.name));
}

/** PEM of the CA a kubeconfig trusts; undefined when it trusts none by data, or skips verification. */
export async function kubeconfigCA(text: string): Promise<string | undefined> {
  const { cluster } = await currentParts(text);
  const data = cluster['certificate-authority-data'];
  if (cluster['insecure-skip-tls-verify'] === true || typeof data !== 'string') return undefined;
  return Buffer.from(data, 'base64').toString('utf8');
}

function assemble(parts: Parts, name: string): unknown {
  return {
    apiVersion: 'v1', kind: 'Config',
    clusters: [{ name, cluster: parts.cluster }],
    users: [{ name, user: parts.user }],
    contexts: [{ name, context: { cluster: name, user: name, ...(typeof parts.namespace === 'string' ? { namespace: parts.namespace } : {}) } }],
    'current-context': name,
  };
}

/** Cluster and user of the current context. Throws a Failure (75) when the kubeconfig does not hold them. */
export async function currentParts(text: string): Promise<Parts> {
  const { load } = await import('js-yaml');
  if (text.trim() === '') throw broken('it is empty');
  let parsed: unknown;
  try {
    parsed = load(text);
  } catch (error) {
    throw broken('it is not YAML', error);
  }
  if (typeof property(parsed, 'current-context') !== 'string') throw broken('it names no current context');
  const named = (list: string, name: unknown, key: string): Record<string, unknown> => {
    const items = property(parsed, list);
    const item: unknown = Array.isArray(items) ? items.find((each: unknown) => property(each, 'name') === name) : undefined;
    const inner = property(item, key);
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) throw broken(`it has no ${key} ${typeof name === 'string' ? `"${name}"` : 'with a name'}`);
    return { ...inner };
  };
  const context = named('contexts', property(parsed, 'current-context'), 'context');
  const cluster = named('clusters', context['cluster'], 'cluster');
  const user = named('users', context['user'], 'user');
  const elsewhere = [...Object.keys(user), ...Object.keys(cluster)].filter((key) => ELSEWHERE.has(key));
  if (elsewhere.length > 0) throw broken(`it leads elsewhere by ${elsewhere.join(', ')}`);
  return { cluster, user, namespace: context['namespace'] };
}

/** What would run a program, read another file or go through another machine. Talos gives certificates and a key as data, nothing else is ours. */
const ELSEWHERE: ReadonlySet<string> = new Set(['exec', 'auth-provider', 'tokenFile', 'client-certificate', 'client-key', 'certificate-authority', 'proxy-url', 'as', 'as-uid', 'as-groups']);

function broken(because: string, cause?: unknown): Failure {
  return new Failure({ exit: 'rerun', what: 'a kubeconfig cannot be used', because, hint: 'task cluster:kubeconfig   fetches a fresh one; yours in ~/.kube and KUBECONFIG are never used', cause });
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
