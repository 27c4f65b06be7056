import type { KubeObject } from '../../config/cluster.ts';
import { fail, pass, type Finding } from '../finding.ts';
import { condition, fields, idOf, items, number, path, spec, status, text } from '../objects.ts';

/** Why a pod is not well, in the words of its container; undefined while nothing is wrong that waiting would not cure. */
export interface PodTrouble { readonly state: string; readonly because: string; readonly container: string | undefined; readonly since: number | undefined }

/** Waiting reasons that are part of an ordinary start. */
const STARTING = new Set(['', 'ContainerCreating', 'PodInitializing']);

export function podTrouble(pod: KubeObject): PodTrouble | undefined {
  const phase = text(status(pod, 'phase')) ?? '';
  if (phase === 'Succeeded') return undefined;
  for (const entry of [...items(status(pod, 'initContainerStatuses')), ...items(status(pod, 'containerStatuses'))]) {
    const container = fields(entry);
    const name = text(container['name']);
    const waiting = fields(fields(container['state'])['waiting']);
    const reason = text(waiting['reason']) ?? '';
    if (STARTING.has(reason)) continue;
    return { state: reason, container: name, because: [`container ${name ?? '?'}`, lastWords(container), text(waiting['message'])].filter((part) => part !== undefined && part !== '').join(': '), since: undefined };
  }
  const scheduled = condition(pod, 'PodScheduled');
  if (scheduled?.status === 'False') return { state: scheduled.reason || 'Unschedulable', because: scheduled.message, container: undefined, since: scheduled.since };
  if (phase === 'Failed') return { state: text(status(pod, 'reason')) ?? 'Failed', because: text(status(pod, 'message')) ?? 'it does not say why', container: undefined, since: undefined };
  return undefined;
}

/** What a container that ended said last: its message says more than the back-off that follows. */
function lastWords(container: Readonly<Record<string, unknown>>): string | undefined {
  const ended = fields(fields(container['lastState'])['terminated']);
  const code = number(ended['exitCode']);
  const message = text(ended['message'])?.trim();
  if (message !== undefined && message !== '') return message;
  return code === undefined ? undefined : `${text(ended['reason']) ?? 'ended'}, exit ${code}`;
}

/** The pods a workload selects. An empty selector selects nothing here: it would blame every pod of the namespace. */
export function podsOf(workload: KubeObject, pods: readonly KubeObject[]): readonly KubeObject[] {
  const wanted = Object.entries(fields(spec(workload, 'selector', 'matchLabels')));
  if (wanted.length === 0) return [];
  return (inNamespaces(pods).get(workload.metadata.namespace) ?? []).filter((pod) => wanted.every(([key, value]) => pod.metadata.labels?.[key] === value));
}

/** Hundreds of workloads look for theirs among thousands of pods: each list is sorted by namespace once. */
const sorted = new WeakMap<readonly KubeObject[], ReadonlyMap<string | undefined, readonly KubeObject[]>>();
function inNamespaces(pods: readonly KubeObject[]): ReadonlyMap<string | undefined, readonly KubeObject[]> {
  const known = sorted.get(pods);
  if (known !== undefined) return known;
  const made = Map.groupBy(pods, (pod) => pod.metadata.namespace);
  sorted.set(pods, made);
  return made;
}

/** Whether a Deployment, DaemonSet or StatefulSet is rolled out; if not, the worst its pods say. */
export function rollout(workload: KubeObject, pods: readonly KubeObject[]): Finding {
  const object = idOf(workload);
  const { wanted, updated, available } = counts(workload);
  const hint = `kubectl -n ${workload.metadata.namespace ?? 'default'} describe ${workload.kind.toLowerCase()} ${workload.metadata.name}`;
  const observed = number(status(workload, 'observedGeneration'));
  if (observed !== undefined && observed < (workload.metadata.generation ?? 0)) {
    return fail(object, 'its last change has not been acted on yet', { state: `generation ${observed} of ${workload.metadata.generation ?? 0}`, hint });
  }
  if (updated >= wanted && available >= wanted && (wanted > 0 || spec(workload, 'replicas') === 0 || workload.kind === 'DaemonSet')) {
    return wanted === 0 && workload.kind === 'DaemonSet' && observed === undefined ? fail(object, 'its controller has not looked at it yet', { state: 'no status', hint }) : pass(object);
  }
  const troubled = podsOf(workload, pods).map((pod) => ({ pod, trouble: podTrouble(pod) })).find(({ trouble }) => trouble !== undefined);
  const progressing = condition(workload, 'Progressing');
  const unavailable = condition(workload, 'Available');
  const said = progressing?.status === 'False' ? progressing : unavailable?.status === 'False' ? unavailable : undefined;
  // A pod that may not be made is nowhere to be seen; only this says why.
  const refused = condition(workload, 'ReplicaFailure');
  if (refused?.status === 'True') {
    const quota = /exceeded quota: ([a-z0-9.-]+)/u.exec(refused.message)?.[1];
    return fail(object, refused.message, {
      state: `${available} of ${wanted} available (${refused.reason})`, hint: quota === undefined ? hint : `kubectl -n ${workload.metadata.namespace ?? 'default'} describe resourcequota ${quota}`, tries: [hint],
      ...(refused.since === undefined ? {} : { since: refused.since }),
    });
  }
  const because = troubled?.trouble !== undefined
    ? `Pod ${path(troubled.pod)}: ${troubled.trouble.state}: ${troubled.trouble.because}`
    : said !== undefined ? said.message || said.reason : updated < wanted ? `${updated} of ${wanted} updated` : `${wanted - available} not available yet`;
  const logs = troubled?.trouble?.container === undefined || troubled.trouble.state !== 'CrashLoopBackOff' ? [] : [`kubectl -n ${workload.metadata.namespace ?? 'default'} logs ${troubled.pod.metadata.name} -c ${troubled.trouble.container} --previous`];
  const since = said?.since ?? troubled?.trouble?.since;
  return fail(object, because, { state: `${available} of ${wanted} available`, hint, tries: logs, ...(since === undefined ? {} : { since }) });
}

function counts(workload: KubeObject): { readonly wanted: number; readonly updated: number; readonly available: number } {
  const of = (key: string): number => number(status(workload, key)) ?? 0;
  if (workload.kind === 'DaemonSet') return { wanted: of('desiredNumberScheduled'), updated: of('updatedNumberScheduled'), available: of('numberAvailable') };
  const wanted = number(spec(workload, 'replicas')) ?? 1;
  // OnDelete StatefulSets update when somebody deletes the pod: nothing to wait for.
  const onDelete = spec(workload, 'updateStrategy', 'type') === 'OnDelete';
  const updated = onDelete ? wanted : workload.kind === 'StatefulSet' && status(workload, 'currentRevision') === status(workload, 'updateRevision') ? of('currentReplicas') || of('updatedReplicas') : of('updatedReplicas');
  return { wanted, updated, available: number(status(workload, 'availableReplicas')) ?? of('readyReplicas') };
}
