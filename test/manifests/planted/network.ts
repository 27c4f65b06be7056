import type { Planted } from '../planted.ts';
import { at, besideWith } from '../planted-places.ts';

const HOUSE = 'kubernetes/infrastructure';
const CILIUM = `${HOUSE}/networking/cilium`;
const GATEWAY = `${CILIUM}/gateway/app`;
const NAMESPACES = `${HOUSE}/security/networkpolicy/namespaces`;
const DENY = 'kubernetes/components/networkpolicy/deny-all/networkpolicy.yaml';

const WEB = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
        - name: web
          image: registry.k8s.io/pause:3.10
          ports:
            - name: http
              containerPort: 8080
`;
const beside = besideWith(WEB, 'n');
const service = (selector: string, port: string): string => `apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  selector:\n    app: ${selector}\n  ports:\n    - name: http\n      port: 80\n${port}`;
const GOOD = service('web', '      targetPort: http\n');
const route = (rule: string, name = 'web', host = 'shop.${SECRET_DOMAIN}'): string => `apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata:\n  name: ${name}\n  namespace: shop\nspec:\n  parentRefs:\n    - name: \${CILIUM_GATEWAY_INTERNAL_NAME}\n      namespace: kube-system\n      sectionName: https\n  hostnames: ["${host}"]\n  rules:\n    - backendRefs:\n${rule}`;
const TO_WEB = '        - name: web\n          port: 80\n';
const ingress = (name: string, port: string): string => `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  namespace: shop\nspec:\n  ingressClassName: cilium\n  rules:\n    - host: shop.\${SECRET_DOMAIN}\n      http:\n        paths:\n          - path: /\n            pathType: Prefix\n            backend:\n              service:\n                name: ${name}\n                port:\n                  number: ${port}\n`;
const policy = (spec: string): string => `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web\n  namespace: shop\nspec:\n${spec}`;

export const PLANTED: readonly Planted[] = [
  { rule: 'service-selects', variant: 'another label', ...beside(`${CILIUM}/bgp/app`, 'advertisement.yaml', service('website', '      targetPort: http\n'), 'selector:'), says: /no pod of shop-\w+ has app=website/ },
  { rule: 'service-port', variant: 'a name misspelt', ...beside(`${CILIUM}/ipam/app`, 'l2.yaml', service('web', '      targetPort: https\n'), 'targetPort: https'), says: /no pod it finds has a port https/ },
  { rule: 'service-number', variant: 'not the port of the pods', ...beside(`${HOUSE}/storage/rook-ceph/cluster`, 'toolbox.yaml', service('web', ''), 'port: 80'), says: /listen on 8080, not on 80/ },
  { rule: 'policy-selects', variant: 'another label', ...beside(`${CILIUM}/bgp/app`, 'cluster-config.yaml', policy('  podSelector:\n    matchLabels:\n      app: website\n  policyTypes: [Ingress]\n'), 'podSelector:'), says: /no pod of shop-\w+ has app=website/ },
  { rule: 'policy-peer', variant: 'a namespace nobody makes', ...at(`${NAMESPACES}/gitlab-system/allow.yaml`, 'k8s:io.kubernetes.pod.namespace: cnpg-system', 'k8s:io.kubernetes.pod.namespace: cnpg'), cluster: 'apps', says: /nobody makes namespace cnpg, so nobody is let through/ },
  { rule: 'policy-peer', variant: 'pods nobody runs', ...beside(`${CILIUM}/ipam/app`, 'pool.yaml', policy('  podSelector: {}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector:\n            matchLabels:\n              app: website\n'), '- podSelector:'), says: /no pod of shop-\w+ has app=website/ },
  { rule: 'policy-port', variant: 'the port of the Service', ...beside(`${CILIUM}/bgp/app`, 'peer-config.yaml', `${GOOD}---\n${policy('  podSelector:\n    matchLabels:\n      app: web\n  policyTypes: [Ingress]\n  ingress:\n    - ports:\n        - protocol: TCP\n          port: 80 # of the Service\n')}`, 'port: 80 # of the Service'), says: /80 is the port of the Service, and the pods behind it listen on 8080/ },
  { rule: 'policy-dns', variant: 'a namespace that is closed and not opened for it', change: [{ file: `${NAMESPACES}/harbor/kustomization.yaml`, from: '  - ../../../../../components/networkpolicy/allow-dns\n', to: '' }], at: { file: DENY, line: 'podSelector: {}' }, cluster: 'infra', says: /nothing may leave harbor, not even questions to DNS/ },
  { rule: 'gateway-class', variant: 'a name misspelt', ...at(`${GATEWAY}/external.yaml`, 'gatewayClassName: cilium', 'gatewayClassName: celium'), says: /nobody makes GatewayClass celium/ },
  { rule: 'gateway-listener', variant: 'two of one name', ...at(`${GATEWAY}/internal.yaml`, '- name: https', '- name: http # twice', '- name: http # twice'), says: /two listeners are called http/, also: ['route-parent'] },
  { rule: 'tls-secret', variant: 'a certificate nobody makes', ...at(`${GATEWAY}/internal.yaml`, 'name: wildcard-tls', 'name: wildcard'), says: /nobody makes Secret kube-system\/wildcard, which holds the certificate/ },
  { rule: 'route-parent', variant: 'no such listener', ...at(`${GATEWAY}/redirect.yaml`, '    - name: ${CILIUM_GATEWAY_EXTERNAL_NAME}\n      namespace: kube-system\n      sectionName: http', '    - name: ${CILIUM_GATEWAY_EXTERNAL_NAME}\n      namespace: kube-system\n      sectionName: htpp', 'sectionName: htpp'), says: /Gateway cilium-gateway-external has no listener htpp/ },
  { rule: 'route-parent', variant: 'a Gateway of another namespace', ...at(`${GATEWAY}/redirect.yaml`, '    - name: ${CILIUM_GATEWAY_INTERNAL_NAME}\n      namespace: kube-system', '    - name: ${CILIUM_GATEWAY_INTERNAL_NAME}\n      namespace: networking', '- name: ${CILIUM_GATEWAY_INTERNAL_NAME}'), says: /nobody makes Gateway networking\/cilium-gateway-internal/ },
  { rule: 'route-parent', variant: 'a namespace it does not take', change: [{ file: `${GATEWAY}/kustomization.yaml`, from: '  - redirect.yaml\n', to: '  - redirect.yaml\n  - shop.yaml\n' }, { file: `${GATEWAY}/shop.yaml`, whole: `${WEB}---\n${GOOD}---\n${route(TO_WEB)}` }, { file: `${GATEWAY}/internal.yaml`, from: '      port: 443\n      allowedRoutes:\n        namespaces:\n          from: All', to: '      port: 443\n      allowedRoutes:\n        namespaces:\n          from: Same' }], at: { file: `${GATEWAY}/shop.yaml`, line: '- name: ${CILIUM_GATEWAY_INTERNAL_NAME}' }, says: /listener https of Gateway cilium-gateway-internal takes no routes of namespace shop/, also: ['route-parent'] },
  { rule: 'route-backend', variant: 'a Service nobody makes', ...beside(GATEWAY, 'external.yaml', route(TO_WEB.replace('name: web', 'name: wep')), '- name: wep'), says: /nobody makes Service shop-\w+\/wep/ },
  { rule: 'route-backend', variant: 'a port it does not have', ...beside(GATEWAY, 'internal.yaml', `${GOOD}---\n${route(TO_WEB.replace('80', '8080'))}`, 'port: 8080'), says: /Service shop-\w+\/web has no port 8080/ },
  { rule: 'host-twice', variant: 'two routes', ...beside(GATEWAY, 'gatewayclass.yaml', `${GOOD}---\n${route(TO_WEB)}---\n${route(TO_WEB, 'website')}`, 'hostnames:'), says: /is taken by HTTPRoute shop-\w+\/web already/ },
  { rule: 'load-balancer-address', variant: 'in no pool', change: [{ file: 'kubernetes/clusters/infra/cluster-settings.yaml', from: 'CILIUM_GATEWAY_LB_IP_INTERNAL: 10.25.11.111', to: 'CILIUM_GATEWAY_LB_IP_INTERNAL: 10.25.11.130' }], at: { file: `${GATEWAY}/internal.yaml`, line: 'value: ${CILIUM_GATEWAY_LB_IP_INTERNAL}' }, cluster: 'infra', says: /10\.25\.11\.130 is in no pool of addresses/ },
  { rule: 'load-balancer-address', variant: 'of two', change: [{ file: 'kubernetes/clusters/apps/cluster-settings.yaml', from: 'CILIUM_GATEWAY_LB_IP_INTERNAL: 10.25.11.122', to: 'CILIUM_GATEWAY_LB_IP_INTERNAL: 10.25.11.121' }], at: { file: `${GATEWAY}/internal.yaml`, line: 'value: ${CILIUM_GATEWAY_LB_IP_INTERNAL}' }, cluster: 'apps', says: /10\.25\.11\.121 is asked for by Gateway cilium-gateway-external as well/ },
  { rule: 'bgp-reference', variant: 'nothing announced', ...at(`${CILIUM}/bgp/app/peer-config.yaml`, 'advertise: bgp', 'advertise: bpg', 'advertisements:'), says: /no CiliumBGPAdvertisement has advertise=bpg/ },
  { rule: 'bgp-reference', variant: 'settings nobody makes', ...at(`${CILIUM}/bgp/app/cluster-config.yaml`, 'name: bgp-peer-config', 'name: bgp-peers'), says: /nobody makes CiliumBGPPeerConfig bgp-peers/ },
  { rule: 'ingress-backend', variant: 'a Service nobody makes', ...beside(`${CILIUM}/ipam/app`, 'pool.yaml', `${GOOD}---\n${ingress('wep', '80')}`, 'name: wep'), says: /^nobody makes Service shop-\w+\/wep$/ },
  { rule: 'ingress-backend', variant: 'the port of its pods', ...beside(`${CILIUM}/bgp/app`, 'peer-config.yaml', `${GOOD}---\n${ingress('web', '8080')}`, 'number: 8080'), says: /^Service shop-\w+\/web has no port 8080$/ },
];
