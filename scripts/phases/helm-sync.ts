import { Failure } from '../engine/failure.ts';
import { retry, type RetryReason } from '../engine/retry.ts';
import type { Release } from '../config/cluster.ts';
import { ToolFailure } from '../tools/proc.ts';
import type { Cx } from './context.ts';
import { settlePending } from './helm-pending.ts';
import { MINUTES } from './wait-phase.ts';

/** Syncing is idempotent, so a release may be tried again; but only for troubles of the way to it, never for its own. */
const REASONS: readonly RetryReason[] = [
  // Helm, unlike our own requests, gives up at the first 429 or 503 of an API server that restarts or is busy.
  { name: 'the API server did not take a request', why: 'a control plane that has just come up restarts its API server', matches: (error) => says(error, /unable to handle the request|too many requests|TooManyRequests|please try again later/i) },
  { name: 'a connection to the API server broke', why: 'the same', matches: (error) => says(error, /connection reset|connection refused|EOF|TLS handshake timeout|http2: client connection lost|socket hang up|ECONNRESET/) },
  { name: 'etcd changed its leader', why: 'members were joining', matches: (error) => says(error, /etcdserver: (?:leader changed|no leader|request timed out)/) },
  // The webhook's Service has endpoints a moment before its pods listen.
  { name: 'an admission webhook is not up yet', why: 'cert-manager and External Secrets register theirs before it listens', matches: (error) => says(error, /failed calling webhook/) },
  // What a broken try leaves behind is settled before the next.
  { name: 'another operation was in progress', why: 'an earlier try was cut off', matches: (error) => says(error, /another operation \(install\/upgrade\/rollback\) is in progress/) },
];

function says(error: unknown, pattern: RegExp): boolean {
  return error instanceof ToolFailure && pattern.test(`${error.stderr}\n${error.message}`);
}

/** Installs one release, riding out what passes on the way to the API. `status` is its Helm status when it was last listed. */
export async function syncRelease(cx: Cx, release: Release, status: string | undefined): Promise<void> {
  await retry({
    what: `${release.namespace}/${release.name} ${release.version}`, reasons: REASONS, within: 30 * MINUTES, every: 5_000, clock: cx.clock, signal: cx.signal,
    retrying: (reason, attempt) => cx.emit({ type: 'retrying', lane: cx.lane, step: cx.step, what: `sync of ${release.name}`, reason, attempt }),
  }, async (attempt) => {
    if (!cx.dryRun) await settlePending(cx, release, attempt === 1 ? status : await statusNow(cx, release));
    await cx.doors.helmfile.sync('01-core.yaml', release.name);
  });
}

async function statusNow(cx: Cx, release: Release): Promise<string | undefined> {
  try {
    return (await cx.looking.helm.list()).find((found) => found.name === release.name && found.namespace === release.namespace)?.status;
  } catch (error) {
    // Not answered now: the sync itself will say whether something is pending.
    if (error instanceof Failure && error.exit === 'rerun') return undefined;
    throw error;
  }
}
