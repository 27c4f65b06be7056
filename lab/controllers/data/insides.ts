/** What happens inside the few pods of which the lab knows it: those that use volumes, that make a database, that write or read a sentinel. */
import type { ControllerContext, KubeObject } from '../../world/types.ts';
import type { Inside } from './claims.ts';
import { bootstraps } from './recovery.ts';
import { sentinelJob } from './sentinels.ts';

/** What a pod of a Job does; undefined where the lab knows nothing of it, and it simply ends well. */
export function runsInside(cx: ControllerContext, pod: KubeObject): Inside | undefined {
  return sentinelJob(cx, pod) ?? bootstraps(cx, pod);
}
