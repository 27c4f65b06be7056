import type { KubeObject, Machine } from '../../config/cluster.ts';
import { parseDuration } from '../../config/duration.ts';
import { Failure } from '../../engine/failure.ts';
import { KINDS } from '../../tools/kinds.ts';
import type { Cx } from '../context.ts';
import { progress } from './chosen.ts';

/** Says that this program cordoned a node, and for which task; one that somebody else cordoned stays so. */
export const CORDONED = 'task/cordoned-for';
/** What OVERRIDE accepts by name: pods that do not go in time go down with their machine. */
export const DRAIN_DEADLINE = 'drain-deadline';
const DEFAULT_DRAIN = '10m';

/** How long a node may take to be drained, ms of the run's clock: the variable DRAIN. Throws a Failure (64) for what is no duration. */
export function drainDeadline(cx: Pick<Cx, 'variables'>): number {
  const given = cx.variables['DRAIN'] ?? '';
  const ms = parseDuration(given === '' ? DEFAULT_DRAIN : given);
  if (ms === undefined) throw new Failure({ exit: 'usage', what: `DRAIN=${given} is no duration`, hint: 'as in DRAIN=10m, DRAIN=90s' });
  return ms;
}

/** Takes no new pods on this node any more. */
export async function cordon(cx: Cx, machine: Machine): Promise<void> {
  const node = cx.dryRun ? null : await cx.looking.kube.get(KINDS.Node, machine.name);
  if (!cx.dryRun && (node === null || isCordoned(node))) return;
  await cx.doors.kube.patch(KINDS.Node, machine.name, undefined, { metadata: { annotations: { [CORDONED]: cx.step } }, spec: { unschedulable: true } });
}

/** Gives a node back what this program took; answers whether there was anything to give back. */
export async function uncordon(cx: Cx, machine: Machine, options: { readonly last?: boolean } = {}): Promise<boolean> {
  const node = cx.dryRun ? undefined : await cx.looking.kube.get(KINDS.Node, machine.name);
  if (!cx.dryRun && (node === null || node === undefined || cordonedBy(node) === undefined)) return false;
  await cx.doors.kube.patch(KINDS.Node, machine.name, undefined, { metadata: { annotations: { [CORDONED]: null } }, spec: { unschedulable: null } }, options);
  return true;
}

/** The step that cordoned a node, where it was this program. */
export function cordonedBy(node: KubeObject): string | undefined {
  return node.metadata.annotations?.[CORDONED];
}
function isCordoned(node: KubeObject): boolean {
  return Reflect.get(fields(node['spec']), 'unschedulable') === true;
}

/** A pod that has to leave its node, and what keeps it. */
interface Staying { readonly pod: string; readonly because: string | undefined }

/**
 * Evicts what runs on a node, as disruption budgets allow, until all of it is gone but what belongs to the node itself
 * (DaemonSets, static pods) and what has ended. What comes after, because it tolerates a cordoned node, goes down with it. Throws a Failure (75) that names each pod that stays and the budget that
 * keeps it; nothing was done to the machine then, and the node takes pods again.
 */
export async function drain(cx: Cx, machine: Machine, deadline: number): Promise<string> {
  let staying: readonly Staying[] = [];
  const found = new Set((await podsOn(cx, machine)).map(uidOf));
  const most = found.size;
  try {
    await cx.wait(`${machine.name} to be drained`, async () => {
      staying = await evictAll(cx, machine, found);
      if (staying.length === 0) return { ok: true, value: true };
      const kept = staying.filter(({ because }) => because !== undefined);
      return { ok: false, because: kept.length === 0 ? `${staying.length} pods are going` : kept.map(({ pod, because }) => `${pod}: ${because ?? ''}`).join('; '), done: most - staying.length, of: most };
    }, { patience: deadline, every: 3_000 });
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
    const told = staying.map(({ pod, because }) => `${pod}${because === undefined ? ' (evicted, and not gone)' : `: ${because}`}`).join('; ');
    if (cx.overrides.has(DRAIN_DEADLINE)) {
      cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `${machine.name} goes with ${staying.length} pods on it, as OVERRIDE=${DRAIN_DEADLINE} allows: ${told}` });
      return `${staying.length} of ${most} pods did not go in time`;
    }
    await uncordon(cx, machine);
    throw new Failure({
      exit: 'rerun', what: `${machine.name} could not be drained in ${Math.round(deadline / 1000)} s, so nothing was done to it`, because: told === '' ? error.because : told, cause: error,
      hint: `bring up what the budgets wait for (task cluster:health CLUSTER=${cx.cluster.name}), or give it longer by DRAIN=; OVERRIDE=${DRAIN_DEADLINE} lets the pods go down with the machine (journalled)`,
    });
  }
  progress(cx, machine, 'working', `drained, ${most} pods`);
  return `${most} pods evicted`;
}

async function podsOn(cx: Cx, machine: Machine): Promise<readonly KubeObject[]> {
  const { items } = await cx.doors.kube.list(KINDS.Pod, { keep: (pod) => pod });
  return items.filter((pod) => mustLeave(pod, machine.name));
}
const uidOf = (pod: KubeObject): string => pod.metadata.uid ?? `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;

async function evictAll(cx: Cx, machine: Machine, found: ReadonlySet<string>): Promise<readonly Staying[]> {
  const { evict } = cx.doors.kube;
  if (evict === undefined) throw new Failure({ exit: 'bug', what: 'there is no way to evict pods here', hint: 'please report this; nothing was done' });
  const staying: Staying[] = [];
  for (const pod of (await podsOn(cx, machine)).filter((each) => found.has(uidOf(each)))) {
    const [name, namespace] = [pod.metadata.name, pod.metadata.namespace ?? 'default'];
    // Told to go already: it has its grace period.
    if (pod.metadata.deletionTimestamp !== undefined) {
      staying.push({ pod: `${namespace}/${name}`, because: undefined });
      continue;
    }
    const answer = await evict(name, namespace);
    if (answer.is !== 'gone') staying.push({ pod: `${namespace}/${name}`, because: answer.is === 'refused' ? answer.because : undefined });
  }
  return staying;
}

/** Whether a pod has to leave that node before its machine goes. */
export function mustLeave(pod: KubeObject, node: string): boolean {
  if (Reflect.get(fields(pod['spec']), 'nodeName') !== node) return false;
  if (['Succeeded', 'Failed'].includes(String(Reflect.get(fields(pod['status']), 'phase')))) return false;
  if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) return false;
  const owners: unknown = pod.metadata['ownerReferences'];
  return !(Array.isArray(owners) && owners.some((owner: unknown) => Reflect.get(fields(owner), 'kind') === 'DaemonSet'));
}

function fields(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
