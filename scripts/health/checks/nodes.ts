import type { KubeObject, Machine } from '../../config/cluster.ts';
import { check, fail, pass, unread, type Finding } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { known, listOf } from '../look.ts';
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
    const request = pendingRequest(seen, machine);
    const node = nodes.value.find((candidate) => candidate.metadata.name === machine.name);
    if (request !== undefined && (node === undefined || condition(node, 'Ready')?.status === 'Unknown')) return unapproved(machine, request);
    if (node !== undefined) return judge(machine, node);
    const others = nodes.value.map((candidate) => candidate.metadata.name).toSorted().join(', ');
    return fail(nodeId(machine.name), `the nodes are ${others === '' ? 'none' : others}`, { state: 'not registered', hint: `talosctl -n ${machine.address} service kubelet` });
  });
}

/** The machine's own request for a client certificate, as long as nobody has approved or denied it. */
function pendingRequest(seen: Snapshot, machine: Machine): KubeObject | undefined {
  const wanted = `system:node:${machine.name}`;
  return known(seen, KINDS.certificateRequests).find((request) => spec(request, 'signerName') === KUBELET_SIGNER && condition(request, 'Approved') === undefined && condition(request, 'Denied') === undefined
    && (spec(request, 'username') === wanted || namesNode(text(spec(request, 'request')) ?? '', wanted)));
}
const KUBELET_SIGNER = 'kubernetes.io/kube-apiserver-client-kubelet';

/** Whether a PKCS#10 request (base64 of PEM) is for this node: a kubelet that has not joined yet asks under the name of its token, so the subject tells. */
function namesNode(request: string, wanted: string): boolean {
  const der = Buffer.from(Buffer.from(request, 'base64').toString('latin1').replaceAll(/-----[A-Z ]+-----|\s/gu, ''), 'base64');
  const name = Buffer.from(wanted, 'latin1');
  const at = der.indexOf(name);
  // The byte before a name in DER is its length: apps-1 is not the beginning of apps-10.
  return at > 0 && der[at - 1] === name.length;
}

function unapproved(machine: Machine, request: KubeObject): Finding {
  const { name, creationTimestamp } = request.metadata;
  const since = Date.parse(creationTimestamp ?? '');
  return fail(nodeId(machine.name), `its kubelet's request ${name} for a client certificate is not approved, so it may not talk to the API`, {
    state: 'certificate not approved', hint: `kubectl describe csr ${name}; when it is ${machine.name}'s own: kubectl certificate approve ${name}`, tries: [`talosctl -n ${machine.address} logs kubelet`, 'is the kube-controller-manager running? it approves such requests by itself'], ...(Number.isFinite(since) ? { since } : {}),
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
