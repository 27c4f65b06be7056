import type { KubeObject } from '../../config/cluster.ts';
import type { KindRef } from '../../tools/doors.ts';
import { check, fail, unread, type Finding } from '../finding.ts';
import { KINDS, listKey } from '../kinds.ts';
import { listOf } from '../look.ts';
import { condition, idOf, status, text, time } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';
import { readiness } from './ready.ts';

const DAY = 86_400_000;
/** cert-manager renews at two thirds of a lifetime; one of 90 days this near its end has missed several attempts. */
const SOON = 14 * DAY;

export const certificateChecks = [
  check('certificates', 'every certificate issuer to be Ready', (seen) => [...readyOnes(seen, KINDS.clusterIssuers, readiness), ...readyOnes(seen, KINDS.issuers, readiness)]),
  check('certificates', 'every certificate to be Ready and valid', (seen) => readyOnes(seen, KINDS.certificates, (object) => certificate(object, seen.at))),
];

/** Every object of a kind that may not be in the tree: an unknown kind nobody waits for finds nothing. */
export function readyOnes(seen: Snapshot, kind: KindRef, judge: (object: KubeObject) => Finding): readonly Finding[] {
  const list = listOf(seen, kind);
  if (list.ok) return list.value.map(judge);
  if (list.needs === 'crds' && !seen.site.bootstrap.crds.waitSet.includes(listKey(kind))) return [];
  return [unread(`${kind.kind}s`, list)];
}

function certificate(object: KubeObject, now: number): Finding {
  const end = time(status(object, 'notAfter'));
  const hint = `kubectl -n ${object.metadata.namespace ?? 'default'} describe certificate ${object.metadata.name}`;
  const found = readiness(object);
  if (end !== undefined && end <= now) {
    return fail(idOf(object), `valid until ${new Date(end).toISOString()}${found.is === 'fail' && found.because !== '' ? `; ${found.because}` : ''}`, { state: 'expired', hint, since: end });
  }
  if (found.is === 'fail' && condition(object, 'Issuing')?.status === 'True') {
    return { ...found, state: `being issued, ${found.state ?? ''}`, hint: `kubectl -n ${object.metadata.namespace ?? 'default'} get certificaterequests,orders,challenges -o wide says what it waits for`, tries: [hint] };
  }
  if (found.is !== 'pass' || end === undefined || end - now > SOON) return found;
  const renewal = text(status(object, 'renewalTime'));
  return { ...found, warning: `expires in ${Math.max(0, Math.floor((end - now) / DAY))} days (${new Date(end).toISOString()})${renewal === undefined ? '' : `, renewal was due ${renewal}`}`, hint };
}
