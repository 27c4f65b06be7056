/** machine.MachineService: what is asked and answered, but for etcd (etcd.ts) and events (events.ts). */
import { message } from '../codec.ts';
import { answer, answers, Duration, Timestamp } from './common.ts';

export const ApplyConfigurationRequest = message({ data: '1 bytes', mode: '4 REBOOT|AUTO|NO_REBOOT|STAGED|TRY', dryRun: '5 bool', tryModeTimeout: [6, Duration] });
export const ApplyConfigurationResponse = answers({ warnings: '2* string', mode: '3 REBOOT|AUTO|NO_REBOOT|STAGED|TRY', modeDetails: '4 string' });
export const VersionResponse = answers({
  version: [2, message({ tag: '1 string', sha: '2 string', built: '3 string', goVersion: '4 string', os: '5 string', arch: '6 string' })],
  platform: [3, message({ name: '1 string', mode: '2 string' })], features: [4, message({ rbac: '1 bool' })],
});
export const BootstrapRequest = message({ recoverEtcd: '1 bool', recoverSkipHashCheck: '2 bool' });
/** Answers that say nothing but of which node they are. */
export const NothingResponse = answers({});

export const RebootRequest = message({ mode: '1 DEFAULT|POWERCYCLE|FORCE' });
export const ShutdownRequest = message({ force: '1 bool' });
export const ResetRequest = message({
  graceful: '1 bool', reboot: '2 bool', systemPartitionsToWipe: ['3*', message({ label: '1 string', wipe: '2 bool' })], userDisksToWipe: '4* string', mode: '5 ALL|SYSTEM_DISK|USER_DISKS',
});
/** Reboot, Shutdown and Reset all answer with the id of the actor that their events carry. */
export const ActorResponse = answers({ actorId: '2 string' });
export const UpgradeRequest = message({ image: '1 string', preserve: '2 bool', stage: '3 bool', force: '4 bool', rebootMode: '5 DEFAULT|POWERCYCLE' });
export const UpgradeResponse = answers({ ack: '2 string', actorId: '3 string' });

export const ServiceHealth = message({ unknown: '1 bool', healthy: '2 bool', lastMessage: '3 string', lastChange: [4, Timestamp] });
const ServiceEvents = message({ events: ['1*', message({ msg: '1 string', state: '2 string', ts: [3, Timestamp] })] });
export const ServiceListResponse = answers({ services: ['2*', message({ id: '1 string', state: '2 string', events: [3, ServiceEvents], health: [4, ServiceHealth] })] });
export const ServiceRequest = message({ id: '1 string' });
export const ServiceResponse = answers({ resp: '2 string' });

export const LogsRequest = message({ namespace: '1 string', id: '2 string', driver: '3 CONTAINERD|CRI', follow: '4 bool', tailLines: '5 int32' });
export const LogsContainersResponse = answers({ ids: '2* string' });
export const DmesgRequest = message({ follow: '1 bool', tail: '2 bool' });
export const ReadRequest = message({ path: '1 string' });
export const CopyRequest = message({ rootPath: '1 string' });
export const ListRequest = message({ root: '1 string', recurse: '2 bool', recursionDepth: '3 int32', types: '4* REGULAR|DIRECTORY|SYMLINK', reportXattrs: '5 bool' });
export const FileInfo = answer({
  name: '2 string', size: '3 int64', mode: '4 uint32', modified: '5 int64', isDir: '6 bool', error: '7 string', link: '8 string', relativeName: '9 string', uid: '10 uint32', gid: '11 uint32',
});
export const DiskUsageRequest = message({ recursionDepth: '1 int32', all: '2 bool', threshold: '3 int64', paths: '4* string' });
export const DiskUsageInfo = answer({ name: '2 string', size: '3 int64', error: '4 string', relativeName: '5 string' });
export const MountsResponse = answers({ stats: ['2*', message({ filesystem: '1 string', size: '2 uint64', available: '3 uint64', mountedOn: '4 string' })] });

export const ContainersRequest = message({ namespace: '1 string', driver: '2 CONTAINERD|CRI' });
export const ContainersResponse = answers({
  containers: ['2*', message({ namespace: '1 string', id: '2 string', image: '3 string', pid: '4 uint32', status: '5 string', podId: '6 string', name: '7 string', networkNamespace: '8 string', internalId: '9 string', uid: '10 string' })],
});
export const StatsResponse = answers({ stats: ['2*', message({ namespace: '1 string', id: '2 string', memoryUsage: '4 uint64', cpuUsage: '5 uint64', podId: '6 string', name: '7 string' })] });
export const ImageListRequest = message({ namespace: '1 UNKNOWN|SYSTEM|CRI' });
export const ImageListResponse = answer({ name: '2 string', digest: '3 string', size: '4 int64', createdAt: [5, Timestamp] });
export const ImagePullRequest = message({ namespace: '1 UNKNOWN|SYSTEM|CRI', reference: '2 string' });

export const MemoryResponse = answers({ meminfo: [2, message({ memtotal: '1 uint64', memfree: '2 uint64', memavailable: '3 uint64', buffers: '4 uint64', cached: '5 uint64', shmem: '20 uint64' })] });
export const HostnameResponse = answers({ hostname: '2 string' });
export const LoadAvgResponse = answers({ load1: '2 double', load5: '3 double', load15: '4 double' });
export const SystemStatResponse = answers({ bootTime: '2 uint64', processCreated: '8 uint64', processRunning: '9 uint64' });
export const ProcessesResponse = answers({
  processes: ['2*', message({ pid: '1 int32', ppid: '2 int32', state: '3 string', threads: '4 int32', cpuTime: '5 double', virtualMemory: '6 uint64', residentMemory: '7 uint64', command: '8 string', executable: '9 string', args: '10 string', label: '11 string' })],
});
export const MetaWriteRequest = message({ key: '1 uint32', value: '2 bytes' });
export const MetaDeleteRequest = message({ key: '1 uint32' });
export const GenerateClientConfigurationRequest = message({ roles: '1* string', crtTtl: [2, Duration] });
export const GenerateClientConfigurationResponse = answers({ ca: '2 bytes', crt: '3 bytes', key: '4 bytes', talosconfig: '5 bytes' });
