import { Failure } from '../engine/failure.ts';
import type { Release } from '../config/cluster.ts';
import { KINDS } from '../tools/kinds.ts';
import type { Cx } from './context.ts';
import { MINUTES } from './wait-phase.ts';

/** How long an orphaned helmfile may still be at work: its own timeout for one release. */
const ORPHAN_PATIENCE = 5 * MINUTES;

/**
 * A run that was killed may leave its helmfile at work, or dead in the middle: the release is then `pending-...`, and
 * Helm refuses to touch it ("another operation is in progress"). We hold the cluster's lock, so nobody else drives it:
 * give an orphan the time it may take, then remove the record of the unfinished revision, which changes no object of
 * the release. The next sync installs over what is there. `known` is the status the release had when it was last listed.
 */
export async function settlePending(cx: Cx, release: Release, known: string | undefined): Promise<void> {
  if (!isPending(known)) return;
  const status = async (): Promise<string | undefined> =>
    (await cx.looking.helm.list()).find((found) => found.name === release.name && found.namespace === release.namespace)?.status;
  try {
    await cx.wait(`an earlier operation on ${release.name} to end`, async () => {
      const now = await status();
      return isPending(now) ? { ok: false, because: `${release.namespace}/${release.name} is ${now ?? 'gone'}` } : { ok: true, value: now };
    }, { patience: ORPHAN_PATIENCE, every: 5_000 });
    return;
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
  }
  const { items } = await cx.looking.kube.list(KINDS.Secret, { namespace: release.namespace, labelSelector: `owner=helm,name=${release.name}` });
  const unfinished = items.filter((secret) => isPending(secret.metadata.labels?.['status']));
  for (const secret of unfinished) {
    cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `${release.name}: nobody finishes its ${secret.metadata.labels?.['status'] ?? 'pending'} revision; removing that record (Secret ${release.namespace}/${secret.metadata.name}) so that it can be installed again` });
    await cx.doors.kube.delete(KINDS.Secret, secret.metadata.name, release.namespace);
  }
}

function isPending(status: string | undefined): boolean {
  return status?.startsWith('pending-') === true;
}
