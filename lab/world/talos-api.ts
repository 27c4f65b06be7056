import { gunzipSync } from 'node:zlib';
import { bootstrapEtcd, etcdAnswers, foreignMembers, leaveEtcd, newId } from './etcd.ts';
import type { LabCluster } from './cluster.ts';
import { configDiff, needsReboot } from './config-diff.ts';
import type { Face, Machine, ResetOrder } from './machine.ts';
import { ConfigError, manyErrors, parseDocuments, problemsOf, isMain } from './machine-config.ts';
import { readSnapshot, writeSnapshot } from './snapshot.ts';
import { listResources } from './resources.ts';
import { mayCall, maySeeSecrets } from './roles.ts';
import { RpcError, refusedText } from './rpc.ts';
import type { RpcMessage, RpcReply, RpcRequest } from './rpc.ts';
import { logOf, servicesOf } from './services.ts';
import { TAKES } from './state.ts';
import { DAY2, fileSizes, raftIndex } from './talos-day2.ts';
import { MORE } from './talos-more.ts';
import { canonical, textsAt } from './value.ts';

type Result = Readonly<Record<string, unknown>>;
type Params = Readonly<Record<string, unknown>>;
/** The machine a call works on (after proxying), and what it shows. */
export interface Call { readonly cluster: LabCluster; readonly machine: Machine; readonly face: Face; readonly params: Params; readonly roles: readonly string[] }
export interface Method { readonly write: (params: Params) => boolean; readonly maintenance: boolean; readonly run: (call: Call) => Result }

/** What arrives on a listener: the machine that was dialled and the caller's roles. */
export interface Arrival { readonly cluster: LabCluster; readonly machine: Machine; readonly roles: readonly string[]; readonly face: Face }

const text = (params: Params, key: string): string => (typeof params[key] === 'string' ? params[key] : '');
const flag = (params: Params, key: string): boolean => params[key] === true;
const texts = (params: Params, key: string): readonly string[] => (Array.isArray(params[key]) ? params[key].filter((entry): entry is string => typeof entry === 'string') : []);
const never = (): boolean => false;
const always = (): boolean => true;

/** Calls that are for control planes alone; the second part is what the refusal calls them. */
const PLANE_ONLY: Readonly<Record<string, string>> = { Kubeconfig: 'kubeconfig', EtcdMemberList: 'member list', EtcdStatus: 'etcd status', EtcdSnapshot: 'etcd snapshot', EtcdAlarmList: 'etcd alarm list', EtcdLeaveCluster: 'leave', EtcdDefragment: 'defragment', EtcdRemoveMemberByID: 'remove member' };

/** Answers one call to a machine; nodes other than the one dialled are asked on its behalf. Throws RpcError when no node can be told apart in the answer. */
export async function callTalos(arrival: Arrival, method: string, request: RpcRequest): Promise<RpcReply> {
  const known = METHODS[method];
  if (known === undefined) throw new RpcError('Unimplemented', `unknown method ${method} for service machine.MachineService`);
  if (arrival.face === 'installed' && !mayCall(arrival.roles, method)) throw new RpcError('PermissionDenied', 'not authorized');
  const nodes = arrival.face === 'maintenance' || request.nodes.length === 0 ? [''] : request.nodes;
  // A worker's API passes nothing on to others; alone, its own address is as good as none (Talos' apid, director.go).
  const alone = nodes.length === 1 && (nodes[0] === '' || arrival.cluster.machine(nodes[0] ?? '') === arrival.machine);
  if (arrival.machine.config?.type === 'worker' && !alone) throw new RpcError('PermissionDenied', 'no request forwarding');
  return { messages: nodes.map((node) => one(arrival, method, known, node, request.params)) };
}

function one(arrival: Arrival, name: string, method: Method, node: string, params: Params): RpcMessage {
  const { cluster } = arrival;
  const machine = node === '' ? arrival.machine : cluster.machine(node);
  const write = method.write(params);
  const log = (result: string): void => cluster.world.log.add({ cluster: cluster.name, kind: 'talos', by: 'talosctl', verb: name, object: machine?.name ?? node, write, result });
  try {
    // What became of an action is asked of the endpoint even when the node is back in maintenance: its real address cannot be dialled in a lab.
    const reachable = machine !== undefined && (machine === arrival.machine || machine.face() === 'installed' || (name === 'Action' && machine.face() === 'maintenance'));
    if (!reachable) throw new RpcError('Unavailable', refusedText(`${node}:50000`));
    const face = machine.face();
    if (face === 'maintenance' && !method.maintenance) throw new RpcError('Unimplemented', 'API is not implemented in maintenance mode');
    const plane = PLANE_ONLY[name];
    if (plane !== undefined && machine.config?.type === 'worker') throw new RpcError('Unimplemented', `${plane} is only available on control plane nodes`);
    const result = method.run({ cluster, machine, face, params, roles: arrival.roles });
    log('OK');
    return { node, result };
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
    log(`${error.code}: ${error.message.slice(0, 200)}`);
    return { node, error: { code: error.code, message: error.message } };
  }
}

function apply({ cluster, machine, face, params }: Call): Result {
  const data = text(params, 'data');
  const mode = text(params, 'mode') || 'auto';
  if (face === 'maintenance' && mode !== 'auto' && mode !== 'reboot' && mode !== 'try') throw new RpcError('Unimplemented', `apply configuration --mode='${mode}' is not supported in maintenance mode`);
  let documents;
  try {
    documents = parseDocuments(data);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw face === 'maintenance' ? new RpcError('Unknown', `failed to parse config: ${error.message}`) : new RpcError('InvalidArgument', error.message);
  }
  if (face === 'installed' && !documents.some(isMain)) throw new RpcError('InvalidArgument', "the applied machine configuration doesn't contain v1alpha1 config, did you mean to patch the machine config instead?");
  const problems = problemsOf(documents, 'metal');
  if (problems.length > 0) throw new RpcError('InvalidArgument', face === 'maintenance' ? `configuration validation failed: ${manyErrors(problems)}` : manyErrors(problems));
  if (face === 'maintenance') {
    if (flag(params, 'dryRun')) return { modeDetails: 'Dry run summary:\nNode is running in maintenance mode and does not have a config yet.' };
    // A machine that has taken a configuration and only shows its old face a moment longer takes no second one.
    if (machine.state.phase === 'maintenance') machine.accept(data, cluster.now());
    return { modeDetails: '' };
  }
  const reboot = mode === 'reboot' || (mode === 'auto' && needsReboot(machine.documents, documents));
  if ((mode === 'no-reboot' || mode === 'try') && needsReboot(machine.documents, documents)) throw new RpcError('InvalidArgument', "this config change can't be applied in immediate mode");
  const details = mode === 'staged' ? 'Staged configuration to be applied after the next reboot' : reboot ? 'Applied configuration with a reboot' : 'Applied configuration without a reboot';
  if (flag(params, 'dryRun')) return { modeDetails: `Dry run summary:\n${details} (skipped in dry-run).\nConfig diff:\n\n${configDiff(machine.documents, documents)}` };
  if (mode === 'staged') machine.stage(data);
  else if (mode === 'try') machine.tryOut(data, cluster.now() + (typeof params['tryMs'] === 'number' && params['tryMs'] > 0 ? params['tryMs'] : 60_000));
  else if (canonical(machine.documents) !== canonical(documents) || reboot) machine.reconfigure(data, reboot, cluster.now());
  return { modeDetails: details };
}

function bootstrap({ cluster, machine, params }: Call): Result {
  const now = cluster.now();
  if (now < machine.state.bootedAt + TAKES.etcdPreparing || machine.clockOff() === 'since-boot') throw new RpcError('FailedPrecondition', 'bootstrap is not available yet');
  if (machine.config?.type !== 'controlplane') throw new RpcError('FailedPrecondition', 'bootstrap can only be performed on a control plane node');
  const taken = new RpcError('AlreadyExists', 'etcd data directory is not empty');
  if (cluster.world.faults.active('bootstrap-exists-foreign', cluster.name, machine.name) !== undefined) machine.state.etcd ??= { clusterId: newId(), memberId: newId(), readyAt: 0, foreign: true };
  if (machine.state.etcd !== null) throw taken;
  if (flag(params, 'recoverEtcd')) {
    const snapshot = recovering.get(machine);
    if (snapshot === undefined) throw new RpcError('FailedPrecondition', 'no snapshot was uploaded for recovery');
    if (!snapshot.sealed && !flag(params, 'skipHash')) throw new RpcError('FailedPrecondition', 'snapshot missing hash but --skip-hash-check=false');
    cluster.api.recover(JSON.parse(gunzipSync(snapshot.packed).toString()));
    recovering.delete(machine);
  }
  // Where the lab differs from bad luck on site: a second first member would be a second cluster, so members that exist are kept apart.
  bootstrapEtcd(cluster.etcdView(), machine, now);
  machine.say(now, 'bootstrapping etcd');
  cluster.touch();
  if (cluster.world.faults.active('bootstrap-exists-ours', cluster.name) !== undefined) throw taken;
  return {};
}
const recovering = new WeakMap<Machine, NonNullable<ReturnType<typeof readSnapshot>>>();

const etcdOf = ({ cluster, machine }: Call): { readonly local: boolean } => etcdAnswers(cluster, machine);

const memberRow = (member: { readonly id: string; readonly hostname: string; readonly address: string }, learner = false): Result => ({
  id: member.id, hostname: member.hostname, peerUrls: [`https://${member.address}:2380`], clientUrls: [`https://${member.address}:2379`], isLearner: learner,
});

function members(call: Call): Result {
  const { cluster, machine } = call;
  if (etcdOf(call).local) return { members: foreignMembers(machine.state.etcd?.clusterId ?? '').map((member) => memberRow(member)) };
  // The list is a linearizable read: without a quorum nobody answers it.
  if (!cluster.quorum()) throw new RpcError('Unknown', 'error getting etcd members: context deadline exceeded');
  const learner = (name: string): boolean => (cluster.machines.find((other) => other.name === name)?.state.etcd?.readyAt ?? 0) > cluster.now();
  return { members: (cluster.state.etcd?.members ?? []).map((member) => memberRow(member, learner(member.machine))) };
}

function status(call: Call): Result {
  const { cluster, machine } = call;
  const foreign = etcdOf(call).local;
  const data = machine.state.etcd;
  const etcd = cluster.state.etcd;
  const led = !foreign && cluster.quorum();
  const index = foreign ? 812_345 : raftIndex(cluster.store?.resourceVersion);
  const { size, used } = fileSizes(index, data?.defragged);
  return {
    memberId: data?.memberId ?? '', leader: led ? etcd?.leader ?? '0000000000000000' : '0000000000000000', raftIndex: index, raftTerm: foreign ? 7 : etcd?.term ?? 1, raftAppliedIndex: index,
    dbSize: size, dbSizeInUse: used, protocolVersion: '3.6.5', storageVersion: '3.6.0', isLearner: false, errors: led ? [] : ['etcdserver: no leader'],
  };
}

function reset({ cluster, machine, params }: Call): Result {
  const now = cluster.now();
  const mode = text(params, 'mode');
  const order: ResetOrder = {
    graceful: flag(params, 'graceful'), reboot: flag(params, 'reboot'), labels: texts(params, 'labels'), userDisks: texts(params, 'userDisks'),
    mode: mode === 'system-disk' || mode === 'user-disks' ? mode : 'all',
  };
  if (order.userDisks.length > 0 && order.mode === 'system-disk') throw new RpcError('Unknown', "reset failed: invalid input, wipe mode SYSTEM_DISK doesn't support UserDisksToWipe parameter");
  if (order.labels.length > 0 && order.mode === 'user-disks') throw new RpcError('Unknown', "reset failed: invalid input, wipe mode USER_DISKS doesn't support SystemPartitionsToWipe parameter");
  for (const path of order.userDisks) {
    const disk = machine.disk(path);
    if (disk === undefined) throw new RpcError('Unknown', `reset user disk failed: device ${path} wasn't found`);
    if (disk.purpose === 'system') throw new RpcError('Unknown', `reset user disk failed: device ${path} is the system disk`);
  }
  for (const label of order.labels) {
    if (!['STATE', 'EPHEMERAL', 'META'].includes(label)) throw new RpcError('Unknown', `failed to get volume status with label "${label}": resource VolumeStatuses.block.talos.dev(runtime/${label}@undefined) doesn't exist`);
  }
  const actor = cluster.newActor();
  if (order.graceful && order.mode !== 'user-disks' && machine.state.etcd !== null && !machine.state.etcd.foreign && !leaveEtcd(cluster.etcdView(), machine, now)) {
    machine.fail(actor, 'reset', 'task leaveEtcd (1/1): failed to leave cluster: etcdserver: re-configuration failed due to not enough started members', now);
    return { actorId: actor };
  }
  machine.reset(order, now, actor);
  return { actorId: actor };
}

const METHODS: Readonly<Record<string, Method>> = {
  ...MORE,
  ...DAY2,
  Version: {
    write: never, maintenance: false,
    run: ({ machine }) => ({ tag: `v${machine.talosVersion}`, sha: 'undefined', built: '', goVersion: 'go1.25.5', os: 'linux', arch: 'amd64', rbac: true, platform: 'metal' }),
  },
  Time: {
    write: never, maintenance: false,
    run: ({ cluster, machine }) => {
      const main = machine.documents.find(isMain);
      const server = textsAt(main, 'machine', 'time', 'servers')[0] ?? 'time.cloudflare.com';
      if (machine.clockOff() !== 'no') throw new RpcError('Unknown', `error querying NTP server "${server}": read udp ${machine.file.address}:51034->162.159.200.1:123: i/o timeout`);
      const now = new Date(cluster.now()).toISOString();
      return { server, local: now, remote: now };
    },
  },
  ApplyConfiguration: { write: (params) => params['dryRun'] !== true, maintenance: true, run: apply },
  Bootstrap: { write: always, maintenance: false, run: bootstrap },
  EtcdRecover: {
    write: always, maintenance: false,
    run: ({ machine, params }) => {
      const snapshot = readSnapshot(Buffer.from(text(params, 'data'), 'base64'));
      if (snapshot === undefined) throw new RpcError('InvalidArgument', 'snapshot is not one the lab wrote');
      recovering.set(machine, snapshot);
      return {};
    },
  },
  Kubeconfig: {
    write: never, maintenance: false,
    run: ({ cluster, machine }) => {
      const config = cluster.api.kubeconfig(machine.config?.endpoint ?? cluster.file.endpoint);
      if (config === undefined) throw new RpcError('FailedPrecondition', 'kubeconfig is not available yet');
      return { kubeconfig: config };
    },
  },
  ServiceList: { write: never, maintenance: false, run: ({ cluster, machine }) => ({ services: servicesOf(cluster, machine), now: cluster.now() }) },
  EtcdMemberList: { write: never, maintenance: false, run: members },
  EtcdStatus: { write: never, maintenance: false, run: status },
  EtcdAlarmList: { write: never, maintenance: false, run: (call) => { etcdOf(call); return { alarms: [] }; } },
  EtcdLeaveCluster: {
    write: always, maintenance: false,
    run: (call) => {
      etcdOf(call);
      if (!leaveEtcd(call.cluster.etcdView(), call.machine, call.cluster.now())) throw new RpcError('Unknown', 'failed to leave cluster: etcdserver: re-configuration failed due to not enough started members');
      call.cluster.touch();
      return {};
    },
  },
  EtcdSnapshot: {
    write: never, maintenance: false,
    run: (call) => {
      if (etcdOf(call).local || !call.cluster.quorum()) throw new RpcError('Unknown', 'failed reading etcd snapshot: etcdserver: no leader');
      const snapshot = writeSnapshot(call.cluster.api.dump() ?? null, call.cluster.store);
      if (call.cluster.world.faults.active('snapshot-corrupt', call.cluster.name) === undefined) return { ...snapshot };
      const data = Buffer.from(snapshot.data, 'base64');
      data[256] = (data[256] ?? 0) ^ 1;
      return { ...snapshot, data: data.toString('base64') };
    },
  },
  /** The active configuration, for a patch made of it; the real tool reads it as a resource. */
  MachineConfig: { write: never, maintenance: false, run: ({ machine }) => ({ config: machine.state.config ?? '' }) },
  Resources: { write: never, maintenance: true, run: ({ cluster, machine, face, params, roles }) => listResources(cluster, machine, face, text(params, 'type'), text(params, 'id'), maySeeSecrets(roles)) },
  // In maintenance it wants an administrator, and nobody there can show to be one.
  Reset: { write: always, maintenance: false, run: reset },
  Reboot: {
    write: always, maintenance: false,
    run: ({ cluster, machine }) => {
      const actor = cluster.newActor();
      machine.reboot(cluster.now(), actor);
      return { actorId: actor };
    },
  },
  Shutdown: {
    write: always, maintenance: false,
    run: ({ cluster, machine }) => {
      const actor = cluster.newActor();
      machine.shutdown(cluster.now(), actor);
      return { actorId: actor };
    },
  },
  /** What became of a reset, reboot or shutdown; the real tool learns it from the event stream. */
  Action: {
    write: never, maintenance: true,
    run: ({ machine, params }) => {
      const action = machine.state.actions[text(params, 'actorId')];
      return { known: action !== undefined, failed: action?.failed ?? null, bootId: machine.state.bootId, speed: 1 };
    },
  },
  Read: {
    write: never, maintenance: false,
    run: ({ machine, params }) => {
      const path = text(params, 'path');
      if (path === '/proc/sys/kernel/random/boot_id') return { data: `${machine.state.bootId}\n` };
      if (path === '/etc/hostname') return { data: machine.hostname };
      if (path === '/etc/os-release') return { data: `NAME="Talos"\nID=talos\nVERSION_ID=v${machine.talosVersion}\nPRETTY_NAME="Talos (v${machine.talosVersion})"\n` };
      throw new RpcError('Unknown', `stat ${path}: no such file or directory`);
    },
  },
  Dmesg: { write: never, maintenance: false, run: ({ machine }) => ({ data: machine.state.dmesg.map((line) => `${line}\n`).join('') }) },
  Logs: {
    write: never, maintenance: false,
    run: ({ cluster, machine, params }) => {
      const id = text(params, 'id');
      const data = logOf(cluster, machine, id);
      if (data === undefined) throw new RpcError('Unknown', `log "${id}" was not registered`);
      return { data };
    },
  },
};
