import { randomBytes } from 'node:crypto';
import type { KubeObject } from '../config/cluster.ts';
import { dig, listIn, mapIn, textIn } from '../config/data.ts';
import type { DataSet } from '../config/recovery.ts';

/** The shell and its printf, on a claim that may belong to anybody. */
export const VOLUME_IMAGE = 'docker.io/library/busybox:1.37.0';
/** psql, where the database does not say which image it runs itself. */
export const POSTGRES_IMAGE = 'ghcr.io/cloudnative-pg/postgresql:17.6';

/** Says to people, policies and the lab what a Job of ours does. */
export const SENTINEL_LABEL = 'task.dr/sentinel';
export type Does = 'write' | 'read';

/** The Job leaves itself behind for so long at most, and works for so long at most, seconds of the cluster. */
const TTL_S = 600;
const DEADLINE_S = 600;
const RETRIES = 3;

const FILE = '/data/.dr-sentinel';
const SAY = 'if [ -n "$found" ]; then printf "found %s" "$found" > /dev/termination-log; else printf none > /dev/termination-log; fi';
const SCRIPTS: Readonly<Record<`${Does}-${'volume' | 'postgres'}`, string>> = {
  'write-volume': `set -eu; printf %s "$SENTINEL" > ${FILE}.new; mv -f ${FILE}.new ${FILE}; sync; found=$(cat ${FILE}); ${SAY}`,
  'read-volume': `set -eu; found=""; if [ -e ${FILE} ]; then found=$(cat ${FILE}); fi; ${SAY}`,
  'write-postgres': `set -eu
printf '%s\\n' "CREATE TABLE IF NOT EXISTS dr_sentinel (id integer PRIMARY KEY, value text NOT NULL, written timestamptz NOT NULL);" "INSERT INTO dr_sentinel VALUES (1, :'value', now()) ON CONFLICT (id) DO UPDATE SET value = excluded.value, written = excluded.written;" | psql "$PGURI" -X -q -v ON_ERROR_STOP=1 -v value="$SENTINEL"
found=$(psql "$PGURI" -X -Atqc "SELECT value FROM dr_sentinel WHERE id = 1")
${SAY}`,
  'read-postgres': `set -eu
found=""
if [ "$(psql "$PGURI" -X -Atqc "SELECT to_regclass('dr_sentinel') IS NOT NULL")" = t ]; then found=$(psql "$PGURI" -X -Atqc "SELECT value FROM dr_sentinel WHERE id = 1"); fi
${SAY}`,
};

/** Whose volume it is, as far as the cluster shows it: where it is mounted now, and as whom. */
export interface Neighbour { readonly node: string | undefined; readonly security: Readonly<Record<string, unknown>> }

/** Nobody uses the claim: a user of no rights, to whom a file system without an owner is given. */
const NOBODY = { runAsUser: 65_534, runAsGroup: 65_534, fsGroup: 65_534, fsGroupChangePolicy: 'OnRootMismatch' };

/**
 * The pod that uses a claim, if one does: a volume that is one node's at a time is only there, and what is in it belongs to that
 * pod's user. Without one, anybody's.
 */
export function neighbourOf(pods: readonly KubeObject[], claim: string): Neighbour {
  const user = pods.find((pod) => textIn(pod, 'status', 'phase') === 'Running' && pod.metadata.deletionTimestamp === undefined
    && listIn(pod, 'spec', 'volumes').some((volume) => textIn(volume, 'persistentVolumeClaim', 'claimName') === claim));
  if (user === undefined) return { node: undefined, security: NOBODY };
  const own = (name: string): unknown => dig(user, ['spec', 'containers', 0, 'securityContext', name]) ?? dig(user, ['spec', 'securityContext', name]);
  const [runAsUser, runAsGroup] = [own('runAsUser'), own('runAsGroup')];
  const { fsGroup, supplementalGroups, seLinuxOptions } = mapIn(user, 'spec', 'securityContext');
  return {
    node: textIn(user, 'spec', 'nodeName'),
    security: {
      // Root is refused where only restricted pods may run; what it wrote is then not ours to touch, and the Job says so.
      runAsUser: typeof runAsUser === 'number' && runAsUser > 0 ? runAsUser : NOBODY.runAsUser, ...(typeof runAsGroup === 'number' && runAsGroup > 0 ? { runAsGroup } : {}),
      ...(fsGroup === undefined ? {} : { fsGroup, fsGroupChangePolicy: 'OnRootMismatch' }), ...(supplementalGroups === undefined ? {} : { supplementalGroups }), ...(seLinuxOptions === undefined ? {} : { seLinuxOptions }),
    },
  };
}

/** What a Job needs to know of the claim or the database it goes to. */
export type Into =
  | { readonly kind: 'volume'; readonly claim: string; readonly neighbour: Neighbour }
  | { readonly kind: 'postgres'; readonly database: string; readonly image: string };

/** A Job that fits where only restricted pods may run, in the data set's own namespace. The value goes by the environment, never into a script. */
export function sentinelJob(set: DataSet, does: Does, into: Into, value: string): KubeObject {
  const labels = { 'app.kubernetes.io/name': 'dr-sentinel', 'app.kubernetes.io/managed-by': 'task', [SENTINEL_LABEL]: `${does}-${into.kind}`, 'task.dr/data-set': set.name.slice(0, 63) };
  const volume = into.kind === 'volume';
  const env = [
    ...(does === 'write' ? [{ name: 'SENTINEL', value }] : []),
    ...(volume ? [] : [{ name: 'PGURI', valueFrom: { secretKeyRef: { name: `${into.database}-app`, key: 'uri' } } }, { name: 'PGCONNECT_TIMEOUT', value: '10' }]),
  ];
  return {
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: { name: `dr-sentinel-${does}-${set.name}`.slice(0, 46).replace(/-+$/, '') + `-${randomBytes(4).toString('hex')}`, namespace: set.namespace, labels },
    spec: {
      backoffLimit: RETRIES, activeDeadlineSeconds: DEADLINE_S, ttlSecondsAfterFinished: TTL_S,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'Never', automountServiceAccountToken: false, enableServiceLinks: false,
          ...(volume && into.neighbour.node !== undefined ? { nodeSelector: { 'kubernetes.io/hostname': into.neighbour.node } } : {}),
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' }, ...(volume ? into.neighbour.security : { runAsUser: 26, runAsGroup: 26 }) },
          containers: [{
            name: 'sentinel', image: volume ? VOLUME_IMAGE : into.image, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', SCRIPTS[`${does}-${into.kind}`]], env,
            terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'FallbackToLogsOnError',
            resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { cpu: '500m', memory: '128Mi' } },
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
            ...(volume ? { volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: does === 'read' }] } : {}),
          }],
          ...(volume ? { volumes: [{ name: 'data', persistentVolumeClaim: { claimName: into.claim } }] } : {}),
        },
      },
    },
  };
}

/** How a pod of the Job ended: its last message, and when (the cluster's clock). */
export interface Ended { readonly message: string; readonly at: string }
export function endedOf(pod: KubeObject): Ended | undefined {
  const done = mapIn(pod, 'status', 'containerStatuses', 0, 'state', 'terminated');
  const { message, finishedAt } = done;
  return typeof finishedAt === 'string' ? { message: typeof message === 'string' ? message.trim() : '', at: finishedAt } : undefined;
}

/** Why the Job has not ended, in the words of whoever holds it up: the scheduler, the kubelet, or the last try. */
export function holdup(job: KubeObject | null, pods: readonly KubeObject[]): string {
  if (job === null) return 'its Job is gone: somebody else removed it';
  const newest = pods.toSorted((a, b) => (a.metadata.creationTimestamp ?? '').localeCompare(b.metadata.creationTimestamp ?? '')).at(-1);
  if (newest === undefined) {
    const refused = listIn(job, 'status', 'conditions').map((condition) => textIn(condition, 'message')).findLast((message) => message !== undefined);
    return refused ?? 'its Job has no pod yet';
  }
  const pod = `its pod ${newest.metadata.name}`;
  const placed = listIn(newest, 'status', 'conditions').find((condition) => textIn(condition, 'type') === 'PodScheduled');
  if (textIn(placed, 'status') === 'False') return `${pod} is not placed (${textIn(placed, 'reason') ?? ''}): ${textIn(placed, 'message') ?? ''}`;
  const waiting = mapIn(newest, 'status', 'containerStatuses', 0, 'state', 'waiting');
  if (typeof waiting['reason'] === 'string') return `${pod} waits (${waiting['reason']})${typeof waiting['message'] === 'string' && waiting['message'] !== '' ? `: ${waiting['message']}` : ''}`;
  const ended = endedOf(newest);
  if (textIn(newest, 'status', 'phase') === 'Failed') return `${pod} failed${ended === undefined || ended.message === '' ? '' : `: ${ended.message}`}`;
  return `${pod} is ${textIn(newest, 'status', 'phase') ?? 'not looked at yet'}`;
}
