/** machine.MachineService, but for etcd (etcd.ts), events (events.ts) and byte streams (bytes.ts): the wire's words for what the simulation answers. */
import { canonical } from '../../world/value.ts';
import type { Fields } from '../../world/value.ts';
import { listOf, service, stream, textOf, unary } from '../call.ts';
import type { NodeCall, Service, Unary } from '../call.ts';
import { Empty, timestamp } from '../fields/common.ts';
import * as fields from '../fields/machine.ts';

const NAME = 'machine.MachineService';
/** `NO_REBOOT` as people write it. */
const word = (value: unknown): string => String(value).toLowerCase().replaceAll('_', '-');
const upper = (value: unknown): string => String(value).toUpperCase().replaceAll('-', '_');
/** A google.protobuf.Duration in ms; 0 for none. */
export const durationMs = (value: unknown): number => {
  const { seconds, nanos } = Object(value);
  return Number(seconds ?? 0) * 1000 + Number(nanos ?? 0) / 1e6;
};

async function apply({ request, ask }: NodeCall): Promise<Fields> {
  const result = await ask('ApplyConfiguration', { data: textOf(request['data']), mode: word(request['mode']), dryRun: request['dryRun'], tryMs: durationMs(request['tryModeTimeout']) });
  return { mode: upper(result['mode'] ?? request['mode']), modeDetails: result['modeDetails'] };
}

async function version({ ask }: NodeCall): Promise<Fields> {
  const { rbac, platform, ...told } = await ask('Version');
  return { version: told, platform: { name: platform, mode: platform }, features: { rbac } };
}

async function services({ cluster, ask }: NodeCall): Promise<Fields> {
  const { services: found } = await ask('ServiceList');
  // The client tells ages by its own clock; simulated ones are kept by moving the moments, not the clock.
  const moment = (ts: unknown): Fields => timestamp(Date.now() - (cluster.now() - Number(ts)));
  return {
    services: listOf(found).map((one) => {
      const events = listOf(one['events']);
      const last = moment(events.at(-1)?.['ts'] ?? cluster.now());
      return {
        id: one['id'], state: one['state'], events: { events: events.map(({ msg, state, ts }) => ({ msg, state, ts: moment(ts) })) },
        health: { unknown: one['healthy'] === null, healthy: one['healthy'] === true, lastMessage: one['message'], lastChange: last },
      };
    }),
  };
}

const WIPE_MODES: Readonly<Record<string, string>> = { ALL: 'all', SYSTEM_DISK: 'system-disk', USER_DISKS: 'user-disks' };
const reset = ({ request, ask }: NodeCall): Promise<Fields> => ask('Reset', {
  graceful: request['graceful'], reboot: request['reboot'], mode: WIPE_MODES[String(request['mode'])] ?? 'all', userDisks: request['userDisksToWipe'],
  labels: listOf(request['systemPartitionsToWipe']).filter((entry) => entry['wipe'] === true).map((entry) => entry['label']),
});

/** Methods whose request is the simulation's own, and whose result is the reply's. */
const same = (method: string, request: Unary['request'], reply: Unary['reply'], params: (request: Fields) => Fields = (given) => given): Unary => unary(request, reply, (call) => call.ask(method, params(call.request)));

const NAMESPACE: Readonly<Record<string, string>> = { SYSTEM: 'system', CRI: 'cri', UNKNOWN: '' };
const image = (request: Fields): Fields => ({ ...request, namespace: NAMESPACE[String(request['namespace'])] ?? '' });

export const MACHINE: Service = service(NAME, {
  ApplyConfiguration: unary(fields.ApplyConfigurationRequest, fields.ApplyConfigurationResponse, apply),
  Version: unary(Empty, fields.VersionResponse, version),
  Bootstrap: same('Bootstrap', fields.BootstrapRequest, fields.NothingResponse, (request) => ({ recoverEtcd: request['recoverEtcd'], skipHash: request['recoverSkipHashCheck'] })),
  ServiceList: unary(Empty, fields.ServiceListResponse, services),
  ServiceStart: same('ServiceStart', fields.ServiceRequest, fields.ServiceResponse),
  ServiceStop: same('ServiceStop', fields.ServiceRequest, fields.ServiceResponse),
  ServiceRestart: same('ServiceRestart', fields.ServiceRequest, fields.ServiceResponse),
  Reboot: same('Reboot', fields.RebootRequest, fields.ActorResponse, (request) => ({ mode: word(request['mode']) })),
  Shutdown: same('Shutdown', fields.ShutdownRequest, fields.ActorResponse),
  Reset: unary(fields.ResetRequest, fields.ActorResponse, reset),
  Upgrade: same('Upgrade', fields.UpgradeRequest, fields.UpgradeResponse, (request) => ({ ...request, rebootMode: word(request['rebootMode']) })),
  Rollback: same('Rollback', Empty, fields.NothingResponse),
  LogsContainers: same('LogsContainers', Empty, fields.LogsContainersResponse),
  Mounts: same('Mounts', Empty, fields.MountsResponse),
  Containers: same('Containers', fields.ContainersRequest, fields.ContainersResponse),
  Stats: same('Stats', fields.ContainersRequest, fields.StatsResponse),
  Memory: same('Memory', Empty, fields.MemoryResponse),
  Hostname: same('Hostname', Empty, fields.HostnameResponse),
  LoadAvg: same('LoadAvg', Empty, fields.LoadAvgResponse),
  SystemStat: same('SystemStat', Empty, fields.SystemStatResponse),
  Processes: same('Processes', Empty, fields.ProcessesResponse),
  ImageList: stream(fields.ImageListRequest, fields.ImageListResponse, async (call, send) => {
    const { images } = await call.ask('ImageList', image(call.request));
    for (const { created, ...one } of listOf(images)) await send({ ...one, createdAt: timestamp(Date.parse(String(created))) });
  }),
  ImagePull: same('ImagePull', fields.ImagePullRequest, fields.NothingResponse, image),
  MetaWrite: same('MetaWrite', fields.MetaWriteRequest, fields.NothingResponse, (request) => ({ key: request['key'], value: textOf(request['value']) })),
  MetaDelete: same('MetaDelete', fields.MetaDeleteRequest, fields.NothingResponse),
  GenerateClientConfiguration: unary(fields.GenerateClientConfigurationRequest, fields.GenerateClientConfigurationResponse, async ({ request, ask }) => {
    const made = await ask('GenerateClientConfiguration', { roles: request['roles'], ttlMs: durationMs(request['crtTtl']) });
    const base64 = (key: string): string => Buffer.from(textOf(made[key])).toString('base64');
    const context = { endpoints: [], ca: base64('ca'), crt: base64('crt'), key: base64('key') };
    // JSON is YAML; the client reads it as that.
    return { ca: made['ca'], crt: made['crt'], key: made['key'], talosconfig: canonical({ context: made['cluster'], contexts: { [String(made['cluster'])]: context } }) };
  }),
  List: stream(fields.ListRequest, fields.FileInfo, async (call, send) => {
    const { files } = await call.ask('List', { root: call.request['root'], recurse: call.request['recurse'], depth: Number(call.request['recursionDepth']) || 10 });
    for (const { path, relative, dir, size, mode, modified } of listOf(files)) await send({ name: path, relativeName: relative, isDir: dir, size, mode, modified: Math.floor(Number(modified) / 1000) });
  }),
});
