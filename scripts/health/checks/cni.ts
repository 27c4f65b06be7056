import { check, fail, unread, type Finding } from '../finding.ts';
import type { KindRef } from '../../tools/doors.ts';
import { KINDS } from '../kinds.ts';
import { known, listOf } from '../look.ts';
import { id } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';
import { rollout } from './rollout.ts';

/** Cilium's own objects, where its chart puts them. */
const NAMESPACE = 'kube-system';
export const CILIUM = id('DaemonSet', 'cilium', NAMESPACE);

export const cniChecks = [
  check('cni', 'the Cilium agent on every node', (seen) => [expected(seen, KINDS.daemonSets, 'cilium')]),
  check('cni', 'the Cilium operator', (seen) => [expected(seen, KINDS.deployments, 'cilium-operator')]),
];

function expected(seen: Snapshot, kind: KindRef, name: string): Finding {
  const list = listOf(seen, kind);
  if (!list.ok) return unread(id(kind.kind, name, NAMESPACE), list);
  const found = list.value.find((object) => object.metadata.namespace === NAMESPACE && object.metadata.name === name);
  if (found === undefined) return fail(id(kind.kind, name, NAMESPACE), `${NAMESPACE} has no ${kind.kind} ${name}`, { state: 'not there', hint: `task bootstrap:core CLUSTER=${seen.cluster.name}` });
  return rollout(found, known(seen, KINDS.pods));
}
