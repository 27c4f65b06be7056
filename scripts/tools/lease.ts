import type { KubeObject } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import type { LockingKube } from './kube.ts';
import { isObject } from './kube-status.ts';
import { KINDS } from './kinds.ts';

/** kube-system is there from the API server's first second and nobody deletes it. */
const NAMESPACE = 'kube-system';
const NAME = 'task-lock';
/** Wall ms between two beats; three missed ones and the holder counts as gone. */
export const BEAT_MS = 10_000;
const MISSED = 3;
const HOST = 'task.lock/host';

export interface LeaseHolder { readonly user: string; readonly host: string; readonly pid: number; readonly run: string }
export interface Lease {
  /** How it came to be ours, for the journal: free, or taken from somebody who stopped beating. */
  readonly because: string;
  /** One beat. 'lost' when somebody else has it now: stop writing. */
  renew(): Promise<'held' | 'lost'>;
  /** Gives it back, if it is still ours. */
  release(): Promise<void>;
}

type Locker = Pick<LockingKube, 'get' | 'create' | 'replace'>;

/** Who holds a cluster's lock, or undefined when it is free. */
export async function leaseHolder(kube: Pick<LockingKube, 'get'>): Promise<{ readonly holder: string; readonly since: string; readonly renewed: string } | undefined> {
  const found = await kube.get(KINDS.Lease, NAME, NAMESPACE);
  const spec = specOf(found);
  return spec.holder === '' ? undefined : { holder: spec.holder, since: spec.acquired, renewed: spec.renewed };
}

/**
 * Takes the cluster's lock in the cluster itself. Every write names the version it replaces, so of two who try at once one
 * fails. Throws a Failure (75) saying who holds it, from where and since when. `now` is the wall clock, ms: beats are real time, also in a lab.
 */
export async function acquireLease(kube: Locker, cluster: string, holder: LeaseHolder, now: () => number): Promise<Lease> {
  const me = `${holder.user}@${holder.host} pid ${holder.pid} run ${holder.run}`;
  // A second try only after losing a race: then the winner is there to be named.
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const found = await kube.get(KINDS.Lease, NAME, NAMESPACE);
    const spec = specOf(found);
    const silent = now() - Date.parse(spec.renewed);
    const gone = Number.isFinite(silent) && silent > MISSED * BEAT_MS;
    if (spec.holder !== '' && spec.holder !== me && !gone) throw held(cluster, spec);
    const because = spec.holder === '' || spec.holder === me ? 'it was free' : `${spec.holder} has not been heard of for ${Math.round(silent / 1000)} s`;
    const wanted = leaseObject(holder, me, { acquired: micro(now()), renewed: micro(now()), transitions: spec.transitions + (spec.holder === me ? 0 : 1) }, found);
    const done = found === null ? (await kube.create(wanted)) === 'created' : (await kube.replace(wanted)) === 'replaced';
    if (done) return handle(kube, holder, me, because, now);
  }
  throw held(cluster, specOf(await kube.get(KINDS.Lease, NAME, NAMESPACE)));
}

function handle(kube: Locker, holder: LeaseHolder, me: string, because: string, now: () => number): Lease {
  const write = async (object: (found: KubeObject, spec: Spec) => KubeObject): Promise<'held' | 'lost'> => {
    const found = await kube.get(KINDS.Lease, NAME, NAMESPACE);
    const spec = specOf(found);
    if (found === null || spec.holder !== me) return 'lost';
    return (await kube.replace(object(found, spec))) === 'replaced' ? 'held' : 'lost';
  };
  return {
    because,
    renew: () => write((found, spec) => leaseObject(holder, me, { acquired: spec.acquired, renewed: micro(now()), transitions: spec.transitions }, found)),
    async release() {
      await write((found, spec) => leaseObject(holder, '', { acquired: spec.acquired, renewed: micro(now()), transitions: spec.transitions }, found));
    },
  };
}

interface Spec { readonly holder: string; readonly acquired: string; readonly renewed: string; readonly transitions: number }

function specOf(object: KubeObject | null): Spec {
  const spec = isObject(object?.['spec']) ? object['spec'] : {};
  const text = (key: string): string => (typeof spec[key] === 'string' ? spec[key] : '');
  return { holder: text('holderIdentity'), acquired: text('acquireTime'), renewed: text('renewTime'), transitions: typeof spec['leaseTransitions'] === 'number' ? spec['leaseTransitions'] : 0 };
}

function leaseObject(holder: LeaseHolder, identity: string, times: { readonly acquired: string; readonly renewed: string; readonly transitions: number }, found: KubeObject | null): KubeObject {
  const version = found?.metadata.resourceVersion;
  return {
    apiVersion: KINDS.Lease.apiVersion, kind: KINDS.Lease.kind,
    metadata: { name: NAME, namespace: NAMESPACE, annotations: { [HOST]: holder.host }, ...(version === undefined ? {} : { resourceVersion: version }) },
    spec: { holderIdentity: identity, leaseDurationSeconds: (MISSED * BEAT_MS) / 1000, acquireTime: times.acquired, renewTime: times.renewed, leaseTransitions: times.transitions },
  };
}

function held(cluster: string, spec: Spec): Failure {
  return new Failure({
    exit: 'rerun',
    what: `somebody else is working on ${cluster}`,
    because: `${spec.holder} since ${spec.acquired}, last heard of ${spec.renewed}`,
    hint: `wait until they are done; a holder that is gone loses the lock after ${(MISSED * BEAT_MS) / 1000} s without a beat`,
  });
}

/** Kubernetes' MicroTime. */
function micro(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, '000Z');
}
