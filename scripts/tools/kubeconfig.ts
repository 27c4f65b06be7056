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
  const parsed: unknown = load(text);
  const named = (list: string, name: unknown, key: string): Record<string, unknown> => {
    const items = property(parsed, list);
    const item: unknown = Array.isArray(items) ? items.find((each: unknown) => property(each, 'name') === name) : undefined;
    const inner = property(item, key);
    if (typeof inner !== 'object' || inner === null) throw new Failure({ exit: 'rerun', what: `a kubeconfig has no ${key} "${String(name)}"`, hint: 'task cluster:kubeconfig   fetches a fresh one' });
    return { ...inner };
  };
  const context = named('contexts', property(parsed, 'current-context'), 'context');
  return { cluster: named('clusters', context['cluster'], 'cluster'), user: named('users', context['user'], 'user'), namespace: context['namespace'] };
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
