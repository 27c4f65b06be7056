import type { KubeObject } from '../../config/cluster.ts';
import type { KindRef } from '../../tools/doors.ts';
import { check, fail, pass, skip, unread, type Finding } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { known, listOf } from '../look.ts';
import { fields, idOf, items } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';
import { podTrouble, rollout } from './rollout.ts';

export const workloadChecks = [
  check('workloads', 'every Deployment to be rolled out', (seen) => rolledOut(seen, KINDS.deployments)),
  check('workloads', 'every DaemonSet to be rolled out', (seen) => rolledOut(seen, KINDS.daemonSets)),
  check('workloads', 'every StatefulSet to be rolled out', (seen) => rolledOut(seen, KINDS.statefulSets)),
  check('workloads', 'no pod in trouble', podFindings),
];

function rolledOut(seen: Snapshot, kind: KindRef): readonly Finding[] {
  const list = listOf(seen, kind);
  if (!list.ok) return [unread(`${kind.kind}s`, list)];
  return list.value.map((workload) => rollout(workload, known(seen, KINDS.pods)));
}

function podFindings(seen: Snapshot): readonly Finding[] {
  const pods = listOf(seen, KINDS.pods);
  if (!pods.ok) return [unread('Pods', pods)];
  return pods.value.map(podFinding);
}

function podFinding(pod: KubeObject): Finding {
  const object = idOf(pod);
  const trouble = podTrouble(pod);
  if (trouble === undefined) return pass(object);
  // What is left of an attempt that was made again: the Job or the kubelet has gone on without it.
  const left = items(pod.metadata['ownerReferences']).some((owner) => fields(owner)['kind'] === 'Job') && trouble.state === 'Failed';
  if (left || trouble.state === 'Evicted') return skip(object, `left over (${trouble.state})`);
  const namespace = pod.metadata.namespace ?? 'default';
  const describe = `kubectl -n ${namespace} describe pod ${pod.metadata.name}`;
  const logs = trouble.container === undefined ? undefined : `kubectl -n ${namespace} logs ${pod.metadata.name} -c ${trouble.container} --previous`;
  const crashes = trouble.state === 'CrashLoopBackOff' && logs !== undefined;
  return fail(object, trouble.because, { state: trouble.state, hint: crashes ? logs : describe, tries: crashes ? [describe] : [], ...(trouble.since === undefined ? {} : { since: trouble.since }) });
}
