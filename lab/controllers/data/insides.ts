/** What happens inside the few pods of which the lab knows it: those that use volumes, that make a database, that write or read a sentinel. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import { leavesBehind, type Inside } from './claims.ts';
import { bootstraps } from './recovery.ts';
import { sentinelJob } from './sentinels.ts';

/** What a pod of a Job does; undefined where the lab knows nothing of it, and it simply ends well. */
export function runsInside(cx: ControllerContext, pod: KubeObject): Inside | undefined {
  return sentinelJob(cx, pod) ?? bootstraps(cx, pod) ?? begins(cx, pod);
}

/** The Job that leaves something in a volume nobody uses yet (kubernetes/components/volsync/begin). */
function begins(cx: ControllerContext, pod: KubeObject): Inside | undefined {
  if (pod.metadata.labels?.['app.kubernetes.io/component'] !== 'begin-volume') return undefined;
  leavesBehind(cx, pod);
  return { exitCode: 0 };
}
