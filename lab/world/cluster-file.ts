import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { ClusterFile } from './types.ts';

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields | undefined => (typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : undefined);

/** Every cluster of talos/clusters below `root`, by name. Throws one Error that names the file and everything it lacks. */
export function readClusters(root: string): readonly ClusterFile[] {
  const folder = join(root, 'talos', 'clusters');
  const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)).toSorted();
  if (names.length === 0) throw new Error(`no cluster files in ${folder}`);
  return names.map((name) => readCluster(join(folder, name)));
}

function readCluster(file: string): ClusterFile {
  const whole = fields(load(readFileSync(file, 'utf8')));
  if (whole === undefined) throw new Error(`${file}: not a mapping`);
  const missing: string[] = [];
  const text = (from: Fields, key: string, where: string): string => {
    const value = from[key];
    if (typeof value === 'string' && value !== '') return value;
    missing.push(`${where}${key}`);
    return '';
  };
  const selector = (value: unknown): { readonly id?: string; readonly model?: string } => {
    const given = fields(value) ?? {};
    return { ...(typeof given['id'] === 'string' ? { id: given['id'] } : {}), ...(typeof given['model'] === 'string' ? { model: given['model'] } : {}) };
  };
  const list = Array.isArray(whole['machines']) ? whole['machines'] : [];
  if (list.length === 0) missing.push('machines');
  const machines = list.map((entry: unknown, n): ClusterFile['machines'][number] => {
    const machine = fields(entry) ?? {};
    const disks = fields(machine['disks']) ?? {};
    const role = text(machine, 'role', `machines[${n}].`);
    if (role !== 'controlplane' && role !== 'worker') missing.push(`machines[${n}].role (controlplane or worker)`);
    return {
      name: text(machine, 'name', `machines[${n}].`), role: role === 'worker' ? 'worker' : 'controlplane', address: text(machine, 'address', `machines[${n}].`),
      macs: Array.isArray(machine['macs']) ? machine['macs'].filter((mac): mac is string => typeof mac === 'string') : [],
      disks: { install: selector(disks['install']), data: Object.fromEntries(Object.entries(fields(disks['data']) ?? {}).map(([purpose, value]) => [purpose, selector(value)])) },
    };
  });
  const answer: ClusterFile = {
    name: text(whole, 'name', ''), endpoint: text(whole, 'endpoint', ''), podCIDR: text(whole, 'podCIDR', ''), serviceCIDR: text(whole, 'serviceCIDR', ''),
    dnsServiceIP: text(whole, 'dnsServiceIP', ''), secrets: text(whole, 'secrets', ''), machines,
  };
  if (missing.length > 0) throw new Error(`${file}: missing ${missing.join(', ')}`);
  return answer;
}
