import type { At, Report } from '../source.ts';
import { parseAddress } from '../ipv4.ts';
import { listed, lookAlike } from '../words.ts';
import type { WrittenMachine } from '../written.ts';
import type { Rule } from './rule.ts';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What a name would be with every offending character replaced; undefined when nothing sensible is left. */
function repaired(name: string): string | undefined {
  const tried = name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 63);
  return LABEL.test(tried) ? tried : undefined;
}

/** Whether a name is an RFC 1123 label; says so when it is not, with what was probably meant. */
export function isLabel(name: At<string>, what: string, report: Report): boolean {
  if (LABEL.test(name.value)) return true;
  const better = lookAlike(name.value) === undefined ? repaired(name.value) : undefined;
  report(name.spot, 'name', `${name.value} cannot be the name of a ${what}: lower-case letters, digits and - only, at most 63`, better === undefined ? lookAlike(name.value) ?? 'choose a name like infra-01' : `did you mean ${better}?`);
  return false;
}

/** Names of clusters, machines and bootstrap objects become DNS names, so they are RFC 1123 labels. */
export const namesAreLabels: Rule = (site, { report }) => {
  const check = (name: At<string> | undefined, what: string): void => {
    if (name !== undefined) isLabel(name, what, report);
  };
  for (const cluster of site.clusters) {
    check(cluster.name, 'cluster');
    for (const machine of cluster.machines?.value ?? []) check(machine.name, 'machine');
  }
  for (const secret of site.secrets) {
    check(secret.name, 'Secret');
    check(secret.namespace, 'namespace');
  }
};

/** A cluster is found by its file's name; were `name` different, commands and files would speak of two clusters. */
export const fileNamesMatch: Rule = (site, { report }) => {
  for (const stem of site.stems) {
    const file = `talos/clusters/${stem}.yaml`;
    if (stem === 'all') report({ file, line: 1, column: 1, length: 1 }, 'file-name', 'a cluster cannot be called all: CLUSTER=all means every cluster', 'choose another name');
    else if (!LABEL.test(stem)) report({ file, line: 1, column: 1, length: 1 }, 'file-name', `${stem} cannot be the name of a cluster's file: lower-case letters, digits and - only`, `call it ${repaired(stem) ?? 'apps'}.yaml`);
  }
  for (const { name, stem, file } of site.clusters) {
    if (name !== undefined && LABEL.test(name.value) && LABEL.test(stem) && name.value !== stem) {
      report(name.spot, 'file-name', `${file} describes a cluster called ${name.value}`, `call it ${stem}, or the file talos/clusters/${name.value}.yaml`);
    }
  }
};

/** Cilium's cluster id: 1 to 255 and nobody else's. */
export const clusterIds: Rule = (site, { report }) => {
  const taken = new Map<number, string>();
  const ids = new Set(site.clusters.flatMap(({ id }) => (id === undefined ? [] : [id.value])));
  const free = Array.from({ length: 255 }, (_, index) => index + 1).find((each) => !ids.has(each)) ?? 255;
  for (const { id, stem } of site.clusters) {
    if (id === undefined) continue;
    const owner = taken.get(id.value);
    if (id.value < 1 || id.value > 255) report(id.spot, 'cluster-id', `${id.value} cannot be a cluster's id: Cilium knows 1 to 255`, `${free} is free`);
    else if (owner !== undefined) report(id.spot, 'cluster-id-taken', `id ${id.value} is already ${owner}'s`, `${free} is free; meshed clusters must differ`);
    taken.set(id.value, owner ?? stem);
  }
};

/** One name, one machine, in all clusters together: node names, patches and messages name machines by it. */
export const machineNames: Rule = (site, { report }) => {
  const first = new Map<string, At<string>>();
  for (const { name } of allMachines(site.clusters)) {
    if (name === undefined) continue;
    const other = first.get(name.value);
    if (other !== undefined) report(name.spot, 'machine-name-taken', `there is a machine ${name.value} already (${other.spot.file}:${other.spot.line}:${other.spot.column})`, 'every machine of every cluster has a name of its own');
    first.set(name.value, other ?? name);
  }
};

/** A DNS name, or an IPv4 address; what is only digits and dots is meant as one. */
function isHost(host: string): boolean {
  if (/^[\d.]+$/.test(host)) return parseAddress(host) !== undefined;
  return host.length <= 253 && host.split('.').every((label) => LABEL.test(label));
}

/** The API's address as machines and kubeconfig will have it. */
export const endpoints: Rule = (site, { report }) => {
  const owners = new Map<string, string>();
  for (const { endpoint, stem } of site.clusters) {
    if (endpoint === undefined) continue;
    const match = /^(\w+):\/\/([^/:]+)(?::(\d+))?(\/.*)?$/.exec(endpoint.value);
    const host = match?.[2];
    if (host !== undefined && !isHost(host)) {
      report(endpoint.spot, 'endpoint', `${host} is neither a host name nor an IPv4 address`, lookAlike(host) ?? (host.includes('_') ? `did you mean ${endpoint.value.replaceAll('_', '-')}?` : `written like https://${stem}-k8s.monosense.io:6443`));
      continue;
    }
    if (match === null || host === undefined || match[1] !== 'https' || match[3] !== '6443' || match[4] !== undefined) {
      report(endpoint.spot, 'endpoint', `${endpoint.value} is not https://<host>:6443`, `did you mean https://${host ?? `${stem}-k8s.monosense.io`}:6443?`);
      continue;
    }
    const owner = owners.get(host);
    if (owner !== undefined) report(endpoint.spot, 'endpoint-taken', `${host} is already ${owner}'s endpoint`, `was ${host.replace(owner, stem)} meant?`);
    owners.set(host, owner ?? stem);
  }
};

/** etcd needs a majority: an even number of members tolerates no more failures than one fewer, and is lost to a split. */
export const controlPlanes: Rule = (site, { report }) => {
  for (const { machines, stem } of site.clusters) {
    if (machines === undefined || machines.value.some(({ role }) => role === undefined)) continue;
    const planes = machines.value.filter(({ role }) => role?.value === 'controlplane');
    if (planes.length % 2 === 1) continue;
    const names = listed(planes.map(({ name }) => name?.value ?? '?'));
    report({ ...machines.spot, length: 1 }, 'control-planes', planes.length === 0 ? `${stem} has no control plane` : `${stem} has ${planes.length} control planes (${names}); etcd needs an odd number`, planes.length === 0 ? 'give at least one machine role: controlplane' : `${planes.length - 1} would survive as many failures, ${planes.length + 1} one more`);
  }
};

/** Machines of all clusters in the order they are written. */
export function allMachines(clusters: readonly { readonly machines: At<readonly WrittenMachine[]> | undefined }[]): readonly WrittenMachine[] {
  return clusters.flatMap(({ machines }) => machines?.value ?? []);
}
