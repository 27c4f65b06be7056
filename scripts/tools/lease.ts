import type { KubeObject } from '../config/cluster.ts';
import type { Clock } from '../engine/clock.ts';
import { BEAT_MS, BEATS_MISSED, judgeHolder, Locked, lockedBy, lockLost, parseHolder, takenFrom, who } from '../engine/lock-holder.ts';
import type { LockHolder, SeenLock, Watching } from '../engine/lock-holder.ts';
import { Failure } from '../engine/failure.ts';
import type { LockingKube } from './kube.ts';
import { isObject, KubeFailure } from './kube-status.ts';
import { KINDS } from './kinds.ts';

/** kube-system is there from the API server's first seconds and nobody deletes it. */
const NAMESPACE = 'kube-system';
const NAME = 'task-lock';
/** Where the lock is, in words. */
export const LEASE = `Lease ${NAMESPACE}/${NAME}`;
/** Holds the holder as it is in every lock; `holderIdentity` says the same to people. */
const HOLDER = 'task.lock/holder';
/** Beats are at least this far apart in wall ms: a fast lab would otherwise be kept busy by them alone. */
const SHORTEST_BEAT_WALL_MS = 1_000;
/** A Lease somebody else's program wrote without saying how long it holds. */
const UNSAID_MS = BEATS_MISSED * BEAT_MS;
const TRIES = 4;
/** The API answers a moment before it has made kube-system; tries, and ms of the run's clock between them. */
const NAMESPACE_TRIES = 30;
const NAMESPACE_PAUSE_MS = 1_000;

/** Ms of the run's clock between two beats. */
export function leaseBeat(clock: Pick<Clock, 'speed'>): number {
  return Math.max(BEAT_MS, SHORTEST_BEAT_WALL_MS * clock.speed);
}

export interface LeaseOptions extends Pick<Watching, 'clock' | 'signal' | 'wall' | 'waiting'> {
  readonly cluster: string;
  readonly me: LockHolder;
}

export interface Lease {
  /** How it was come by, for the event: "free", or from whom it was taken over and why that was right. */
  readonly because: string;
  /** The same lock by another way to the API (another signal, say). */
  through(kube: Locker, signal?: AbortSignal): Holding;
}

export interface Holding {
  /** One sign of life. Throws the Failure (76) when somebody else has it now, and the API's own when it cannot be told. */
  renew(): Promise<void>;
  /** Gives it back, if it is still ours. */
  release(): Promise<void>;
}

type Locker = Pick<LockingKube, 'get' | 'create' | 'replace'>;

/**
 * Takes the cluster's lock in the cluster itself, or throws a Failure (75) that says who holds it, where and since when. Every write names the
 * version it replaces, so of two who try at once one fails. Durations are of the run's clock, times are wall times.
 */
export async function acquireLease(kube: Locker, options: LeaseOptions): Promise<Lease> {
  const { cluster, me } = options;
  const read = async (): Promise<Found> => foundIn(await kube.get(KINDS.Lease, NAME, NAMESPACE));
  for (let attempt = 1; ; attempt += 1) {
    let found = await read();
    let because = 'free';
    if (!found.free && found.lock.holder?.token !== me.token) {
      const judged = await judgeHolder(found.lock, {
        clock: options.clock, signal: options.signal, wall: options.wall, ...(options.waiting === undefined ? {} : { waiting: options.waiting }),
        look: async () => { found = await read(); return found.free ? undefined : found.lock; },
      });
      if (judged.is === 'alive') throw refused(cluster, found);
      if (judged.is === 'gone') because = `taken over from ${found.named}: ${judged.because}`;
    }
    if (await put(kube, leaseObject(me, found, options), found, options)) return { because, through: (way, signal = options.signal) => holding(way, { ...options, signal }) };
    // Somebody was faster: the next look names them.
    if (attempt >= TRIES) throw refused(cluster, await read());
  }
}

/** true when it was written as ours. A conflict may also be the answer to our own request, sent twice because the first answer was lost. */
async function put(kube: Locker, wanted: KubeObject, found: Found, options: LeaseOptions): Promise<boolean> {
  const done = found.object === null ? (await create(kube, wanted, options)) === 'created' : (await kube.replace(wanted)) === 'replaced';
  return done || foundIn(await kube.get(KINDS.Lease, NAME, NAMESPACE)).lock.holder?.token === options.me.token;
}

async function create(kube: Locker, wanted: KubeObject, { clock, signal }: LeaseOptions): Promise<'created' | 'exists'> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await kube.create(wanted);
    } catch (error) {
      if (!(error instanceof KubeFailure && error.status === 404) || attempt >= NAMESPACE_TRIES) throw error;
      await clock.sleep(Math.max(NAMESPACE_PAUSE_MS, 80 * clock.speed), signal);
    }
  }
}

function holding(kube: Locker, options: LeaseOptions): Holding {
  const { me, cluster } = options;
  const isMine = (found: Found): boolean => !found.free && found.lock.holder?.token === me.token;
  return {
    async renew() {
      // Twice at most: when our own write is refused, either somebody has it, or its answer was lost and it is ours.
      for (let attempt = 1; ; attempt += 1) {
        const found = foundIn(await kube.get(KINDS.Lease, NAME, NAMESPACE));
        // Removed, by whoever made the cluster anew, say: whoever makes it again first has it.
        if (found.object !== null && !isMine(found)) throw lockLost(cluster, found.free ? `somebody has given back ${LEASE} since` : found.lock.holder === undefined ? `${found.named} holds ${LEASE} now` : takenFrom(found.lock.holder));
        if (await put(kube, leaseObject(me, found, options), found, options)) return;
        if (attempt >= 2) throw new Failure({ exit: 'rerun', what: `the lock of ${cluster} cannot be renewed`, because: `${LEASE} changes faster than it can be written`, hint: `kubectl --namespace ${NAMESPACE} get lease ${NAME} --output yaml   shows who writes it` });
      }
    },
    async release() {
      const found = foundIn(await kube.get(KINDS.Lease, NAME, NAMESPACE));
      if (!isMine(found)) return;
      const { spec, metadata } = leaseObject(me, found, options);
      const { [HOLDER]: _mine, ...others } = metadata.annotations ?? {};
      await kube.replace({ ...leaseObject(me, found, options), metadata: { ...metadata, annotations: others }, spec: { ...(isObject(spec) ? spec : {}), holderIdentity: '' } });
    },
  };
}

interface Found {
  /** As the API has it; null when there is none. */
  readonly object: KubeObject | null;
  readonly free: boolean;
  readonly lock: SeenLock;
  /** The holder in words, whoever wrote them. */
  readonly named: string;
  readonly acquired: string;
  readonly transitions: number;
}

function foundIn(object: KubeObject | null): Found {
  const spec = isObject(object?.['spec']) ? object['spec'] : {};
  const text = (key: string): string => (typeof spec[key] === 'string' ? spec[key] : '');
  const number = (key: string): number | undefined => (typeof spec[key] === 'number' ? spec[key] : undefined);
  const said = parseHolder(object?.metadata.annotations?.[HOLDER] ?? '');
  const identity = text('holderIdentity');
  // An annotation somebody's program left while it took the Lease for itself names nobody.
  const holder = said !== undefined && who(said) === identity ? said : undefined;
  const seconds = number('leaseDurationSeconds');
  return {
    object, free: identity === '', named: identity, acquired: text('acquireTime'), transitions: number('leaseTransitions') ?? 0,
    lock: { mark: object?.metadata.resourceVersion ?? '', holder, renewed: Date.parse(text('renewTime')), patienceMs: seconds === undefined || seconds <= 0 ? UNSAID_MS : seconds * 1000 },
  };
}

function leaseObject(me: LockHolder, found: Found, { clock, wall }: LeaseOptions): KubeObject {
  const version = found.object?.metadata.resourceVersion;
  const kept = !found.free && found.lock.holder?.token === me.token;
  const now = micro(wall());
  return {
    apiVersion: KINDS.Lease.apiVersion, kind: KINDS.Lease.kind,
    metadata: { name: NAME, namespace: NAMESPACE, annotations: { ...found.object?.metadata.annotations, [HOLDER]: JSON.stringify(me) }, ...(version === undefined ? {} : { resourceVersion: version }) },
    spec: {
      holderIdentity: who(me), leaseDurationSeconds: Math.ceil((BEATS_MISSED * leaseBeat(clock)) / 1000),
      acquireTime: kept ? found.acquired : now, renewTime: now, leaseTransitions: found.transitions + (kept ? 0 : 1),
    },
  };
}

function refused(cluster: string, found: Found): Failure {
  const where = `${LEASE} of ${cluster}`;
  if (found.lock.holder !== undefined) return lockedBy(cluster, found.lock.holder, where);
  return new Locked({
    exit: 'rerun', what: `${cluster} is locked by somebody else`,
    because: found.free ? `${where} changes hands faster than it can be taken` : `${found.named} has held ${where} since ${found.acquired === '' ? 'a time it does not say' : found.acquired}`,
    hint: 'Wait for them to end, or ask them; a holder that is gone gives way by itself, after three missed beats',
  });
}

/** Kubernetes' MicroTime. */
function micro(ms: number): string {
  return new Date(ms).toISOString().replace(/Z$/, '000Z');
}
