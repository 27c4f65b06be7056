import type { Path } from '../../../config/source.ts';
import { listed } from '../../../config/words.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';
import { address, between, holds, range, type Range } from '../../index/addresses.ts';
import { indexOf, type Index } from '../../index/index.ts';
import { at, entries, fields, isFields, isHole, isUnknown, items, text } from '../../index/read.ts';

type Finding = Omit<Found, 'rule'>;

/** Annotations by which a Service asks for addresses, a list with commas each. */
const ASKS = ['lbipam.cilium.io/ips', 'io.cilium/lb-ipam-ips', 'metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs', 'kube-vip.io/loadbalancerIPs'];
/** Annotations by which Services share one. */
const SHARES = ['lbipam.cilium.io/sharing-key', 'io.cilium/lb-ipam-sharing-key', 'metallb.io/allow-shared-ip', 'metallb.universe.tf/allow-shared-ip'];

interface Asked { readonly built: Built; readonly ip: string; readonly path: Path; readonly shared: string | undefined }

function* asked(index: Index): Iterable<Asked> {
  for (const built of index.kind('Service')) {
    const own = text(at(built.object['spec'], 'loadBalancerIP'));
    const annotations = fields(built.object.metadata.annotations);
    if (own !== undefined && own !== '') yield { built, ip: own, path: ['spec', 'loadBalancerIP'], shared: sharing(annotations) };
    yield* annotated(built, annotations, ['metadata', 'annotations']);
  }
  for (const built of index.kind('gateway.networking.k8s.io/Gateway')) {
    for (const { entry, index: position } of entries(at(built.object['spec'], 'addresses'))) {
      const ip = text(entry['value']);
      if (ip !== undefined && (entry['type'] ?? 'IPAddress') === 'IPAddress') yield { built, ip, path: ['spec', 'addresses', position, 'value'], shared: undefined };
    }
    yield* annotated(built, fields(at(built.object['spec'], 'infrastructure', 'annotations')), ['spec', 'infrastructure', 'annotations']);
  }
  const rendered = new Set(index.view.releases.filter((release) => release.rendered !== undefined).map(({ declared }) => declared));
  // A chart that is not here will hand on what its values ask for.
  for (const built of index.kind('helm.toolkit.fluxcd.io/HelmRelease')) if (!rendered.has(built)) yield* inValues(built, at(built.object['spec'], 'values'), ['spec', 'values']);
}

function* annotated(built: Built, annotations: Readonly<Record<string, unknown>>, path: Path): Iterable<Asked> {
  for (const key of ASKS) for (const ip of (text(annotations[key]) ?? '').split(',')) if (ip.trim() !== '') yield { built, ip: ip.trim(), path: [...path, key], shared: sharing(annotations) };
}

function sharing(annotations: Readonly<Record<string, unknown>>): string | undefined {
  const key = SHARES.find((each) => annotations[each] !== undefined);
  return key === undefined ? undefined : String(annotations[key]);
}

function* inValues(built: Built, value: unknown, path: Path): Iterable<Asked> {
  if (Array.isArray(value)) for (const [position, each] of value.entries()) yield* inValues(built, each, [...path, position]);
  if (!isFields(value)) return;
  yield* annotated(built, value, path);
  for (const [key, each] of Object.entries(value)) if (typeof each === 'object') yield* inValues(built, each, [...path, key]);
}

/** Addresses the tree's pools hand out; undefined when there is no pool, or not all of it is known. */
function pools(index: Index): readonly Range[] | undefined {
  const [cilium, metallb] = [index.kind('cilium.io/CiliumLoadBalancerIPPool'), index.kind('metallb.io/IPAddressPool')];
  if (cilium.length + metallb.length === 0 || isUnknown([...cilium, ...metallb].map(({ object }) => object['spec']))) return undefined;
  const found = [
    ...cilium.flatMap(({ object }) => [...entries(at(object['spec'], 'blocks')), ...entries(at(object['spec'], 'cidrs'))].map(({ entry }) => {
      const [start, stop, cidr] = [text(entry['start']), text(entry['stop']), text(entry['cidr'])];
      return cidr === undefined ? between(start ?? '', stop ?? start ?? '') : range(cidr);
    })),
    ...metallb.flatMap(({ object }) => items(at(object['spec'], 'addresses')).map((each) => range(String(each)))),
  ];
  const known = found.filter((each) => each !== undefined);
  return known.length === found.length ? known : undefined;
}

export const loadBalancerAddress: Rule = {
  id: 'load-balancer-address',
  severity: 'error',
  summary: 'Addresses that Services and Gateways ask for are in a pool, and nobody else\'s.',
  why: 'The Service stays without an address (Pending), or two lead to one address and one of them is not reached.',
  * check(view: View): Iterable<Finding> {
    const index = indexOf(view);
    const known = pools(index);
    const taken = new Map<string, Asked>();
    for (const each of asked(index)) {
      const { built, ip, path, shared } = each;
      const parsed = isHole(ip) ? undefined : address(ip);
      if (parsed === undefined) {
        if (!isHole(ip)) yield { built, path, needle: ip, message: `${ip} is no address`, hint: 'write an address like 10.0.0.10' };
        continue;
      }
      if (known !== undefined && !known.some((pool) => holds(pool, parsed))) {
        yield { built, path, needle: ip, message: `${ip} is in no pool of addresses`, hint: `use one of ${listed(saidPools(index))}` };
        continue;
      }
      const key = `${parsed.family} ${parsed.value}`;
      const other = taken.get(key);
      if (other === undefined) taken.set(key, each);
      else if (other.built !== built && !(shared !== undefined && shared === other.shared)) {
        yield { built, path, needle: ip, message: `${ip} is asked for by ${other.built.object.kind} ${other.built.object.metadata.name} as well`, hint: 'give each its own, or the same sharing key', related: [{ what: 'the other one', source: other.built.origin.source }] };
      }
    }
  },
};

function saidPools(index: Index): readonly string[] {
  return [
    ...index.kind('cilium.io/CiliumLoadBalancerIPPool').flatMap(({ object }) => [...entries(at(object['spec'], 'blocks')), ...entries(at(object['spec'], 'cidrs'))].map(({ entry }) => text(entry['cidr']) ?? `${String(entry['start'])}-${String(entry['stop'] ?? entry['start'])}`)),
    ...index.kind('metallb.io/IPAddressPool').flatMap(({ object }) => items(at(object['spec'], 'addresses')).map(String)),
  ];
}
