import { describe, expect, test } from 'vitest';
import { UNKNOWN } from '../../../../scripts/manifests/build/unknown.ts';
import { gatewayClass, gatewayListener, ingressBackend, tlsSecret } from '../../../../scripts/manifests/rules/network/gateways.ts';
import { hostTwice, routeBackend, routeParent } from '../../../../scripts/manifests/rules/network/routes.ts';
import type { Rule } from '../../../../scripts/manifests/model.types.ts';
import { finds, type Parts } from '../../index/rig.ts';

const GATEWAY = 'gateway.networking.k8s.io/v1';
const gateway = (listeners: string, more = ''): string => `apiVersion: ${GATEWAY}\nkind: Gateway\nmetadata: {name: main, namespace: net}\nspec: {gatewayClassName: c, ${more} listeners: [${listeners}]}\n---\n`;
const OPEN = '{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}';
const route = (spec: string, kind = 'HTTPRoute', name = 'r'): string => `apiVersion: ${GATEWAY}\nkind: ${kind}\nmetadata: {name: ${name}, namespace: shop}\nspec: ${spec}\n---\n`;
const TO = 'parentRefs: [{name: main, namespace: net}]';
const service = (where = 'shop'): string => `apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: ${where}}\nspec: {ports: [{name: http, port: 80}]}\n---\n`;
const backend = (ref: string): string => route(`{rules: [{backendRefs: [${ref}]}]}`);
const grant = (to = '{group: "", kind: Service}'): string => `apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: g, namespace: data}\nspec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}, {group: gateway.networking.k8s.io, kind: Gateway, namespace: net}], to: [${to}]}\n---\n`;
const ingress = (spec: string, name = 'i', annotations = '{}'): string => `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: ${name}, namespace: shop, annotations: ${annotations}}\nspec: ${spec}\n---\n`;
const leads = (service_: string): string => ingress(`{rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: ${service_}}}]}}]}`);
const CLASS = `apiVersion: ${GATEWAY}\nkind: GatewayClass\nmetadata: {name: c}\n---\n`;
const tls = (ref: string): string => `{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [${ref}]}}`;
const CERTIFICATE = 'apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: c, namespace: net}\nspec: {secretName: tls}\n---\n';
const hosts = (name: string, host = 'a.example.com', match = ''): string => route(`{${TO}, hostnames: [${host}], rules: [{${match}}]}`, 'HTTPRoute', name);

const FINDS: readonly (readonly [Rule, string, Parts | string, string])[] = [
  [routeParent, 'nobody', route(`{${TO}}`), 'HTTPRoute r spec.parentRefs.0.name: nobody makes Gateway net/main'],
  [routeParent, 'without its namespace', gateway(OPEN) + route('{parentRefs: [{name: main}]}'), 'HTTPRoute r spec.parentRefs.0.name: nobody makes Gateway shop/main'],
  [routeParent, 'no such listener', gateway(OPEN) + route('{parentRefs: [{name: main, namespace: net, sectionName: https}]}'), 'HTTPRoute r spec.parentRefs.0.sectionName: Gateway main has no listener https'],
  [routeParent, 'no such port', gateway(OPEN) + route('{parentRefs: [{name: main, namespace: net, port: 443}]}'), 'HTTPRoute r spec.parentRefs.0.port: Gateway main has no listener on port 443'],
  [routeParent, 'its own namespace only', gateway('{name: http, port: 80, protocol: HTTP}') + route(`{${TO}}`), 'HTTPRoute r spec.parentRefs.0: listener http of Gateway main takes no routes of namespace shop'],
  [routeParent, 'chosen namespaces', `${gateway('{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {a: b}}}}}')}apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n${route(`{${TO}}`)}`, 'HTTPRoute r spec.parentRefs.0: listener http of Gateway main takes no routes of namespace shop'],
  [routeParent, 'another protocol', gateway(OPEN) + route(`{${TO}}`, 'TLSRoute'), 'TLSRoute r spec.parentRefs.0: listener http of Gateway main takes no TLSRoute'],
  [routeParent, 'other names', gateway('{name: http, port: 80, protocol: HTTP, hostname: "*.example.com", allowedRoutes: {namespaces: {from: All}}}') + route(`{${TO}, hostnames: [a.example.org]}`), 'HTTPRoute r spec.hostnames.0: none of its names is one of listener http of Gateway main: *.example.com'],
  [routeBackend, 'nobody', backend('{name: web, port: 80}'), 'HTTPRoute r spec.rules.0.backendRefs.0.name: nobody makes Service shop/web'],
  [routeBackend, 'no such port', service() + backend('{name: web, port: 8080}'), 'HTTPRoute r spec.rules.0.backendRefs.0.port: Service shop/web has no port 8080'],
  [routeBackend, 'no port', service() + backend('{name: web}'), 'HTTPRoute r spec.rules.0.backendRefs.0.name: no port of Service shop/web is named'],
  [routeBackend, 'a mirror', service() + route('{rules: [{filters: [{type: RequestMirror, requestMirror: {backendRef: {name: wev, port: 80}}}]}]}'), 'HTTPRoute r spec.rules.0.filters.0.requestMirror.backendRef.name: nobody makes Service shop/wev'],
  [routeBackend, 'nobody grants it', service('data') + backend('{name: web, namespace: data, port: 80}'), 'HTTPRoute r spec.rules.0.backendRefs.0.namespace: no ReferenceGrant of data lets a HTTPRoute of shop lead to Service web'],
  [routeBackend, 'granted for another Service', service('data') + grant('{kind: Service, name: api}') + backend('{name: web, namespace: data, port: 80}'), 'HTTPRoute r spec.rules.0.backendRefs.0.namespace: no ReferenceGrant of data lets a HTTPRoute of shop lead to Service web'],
  [hostTwice, 'two routes', hosts('r') + hosts('s'), 'HTTPRoute s spec.hostnames.0: a.example.com/ is taken by HTTPRoute shop/r already'],
  [hostTwice, 'two routes on one path', hosts('r', 'a.example.com', 'matches: [{path: {type: PathPrefix, value: /a}}]') + hosts('s', 'a.example.com', 'matches: [{path: {type: PathPrefix, value: /b}}, {path: {type: PathPrefix, value: /a}}]'), 'HTTPRoute s spec.hostnames.0: a.example.com/a is taken by HTTPRoute shop/r already'],
  [hostTwice, 'two Ingresses', service() + leads('{name: web, port: {number: 80}}') + leads('{name: web, port: {number: 80}}').replace('name: i,', 'name: j,'), 'Ingress j spec.rules.0.http.paths.0.path: a.example.com/ is taken by Ingress shop/i already'],
  [gatewayClass, 'of a Gateway', gateway(OPEN), 'Gateway main spec.gatewayClassName: nobody makes GatewayClass c'],
  [gatewayClass, 'of a Gateway beside others', CLASS + gateway(OPEN).replace('gatewayClassName: c', 'gatewayClassName: cilium'), 'Gateway main spec.gatewayClassName: nobody makes GatewayClass cilium'],
  [gatewayClass, 'of an Ingress', ingress('{ingressClassName: ngin}'), 'Ingress i spec.ingressClassName: nobody makes IngressClass ngin'],
  [gatewayListener, 'one name', gateway(`${OPEN}, {name: http, port: 81, protocol: HTTP}`), 'Gateway main spec.listeners.1.name: two listeners are called http'],
  [gatewayListener, 'one port', gateway(`${OPEN}, {name: other, port: 80, protocol: HTTP}`), 'Gateway main spec.listeners.1.port: listeners http and other are for the same port'],
  [gatewayListener, 'no certificate', gateway('{name: https, port: 443, protocol: HTTPS, tls: {mode: Terminate}}'), 'Gateway main spec.listeners.0.tls: listener https ends TLS without a certificate'],
  [tlsSecret, 'of a Gateway', gateway(tls('{name: tls}')), 'Gateway main spec.listeners.0.tls.certificateRefs.0.name: nobody makes Secret net/tls, which holds the certificate'],
  [tlsSecret, 'of another namespace', gateway(tls('{name: tls, namespace: data}')) + CERTIFICATE.replace('namespace: net', 'namespace: data'), 'Gateway main spec.listeners.0.tls.certificateRefs.0.namespace: no ReferenceGrant of data lets a Gateway of net use Secret tls'],
  [tlsSecret, 'of an Ingress', ingress('{tls: [{secretName: tls}]}'), 'Ingress i spec.tls.0.secretName: nobody makes Secret shop/tls, which holds the certificate'],
  [ingressBackend, 'nobody', leads('{name: web, port: {number: 80}}'), 'Ingress i spec.rules.0.http.paths.0.backend.service.name: nobody makes Service shop/web'],
  [ingressBackend, 'no such number', service() + leads('{name: web, port: {number: 8080}}'), 'Ingress i spec.rules.0.http.paths.0.backend.service.port.number: Service shop/web has no port 8080'],
  [ingressBackend, 'no such name', service() + leads('{name: web, port: {name: htpp}}'), 'Ingress i spec.rules.0.http.paths.0.backend.service.port.name: Service shop/web has no port htpp'],
  [ingressBackend, 'the rest', ingress('{defaultBackend: {service: {name: web, port: {number: 80}}}}'), 'Ingress i spec.defaultBackend.service.name: nobody makes Service shop/web'],
];

const SILENT: readonly (readonly [Rule, string, Parts | string])[] = [
  [routeParent, 'as it should be', gateway(OPEN) + route('{parentRefs: [{name: main, namespace: net, sectionName: http}], hostnames: [a.example.com]}')],
  [routeParent, 'names in common', gateway('{name: http, port: 80, protocol: HTTP, hostname: "*.example.com", allowedRoutes: {namespaces: {from: All}}}') + route(`{${TO}, hostnames: ["*.a.example.com"]}`)],
  [routeParent, 'one of two listeners', gateway(`{name: own, port: 81, protocol: HTTP}, ${OPEN}`) + route(`{${TO}}`)],
  [routeParent, 'perhaps of a chart', { tree: route(`{${TO}}`), charts: { 'net/x': undefined } }],
  [routeParent, 'another kind of parent', route('{parentRefs: [{kind: ListenerSet, name: x}]}')],
  [routeParent, 'not known', gateway(OPEN) + route(`{parentRefs: [{name: "${UNKNOWN}", namespace: net}, {name: main, namespace: net, sectionName: "${UNKNOWN}"}]}`)],
  [routeBackend, 'there', service() + backend('{name: web, port: 80}')],
  [routeBackend, 'granted', service('data') + grant() + backend('{name: web, namespace: data, port: 80}')],
  [routeBackend, 'of an operator', `apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: db, namespace: shop}\n---\n${backend('{name: db-rw, port: 5432}')}`],
  [routeBackend, 'perhaps of a chart', { tree: backend('{name: web, port: 80}'), charts: { 'shop/x': undefined } }],
  [routeBackend, 'another kind', backend('{group: example.com, kind: Bucket, name: b}')],
  [routeBackend, 'not known', service() + backend(`{name: "${UNKNOWN}", port: 80}, {name: web, port: "${UNKNOWN}"}`)],
  [hostTwice, 'two names', hosts('r') + hosts('s', 'b.example.com')],
  [hostTwice, 'two paths', hosts('r') + hosts('s', 'a.example.com', 'matches: [{path: {type: PathPrefix, value: /b}}]')],
  [hostTwice, 'two methods', hosts('r', 'a.example.com', 'matches: [{method: GET}]') + hosts('s', 'a.example.com', 'matches: [{method: PUT}]')],
  [hostTwice, 'not known', hosts('r', `"${UNKNOWN}"`) + hosts('s', `"${UNKNOWN}"`)],
  [hostTwice, 'a canary', leads('{name: web}') + leads('{name: web}').replace('name: i,', 'name: j,').replace('annotations: {}', 'annotations: {nginx.ingress.kubernetes.io/canary: "true"}')],
  [gatewayClass, 'there', CLASS + gateway(OPEN)],
  [gatewayClass, 'made by its controller', gateway(OPEN).replace('gatewayClassName: c', 'gatewayClassName: istio') + ingress('{ingressClassName: nginx}')],
  [gatewayClass, 'perhaps of a chart', { tree: gateway(OPEN), charts: { 'x/y': undefined } }],
  [gatewayListener, 'two names on one port', gateway(`${OPEN}, {name: b, port: 80, protocol: HTTP, hostname: b.example.com}`)],
  [gatewayListener, 'TLS that goes through', gateway('{name: tls, port: 443, protocol: TLS, tls: {mode: Passthrough}}')],
  [tlsSecret, 'a Certificate', CERTIFICATE + gateway(tls('{name: tls}'))],
  [tlsSecret, 'granted', gateway(tls('{name: tls, namespace: data}')) + CERTIFICATE.replace('namespace: net', 'namespace: data') + grant('{kind: Secret}')],
  [tlsSecret, 'made for the Ingress', ingress('{tls: [{secretName: tls}]}', 'i', '{cert-manager.io/cluster-issuer: le}')],
  [tlsSecret, 'perhaps of a chart', { tree: ingress('{tls: [{secretName: tls}]}'), charts: { 'shop/x': undefined } }],
  [ingressBackend, 'there', service() + leads('{name: web, port: {name: http}}')],
];

describe('Gateways, routes and Ingresses', () => {
  test.each(FINDS.map(([rule, what, parts, message]) => ({ rule, id: rule.id, what, parts, message })))('$id: $what', ({ rule, parts, message }) => {
    expect(finds(rule, parts)).toEqual([message]);
  });
  test.each(SILENT.map(([rule, what, parts]) => ({ rule, id: rule.id, what, parts })))('$id is silent: $what', ({ rule, parts }) => {
    expect(finds(rule, parts)).toEqual([]);
  });
});
