import { check, fail, pass, skip, unread, type Finding, type HealthCheck } from '../finding.ts';
import { absentPeers } from '../beyond.ts';
import { KINDS } from '../kinds.ts';
import { known, listOf, NOT_LOOKED_AT } from '../look.ts';
import { fields, id, items, status, text } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';
import { treeHasMesh } from '../tree.ts';
import { rollout } from './rollout.ts';

const NAMESPACE = 'kube-system';
const SERVER = 'clustermesh-apiserver';
type Mesh = NonNullable<Snapshot['cluster']['mesh']>;

/**
 * What the Kubernetes API can tell of the mesh: the server peers talk to, its address, and the peers our agents are
 * configured with. Whether packets arrive is not in the API; that is for a probe.
 */
export const meshChecks: readonly HealthCheck[] = [
  meshCheck('the mesh server', (seen) => {
    const list = listOf(seen, KINDS.deployments);
    const object = id('Deployment', SERVER, NAMESPACE);
    if (!list.ok) return unread(object, list);
    const server = list.value.find((candidate) => candidate.metadata.namespace === NAMESPACE && candidate.metadata.name === SERVER);
    return server === undefined ? fail(object, `${NAMESPACE} has no Deployment ${SERVER}`, { state: 'not there', hint: `kubectl -n ${NAMESPACE} get deployments; clustermesh.useAPIServer of Cilium's values` }) : rollout(server, known(seen, KINDS.pods));
  }),
  meshCheck("the mesh server's address", (seen, mesh) => {
    const list = listOf(seen, KINDS.services);
    const object = id('Service', SERVER, NAMESPACE);
    if (!list.ok) return unread(object, list);
    const service = list.value.find((candidate) => candidate.metadata.namespace === NAMESPACE && candidate.metadata.name === SERVER);
    const hint = `kubectl -n ${NAMESPACE} describe service ${SERVER}`;
    if (service === undefined) return fail(object, `${NAMESPACE} has no Service ${SERVER}`, { state: 'not there', hint });
    const addresses = items(status(service, 'loadBalancer', 'ingress')).map((entry) => text(fields(entry)['ip'])).filter((ip) => ip !== undefined);
    return addresses.includes(mesh.address) ? pass(object, mesh.address) : fail(object, `it has ${addresses.length === 0 ? 'no address' : addresses.join(', ')}, ${seen.cluster.file} says ${mesh.address}`, { state: 'another address', hint });
  }),
  meshCheck("the mesh's authority", (seen) => {
    const object = id('Secret', 'cilium-ca', NAMESPACE);
    const [authority, served] = ['cilium-ca', 'clustermesh-apiserver-server-cert'].map((name) => ({ name, keys: seen.secretKeys[`${NAMESPACE}/${name}`] ?? NOT_LOOKED_AT, of: seen.authorities?.[`${NAMESPACE}/${name}`] }));
    if (authority?.keys.ok !== true) return unread(object, authority?.keys ?? NOT_LOOKED_AT);
    if (served?.keys.ok !== true) return unread(id('Secret', served?.name ?? '', NAMESPACE), served?.keys ?? NOT_LOOKED_AT);
    const describe = `kubectl -n ${NAMESPACE} describe secret cilium-ca`;
    if (authority.of === undefined) return fail(object, 'it holds no authority (ca.crt), so nothing the mesh trusts', { state: 'no authority', hint: describe });
    // While its job has not signed one yet, the server itself is not there either, which is told by its Deployment.
    if (served.of === undefined || served.of === authority.of) return pass(object);
    return fail(object, `the mesh server's certificate (Secret ${served.name}) was signed by another authority: cilium-ca was replaced since, and peers do not trust what is signed by it from now on`, {
      state: 'another authority', hint: `kubectl -n ${NAMESPACE} get secret cilium-ca -o jsonpath='{.data.ca\\.crt}'   in every cluster tells whose differs; it comes from the item cilium-ca of the secret store`, tries: [describe],
    });
  }),
  meshCheck('every mesh peer to be configured', (seen, mesh) => {
    const object = id('Secret', 'cilium-clustermesh', NAMESPACE);
    const keys = seen.secretKeys[`${NAMESPACE}/cilium-clustermesh`] ?? NOT_LOOKED_AT;
    if (!keys.ok) return unread(object, keys);
    const missing = mesh.peers.filter((peer) => keys.value?.includes(peer) !== true);
    return missing.length === 0 ? pass(object, `peers ${mesh.peers.join(', ')}`) : fail(object, `it does not name ${missing.join(', ')}`, { state: 'peers missing', hint: `kubectl -n ${NAMESPACE} describe secret cilium-clustermesh` });
  }),
  meshCheck('every mesh peer to be there', (seen, mesh) => {
    const absent = absentPeers(seen);
    if (seen.peers === undefined) return skip('mesh', 'nothing of the tree needs another cluster');
    if (absent.length === 0) return pass('mesh peers', mesh.peers.join(', '));
    const names = absent.map(({ name }) => name).join(', ');
    return { ...pass('mesh peers'), warning: `${names} ${absent.length === 1 ? 'is' : 'are'} not there (${absent[0]?.because ?? ''}); what needs ${absent.length === 1 ? 'it' : 'them'} is skipped`, hint: `task cluster:health CLUSTER=${absent[0]?.name ?? ''}` };
  }),
];

function meshCheck(name: string, judge: (seen: Snapshot, mesh: Mesh) => Finding): HealthCheck {
  return check('mesh', name, (seen) => {
    const { mesh } = seen.cluster;
    if (mesh === null) return [skip('mesh', `${seen.cluster.name} is not meshed`)];
    return treeHasMesh(seen.site, seen.cluster) ? [judge(seen, mesh)] : [skip('mesh')];
  });
}
