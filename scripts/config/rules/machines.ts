import { listIn, textIn } from '../data.ts';
import { contains, formatAddress, parseAddress } from '../ipv4.ts';
import type { At } from '../source.ts';
import type { WrittenCluster, WrittenDisk, WrittenMachine, WrittenSite } from '../written.ts';
import { allMachines } from './names.ts';
import { addressHint, nodeNetwork, poolOf } from './networks.ts';
import type { Rule } from './rule.ts';

/** The address just above the cluster's other machines that nobody has; what was meant more often than not. */
function nextFree(site: WrittenSite, cluster: WrittenCluster, wrong: WrittenMachine): string | undefined {
  const taken = new Set(allMachines(site.clusters).filter((each) => each !== wrong).flatMap((each) => parseAddress(each.address?.value ?? '') ?? []));
  const own = (cluster.machines?.value ?? []).filter((each) => each !== wrong && each.address?.value !== wrong.address?.value).flatMap((each) => parseAddress(each.address?.value ?? '') ?? []);
  if (own.length === 0) return undefined;
  const blocked = site.clusters.flatMap((each) => poolOf(each) ?? []);
  for (let address = Math.min(...own); address < Math.max(...own) + 20; address += 1) {
    if (!taken.has(address) && !blocked.some((pool) => contains(pool, address))) return formatAddress(address);
  }
  return undefined;
}

/** Machine addresses: in the nodes' network, in nobody's pool, nobody else's. */
export const machineAddresses: Rule = (site, { report }) => {
  const nodes = nodeNetwork(site);
  const first = new Map<string, { readonly who: string; readonly at: At<string> }>();
  for (const cluster of site.clusters) {
    for (const machine of cluster.machines?.value ?? []) {
      const { address: written, name } = machine;
      if (written === undefined) continue;
      const who = name?.value ?? 'this machine';
      const address = parseAddress(written.value);
      if (address === undefined) {
        report(written.spot, 'address', `${written.value} is not an IPv4 address`, addressHint(written.value, '10.25.11.11'));
        continue;
      }
      const other = first.get(written.value);
      const free = nextFree(site, cluster, machine);
      if (other !== undefined) {
        const { spot } = other.at;
        report(written.spot, 'address-taken', `address ${written.value} is already ${other.who}'s (${spot.file}:${spot.line}:${spot.column})`, free === undefined ? 'every machine has an address of its own' : `did you mean ${free}? It is the next one free for ${who}`);
      }
      first.set(written.value, other ?? { who, at: written });
      if (nodes !== undefined && !contains(nodes.network, address)) report(written.spot, 'address-outside', `${written.value} is outside the nodes' network ${nodes.text}`, free === undefined ? 'kubelets accept only addresses of that network' : `did you mean ${free}?`);
      if (nodes !== undefined && nodes.network.bits < 31 && (address === nodes.network.first || address === nodes.network.last)) {
        report(written.spot, 'address-reserved', `${written.value} is the ${address === nodes.network.first ? 'network itself' : 'broadcast address'} of ${nodes.text}`, free === undefined ? 'no machine can have it' : `did you mean ${free}?`);
      }
      const pool = site.clusters.find((each) => { const range = poolOf(each); return range !== undefined && contains(range, address); });
      if (pool !== undefined) report(written.spot, 'address-in-pool', `${written.value} lies in ${pool.stem}'s load balancer pool ${pool.loadBalancer?.start?.value ?? ''}-${pool.loadBalancer?.end?.value ?? ''}`, free === undefined ? 'it would be handed out to a Service as well' : `did you mean ${free}? Pool addresses are handed out to Services`);
    }
  }
};

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;
const MAC_PATTERN = /^([0-9a-f]{2}:){1,5}\*$/;

/** MAC patterns tell machines apart in maintenance: lower-case pairs, `*` for the rest. Whole addresses are unique; prefixes need not be. */
export const macs: Rule = (site, { report }) => {
  const first = new Map<string, string>();
  for (const machine of allMachines(site.clusters)) {
    const { macs: patterns, name } = machine;
    if (patterns === undefined) continue;
    if (patterns.value.length === 0) report({ ...patterns.spot, length: 1 }, 'mac', `${name?.value ?? 'this machine'} has no MAC pattern`, 'identity before installation is told by it, for example "f8:f2:1e:20:57:*"');
    const own = new Set<string>();
    for (const mac of patterns.value) {
      const whole = MAC.test(mac.value);
      if (own.has(mac.value)) {
        report(mac.spot, 'mac-twice', `${mac.value} is given twice for ${name?.value ?? 'this machine'}`, 'remove one of them, or write the address of the other card');
        continue;
      }
      own.add(mac.value);
      if (!whole && !MAC_PATTERN.test(mac.value)) {
        const better = mac.value.toLowerCase().replaceAll('-', ':');
        report(mac.spot, 'mac', `${mac.value} is not a MAC pattern: pairs of lower-case hexadecimal digits with colons, * for the rest`, MAC.test(better) || MAC_PATTERN.test(better) ? `did you mean ${better}?` : 'written like f8:f2:1e:20:57:*');
        continue;
      }
      const other = whole ? first.get(mac.value) : undefined;
      if (other !== undefined) report(mac.spot, 'mac-taken', `${mac.value} is already ${other}'s`, 'no two cards have the same address; look at the machine in maintenance: talosctl get links --insecure');
      if (whole) first.set(mac.value, other ?? name?.value ?? '');
    }
  }
};

function same(a: WrittenDisk, b: WrittenDisk): boolean {
  return a.id?.value === b.id?.value && a.model?.value === b.model?.value;
}

/** Disks: every selector says something, ids belong to one machine, and no data disk is the install disk. */
export const disks: Rule = (site, { report }) => {
  const first = new Map<string, { readonly who: string; readonly at: At<string> }>();
  for (const { disks: all, name } of allMachines(site.clusters)) {
    if (all === undefined) continue;
    const who = name?.value ?? 'this machine';
    const listed = [...(all.install === undefined ? [] : [{ purpose: 'install', disk: all.install }]), ...(all.data ?? []).map(({ key, value }) => ({ purpose: key.value, disk: value }))];
    for (const [index, { purpose, disk }] of listed.entries()) {
      if (disk.faulty) continue;
      if (disk.id === undefined && disk.model === undefined) {
        report({ ...disk.spot, length: 1 }, 'disk', `the ${purpose} disk of ${who} is not described`, 'give its id (/dev/disk/by-id/...) or its model');
        continue;
      }
      const { id } = disk;
      if (id !== undefined && !/^\/dev\/disk\/by-id\/[^/\s]+$/.test(id.value)) {
        report(id.spot, 'disk-id', `${id.value} is not a stable disk id`, 'written like /dev/disk/by-id/nvme-eui.6479a7726a304b94; names like /dev/sda change between boots');
        continue;
      }
      const twin = listed.slice(0, index).find((each) => same(each.disk, disk));
      if (twin !== undefined) {
        const place = id?.spot ?? disk.model?.spot ?? disk.spot;
        report(place, 'disk-twice', `${purpose} and ${twin.purpose} of ${who} are the same disk`, twin.purpose === 'install' ? 'Talos is installed there; data needs a disk of its own' : 'every purpose needs a disk of its own');
        continue;
      }
      if (id === undefined) continue;
      const other = first.get(id.value);
      if (other !== undefined) report(id.spot, 'disk-taken', `${id.value} is already ${other.who}'s (${other.at.spot.file}:${other.at.spot.line})`, 'a disk is in one machine; compare with talosctl get disks --insecure');
      first.set(id.value, other ?? { who, at: id });
    }
  }
};

/** Layers of patches that no cluster, role or machine answers to are never applied: most often a misspelt file name. */
export const patchesUsed: Rule = (site, { report }) => {
  // Machines of a cluster file that cannot be read are not known, so no machine's patch can be called unused.
  if (site.stems.length === 0) return;
  const whole = site.clusters.length === site.stems.length && site.clusters.every(({ machines }) => machines !== undefined) && allMachines(site.clusters).every(({ name }) => name !== undefined);
  const layers = new Set(['all', 'controlplane', 'worker', ...site.stems.map((stem) => `clusters/${stem}`), ...allMachines(site.clusters).map(({ name }) => `machines/${name?.value ?? ''}`)]);
  for (const file of site.patches.keys()) {
    const layer = file.replace('talos/patches/', '').replace(/\.yaml$/, '');
    if (!layers.has(layer) && (whole || !layer.startsWith('machines/'))) report({ file, line: 1, column: 1, length: 1 }, 'patch-unused', `${file} is never applied: there is no ${layer.startsWith('machines/') ? 'machine' : layer.startsWith('clusters/') ? 'cluster' : 'layer'} ${layer.split('/').at(-1) ?? layer}`, 'patches apply by their name: all, controlplane, worker, clusters/<cluster>, machines/<machine>');
  }
};

/** A machine's patch repeats its address and MAC pattern, because Talos wants them on the bond: they must be the same. */
export const patchesAgree: Rule = (site, { report }) => {
  for (const machine of allMachines(site.clusters)) {
    const { name, address, macs: patterns } = machine;
    if (name === undefined) continue;
    for (const document of site.patches.get(`talos/patches/machines/${name.value}.yaml`) ?? []) {
      listIn(document.data, 'machine', 'network', 'interfaces').forEach((nic, index) => {
        const at = ['machine', 'network', 'interfaces', index] as const;
        listIn(nic, 'addresses').forEach((each, which) => {
          if (typeof each !== 'string' || address === undefined || parseAddress(address.value) === undefined || each.split('/')[0] === address.value) return;
          report(document.spotAt([...at, 'addresses', which]), 'patch-address', `${name.value} gets ${each} here, but ${address.spot.file}:${address.spot.line} says ${address.value}`, `did you mean ${address.value}/${each.split('/')[1] ?? '24'}?`);
        });
        listIn(nic, 'bond', 'deviceSelectors').forEach((selector, which) => {
          const mac = textIn(selector, 'hardwareAddr');
          if (mac === undefined || patterns === undefined || patterns.value.some(({ value }) => value === mac)) return;
          report(document.spotAt([...at, 'bond', 'deviceSelectors', which, 'hardwareAddr']), 'patch-mac', `the bond of ${name.value} takes cards ${mac}, but ${patterns.spot.file}:${patterns.spot.line} says ${patterns.value.map(({ value }) => value).join(', ')}`, 'one of the two is wrong, and the machine would be unreachable after installation');
        });
      });
    }
  }
};
