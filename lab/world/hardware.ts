import { createHash } from 'node:crypto';
import type { ClusterFile } from './types.ts';

export interface Disk {
  /** `system` for the disk Talos is installed on, else the purpose the cluster file names, e.g. `ceph`. */
  readonly purpose: string;
  readonly path: string; readonly model: string; readonly serial: string; readonly wwid: string;
  readonly transport: 'nvme' | 'sata'; readonly symlinks: readonly string[]; readonly sizeBytes: number;
}
export interface Link { readonly name: string; readonly mac: string }
export interface Hardware { readonly uuid: string; readonly disks: readonly Disk[]; readonly links: readonly Link[] }

type MachineFile = ClusterFile['machines'][number];
const hex = (seed: string, length: number): string => createHash('sha256').update(seed).digest('hex').slice(0, length);

/** Sizes disks are sold in, GB: a model's name ends in one of them, often right behind other digits. */
const SIZES = [3840, 1920, 1024, 1000, 960, 512, 500, 480, 256, 250, 240, 128, 120];

/** Concrete hardware that the machine's selectors fit; the same for the same names, whenever and wherever it is made. */
export function hardwareOf(cluster: string, machine: MachineFile): Hardware {
  const seed = `${cluster}/${machine.name}`;
  const wanted: { purpose: string; selector: { readonly id?: string; readonly model?: string } }[] = [
    { purpose: 'system', selector: machine.disks.install },
    ...Object.entries(machine.disks.data).map(([purpose, selector]) => ({ purpose, selector })),
  ];
  let nvme = 0;
  let sata = 0;
  const disks = wanted.map(({ purpose, selector }) => {
    const disk = shape(`${seed}/${purpose}`, selector);
    const path = disk.transport === 'nvme' ? `/dev/nvme${nvme++}n1` : `/dev/sd${String.fromCharCode(97 + sata++)}`;
    return { purpose, path, ...disk };
  });
  const patterns = machine.macs.length === 0 ? ['02:00:00:*'] : machine.macs;
  const links = patterns.map((pattern, n) => ({ name: `enp1s0f${n}np${n}`, mac: macOf(`${seed}/${n}`, pattern) }));
  const id = hex(`${seed}/uuid`, 32);
  return { uuid: `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20)}`, disks, links };
}

function shape(seed: string, selector: { readonly id?: string; readonly model?: string }): Omit<Disk, 'path' | 'purpose'> {
  const id = selector.id?.replace(/^\/dev\/disk\/by-id\//, '');
  const model = (selector.model ?? modelIn(id) ?? 'LAB NVMe 512G').replaceAll('*', hex(`${seed}/model`, 4).toUpperCase()).replaceAll('?', 'X');
  const transport = id?.startsWith('ata-') === true || id?.startsWith('wwn-') === true || (id === undefined && /\b(8[67]0|MX\d|HDD|SATA)/i.test(model)) ? 'sata' : 'nvme';
  const serial = serialIn(id) ?? hex(`${seed}/serial`, 14).toUpperCase();
  const wwid = id?.startsWith('nvme-eui.') === true ? id.slice('nvme-'.length)
    : id?.startsWith('wwn-0x') === true ? `naa.${id.slice('wwn-0x'.length)}`
      : transport === 'nvme' ? `eui.${hex(`${seed}/wwid`, 16)}` : `naa.5${hex(`${seed}/wwid`, 15)}`;
  const byId = new Set<string>([`${transport === 'nvme' ? 'nvme' : 'ata'}-${model.replaceAll(' ', '_')}_${serial}`, transport === 'nvme' ? `nvme-${wwid}` : `wwn-0x${wwid.slice(4)}`]);
  if (id !== undefined) byId.add(id);
  const gigabytes = SIZES.find((size) => new RegExp(`${size}\\s?GB?\\b`, 'i').test(model)) ?? Number(/(\d+)\s?TB?\b/i.exec(model)?.[1] ?? 0.5) * 1000;
  return { model, serial, wwid, transport, symlinks: [...byId].map((entry) => `/dev/disk/by-id/${entry}`), sizeBytes: gigabytes * 1_000_000_000 };
}

const modelIn = (id: string | undefined): string | undefined => /^(?:ata|nvme)-(?!eui\.)(.+)_[^_]+$/.exec(id ?? '')?.[1]?.replaceAll('_', ' ');
const serialIn = (id: string | undefined): string | undefined => /^(?:ata|nvme)-(?!eui\.).+_([^_]+)$/.exec(id ?? '')?.[1];

function macOf(seed: string, pattern: string): string {
  const digits = hex(seed, 12);
  const open = pattern.indexOf('*');
  if (open < 0) return pattern.toLowerCase();
  const given = pattern.slice(0, open).replace(/:$/, '');
  const octets = given === '' ? [] : given.split(':');
  for (let n = octets.length; n < 6; n++) octets.push(digits.slice(n * 2, n * 2 + 2));
  return octets.map((octet, n) => (octet.length === 1 ? octet + digits.slice(n, n + 1) : octet)).join(':').toLowerCase();
}
