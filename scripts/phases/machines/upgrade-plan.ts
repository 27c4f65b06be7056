import type { Machine } from '../../config/cluster.ts';
import { Failure } from '../../engine/failure.ts';
import { KINDS } from '../../tools/kinds.ts';
import type { Cx } from '../context.ts';
import { cordonedBy } from './drain.ts';
import { compareVersions, parseVersion, PARTS, sameVersion, type Objection, type Running } from './versions.ts';

/** The act of an upgrade in the journal, by machine. */
export const UPGRADE = 'talos-upgrade';

/** What every machine runs, by name. Throws one Failure (75) with the reason of each that does not say. */
export async function talosVersions(cx: Cx, machines: readonly Machine[]): Promise<Readonly<Record<string, string>>> {
  const told = await cx.looking.talos.readEach('version', machines);
  const silent = machines.flatMap(({ name }) => {
    const answer = told.get(name);
    return answer?.ok === true ? [] : [`${name}: ${answer?.failure.because ?? answer?.failure.what ?? 'it was not asked'}`];
  });
  if (silent.length > 0) throw new Failure({ exit: 'rerun', what: `which Talos ${silent.length} ${silent.length === 1 ? 'machine runs' : 'machines run'} is not known`, because: silent.join('; '), hint: `task cluster:status CLUSTER=${cx.cluster.name}` });
  return Object.fromEntries(machines.flatMap(({ name }) => {
    const answer = told.get(name);
    return answer?.ok === true ? [[name, answer.value]] : [];
  }));
}

/** Whether a machine is not at that version, or an earlier run has not seen its turn to the end. */
export async function isUnfinished(cx: Cx, machine: Machine, version: string, to: string): Promise<boolean> {
  if (!sameVersion(version, to) || cx.actOpen(UPGRADE, machine.name)) return true;
  const node = await cx.looking.kube.get(KINDS.Node, machine.name);
  return node !== null && cordonedBy(node) !== undefined;
}

/** The parts of Kubernetes as they run: static pods by their image, kubelets by what their node says. Throws a Failure (75) for a part that is not to be seen. */
export async function runningParts(cx: Cx, machines: readonly Machine[]): Promise<readonly Running[]> {
  const [nodes, pods] = await Promise.all([cx.looking.kube.list(KINDS.Node), cx.looking.kube.list(KINDS.Pod, { namespace: 'kube-system' })]);
  const running: Running[] = [];
  for (const machine of machines) {
    for (const part of PARTS) {
      if (part !== 'kubelet' && machine.role !== 'controlplane') continue;
      const version = part === 'kubelet'
        ? textAt(nodes.items.find(({ metadata }) => metadata.name === machine.name), 'status', 'nodeInfo', 'kubeletVersion')
        : /:([^:@/]+)(?:@.*)?$/.exec(textAt(pods.items.find(({ metadata }) => metadata.name === `${part}-${machine.name}`), 'spec', 'containers', '0', 'image') ?? '')?.[1];
      if (version === undefined) throw new Failure({ exit: 'rerun', what: `which ${part} ${machine.name} runs is not to be seen`, because: part === 'kubelet' ? 'it is no node' : `there is no pod kube-system/${part}-${machine.name}`, hint: `task cluster:health CLUSTER=${cx.cluster.name}` });
      running.push({ machine: machine.name, part, version });
    }
  }
  return running;
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let at = value;
  for (const key of path) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
  return typeof at === 'string' ? at : undefined;
}

/** The newest of some versions. */
export function newest(versions: readonly string[]): string | undefined {
  return versions.toSorted((a, b) => compareVersions(parseVersion(b), parseVersion(a)))[0];
}

/** All that speaks against an upgrade, in one refusal (75) that has changed nothing. */
export function refuse(what: string, objections: readonly Objection[]): void {
  const [first] = objections;
  if (first === undefined) return;
  const unique = [...new Map(objections.map((each) => [each.because, each])).values()];
  throw new Failure({
    exit: 'rerun', what: `${what}: ${unique.length} ${unique.length === 1 ? 'rule says' : 'rules say'} no`, because: unique.map(({ rule, because }) => `${rule}: ${because}`).join('; '), hint: `${first.hint}; nothing was changed`,
    ...(unique.length < 2 ? {} : { parts: unique.map((each) => new Failure({ exit: 'rerun', what: each.rule, because: each.because, hint: each.hint })) }),
  });
}
