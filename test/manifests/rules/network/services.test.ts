import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../scripts/manifests/build/unknown.ts';
import { address, between, holds, range } from '../../../../scripts/manifests/index/addresses.ts';
import { loadBalancerAddress } from '../../../../scripts/manifests/rules/network/addresses.ts';
import { bgpReference } from '../../../../scripts/manifests/rules/network/bgp.ts';
import { serviceNumber, servicePort, serviceSelects } from '../../../../scripts/manifests/rules/network/services.ts';
import type { Rule } from '../../../../scripts/manifests/model.types.ts';
import { finds, type Parts } from '../../index/rig.ts';

const WEB = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}}}\n---\n';
const service = (spec: string, name = 'web', annotations = '{}'): string => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: shop, annotations: ${annotations}}\nspec: ${spec}\n---\n`;
const POOL = 'apiVersion: cilium.io/v2\nkind: CiliumLoadBalancerIPPool\nmetadata: {name: p}\nspec: {blocks: [{start: 10.0.0.10, stop: 10.0.0.20}, {cidr: 10.1.0.0/30}]}\n---\n';
const asks = (ip: string, name = 'web', more = ''): string => service('{type: LoadBalancer}', name, `{lbipam.cilium.io/ips: "${ip}"${more}}`);
const gateway = (ip: string): string => `apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: g, namespace: net}\nspec: {addresses: [{type: IPAddress, value: ${ip}}]}\n---\n`;
const peer = (labels: string): string => `apiVersion: cilium.io/v2\nkind: CiliumBGPPeerConfig\nmetadata: {name: pc}\nspec: {families: [{afi: ipv4, advertisements: {matchLabels: ${labels}}}]}\n---\n`;
const advertisement = (selector = ', selector: {matchExpressions: []}'): string => `apiVersion: cilium.io/v2\nkind: CiliumBGPAdvertisement\nmetadata: {name: a, labels: {advertise: bgp}}\nspec: {advertisements: [{advertisementType: Service${selector}}]}\n---\n`;
const config = (name: string): string => `apiVersion: cilium.io/v2\nkind: CiliumBGPClusterConfig\nmetadata: {name: c}\nspec: {bgpInstances: [{peers: [{name: r, peerConfigRef: {name: ${name}}}]}]}\n---\n`;

const FINDS: readonly (readonly [Rule, string, Parts | string, string])[] = [
  [serviceSelects, 'nobody', WEB + service('{selector: {app: wev}}'), 'Service web spec.selector: no pod of shop has app=wev'],
  [serviceSelects, 'nobody at all', service('{selector: {app: web}}'), 'Service web spec.selector: no pod of shop has app=web'],
  [servicePort, 'no such name', WEB + service('{selector: {app: web}, ports: [{port: 80, targetPort: htpp}]}'), 'Service web spec.ports.0.targetPort: no pod it finds has a port htpp'],
  [serviceNumber, 'another number', WEB + service('{selector: {app: web}, ports: [{port: 80}]}'), 'Service web spec.ports.0.port: the pods it finds say they listen on 8080, not on 80'],
  [loadBalancerAddress, 'in no pool', POOL + asks('10.0.0.30'), 'Service web metadata.annotations.lbipam.cilium.io/ips: 10.0.0.30 is in no pool of addresses'],
  [loadBalancerAddress, 'by its field', POOL + service('{type: LoadBalancer, loadBalancerIP: 10.1.0.4}'), 'Service web spec.loadBalancerIP: 10.1.0.4 is in no pool of addresses'],
  [loadBalancerAddress, 'of a Gateway', POOL + gateway('10.0.0.9'), 'Gateway g spec.addresses.0.value: 10.0.0.9 is in no pool of addresses'],
  [loadBalancerAddress, 'of two', POOL + asks('10.0.0.10') + gateway('10.0.0.10'), 'Gateway g spec.addresses.0.value: 10.0.0.10 is asked for by Service web as well'],
  [loadBalancerAddress, 'of MetalLB', `apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {name: p, namespace: m}\nspec: {addresses: [10.0.0.1-10.0.0.9]}\n---\n${asks('10.0.0.10')}`, 'Service web metadata.annotations.lbipam.cilium.io/ips: 10.0.0.10 is in no pool of addresses'],
  [loadBalancerAddress, 'no address', asks('10.0.0.256'), 'Service web metadata.annotations.lbipam.cilium.io/ips: 10.0.0.256 is no address'],
  [loadBalancerAddress, 'in values of a chart not here', { tree: `${POOL}apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: r, namespace: shop}\nspec: {values: {service: {annotations: {io.cilium/lb-ipam-ips: 10.0.0.30}}}}` }, 'HelmRelease r spec.values.service.annotations.io.cilium/lb-ipam-ips: 10.0.0.30 is in no pool of addresses'],
  [bgpReference, 'nobody\'s settings', config('pd') + peer('{advertise: bgp}') + advertisement(), 'CiliumBGPClusterConfig c spec.bgpInstances.0.peers.0.peerConfigRef.name: nobody makes CiliumBGPPeerConfig pd'],
  [bgpReference, 'nothing announced', peer('{advertise: bpg}') + advertisement(), 'CiliumBGPPeerConfig pc spec.families.0.advertisements: no CiliumBGPAdvertisement has advertise=bpg, so nothing is announced'],
  [bgpReference, 'no Services', advertisement(''), 'CiliumBGPAdvertisement a spec.advertisements.0: an advertisement of Services without a selector announces none'],
  [bgpReference, 'a pool of MetalLB', 'apiVersion: metallb.io/v1beta1\nkind: L2Advertisement\nmetadata: {name: l, namespace: m}\nspec: {ipAddressPools: [p]}', 'L2Advertisement l spec.ipAddressPools.0: nobody makes IPAddressPool m/p'],
];

const SILENT: readonly (readonly [Rule, string, Parts | string])[] = [
  [serviceSelects, 'somebody', WEB + service('{selector: {app: web}}')],
  [serviceSelects, 'without a selector', service('{ports: [{port: 80}]}')],
  [serviceSelects, 'a name elsewhere', service('{type: ExternalName, externalName: example.com, selector: {app: x}}')],
  [serviceSelects, 'pods of an operator', `apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\n---\n${service('{selector: {cnpg.io/cluster: db, role: primary}}')}`],
  [serviceSelects, 'perhaps pods of an operator nobody knows', `apiVersion: example.com/v1\nkind: App\nmetadata: {name: a, namespace: shop}\n---\n${service('{selector: {app: a}}')}`],
  [serviceSelects, 'perhaps of a chart', { tree: service('{selector: {app: web}}'), charts: { 'shop/x': undefined } }],
  [serviceSelects, 'a chart\'s own', { charts: { 'shop/x': service('{selector: {app: web}}') } }],
  [serviceSelects, 'the machines\' pods', service('{selector: {component: etcd}}').replace('namespace: shop', 'namespace: kube-system')],
  [serviceSelects, 'not known', WEB + service(`{selector: {app: "${UNKNOWN}"}}`)],
  [servicePort, 'there', WEB + service('{selector: {app: web}, ports: [{port: 80, targetPort: http}]}')],
  [servicePort, 'pods of an operator', `apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\n---\n${service('{selector: {cnpg.io/cluster: db}, ports: [{port: 80, targetPort: extra}]}')}`],
  [serviceNumber, 'one of them fits', WEB + service('{selector: {app: web}, ports: [{port: 80, targetPort: 8080}, {port: 9090}]}')],
  [serviceNumber, 'by name', WEB + service('{selector: {app: web}, ports: [{port: 80, targetPort: http}]}')],
  [serviceNumber, 'pods that do not say', WEB.replace('[{name: http, containerPort: 8080}]', '[]') + service('{selector: {app: web}, ports: [{port: 80}]}')],
  [loadBalancerAddress, 'in a pool', POOL + asks('10.0.0.10,10.1.0.3')],
  [loadBalancerAddress, 'shared', asks('10.0.0.10', 'web', ', lbipam.cilium.io/sharing-key: a') + asks('10.0.0.10', 'api', ', lbipam.cilium.io/sharing-key: a')],
  [loadBalancerAddress, 'no pool here', asks('10.0.0.30')],
  [loadBalancerAddress, 'a pool that is not known', POOL.replace('10.0.0.10', `"${UNKNOWN}"`) + asks('10.0.0.30')],
  [loadBalancerAddress, 'not known', POOL + asks(UNKNOWN)],
  [bgpReference, 'as it should be', config('pc') + peer('{advertise: bgp}') + advertisement()],
  [bgpReference, 'not known', config(`"${UNKNOWN}"`) + peer(`{advertise: "${UNKNOWN}"}`) + advertisement()],
];

describe('Services and addresses', () => {
  test.each(FINDS.map(([rule, what, parts, message]) => ({ rule, id: rule.id, what, parts, message })))('$id: $what', ({ rule, parts, message }) => {
    expect(finds(rule, parts)).toEqual([message]);
  });
  test.each(SILENT.map(([rule, what, parts]) => ({ rule, id: rule.id, what, parts })))('$id is silent: $what', ({ rule, parts }) => {
    expect(finds(rule, parts)).toEqual([]);
  });
});

describe('addresses', () => {
  test.each([['10.0.0.1', true], ['010.0.0.1', false], ['10.0.0', false], ['fd00::1', true], ['::', true], ['fd00:::1', false], ['1:2:3:4:5:6:7:8:9', false], ['', false]])('%s: %s', (text, is) => {
    expect(address(text) !== undefined).toBe(is);
  });
  test.each([['10.0.0.0/30', '10.0.0.3', true], ['10.0.0.0/30', '10.0.0.4', false], ['10.0.0.1-10.0.0.3', '10.0.0.2', true], ['10.0.0.1', '10.0.0.1', true], ['fd00::/64', 'fd00::ffff', true], ['fd00::/64', '10.0.0.1', false]])('%s holds %s: %s', (of, text, is) => {
    const [found, at] = [range(of), address(text)];
    expect(found !== undefined && at !== undefined && holds(found, at)).toBe(is);
  });
  test('what is no range', () => {
    expect([range('10.0.0.0/33'), range('a-b'), between('10.0.0.1', 'fd00::1'), range('10.0.0.0/24/1')]).toEqual([undefined, undefined, undefined, undefined]);
  });
});
