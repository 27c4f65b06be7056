import { Failure } from '../engine/failure.ts';
import { retry, type RetryReason } from '../engine/retry.ts';
import type { Release } from '../config/cluster.ts';
import type { HelmRelease } from '../tools/doors.ts';
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

/** What Helm has, and the releases of ours that are not yet as we want them. */
export interface ToDo { readonly open: readonly Release[]; readonly deployed: readonly HelmRelease[] }

/**
 * Installs the open releases with one helmfile, which keeps the order of their needs: a process for each took 0.2 to 0.3 s
 * more a release. Rides out what passes on the way to the API; then `look` tells what is still to do.
 */
export async function syncReleases(cx: Cx, found: ToDo, look: () => Promise<ToDo>): Promise<void> {
  let todo = found;
  const syncing = retry({
    what: `sync of ${namesOf(found.open).join(', ')}`, reasons: REASONS, within: 60 * MINUTES, every: 5_000, clock: cx.clock, signal: cx.signal,
    retrying: (reason, attempt) => cx.emit({ type: 'retrying', lane: cx.lane, step: cx.step, what: 'sync of the core releases', reason, attempt }),
  }, async (attempt) => {
    if (attempt > 1) todo = await lookAgain(todo, look);
    if (todo.open.length === 0) return;
    for (const release of todo.open) await settlePending(cx, release, todo.deployed.find((each) => isOf(each, release))?.status);
    const ended = new Set<string>();
    const of = cx.site.helmfile.core.length;
    const before = of - todo.open.length;
    await cx.doors.helmfile.sync('01-core.yaml', namesOf(todo.open), (name, state) => {
      const release = todo.open.find((each) => each.name === name);
      if (release === undefined) return;
      if (state === 'ended') ended.add(name);
      cx.emit({
        type: 'progress', lane: cx.lane, step: cx.step, subject: name, done: before + ended.size, of,
        ...(state === 'ended' ? { state: 'done', note: release.version } : { state: 'working', note: `installing ${release.version}` }),
      });
    });
  });
  try {
    await syncing;
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== 'rerun' || error.hint !== undefined) throw error;
    // Helm tells what did not come up and not why: a node, an image and a webhook all look like a wait that ended.
    throw new Failure({ exit: 'rerun', what: error.what, because: error.because, hint: `task cluster:health CLUSTER=${cx.cluster.name} names the cause; mend it, then run the same command again`, log: error.log, cause: error });
  }
}

/** Not answered now: the sync itself will say whether something is in its way. */
async function lookAgain(before: ToDo, look: () => Promise<ToDo>): Promise<ToDo> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof Failure && error.exit === 'rerun') return before;
    throw error;
  }
}

/** Whether Helm's entry is this release. */
export function isOf(found: HelmRelease, release: Release): boolean {
  return found.name === release.name && found.namespace === release.namespace;
}

/** As selectors take them. */
export function namesOf(releases: readonly Release[]): readonly string[] { return releases.map((release) => release.name); }
