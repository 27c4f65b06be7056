import type { KubeObject, Machine } from '../../config/cluster.ts';
import { check, fail, pass, unread, type Finding } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { listOf } from '../look.ts';
import { condition, fields, id, items, spec, status, text } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';

export const nodeId = (name: string): string => id('Node', name);

/** Registered, not Ready: that is all a cluster without a CNI can be asked for. */
export const nodesRegisteredChecks = [check('nodes', 'every machine to be registered as a node', (seen) => perNode(seen, registered))];
export const nodesReadyChecks = [check('nodes', 'every node to be Ready', (seen) => perNode(seen, ready))];

function perNode(seen: Snapshot, judge: (machine: Machine, node: KubeObject) => Finding): readonly Finding[] {
  const nodes = listOf(seen, KINDS.nodes);
  if (!nodes.ok) return [unread('nodes', nodes)];
  return seen.cluster.machines.map((machine) => {
    const node = nodes.value.find((candidate) => candidate.metadata.name === machine.name);
    if (node !== undefined) return judge(machine, node);
    const others = nodes.value.map((candidate) => candidate.metadata.name).toSorted().join(', ');
    return fail(nodeId(machine.name), `the nodes are ${others === '' ? 'none' : others}`, { state: 'not registered', hint: `talosctl -n ${machine.address} service kubelet` });
  });
}

function registered(machine: Machine, node: KubeObject): Finding {
  const addresses = items(status(node, 'addresses')).map(fields).filter((address) => address['type'] === 'InternalIP').map((address) => text(address['address']));
  if (addresses.length > 0 && !addresses.includes(machine.address)) {
    return fail(nodeId(machine.name), `it registered with ${addresses.join(', ')}, its configuration says ${machine.address}`, { state: 'another address', hint: `kubectl get node ${machine.name} -o wide` });
  }
  return pass(nodeId(machine.name));
}

const PRESSURES = ['MemoryPressure', 'DiskPressure', 'PIDPressure'] as const;

function ready(machine: Machine, node: KubeObject): Finding {
  const object = nodeId(machine.name);
  const hint = `kubectl describe node ${machine.name}`;
  const said = condition(node, 'Ready');
  if (said === undefined) return fail(object, 'its kubelet has not reported yet', { state: 'no status', hint });
  if (said.status !== 'True') {
    return fail(object, said.message || said.reason || 'it does not say why', {
      state: `Ready=${said.status}${said.reason === '' ? '' : ` (${said.reason})`}`, hint, tries: [`talosctl -n ${machine.address} logs kubelet`], ...(said.since === undefined ? {} : { since: said.since }),
    });
  }
  for (const type of PRESSURES) {
    const pressure = condition(node, type);
    if (pressure?.status === 'True') return fail(object, pressure.message || pressure.reason, { state: type, hint, ...(pressure.since === undefined ? {} : { since: pressure.since }) });
  }
  if (spec(node, 'unschedulable') === true) return fail(object, 'somebody cordoned it', { state: 'SchedulingDisabled', hint: `kubectl uncordon ${machine.name}` });
  return pass(object);
}

/** Kubelet says so itself when the network is what a node waits for. */
export function blamesNetwork(node: Finding): boolean {
  return /network|cni/iu.test(node.because);
}
