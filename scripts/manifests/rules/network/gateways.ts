import { listed, meant } from '../../../config/words.ts';
import type { Found, Rule, View } from '../../model.types.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { at, entries, isUnknown, text, whole } from '../../index/read.ts';
import { holdersOf } from '../../index/secrets.ts';
import { GATEWAY, granted, listeners, servicePorts } from './gateway-model.ts';

type Finding = Omit<Found, 'rule'>;

/** Classes that controllers make themselves while they run, and those that clouds and distributions bring. */
const GATEWAY_CLASSES = /^(?:cilium|istio(?:-.*)?|gke-.*|azure-.*|amazon-.*|traefik|kong|nginx|eg|envoy.*|haproxy|contour|tailscale|kgateway.*)$/;
const INGRESS_CLASSES = /^(?:traefik|nginx|public|haproxy|kong|cilium|alb|gce.*|azure.*|webapprouting.*|tailscale|contour|istio|openshift-.*)$/;

export const gatewayClass: Rule = {
  id: 'gateway-class',
  severity: 'error',
  summary: 'Classes of Gateways and Ingresses exist.',
  why: 'No controller takes it: it never gets an address.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const { kind, of, field, brought } of [
      { kind: `${GATEWAY}/Gateway`, of: `${GATEWAY}/GatewayClass`, field: 'gatewayClassName', brought: GATEWAY_CLASSES },
      { kind: 'networking.k8s.io/Ingress', of: 'networking.k8s.io/IngressClass', field: 'ingressClassName', brought: INGRESS_CLASSES },
    ]) {
      const known = index.names(of, '');
      for (const built of index.kind(kind)) {
        const name = text(at(built.object['spec'], field));
        if (name === undefined || name === '' || index.exists(of, '', name) !== false) continue;
        // A tree without a class of its own lives on what is brought.
        if (brought.test(name) && known.length === 0) continue;
        yield { built, path: ['spec', field], message: `nobody makes ${of.split('/')[1] ?? of} ${name}`, hint: meant(name, known, known.length === 0 ? 'add it, or install the controller that makes it' : `there is ${listed(known)}`) };
      }
    }
  },
};

export const tlsSecret: Rule = {
  id: 'tls-secret',
  severity: 'error',
  summary: 'Certificates that Gateways and Ingresses serve are made by something, and may be named from there.',
  why: 'The listener is not programmed, or serves a certificate nobody trusts.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const holders = holdersOf(index);
    const missing = (namespace: string, name: string): Pick<Finding, 'message' | 'hint'> => ({ message: `nobody makes Secret ${namespace}/${name}, which holds the certificate`, hint: meant(name, holders.names('Secret', namespace), `add a Certificate with secretName: ${name} in ${namespace}`) });
    for (const built of index.kind(`${GATEWAY}/Gateway`)) {
      const own = index.namespaceOf(built);
      for (const { fields, path } of listeners(built)) {
        for (const { entry, index: position } of entries(at(fields, 'tls', 'certificateRefs'))) {
          const name = text(entry['name']);
          const namespace = entry['namespace'] === undefined ? own : text(entry['namespace']);
          const where = [...path, 'tls', 'certificateRefs', position];
          if (name === undefined || namespace === undefined || (entry['kind'] ?? 'Secret') !== 'Secret') continue;
          if (holders.exists('Secret', namespace, name) === false) yield { built, path: [...where, 'name'], ...missing(namespace, name) };
          else if (namespace !== own && granted(index, { kind: 'Gateway', namespace: own }, { group: '', kind: 'Secret', namespace, name }) === false) yield { built, path: [...where, 'namespace'], message: `no ReferenceGrant of ${namespace} lets a Gateway of ${own} use Secret ${name}`, hint: `add a ReferenceGrant in ${namespace}` };
        }
      }
    }
    for (const built of index.kind('networking.k8s.io/Ingress')) {
      const namespace = index.namespaceOf(built);
      for (const { entry, index: position } of entries(at(built.object['spec'], 'tls'))) {
        const name = text(entry['secretName']);
        // A chart's Ingress is the chart's, unless its Secret can be told to be missing anyway.
        if (name !== undefined && name !== '' && holders.exists('Secret', namespace, name) === false) yield { built, path: ['spec', 'tls', position, 'secretName'], ...missing(namespace, name) };
      }
    }
  },
};

export const gatewayListener: Rule = {
  id: 'gateway-listener',
  severity: 'error',
  summary: 'Listeners of a Gateway differ from each other, and those that end TLS have a certificate.',
  why: 'Listeners in conflict, or without a certificate, are not programmed: nothing answers there.',
  * check(view: View): Iterable<Finding> {
    for (const built of indexOf(view).kind(`${GATEWAY}/Gateway`)) {
      const seen = new Map<string, string>();
      for (const { name, fields, path } of listeners(built)) {
        if (isUnknown([fields['port'], fields['hostname'], fields['protocol'], fields['name']])) continue;
        const names = `name ${name ?? ''}`;
        if (seen.has(names)) yield { built, path: [...path, 'name'], message: `two listeners are called ${name ?? ''}`, hint: 'give each its own name' };
        seen.set(names, '');
        const [protocol, port, host] = [String(fields['protocol']), String(fields['port']), String(fields['hostname'] ?? '')];
        const family = ['HTTP'].includes(protocol) ? 'HTTP' : ['HTTPS', 'TLS'].includes(protocol) ? 'TLS' : protocol;
        const key = `${port} ${family} ${host}`;
        const twin = seen.get(key);
        if (twin !== undefined) yield { built, path: [...path, 'port'], message: `listeners ${twin} and ${name ?? ''} are for the same port${host === '' ? '' : ` and name, ${host}`}`, hint: 'give one of them another port or hostname' };
        seen.set(key, name ?? '');
        const tls = fields['tls'];
        if (protocol !== 'HTTPS' || isUnknown(tls) || (at(tls, 'mode') ?? 'Terminate') !== 'Terminate' || at(tls, 'options') !== undefined || entries(at(tls, 'certificateRefs')).length > 0) continue;
        yield { built, path: [...path, 'tls'], message: `listener ${name ?? ''} ends TLS without a certificate`, hint: 'add tls.certificateRefs' };
      }
    }
  },
};

export const ingressBackend: Rule = {
  id: 'ingress-backend',
  severity: 'error',
  summary: 'Services that Ingresses lead to exist, and have that port.',
  why: 'Whoever comes that way gets 503.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    for (const built of index.kind('networking.k8s.io/Ingress')) {
      const spec = built.object['spec'];
      const places = [
        { service: at(spec, 'defaultBackend', 'service'), path: ['spec', 'defaultBackend', 'service'] },
        ...entries(at(spec, 'rules')).flatMap(({ entry, index: position }) => entries(at(entry, 'http', 'paths')).map(({ entry: each, index: place }) => ({ service: at(each, 'backend', 'service'), path: ['spec', 'rules', position, 'http', 'paths', place, 'backend', 'service'] }))),
      ];
      for (const { service, path } of places) yield* reached(index, { built, namespace: index.namespaceOf(built), service, path });
    }
  },
};

function* reached(index: Index, { built, namespace, service, path }: { readonly built: NonNullable<Finding['built']>; readonly namespace: string; readonly service: unknown; readonly path: readonly (string | number)[] }): Iterable<Finding> {
  const name = text(at(service, 'name'));
  if (name === undefined) return;
  if (index.exists('Service', namespace, name) === false) {
    yield { built, path: [...path, 'name'], message: `nobody makes Service ${namespace}/${name}`, hint: meant(name, index.names('Service', namespace), `name a Service of ${namespace}`) };
    return;
  }
  const ports = servicePorts(index.find('Service', namespace, name));
  const [number, port] = [whole(at(service, 'port', 'number')), text(at(service, 'port', 'name'))];
  if (ports === undefined) return;
  if (number !== undefined && !ports.numbers.includes(number)) yield { built, path: [...path, 'port', 'number'], message: `Service ${namespace}/${name} has no port ${number}`, hint: `it has ${listed(ports.numbers.map(String))}` };
  else if (number === undefined && port !== undefined && !ports.names.includes(port)) yield { built, path: [...path, 'port', 'name'], message: `Service ${namespace}/${name} has no port ${port}`, hint: meant(port, ports.names, ports.names.length === 0 ? `write its number: ${listed(ports.numbers.map(String))}` : `it has ${listed(ports.names)}`) };
}
