import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../scripts/manifests/build/unknown.ts';
import { policyDns } from '../../../../scripts/manifests/rules/network/policy-dns.ts';
import { policyPeer, policyPort, policySelects } from '../../../../scripts/manifests/rules/network/policies.ts';
import type { Rule } from '../../../../scripts/manifests/model.types.ts';
import { finds, type Parts } from '../../index/rig.ts';

const namespace = (name: string, labels = '{}'): string => `apiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: ${labels}}\n---\n`;
const web = (name = 'web', where = 'shop', ports = '[{name: http, containerPort: 8080}]', more = ''): string => `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: ${name}, namespace: ${where}}\nspec: {template: {metadata: {labels: {app: ${name}}}, spec: {${more} containers: [{name: c, ports: ${ports}}]}}}\n---\n`;
const service = (name = 'web', where = 'shop'): string => `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}, namespace: ${where}}\nspec: {selector: {app: ${name}}, ports: [{port: 80, targetPort: http}]}\n---\n`;
const plain = (spec: string, name = 'p'): string => `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const cilium = (spec: string, name = 'p'): string => `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const wide = (spec: string): string => `apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\nmetadata: {name: p}\nspec: ${spec}\n---\n`;
const SHOP = namespace('shop') + web();
const BOTH = SHOP + namespace('data', '{team: db}') + web('db', 'data');
const ALL = 'podSelector: {}';
const from = (peer: string, ports = ''): string => plain(`{${ALL}, ingress: [{from: [${peer}]${ports}}]}`);
const to = (peer: string, ports = ''): string => plain(`{${ALL}, egress: [{to: [${peer}]${ports}}]}`);
const DENY = plain(`{${ALL}, policyTypes: [Egress]}`, 'deny');
const DENY_CILIUM = cilium('{endpointSelector: {}, egress: [{}]}', 'deny');
const DNS = plain(`{${ALL}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{port: 53, protocol: UDP}]}]}`, 'dns');

const FINDS: readonly (readonly [Rule, string, Parts | string, string])[] = [
  [policySelects, 'nobody', SHOP + plain('{podSelector: {matchLabels: {app: wev}}}'), 'NetworkPolicy p spec.podSelector: no pod of shop has app=wev'],
  [policySelects, 'nobody, of Cilium', SHOP + cilium('{endpointSelector: {matchLabels: {"k8s:app": wev}}}'), 'CiliumNetworkPolicy p spec.endpointSelector: no pod of shop has app=wev'],
  [policySelects, 'nobody, one of several', `${SHOP}apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: shop}\nspecs: [{endpointSelector: {matchLabels: {app: web}}}, {endpointSelector: {matchLabels: {app: wev}}}]`, 'CiliumNetworkPolicy p specs.1.endpointSelector: no pod of shop has app=wev'],
  [policySelects, 'nobody in the cluster', SHOP + wide('{endpointSelector: {matchLabels: {"k8s:io.kubernetes.pod.namespace": shop, app: wev}}}'), 'CiliumClusterwideNetworkPolicy p spec.endpointSelector: no pod of shop has io.kubernetes.pod.namespace=shop, app=wev'],
  [policyPeer, 'a namespace nobody makes', SHOP + from('{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dat}}}'), 'NetworkPolicy p spec.ingress.0.from.0.namespaceSelector.matchLabels.kubernetes.io/metadata.name: nobody makes namespace dat, so nobody is let through'],
  [policyPeer, 'a namespace nobody makes, of Cilium', SHOP + cilium('{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": dat}}]}]}'), 'CiliumNetworkPolicy p spec.egress.0.toEndpoints.0.matchLabels.k8s:io.kubernetes.pod.namespace: nobody makes namespace dat, so nobody is let through'],
  [policyPeer, 'pods of the same namespace', SHOP + from('{podSelector: {matchLabels: {app: wev}}}'), 'NetworkPolicy p spec.ingress.0.from.0.podSelector: no pod of shop has app=wev'],
  [policyPeer, 'pods of another namespace', BOTH + to('{namespaceSelector: {matchLabels: {team: db}}, podSelector: {matchLabels: {app: dv}}}'), 'NetworkPolicy p spec.egress.0.to.0.podSelector: no pod of data has app=dv'],
  [policyPeer, 'pods of another namespace, of Cilium', BOTH + cilium('{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"io.cilium.k8s.namespace.labels.team": db, app: dv}}]}]}'), 'CiliumNetworkPolicy p spec.egress.0.toEndpoints.0: no pod of data has io.cilium.k8s.namespace.labels.team=db, app=dv'],
  [policyPort, 'a name', SHOP + plain('{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: htpp}]}]}'), 'NetworkPolicy p spec.ingress.0.ports.0.port: no pod behind it has a port htpp'],
  [policyPort, 'the port of the Service', SHOP + service() + plain('{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}]}]}'), 'NetworkPolicy p spec.ingress.0.ports.0.port: 80 is the port of the Service, and the pods behind it listen on 8080'],
  [policyPort, 'the port of the Service on the other side', BOTH + service('db', 'data') + cilium('{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": data, app: db}}], toPorts: [{ports: [{port: "80"}]}]}]}'), 'CiliumNetworkPolicy p spec.egress.0.toPorts.0.ports.0.port: 80 is the port of the Service, and the pods behind it listen on 8080'],
  [policyDns, 'nothing may leave', SHOP + DENY, 'NetworkPolicy deny spec.podSelector: nothing may leave shop, not even questions to DNS'],
  [policyDns, 'nothing may leave, of Cilium', SHOP + DENY_CILIUM, 'CiliumNetworkPolicy deny spec.endpointSelector: nothing may leave shop, not even questions to DNS'],
  [policyDns, 'only to a database', SHOP + DENY + to('{namespaceSelector: {matchLabels: {team: db}}}', ', ports: [{port: 5432}]'), 'NetworkPolicy deny spec.podSelector: nothing may leave shop, not even questions to DNS'],
  [policyDns, 'for other pods only', SHOP + web('api') + DENY + DNS.replace(ALL, 'podSelector: {matchLabels: {app: api}}'), 'NetworkPolicy deny spec.podSelector: Deployment web may not ask DNS: no policy of shop that lets it out is for its pods'],
  [policyDns, 'in an empty namespace too', namespace('shop') + DENY, 'NetworkPolicy deny spec.podSelector: nothing may leave shop, not even questions to DNS'],
];

const SILENT: readonly (readonly [Rule, string, Parts | string])[] = [
  [policySelects, 'everybody', SHOP + plain(`{${ALL}}`) + cilium('{endpointSelector: {}}')],
  [policySelects, 'somebody', SHOP + plain('{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, api]}]}}')],
  [policySelects, 'a namespace where nothing of the tree runs', namespace('shop') + plain('{podSelector: {matchLabels: {app: wev}}}')],
  [policySelects, 'a chart not here', { tree: SHOP + plain('{podSelector: {matchLabels: {app: wev}}}'), charts: { 'shop/x': undefined } }],
  [policySelects, 'labels that are not known', SHOP + plain(`{podSelector: {matchLabels: {app: "${UNKNOWN}"}}}`)],
  [policySelects, 'nodes', SHOP + wide('{nodeSelector: {matchLabels: {a: b}}}')],
  [policySelects, 'labels Cilium gives', SHOP + cilium('{endpointSelector: {matchLabels: {"k8s:io.cilium.k8s.policy.serviceaccount": x}}}')],
  [policyPeer, 'there', BOTH + to('{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: data}}, podSelector: {matchLabels: {app: db}}}')],
  [policyPeer, 'the system', SHOP + to('{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}')],
  [policyPeer, 'a tree that makes no namespaces', web() + from('{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: dat}}}')],
  [policyPeer, 'addresses, names and entities', SHOP + to('{ipBlock: {cidr: 10.0.0.0/8}}') + cilium('{endpointSelector: {}, egress: [{toEntities: [world]}, {toFQDNs: [{matchName: example.com}]}]}')],
  [policyPeer, 'what is reserved', SHOP + cilium('{endpointSelector: {}, ingress: [{fromEndpoints: [{matchLabels: {"reserved:host": ""}}]}]}')],
  [policyPeer, 'a namespace that is empty so far', SHOP + namespace('data') + to('{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: data}}, podSelector: {matchLabels: {app: db}}}')],
  // The system's namespaces may have labels nobody here knows.
  [policyPeer, 'labels that none of the tree\'s namespaces has', BOTH + from('{namespaceSelector: {matchLabels: {team: dba}}}')],
  [policyPeer, 'not known', SHOP + from(`{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: "${UNKNOWN}"}}}`)],
  [policyPort, 'its name, and its number', SHOP + plain('{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: http}, {port: 8080}, {port: 9999}]}]}')],
  [policyPort, 'both, to be sure', SHOP + service() + plain('{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}, {port: 8080}]}]}')],
  [policyPort, 'pods that do not say', `${namespace('shop')}${web('web', 'shop', '[]')}${service()}${plain('{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}]}]}')}`],
  [policyPort, 'out to anybody', SHOP + service() + plain(`{${ALL}, egress: [{ports: [{port: 80}]}]}`)],
  [policyPort, 'not known', SHOP + plain(`{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: "${UNKNOWN}"}]}]}`)],
  [policyDns, 'a policy of either kind opens it', SHOP + DENY + DENY_CILIUM + DNS],
  [policyDns, 'by Cilium', SHOP + DENY + cilium('{endpointSelector: {}, egress: [{toEndpoints: [{matchLabels: {"k8s:io.kubernetes.pod.namespace": kube-system}}], toPorts: [{ports: [{port: "53", protocol: ANY}]}]}]}')],
  [policyDns, 'for the whole cluster', SHOP + DENY + wide('{endpointSelector: {}, egress: [{toEntities: [kube-apiserver]}, {toPorts: [{ports: [{port: "53"}]}]}]}')],
  [policyDns, 'everything may leave', SHOP + DENY + plain(`{${ALL}, egress: [{}]}`)],
  [policyDns, 'everything in the cluster', SHOP + DENY + cilium('{endpointSelector: {}, egress: [{toEntities: [cluster]}]}')],
  [policyDns, 'only some are closed off', SHOP + DENY.replace(ALL, 'podSelector: {matchLabels: {app: web}}')],
  [policyDns, 'nothing may come in', SHOP + plain(`{${ALL}, policyTypes: [Ingress]}`)],
  [policyDns, 'it closes nothing', SHOP + cilium('{endpointSelector: {}, enableDefaultDeny: {egress: false}, egress: [{toEntities: [world], toPorts: [{ports: [{port: "443"}]}]}]}')],
  [policyDns, 'pods that do not ask it', `${namespace('shop')}${web('web', 'shop', '[]', 'hostNetwork: true,')}${web('api')}${DENY}${DNS.replace(ALL, 'podSelector: {matchLabels: {app: api}}')}`],
  [policyDns, 'ports that are not known', SHOP + DENY + plain(`{${ALL}, egress: [{ports: [{port: "${UNKNOWN}"}]}]}`)],
];

describe('network policies', () => {
  test.each(FINDS.map(([rule, what, parts, message]) => ({ rule, id: rule.id, what, parts, message })))('$id: $what', ({ rule, parts, message }) => {
    expect(finds(rule, parts)).toEqual([message]);
  });
  test.each(SILENT.map(([rule, what, parts]) => ({ rule, id: rule.id, what, parts })))('$id is silent: $what', ({ rule, parts }) => {
    expect(finds(rule, parts)).toEqual([]);
  });
});
