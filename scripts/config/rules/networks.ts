import { dig, listIn } from '../data.ts';
import { contains, formatAddress, overlaps, parseAddress, parseNetwork, type Network, type Range } from '../ipv4.ts';
import type { At } from '../source.ts';
import type { WrittenCluster, WrittenSite } from '../written.ts';
import { lookAlike } from '../words.ts';
import type { Rule } from './rule.ts';

/** The nodes' own network, as the kubelets are told it (machine.kubelet.nodeIP.validSubnets of patches/all.yaml). */
export function nodeNetwork(site: WrittenSite): { readonly network: Network; readonly text: string } | undefined {
  for (const document of site.patches.get('talos/patches/all.yaml') ?? []) {
    const [text] = listIn(document.data, 'machine', 'kubelet', 'nodeIP', 'validSubnets');
    const network = typeof text === 'string' ? parseNetwork(text) : undefined;
    if (network !== undefined && typeof text === 'string') return { network, text };
  }
  return undefined;
}

/** What was meant by an address that is none: blanks around it, digits of another script, noughts in front. */
export function addressHint(written: string, example: string): string {
  const better = written.normalize('NFKC').trim().replace(/(^|\.)0+(?=\d)/g, '$1');
  if (parseAddress(better) !== undefined) return `did you mean ${better}?`;
  return lookAlike(written) ?? `written like ${example}`;
}

const NETWORKS = ['podCIDR', 'serviceCIDR'] as const;

/** Bits of the network each node takes out of the pods' (kube-controller-manager's node-cidr-mask-size). */
const NODE_BITS = 24;
/** The API server refuses larger networks of services; smaller ones have no tenth address (see dnsAddress) and no room. */
const SERVICE_BITS = { least: 12, most: 28 };

/** Networks are as large as what is to go into them, and no larger than Kubernetes takes. */
export const networkSizes: Rule = (site, { report }) => {
  for (const { podCIDR, serviceCIDR, machines, stem } of site.clusters) {
    const pods = parseNetwork(podCIDR?.value ?? '');
    const nodes = Math.max(1, machines?.value.length ?? 1);
    const most = NODE_BITS - Math.ceil(Math.log2(nodes));
    if (pods !== undefined && podCIDR !== undefined && pods.bits > most) report(podCIDR.spot, 'network-size', `${podCIDR.value} has no room for the pods of ${stem}: each of its ${nodes} nodes takes a /${NODE_BITS}`, `give it at least a /${most}; /16 is usual`);
    if (pods !== undefined && podCIDR !== undefined && pods.bits < 8) report(podCIDR.spot, 'network-size', `${podCIDR.value} is larger than Kubernetes takes for pods`, 'at most a /8; /16 is usual');
    const services = parseNetwork(serviceCIDR?.value ?? '');
    if (services === undefined || serviceCIDR === undefined) continue;
    if (services.bits > SERVICE_BITS.most) report(serviceCIDR.spot, 'network-size', `${serviceCIDR.value} has too few addresses for services`, `at least a /${SERVICE_BITS.most}; /16 is usual`);
    if (services.bits < SERVICE_BITS.least) report(serviceCIDR.spot, 'network-size', `${serviceCIDR.value} is larger than Kubernetes takes for services`, `at most a /${SERVICE_BITS.least}; /16 is usual`);
  }
};

/** Networks are written `10.244.0.0/16`, without host bits. */
export const networkForm: Rule = (site, { report }) => {
  const check = (cidr: At<string> | undefined): void => {
    if (cidr === undefined) return;
    const network = parseNetwork(cidr.value);
    if (network === undefined) report(cidr.spot, 'network', `${cidr.value} is not an IPv4 network`, 'written like 10.244.0.0/16');
    else if (network.base !== network.first) report(cidr.spot, 'network-host-bits', `${cidr.value} has host bits set`, `did you mean ${formatAddress(network.first)}/${network.bits}?`);
  };
  for (const cluster of site.clusters) for (const key of NETWORKS) check(cluster[key]);
  for (const document of site.patches.get('talos/patches/all.yaml') ?? []) {
    listIn(document.data, 'machine', 'kubelet', 'nodeIP', 'validSubnets').forEach((value, index) => {
      if (typeof value === 'string') check({ value, spot: document.spotAt(['machine', 'kubelet', 'nodeIP', 'validSubnets', index]) });
    });
  }
};

/** Pods, services and nodes of all clusters share one routed world (the mesh): no two networks overlap. */
export const networksDisjoint: Rule = (site, { report }) => {
  const nodes = nodeNetwork(site);
  const seen: { readonly what: string; readonly text: string; readonly range: Range }[] = nodes === undefined ? [] : [{ what: 'the nodes', text: nodes.text, range: nodes.network }];
  for (const cluster of site.clusters) {
    for (const key of NETWORKS) {
      const cidr = cluster[key];
      const range = parseNetwork(cidr?.value ?? '');
      if (cidr === undefined || range === undefined) continue;
      const what = `${cluster.stem}'s ${key === 'podCIDR' ? 'pods' : 'services'}`;
      const other = seen.find((each) => overlaps(each.range, range));
      if (other !== undefined) report(cidr.spot, 'network-overlap', `${what} ${cidr.value} overlap with ${other.what} (${other.text})`, 'networks of all clusters must be apart, or the mesh cannot route');
      seen.push({ what, text: cidr.value, range });
    }
  }
};

/** The DNS service has the tenth address of the services, which is what the kubelets hand to pods. */
export const dnsAddress: Rule = (site, { report }) => {
  for (const { dnsServiceIP: dns, serviceCIDR } of site.clusters) {
    const services = parseNetwork(serviceCIDR?.value ?? '');
    // A network that is too small for a tenth address is told for that.
    if (dns === undefined || services === undefined || services.bits > SERVICE_BITS.most) continue;
    const tenth = formatAddress(services.first + 10);
    if (dns.value !== tenth) report(dns.spot, 'dns-address', `${dns.value} is not the tenth address of ${serviceCIDR?.value ?? ''}, which kubelets hand to pods as their DNS server`, `did you mean ${tenth}?`);
  }
};

/** The load balancer's addresses, when both ends can be read and are in order. */
export function poolOf(cluster: WrittenCluster): Range | undefined {
  const first = parseAddress(cluster.loadBalancer?.start?.value ?? '');
  const last = parseAddress(cluster.loadBalancer?.end?.value ?? '');
  return first === undefined || last === undefined || first > last ? undefined : { first, last };
}

/** Pools: in order, within the nodes' network (they are announced there), and no address in two of them. */
export const pools: Rule = (site, { report }) => {
  const nodes = nodeNetwork(site);
  const seen: { readonly stem: string; readonly range: Range; readonly text: string }[] = [];
  for (const cluster of site.clusters) {
    const [start, end] = [cluster.loadBalancer?.start, cluster.loadBalancer?.end];
    let readable = start !== undefined && end !== undefined;
    for (const each of [start, end]) {
      const address = parseAddress(each?.value ?? '');
      if (each === undefined) continue;
      if (address === undefined) {
        readable = false;
        report(each.spot, 'address', `${each.value} is not an IPv4 address`, addressHint(each.value, '10.25.11.100'));
      } else if (nodes !== undefined && !contains(nodes.network, address)) {
        report(each.spot, 'pool-outside', `${each.value} is outside the nodes' network ${nodes.text}`, 'load balancer addresses are announced on that network');
      }
    }
    const range = poolOf(cluster);
    if (start === undefined || end === undefined || !readable) continue;
    if (range === undefined) {
      report(start.spot, 'pool-order', `the pool ends (${end.value}) before it starts (${start.value})`, 'swap start and end');
      continue;
    }
    const other = seen.find((each) => overlaps(each.range, range));
    if (other !== undefined) report(start.spot, 'pool-overlap', `${cluster.stem}'s pool ${start.value}-${end.value} overlaps with ${other.stem}'s ${other.text}`, `addresses from ${formatAddress(Math.max(...seen.map((each) => each.range.last)) + 1)} on are free`);
    seen.push({ stem: cluster.stem, range, text: `${start.value}-${end.value}` });
  }
};

/** The mesh: its address comes from the cluster's own pool, and its peers exist and know each other. */
export const mesh: Rule = (site, { report }) => {
  for (const cluster of site.clusters) {
    const { mesh: own, stem } = cluster;
    if (own === undefined) continue;
    const address = parseAddress(own.address?.value ?? '');
    const pool = poolOf(cluster);
    if (own.address !== undefined && address === undefined) report(own.address.spot, 'address', `${own.address.value} is not an IPv4 address`, addressHint(own.address.value, '10.25.11.100'));
    if (own.address !== undefined && address !== undefined && pool !== undefined && !contains(pool, address)) {
      report(own.address.spot, 'mesh-address', `${own.address.value} is not in ${stem}'s pool ${formatAddress(pool.first)}-${formatAddress(pool.last)}`, `did you mean ${formatAddress(pool.first)}? Nobody else may hand it out`);
    }
    for (const peer of own.peers?.value ?? []) {
      const other = site.clusters.find((each) => each.stem === peer.value);
      if (peer.value === stem) report(peer.spot, 'mesh-peer', `${stem} is meshed with itself`, 'remove it');
      else if (!site.stems.includes(peer.value)) report(peer.spot, 'mesh-peer', `there is no cluster ${peer.value} to mesh with`, `clusters here: ${site.stems.join(', ')}`);
      else if (other !== undefined && !other.faulty && other.mesh?.peers?.value.some(({ value }) => value === stem) !== true) {
        report(peer.spot, 'mesh-one-sided', `${stem} is meshed with ${peer.value}, but ${peer.value} is not meshed with ${stem}`, `add ${stem} to mesh.peers in ${other.file}, or remove ${peer.value} here`);
      }
    }
  }
};

/** Pod and service networks patched by hand would contradict the cluster file, from which they are computed. */
export const networksComputed: Rule = (site, { report }) => {
  for (const [, documents] of site.patches) {
    for (const document of documents) {
      for (const key of ['podSubnets', 'serviceSubnets']) {
        if (dig(document.data, ['cluster', 'network', key]) === undefined) continue;
        report(document.spotAt(['cluster', 'network', key]), 'patch-computed', `${key} is computed from the cluster's file and must not be patched`, 'remove it here; change podCIDR or serviceCIDR in talos/clusters');
      }
    }
  }
};
