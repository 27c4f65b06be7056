import type { Cluster } from '../../config/cluster.ts';
import type { EndpointAnswer } from '../../tools/doors.ts';
import { fail, pass, type Finding } from '../finding.ts';
import { controlPlanes } from '../look.ts';

export const endpointId = (cluster: Pick<Cluster, 'endpoint'>): string => `endpoint ${new URL(cluster.endpoint).hostname}`;

/**
 * Whether the name of the endpoint leads to the control planes. The site has one address record per control plane and no
 * virtual address, so any other address is a record that was left behind or is another cluster's.
 */
export function endpointFinding(cluster: Cluster, answer: EndpointAnswer): Finding {
  const object = endpointId(cluster);
  const planes = controlPlanes(cluster).map((machine) => machine.address);
  const hint = `give ${answer.host} one address record per control plane: ${planes.join(', ')}; getent ahosts ${answer.host} shows what it has`;
  if (answer.is === 'nowhere') return fail(object, `${answer.host} does not resolve: ${answer.because}`, { state: 'no such name', hint });
  if (answer.is !== 'leads') return { is: 'unknown', object, because: `no name server tells where ${answer.host} leads: ${answer.because}`, hint };
  const strangers = answer.addresses.filter((address) => !planes.includes(address));
  if (strangers.length === 0 && answer.addresses.length > 0) return pass(object, `leads to ${answer.addresses.join(', ')}`);
  return fail(object, `${answer.host} resolves to ${answer.addresses.join(', ')}; the control planes of ${cluster.name} are ${planes.join(', ')}`, { state: 'leads elsewhere', hint });
}
