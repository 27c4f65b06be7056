import { createHash } from 'node:crypto';
import { etcdAnswers } from './etcd.ts';
import { filesBelow } from './machine-files.ts';
import { issue } from './pki.ts';
import { RpcError } from './rpc.ts';
import { servicesOf } from './services.ts';
import type { Call, Method } from './talos-api.ts';
import type { KubeObject } from './types.ts';
import { at, isFields, textAt } from './value.ts';
import type { Fields } from './value.ts';

type Params = Readonly<Record<string, unknown>>;
const text = (params: Params, key: string): string => (typeof params[key] === 'string' ? params[key] : '');
const flag = (params: Params, key: string): boolean => params[key] === true;
const never = (): boolean => false;
const always = (): boolean => true;
const list = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);
/** KiB, as the kubelets of the lab say too. */
const MEMORY_KIB = 65_571_152;

/** Services that run in containers of the `system` namespace. */
const CONTAINED = ['apid', 'etcd', 'kubelet', 'trustd'];
/** A process id that stays the same for the same name. */
const pidOf = (name: string): number => 1_000 + [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 30_000, 7);

function podsOn({ cluster, machine }: Call): readonly KubeObject[] {
  const { store } = cluster;
  return store?.typeOf('v1', 'Pod') === undefined ? [] : store.list('v1', 'Pod').filter((pod) => pod.spec?.['nodeName'] === machine.hostname);
}

function containers(call: Call): readonly Fields[] {
  if (text(call.params, 'namespace') !== 'k8s.io') {
    return servicesOf(call.cluster, call.machine).filter((service) => CONTAINED.includes(service.id) && service.state === 'Running')
      .map(({ id }) => ({ namespace: 'system', id, name: id, podId: id, internalId: id, image: imageOf(call, id), pid: pidOf(id), status: 'RUNNING' }));
  }
  return podsOn(call).flatMap((pod): readonly Fields[] => {
    const podId = `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
    const status = textAt(pod.status, 'phase') === 'Running' ? 'CONTAINER_RUNNING' : 'CONTAINER_EXITED';
    const uid = pod.metadata.uid ?? '';
    return [
      { namespace: 'k8s.io', id: podId, podId, name: '', internalId: uid, image: 'registry.k8s.io/pause:3.10', pid: pidOf(uid), status: 'SANDBOX_READY', uid },
      ...list(pod.spec?.['containers']).map((container): Fields => {
        const name = textAt(container, 'name') ?? '';
        return { namespace: 'k8s.io', id: `${podId}:${name}:${uid.slice(0, 12)}`, podId, name, internalId: `${uid}-${name}`, image: textAt(container, 'image') ?? '', pid: pidOf(uid + name), status, uid };
      }),
    ];
  });
}

function imageOf({ machine }: Call, service: string): string {
  const main = machine.documents[0];
  if (service === 'kubelet') return textAt(main, 'machine', 'kubelet', 'image') ?? '';
  return service === 'etcd' ? textAt(main, 'cluster', 'etcd', 'image') ?? 'registry.k8s.io/etcd:v3.6.6' : `ghcr.io/siderolabs/${service}:v${machine.talosVersion}`;
}

/** Starting and stopping is for the services Talos allows it for: of those of the lab, starting and restarting the kubelet. */
function onService(verb: 'start' | 'stop' | 'restart') {
  return ({ cluster, machine, params }: Call): Fields => {
    const id = text(params, 'id');
    if (!servicesOf(cluster, machine).some((service) => service.id === id)) throw new RpcError('Unknown', `service "${id}" not defined`);
    if (id !== 'kubelet' || verb === 'stop') throw new RpcError('Unknown', `service "${id}" doesn't support ${verb} operation via API`);
    if (verb === 'restart') (machine.state.restarted ??= {})[id] = cluster.now();
    machine.say(cluster.now(), `service[${id}](Starting): Starting service`);
    cluster.touch();
    return { resp: `Service "${id}" ${verb}ed` };
  };
}

/** Clears disks that no volume uses. In maintenance anybody may; that is how Talos has it. */
function wipe({ cluster, machine, face, params }: Call): Fields {
  const wanted = list(params['devices']).map((entry) => ({ device: textAt(entry, 'device') ?? '', skip: at(entry, 'skipVolumeCheck') === true }));
  const disks = wanted.map(({ device, skip }) => {
    const disk = machine.disk(`/dev/${device.replace(/^\/dev\//, '')}`);
    if (disk === undefined) throw new RpcError('NotFound', `blockdevice "${device}" not found`);
    if (disk.purpose === 'system' && face === 'installed' && !skip) throw new RpcError('FailedPrecondition', `blockdevice "${device}" is in use by volume "EPHEMERAL"`);
    return disk;
  });
  for (const { path } of disks) machine.wipeDisk(path, cluster.now());
  cluster.touch();
  return {};
}

function meta({ cluster, machine, params }: Call, value: string | undefined): Fields {
  const key = typeof params['key'] === 'number' ? params['key'] : -1;
  if (key < 0 || key > 255) throw new RpcError('InvalidArgument', 'key must be a uint8');
  const kept = (machine.state.meta ??= {});
  const name = `0x${key.toString(16).padStart(2, '0')}`;
  if (value === undefined && kept[name] === undefined) throw new RpcError('NotFound', 'meta key not found');
  if (value === undefined) delete kept[name];
  else kept[name] = value;
  cluster.touch();
  return {};
}

const read = (run: (call: Call) => Fields, maintenance = false): Method => ({ write: never, maintenance, run });
const write = (run: (call: Call) => Fields, maintenance = false): Method => ({ write: always, maintenance, run });

/** What people ask of a machine by hand; the runner itself needs none of it. */
export const MORE: Readonly<Record<string, Method>> = {
  /** Events and the server's own health check are streams; this is the right to have them. */
  Events: read(() => ({})),
  HealthCheck: read(() => ({})),
  ResourceDefinitions: read(() => ({}), true),
  Disks: read(({ machine, face }) => ({
    disks: machine.disks.map((disk) => ({
      size: disk.sizeBytes, model: disk.model, deviceName: disk.path, serial: disk.serial, wwid: disk.wwid, type: disk.transport === 'nvme' ? 'NVME' : 'SSD',
      busPath: '/pci0000:00/0000:00:1d.0', systemDisk: face === 'installed' && disk.purpose === 'system', subsystem: '/sys/class/block',
    })),
  }), true),
  BlockDeviceWipe: write(wipe, true),
  Memory: read(() => ({ meminfo: { memtotal: MEMORY_KIB, memfree: 41_201_664, memavailable: 55_730_176, buffers: 12_288, cached: 14_803_968, shmem: 102_400 } })),
  Hostname: read(({ machine }) => ({ hostname: machine.hostname })),
  LoadAvg: read(() => ({ load1: 0.42, load5: 0.38, load15: 0.31 })),
  SystemStat: read(({ cluster, machine }) => ({ bootTime: Math.floor(machine.state.bootedAt / 1000), processCreated: 20_000, processRunning: 1 + Math.floor(cluster.now() / 7_000) % 3 })),
  Processes: read((call) => ({
    processes: [{ pid: 1, ppid: 0, state: 'S', threads: 18, cpuTime: 12.5, virtualMemory: 1_300_000_000, residentMemory: 120_000_000, command: 'init', executable: '/sbin/init', args: '/sbin/init' }, ...servicesOf(call.cluster, call.machine).filter((service) => service.state === 'Running').map(({ id }) => (
      { pid: pidOf(id), ppid: 1, state: 'S', threads: 12, cpuTime: 3.5, virtualMemory: 1_200_000_000, residentMemory: 60_000_000, command: id, executable: `/usr/local/bin/${id}`, args: `/usr/local/bin/${id}` }))],
  })),
  Containers: read((call) => ({ containers: containers(call) })),
  Stats: read((call) => ({ stats: containers(call).map((one) => ({ namespace: one['namespace'], id: one['id'], podId: one['podId'], name: one['name'], memoryUsage: 40_000_000, cpuUsage: 1_000_000_000 })) })),
  LogsContainers: read(({ cluster, machine }) => ({ ids: ['controller-runtime', 'dns-resolve-cache', 'kernel', ...servicesOf(cluster, machine).map((service) => service.id)].toSorted() })),
  List: read(({ machine, params }) => ({ files: filesBelow(machine, text(params, 'root'), flag(params, 'recurse') ? Number(params['depth'] ?? 1) : 1) })),
  Mounts: read(({ machine }) => {
    const size = machine.disks[0]?.sizeBytes ?? 0;
    const stat = (filesystem: string, mountedOn: string, bytes: number, used: number): Fields => ({ filesystem, mountedOn, size: bytes, available: Math.round(bytes * (1 - used)) });
    return { stats: [stat('/dev/loop0', '/', 79_691_776, 1), stat('xfs', '/system/state', 94_000_000, 0.06), stat('xfs', '/var', size - 2_200_000_000, 0.07)] };
  }),
  ImageList: read((call) => {
    const created = new Date(call.machine.state.bootedAt).toISOString();
    const images = text(call.params, 'namespace') === 'system' ? ['kubelet', 'etcd'].filter((id) => id !== 'etcd' || call.machine.config?.type === 'controlplane').map((id) => imageOf(call, id))
      : ['registry.k8s.io/pause:3.10', ...podsOn(call).flatMap((pod) => list(pod.spec?.['containers']).map((container) => textAt(container, 'image') ?? ''))];
    return { images: [...new Set(images)].filter((image) => image !== '').toSorted().map((name) => ({ name, digest: `sha256:${createHash('sha256').update(name).digest('hex')}`, size: 30_000_000 + name.length * 100_000, created })) };
  }),
  EtcdAlarmDisarm: write((call) => {
    etcdAnswers(call.cluster, call.machine);
    return { alarms: [] };
  }),
  EtcdForfeitLeadership: write((call) => {
    const { cluster, machine } = call;
    etcdAnswers(cluster, machine);
    const { etcd } = cluster.state;
    // A member that does not lead has nothing to forfeit, and nobody is told.
    if (etcd === null || etcd.leader !== machine.state.etcd?.memberId) return { member: '' };
    const next = etcd.members.find((member) => member.id !== etcd.leader && cluster.machines.some((other) => other.name === member.machine && cluster.etcdHealthy(other)));
    if (next === undefined) throw new RpcError('Unknown', 'failed to forfeit leadership: etcdserver: no leader');
    etcd.leader = next.id;
    etcd.term++;
    cluster.touch();
    return { member: next.hostname };
  }),
  MetaWrite: write((call) => meta(call, text(call.params, 'value'))),
  MetaDelete: write((call) => meta(call, undefined)),
  ServiceRestart: write(onService('restart')),
  ServiceStart: write(onService('start')),
  ServiceStop: write(onService('stop')),
  GenerateClientConfiguration: write(({ cluster, machine, params }) => {
    const { authority } = machine;
    if (machine.config?.type !== 'controlplane' || authority === undefined) throw new RpcError('FailedPrecondition', 'client configuration (talosconfig) can only be generated on the control plane nodes');
    const roles = Array.isArray(params['roles']) ? params['roles'].filter((role): role is string => typeof role === 'string') : [];
    const ttlMs = typeof params['ttlMs'] === 'number' && params['ttlMs'] > 0 ? params['ttlMs'] : 86_400_000;
    return { cluster: cluster.name, ca: authority.crt, ...issue(authority, { organization: roles, use: 'client', ttlMs }) };
  }),
};
