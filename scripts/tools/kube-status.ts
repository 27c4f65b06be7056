import { Failure } from '../engine/failure.ts';
import type { ExitName } from '../engine/failure.ts';
import type { KubeReply, KubeRequest } from './kube-http.ts';
import { NoAnswer } from './kube-http.ts';

export interface Cause { readonly reason: string; readonly message: string; readonly field: string }
/** A Kubernetes Status, as far as it is used. Bodies are not always one ("404 page not found"). */
export interface Status { readonly reason: string; readonly message: string; readonly causes: readonly Cause[] }

/** The API server refused. `status` 0 means that no answer came. */
export class KubeFailure extends Failure {
  readonly status: number;
  readonly reason: string;
  readonly causes: readonly Cause[];

  constructor(parts: { readonly exit: ExitName; readonly what: string; readonly because: string; readonly hint?: string | undefined; readonly status: number; readonly reason: string; readonly causes: readonly Cause[]; readonly cause?: unknown }) {
    super(parts);
    this.name = 'KubeFailure';
    this.status = parts.status;
    this.reason = parts.reason;
    this.causes = parts.causes;
  }
}

/** Reads the Status of a refused request; a body that is none becomes the message. */
export function parseStatus(reply: Pick<KubeReply, 'status' | 'body'>): Status {
  const parsed = json(reply.body);
  if (isObject(parsed) && parsed['kind'] === 'Status') {
    const details = parsed['details'];
    const causes = isObject(details) && Array.isArray(details['causes']) ? details['causes'] : [];
    return {
      reason: text(parsed['reason']), message: text(parsed['message']),
      causes: causes.map((item: unknown) => (isObject(item) ? { reason: text(item['reason']), message: text(item['message']), field: text(item['field']) } : { reason: '', message: String(item), field: '' })),
    };
  }
  return { reason: '', message: reply.body.trim().slice(0, 300) || `HTTP status ${reply.status}`, causes: [] };
}

/** The Failure of a refused request. `what` completes "<what> failed"-like sentences and names the object. */
export function refusal(what: string, reply: KubeReply): KubeFailure {
  const status = parseStatus(reply);
  // 400 and 422: the object itself is wrong, and trying again changes nothing.
  const exit: ExitName = reply.status === 400 || reply.status === 422 ? 'configuration' : 'rerun';
  const hint = reply.status === 401 ? 'the kubeconfig is of no use any more: task cluster:kubeconfig' : undefined;
  return new KubeFailure({ exit, what, because: status.message, hint, status: reply.status, reason: status.reason, causes: status.causes });
}

/** The Failure of a request nobody answered. */
export function unreachable(what: string, error: NoAnswer): KubeFailure {
  return new KubeFailure({ exit: 'rerun', what, because: plainly(error), status: 0, reason: error.code, causes: [], cause: error });
}

function plainly(error: NoAnswer): string {
  switch (error.code) {
    case 'ECONNREFUSED': return 'connection refused';
    case 'ECONNRESET': case 'EPIPE': return 'the connection was reset';
    case 'ENOTFOUND': return 'its name does not resolve';
    case 'EHOSTUNREACH': case 'ENETUNREACH': return 'there is no route to it';
    default: return error.message;
  }
}

/** A trouble that passes by itself, why it does, and how it looks. There is no retry without an entry here. */
interface Passing { readonly name: string; readonly only?: (request: KubeRequest) => boolean; /** Attempts after which it does not count as passing any more. */ readonly most?: number; readonly looks: (outcome: Outcome) => boolean }
export type Outcome = { readonly reply: KubeReply } | { readonly error: NoAnswer };

const PASSING: readonly Passing[] = [
  // A load balancer or a restarting API server closed a kept connection under us. Every request here may be repeated: reads, applies, deletes.
  { name: 'the connection was reset', looks: (o) => 'error' in o && (o.error.code === 'ECONNRESET' || o.error.code === 'EPIPE' || /socket hang up/.test(o.error.message)) },
  // API priority and fairness turns requests away and says when to come again; of an eviction it is also how a disruption budget says no.
  { name: 'the API server is busy', only: (r) => !r.path.endsWith('/eviction'), looks: (o) => 'reply' in o && o.reply.status === 429 },
  // Starting up or shutting down; only when it says itself that it is worth coming again.
  { name: 'the API server asks to come again', looks: (o) => 'reply' in o && o.reply.status >= 500 && o.reply.retryAfter !== undefined },
  // A restarting server, or what stands in front of it, without an invitation: it may also stay so, hence a few times only. /readyz says so as its answer.
  { name: 'the API server is unavailable for the moment', most: 12, only: (r) => r.path !== '/readyz', looks: (o) => 'reply' in o && (o.reply.status === 503 || o.reply.status === 504) },
  // etcd chose a new leader while members were joining; the request was not carried out.
  { name: 'etcd changed its leader', looks: (o) => 'reply' in o && o.reply.status >= 500 && /etcdserver: (?:leader changed|no leader|request timed out)/.test(o.reply.body) },
  // A webhook's pods are registered before they listen (cert-manager, external-secrets right after their install).
  { name: 'an admission webhook is not up yet', only: (r) => r.method !== 'GET', looks: (o) => 'reply' in o && o.reply.status === 500 && /failed calling webhook/.test(o.reply.body) && /connection refused|no endpoints available|context deadline exceeded|i\/o timeout/.test(o.reply.body) },
  // A CRD is Established a moment before its path is served. Its answer is not a Status about an object but the router's own 404.
  { name: 'the kind is not served yet', only: (r) => r.method === 'PATCH', looks: (o) => 'reply' in o && o.reply.status === 404 && (o.reply.body.startsWith('404 page not found') || /could not find the requested resource/.test(o.reply.body)) },
];

/** Name of the passing trouble an outcome of attempt `attempt` (from 1) shows, or undefined when trying again would be guessing. */
export function passingTrouble(request: KubeRequest, outcome: Outcome, attempt: number): string | undefined {
  return PASSING.find((entry) => attempt < (entry.most ?? Infinity) && entry.only?.(request) !== false && entry.looks(outcome))?.name;
}

/** Pause before attempt `attempt` + 1, ms of the run's clock: what the server asked for, else doubling from 250 ms to 8 s. */
export function pause(outcome: Outcome, attempt: number): number {
  const asked = 'reply' in outcome ? Number(outcome.reply.retryAfter) : Number.NaN;
  return Number.isFinite(asked) && asked >= 0 ? Math.min(asked * 1000, 30_000) : Math.min(250 * 2 ** (attempt - 1), 8_000);
}

export function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Not JSON: the caller decides what that means.
    return undefined;
  }
}
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
