import { createHash } from 'node:crypto';
import type { LabCluster } from './cluster.ts';
import type { Face, Machine } from './machine.ts';
import { MORE_KINDS } from './resources-more.ts';
import { RpcError } from './rpc.ts';
import { stageOf } from './services.ts';

interface Item { readonly id: string; readonly spec: unknown; readonly annotations?: Readonly<Record<string, string>> }
/** A kind of resource. The path of a column is below the spec; an empty one is the spec itself. `sensitive`: the administrator's alone. */
export interface Kind {
  readonly type: string; readonly display: string; readonly namespace: string; readonly aliases: readonly string[];
  readonly columns: readonly { readonly name: string; readonly path: string }[];
  readonly maintenance: boolean;
  readonly sensitive?: true;
  readonly items: (cluster: LabCluster, machine: Machine, face: Face) => readonly Item[];
}
const column = (name: string, path: string): { readonly name: string; readonly path: string } => ({ name, path });

/** Resources the machines of the lab know; names, columns and fields are Talos 1.12's. */
export const KINDS: readonly Kind[] = [
  ...MORE_KINDS,
  {
    type: 'Disks.block.talos.dev', display: 'Disk', namespace: 'runtime', aliases: ['disk', 'disks'], maintenance: true,
    columns: [column('Size', 'pretty_size'), column('Read Only', 'readonly'), column('Transport', 'transport'), column('Rotational', 'rotational'), column('WWID', 'wwid'), column('Model', 'model'), column('Serial', 'serial')],
    items: (_cluster, machine) => machine.disks.map((disk) => ({
      id: disk.path.replace('/dev/', ''),
      spec: {
        dev_path: disk.path, size: disk.sizeBytes, pretty_size: pretty(disk.sizeBytes), io_size: 512, sector_size: 512, readonly: false, cdrom: false, model: disk.model, serial: disk.serial,
        wwid: disk.wwid, bus_path: '/pci0000:00/0000:00:1d.0', sub_system: '/sys/class/block', transport: disk.transport, symlinks: disk.symlinks,
      },
    })),
  },
  {
    type: 'DiscoveredVolumes.block.talos.dev', display: 'DiscoveredVolume', namespace: 'runtime', aliases: ['discoveredvolume', 'discoveredvolumes', 'dv'], maintenance: true,
    columns: [column('Type', 'type'), column('Size', 'pretty_size'), column('Discovered', 'name'), column('Label', 'label'), column('PartitionLabel', 'partition_label')],
    items: (_cluster, machine, face) => machine.disks.flatMap((disk) => volumes(machine, disk.path, face)),
  },
  {
    type: 'LinkStatuses.net.talos.dev', display: 'LinkStatus', namespace: 'network', aliases: ['link', 'links', 'linkstatus', 'linkstatuses', 'ls'], maintenance: true,
    columns: [column('Alias', 'alias'), column('Type', 'type'), column('Kind', 'kind'), column('Hw Addr', 'hardwareAddr'), column('Oper State', 'operationalState'), column('Link State', 'linkState')],
    items: (_cluster, machine) => [
      ...machine.hardware.links.map((link, n) => ({
        id: link.name,
        spec: { index: n + 2, type: 'ether', linkIndex: 0, flags: 'UP,BROADCAST,RUNNING,MULTICAST,LOWER_UP', hardwareAddr: link.mac, permanentAddr: link.mac, broadcastAddr: 'ff:ff:ff:ff:ff:ff', mtu: 1500, queueDisc: 'mq', operationalState: 'up', kind: '', slaveKind: '', driver: 'mlx4_core', linkState: true, speedMbit: 10000, port: 'FIBRE', duplex: 'Full' },
      })),
      { id: 'lo', spec: { index: 1, type: 'loopback', linkIndex: 0, flags: 'UP,LOOPBACK,RUNNING,LOWER_UP', hardwareAddr: '00:00:00:00:00:00', broadcastAddr: '00:00:00:00:00:00', mtu: 65536, queueDisc: 'noqueue', operationalState: 'unknown', kind: '', slaveKind: '', linkState: false, port: 'Other', duplex: 'Unknown' } },
    ],
  },
  {
    type: 'AddressStatuses.net.talos.dev', display: 'AddressStatus', namespace: 'network', aliases: ['address', 'addresses', 'addressstatus', 'addressstatuses', 'as'], maintenance: true,
    columns: [column('Address', 'address'), column('Link', 'linkName')],
    items: (_cluster, machine) => {
      const link = machine.hardware.links[0]?.name ?? 'eth0';
      return [{ id: `${link}/${machine.file.address}/24`, address: `${machine.file.address}/24`, on: link, index: 2 }, { id: 'lo/127.0.0.1/8', address: '127.0.0.1/8', on: 'lo', index: 1 }]
        .map(({ id, address, on, index }) => ({ id, spec: { address, linkIndex: index, linkName: on, family: 'inet4', scope: on === 'lo' ? 'host' : 'global', flags: 'permanent', priority: 0 } }));
    },
  },
  {
    type: 'MachineStatuses.runtime.talos.dev', display: 'MachineStatus', namespace: 'runtime', aliases: ['machinestatus', 'machinestatuses', 'ms'], maintenance: true,
    columns: [column('Stage', 'stage'), column('Ready', 'status.ready')],
    items: (cluster, machine) => {
      const stage = stageOf(cluster, machine);
      return [{ id: 'machine', spec: { stage: stage.stage, status: { ready: stage.ready, unmetConditions: stage.unmet.map(({ name, reason }) => ({ name, reason })) } } }];
    },
  },
  {
    type: 'HostnameStatuses.net.talos.dev', display: 'HostnameStatus', namespace: 'network', aliases: ['hostname', 'hostnamestatus', 'hostnamestatuses', 'hs'], maintenance: true,
    columns: [column('Hostname', 'hostname'), column('Domainname', 'domainname')],
    items: (_cluster, machine) => [{ id: 'hostname', spec: { hostname: machine.hostname, domainname: '' } }],
  },
  {
    type: 'Members.cluster.talos.dev', display: 'Member', namespace: 'cluster', aliases: ['member', 'members'], maintenance: false,
    columns: [column('Hostname', 'hostname'), column('Machine Type', 'machineType'), column('OS', 'operatingSystem'), column('Addresses', 'addresses')],
    items: (cluster, machine) => cluster.machines.filter((other) => other.state.phase === 'up' && other.config !== undefined && other.config.clusterId === machine.config?.clusterId).map((other) => ({
      id: other.hostname,
      spec: {
        nodeId: createHash('sha256').update(other.hardware.uuid).digest('base64').slice(0, 43), addresses: [other.file.address], hostname: other.hostname, machineType: other.config?.type,
        operatingSystem: `Talos (v${other.talosVersion})`, ...(other.config?.type === 'controlplane' ? { controlPlane: { port: 6443 } } : {}),
      },
    })),
  },
  {
    type: 'VolumeStatuses.block.talos.dev', display: 'VolumeStatus', namespace: 'runtime', aliases: ['volumestatus', 'volumestatuses', 'vs'], maintenance: false,
    columns: [column('Type', 'type'), column('Phase', 'phase'), column('Location', 'location'), column('Size', 'prettySize')],
    items: (_cluster, machine) => {
      const disk = machine.disks[0];
      return ['META', 'STATE', 'EPHEMERAL'].map((id, n) => {
        const size = id === 'EPHEMERAL' ? (disk?.sizeBytes ?? 0) - 2_200_000_000 : id === 'META' ? 1_048_576 : 104_857_600;
        return { id, spec: { phase: 'ready', type: 'partition', location: partition(disk?.path ?? '', n + 4), parentLocation: disk?.path, size, prettySize: pretty(size), filesystem: id === 'META' ? 'talosmeta' : 'xfs' } };
      });
    },
  },
  {
    type: 'Nodenames.kubernetes.talos.dev', display: 'Nodename', namespace: 'k8s', aliases: ['nodename', 'nodenames'], maintenance: false,
    columns: [column('Nodename', 'nodename')],
    items: (_cluster, machine) => [{ id: 'nodename', spec: { nodename: machine.hostname, hostnameVersion: '1', skipNodeRegistration: false } }],
  },
];

const pretty = (bytes: number): string => {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
};
const partition = (disk: string, n: number): string => (/\d$/.test(disk) ? `${disk}p${n}` : `${disk}${n}`);

function volumes(machine: Machine, path: string, face: Face): readonly Item[] {
  const disk = machine.disk(path);
  if (disk === undefined) return [];
  const id = path.replace('/dev/', '');
  const whole = (name: string): Item => ({ id, spec: { dev_path: path, type: 'disk', device_path: '', offset: 0, size: disk.sizeBytes, pretty_size: pretty(disk.sizeBytes), sector_size: 512, io_size: 512, name } });
  const left = machine.state.leftovers?.[path];
  if (left === 'bluestore') return [whole('bluestore')];
  if (left === 'partitions') return [whole('gpt'), { id: partition(id, 1), spec: { dev_path: partition(path, 1), type: 'partition', device_path: '', parent: id, parent_dev_path: path, offset: 1_048_576, size: disk.sizeBytes - 2_097_152, pretty_size: pretty(disk.sizeBytes), name: 'ext4', label: 'data', partition_index: 1 } }];
  if (disk.purpose !== 'system') return [whole((machine.state.ceph[path] ?? []).includes(0) ? 'bluestore' : '')];
  if (face !== 'installed') return [whole('')];
  const parts = [['EFI', 'vfat'], ['BIOS', ''], ['BOOT', 'xfs'], ['META', 'talosmeta'], ['STATE', 'xfs'], ['EPHEMERAL', 'xfs']] as const;
  return [whole('gpt'), ...parts.map(([label, filesystem], n) => ({
    id: partition(id, n + 1),
    spec: { dev_path: partition(path, n + 1), type: 'partition', device_path: '', parent: id, parent_dev_path: path, offset: 1_048_576 * (n + 1), size: 104_857_600, pretty_size: '105 MB', name: filesystem, ...(filesystem === 'xfs' ? { label } : {}), partition_label: label, partition_index: n + 1 },
  }))];
}

/** The kind that goes by this name, short or long; undefined for none. */
export function kindOf(name: string): Kind | undefined {
  const wanted = name.toLowerCase();
  return KINDS.find((entry) => entry.aliases.includes(wanted) || entry.type.toLowerCase() === wanted);
}

/** The items of a kind by any of its names, with what a table of them needs. NotFound for a kind or an id that is not there. */
export function listResources(cluster: LabCluster, machine: Machine, face: Face, type: string, id: string, secrets: boolean): Readonly<Record<string, unknown>> {
  const kind = kindOf(type);
  if (kind === undefined) throw new RpcError('NotFound', `resource "${type}" is not registered`);
  if ((face !== 'installed' && !kind.maintenance) || (kind.sensitive === true && !secrets)) throw new RpcError('PermissionDenied', 'not authorized');
  const all = kind.items(cluster, machine, face);
  const items = id === '' ? all : all.filter((item) => item.id === id);
  if (id !== '' && items.length === 0) throw new RpcError('NotFound', `resource ${kind.type}(${kind.namespace}/${id}@undefined) doesn't exist`);
  const created = new Date(machine.state.bootedAt).toISOString().replace(/\.\d+Z$/, 'Z');
  return {
    display: kind.display, columns: kind.columns,
    items: items.map((item) => ({ metadata: { namespace: kind.namespace, type: kind.type, id: item.id, version: 1, owner: `${kind.display}Controller`, phase: 'running', created, updated: created, ...(item.annotations === undefined ? {} : { annotations: item.annotations }) }, spec: item.spec })),
  };
}
