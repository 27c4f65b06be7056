import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabCluster } from './cluster.ts';
import { befall, relieve } from './befall.ts';
import { didYouMean } from './fault-board.ts';
import { FAULTS } from './faults/index.ts';
import { USUAL_OBJECTS } from './faults/kube.ts';
import { NEED_DATA, RECOVERY_OBJECTS } from './faults/recovery.ts';
import { requestsOf } from './requests.ts';
import { parseReference } from './secrets.ts';
import type { DaemonReply, DaemonRequest } from './protocol.ts';
import { stageOf } from './services.ts';
import { toolOf } from './tool-folder.ts';
import type { ActiveFault } from './types.ts';
import { labFolderOf, openWorld } from './world.ts';
import type { World } from './world.ts';

export interface DaemonState {
  readonly socket: string; readonly labFolder: string; readonly build: string; readonly node: string;
  readonly worlds: Map<string, World>;
  readonly opening: Map<string, Promise<World>>;
  readonly taken: Set<number>;
  lastUse: number;
  /** Once it had a world, a daemon without one has nothing to wait for. */
  had: boolean;
}

const no = (error: string, hint?: string): DaemonReply => ({ ok: false, error, ...(hint === undefined ? {} : { hint }) });
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** Answers one request. What is asked wrongly is answered with `ok: false`; it throws only for what is broken. */
export async function handleVerb(state: DaemonState, request: DaemonRequest): Promise<DaemonReply> {
  state.lastUse = Date.now();
  if (request.verb === 'hello') return { ok: true, build: state.build, labFolder: state.labFolder, pid: process.pid, worlds: [...state.worlds.values()].map((world) => ({ taskDir: world.taskDir, root: world.root, id: world.id })) };
  if (request.verb === 'quit') return { ok: true, quit: true, pid: process.pid, worlds: [...state.worlds.values()].map((world) => ({ taskDir: world.taskDir, root: world.root })) };
  if (request.verb === 'up') return up(state, request);
  const world = [...state.worlds.values()].find((entry) => entry.taskDir === request.taskDir || entry.id === request.world);
  if (world === undefined) {
    if (request.verb === 'down') return { ok: true, was: false, quit: state.worlds.size === 0, pid: process.pid };
    return no(request.taskDir === undefined ? `the lab has no world ${request.world ?? ''}` : `no lab is up for ${request.taskDir}`, 'lab up');
  }
  switch (request.verb) {
    case 'down': return down(state, world);
    case 'status': return status(world);
    case 'break': return breakIt(world, request);
    case 'heal': return heal(world, request);
    case 'log': return { ok: true, entries: world.log.since(typeof request['since'] === 'number' ? request['since'] : 0) };
    case 'requests': return { ok: true, requests: requestsOf(world) };
    case 'fill': return fillIt(world, request);
    case 'data': return ownData(world);
    case 'busy': return { ok: true, busy: world.clock.busy() };
    case 'power': return power(world, request);
    case 'secret': return secret(world, request);
    case 'note':
      world.log.add({ cluster: text(request['cluster']) ?? '', kind: 'tool', by: text(request['by']) ?? 'tool', verb: text(request['note']) ?? 'note', object: text(request['object']) ?? '', write: false, result: text(request['result']) ?? '' });
      return { ok: true };
    default: return no(`the lab has no verb ${String(request.verb)}`);
  }
}

async function up(state: DaemonState, request: DaemonRequest): Promise<DaemonReply> {
  const [taskDir, root] = [text(request.taskDir), text(request['root'])];
  if (taskDir === undefined || root === undefined) return no('up needs a taskDir and a root');
  const speed = typeof request['speed'] === 'number' && request['speed'] > 0 ? request['speed'] : undefined;
  let world = state.worlds.get(taskDir);
  const restored = world !== undefined || existsSync(join(labFolderOf(taskDir), 'world.json'));
  if (world !== undefined && world.root !== root) return no(`the lab of ${taskDir} belongs to ${world.root}`, 'use another TASK_DIR, or end that lab with `lab down`');
  if (world === undefined) {
    let opening = state.opening.get(taskDir);
    if (opening === undefined) {
      opening = openWorld({ root, taskDir, speed, taken: state.taken, socket: state.socket, labFolder: state.labFolder, node: state.node });
      state.opening.set(taskDir, opening);
    }
    try {
      world = await opening;
    } finally {
      state.opening.delete(taskDir);
    }
    if (!state.worlds.has(taskDir)) {
      state.worlds.set(taskDir, world);
      world.log.onEntry(() => { state.lastUse = Date.now(); });
    }
    state.had = true;
  } else if (speed !== undefined) world.clock.setSpeed(speed);
  mkdirSync(labFolderOf(taskDir), { recursive: true, mode: 0o700 });
  writeFileSync(join(labFolderOf(taskDir), 'daemon.json'), JSON.stringify({ socket: state.socket, pid: process.pid }), { mode: 0o600 });
  const target = await world.writeTarget();
  return { ok: true, target, restored };
}

async function down(state: DaemonState, world: World): Promise<DaemonReply> {
  state.worlds.delete(world.taskDir);
  await world.end(true);
  return { ok: true, was: true, quit: state.worlds.size === 0, pid: process.pid };
}

function status(world: World): DaemonReply {
  return {
    ok: true, id: world.id, root: world.root, taskDir: world.taskDir, speed: world.clock.speed, simulated: new Date(world.clock.now()).toISOString(), pid: process.pid,
    clusters: world.clusters.map((cluster) => ({
      name: cluster.name, api: { up: cluster.apiUp() && cluster.api.running, address: `127.0.0.1:${cluster.state.apiPort}` }, quorum: cluster.quorum(), etcd: cluster.state.etcd?.clusterId ?? null,
      members: cluster.state.etcd?.members.length ?? 0, nodes: cluster.kubelets().length,
      machines: cluster.machines.map((machine) => ({
        name: machine.name, address: machine.file.address, dial: `127.0.0.1:${machine.port}`, role: machine.file.role, phase: machine.state.phase, face: machine.face(), stage: stageOf(cluster, machine).stage,
        etcd: machine.state.etcd === null ? 'none' : machine.state.etcd.foreign ? 'foreign' : cluster.etcdHealthy(machine) ? 'healthy' : 'unhealthy', ceph: machine.state.ceph, bootId: machine.state.bootId,
      })),
    })),
    faults: world.faults.list(),
  };
}

interface Scope { readonly cluster: LabCluster; readonly machine: string | undefined }

function scopeOf(world: World, request: DaemonRequest): Scope | DaemonReply {
  const wanted = text(request['cluster']);
  const names = world.clusters.map((cluster) => cluster.name);
  const machine = text(request['machine']);
  const cluster = wanted !== undefined ? world.clusters.find((entry) => entry.name === wanted) : machine !== undefined ? world.clusters.find((entry) => entry.machines.some((other) => other.name === machine)) : world.clusters[0];
  if (cluster === undefined) {
    const far = wanted ?? machine ?? '';
    const near = didYouMean(far, wanted === undefined ? world.clusters.flatMap((entry) => entry.machines.map((other) => other.name)) : names);
    return no(`no ${wanted === undefined ? 'machine' : 'cluster'} ${far}`, near === undefined ? `clusters: ${names.join(', ')}` : `did you mean ${near}?`);
  }
  if (machine !== undefined && !cluster.machines.some((other) => other.name === machine)) {
    const near = didYouMean(machine, cluster.machines.map((other) => other.name));
    return no(`${cluster.name} has no machine ${machine}`, near === undefined ? `machines: ${cluster.machines.map((other) => other.name).join(', ')}` : `did you mean ${near}?`);
  }
  return { cluster, machine };
}

/** The object a fault befalls when none was named; undefined where the controllers choose (the first pair of Kustomizations). */
function usualObject(fault: string, cluster: LabCluster): string | undefined {
  const usual = USUAL_OBJECTS[fault] ?? RECOVERY_OBJECTS[fault];
  if (fault !== 'helmrelease-stalled') return usual;
  const store = cluster.store;
  const apiVersion = 'helm.toolkit.fluxcd.io/v2';
  const releases = store?.typeOf(apiVersion, 'HelmRelease') === undefined ? [] : store.list(apiVersion, 'HelmRelease').map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
  return usual !== undefined && releases.includes(usual) ? usual : releases[0] ?? usual;
}

function breakIt(world: World, request: DaemonRequest): DaemonReply {
  const name = text(request['fault']) ?? '';
  const kind = FAULTS.find((fault) => fault.name === name);
  if (kind === undefined) {
    const near = didYouMean(name, FAULTS.map((fault) => fault.name));
    return no(`the lab has no fault ${name === '' ? '(none named)' : name}`, near === undefined ? 'lab faults lists them' : `did you mean ${near}?`);
  }
  if (kind.byHand !== undefined) return no(`${name} befalls the runner's own process: the lab cannot cause it`, `by hand: ${kind.byHand}`);
  if (NEED_DATA.has(name) && !world.data.on) return no(`${name} befalls a data set, and the clusters of this lab have none`, 'lab data gives them some');
  if (name === MIDWAY && !/^\d{0,4}$/.test(text(request['object']) ?? '')) return no(`OBJECT of ${name} is how many answers op still gives, not ${String(request['object'])}`, 'a whole number');
  const befallen = name === MIDWAY ? { tool: text(request['object']) ?? String(ANSWERS) } : toolOf(name, text(request['object']));
  if (befallen !== undefined && 'error' in befallen) return no(befallen.error, befallen.hint);
  const scope = scopeOf(world, request);
  if ('ok' in scope) return scope;
  const { cluster } = scope;
  const planes = cluster.machines.filter((machine) => machine.file.role === 'controlplane');
  const chosen = kind.scope === 'machine' ? scope.machine ?? (name === 'bootstrap-exists-foreign' ? planes[0]?.name : cluster.machines.at(-1)?.name) : undefined;
  const object = kind.scope === 'object' ? text(request['object']) ?? usualObject(name, cluster) : befallen?.tool;
  const cannot = befall(name, { cluster, machine: cluster.machines.find((entry) => entry.name === chosen), clusters: world.clusters });
  if (cannot !== undefined) return no(cannot.error, cannot.hint);
  const fault: ActiveFault = {
    fault: name, cluster: kind.scope === 'world' || kind.scope === 'operator' ? '*' : cluster.name, since: new Date(world.clock.now()).toISOString(),
    ...(chosen === undefined ? {} : { machine: chosen }), ...(object === undefined ? {} : { object }),
  };
  world.faults.set(fault);
  world.log.add({ cluster: fault.cluster, kind: 'fault', by: 'lab', verb: 'break', object: name, write: false, result: chosen ?? object ?? 'on' });
  const chose = kind.scope === 'machine' && scope.machine === undefined ? `machine ${chosen ?? ''} was chosen` : kind.scope === 'object' && text(request['object']) === undefined ? `${object ?? 'the first fitting object'} was chosen` : undefined;
  return { ok: true, fault, outcome: kind.outcome, symptom: kind.symptom, heals: kind.heals, ...(chose === undefined ? {} : { chose }) };
}

function heal(world: World, request: DaemonRequest): DaemonReply {
  const name = text(request['fault']);
  if (name !== undefined && !FAULTS.some((fault) => fault.name === name)) {
    const near = didYouMean(name, FAULTS.map((fault) => fault.name));
    return no(`the lab has no fault ${name}`, near === undefined ? 'lab faults lists them' : `did you mean ${near}?`);
  }
  if (name === undefined && request['all'] !== true) return no('heal what? name a fault or say --all', world.faults.list().length === 0 ? 'no fault is on' : `on: ${world.faults.list().map((fault) => fault.fault).join(', ')}`);
  const cluster = text(request['cluster']);
  if (cluster !== undefined && !world.clusters.some((entry) => entry.name === cluster)) return no(`no cluster ${cluster}`, `clusters: ${world.clusters.map((entry) => entry.name).join(', ')}`);
  const healed = world.faults.heal((fault) => (name === undefined || fault.fault === name) && (cluster === undefined || fault.cluster === cluster || fault.cluster === '*'));
  for (const fault of healed) {
    relieve(fault, world.clusters);
    world.log.add({ cluster: fault.cluster, kind: 'fault', by: 'lab', verb: 'heal', object: fault.fault, write: false, result: fault.machine ?? fault.object ?? 'off' });
  }
  for (const entry of world.clusters) entry.touch();
  return { ok: true, healed };
}

async function fillIt(world: World, request: DaemonRequest): Promise<DaemonReply> {
  const scope = scopeOf(world, request);
  if ('ok' in scope) return scope;
  const count = (key: string): number => (typeof request[key] === 'number' ? request[key] : 0);
  const { CannotFill, fill } = await import('./fill.ts');
  try {
    const filled = await fill(scope.cluster, { pods: count('pods'), flux: count('flux') });
    world.log.add({ cluster: scope.cluster.name, kind: 'world', by: 'lab', verb: 'fill', object: `${filled.pods} pods, ${filled.kustomizations + filled.helmReleases} Flux objects`, write: false, result: 'OK' });
    return { ok: true, cluster: scope.cluster.name, filled };
  } catch (error) {
    if (error instanceof CannotFill) return no(error.message, `task cluster:create CLUSTER=${scope.cluster.name} TARGET=lab`);
    throw error;
  }
}

/** Gives every cluster the lab's own data sets, now and after each rebuild; said twice it changes nothing. */
async function ownData(world: World): Promise<DaemonReply> {
  if (!world.data.on) world.log.add({ cluster: '', kind: 'world', by: 'lab', verb: 'data', object: 'lab/fixture', write: false, result: 'on' });
  world.data.switchOn();
  return { ok: true, target: await world.writeTarget() };
}

function power(world: World, request: DaemonRequest): DaemonReply {
  const scope = scopeOf(world, request);
  if ('ok' in scope) return scope;
  const machine = scope.cluster.machines.find((entry) => entry.name === scope.machine);
  if (machine === undefined) return no('power needs --machine');
  if (request['state'] === 'on') machine.powerOn(scope.cluster.now());
  else if (request['state'] === 'off') machine.powerOff();
  else return no('power is on or off');
  world.log.add({ cluster: scope.cluster.name, kind: 'world', by: 'lab', verb: 'power', object: machine.name, write: false, result: String(request['state']) });
  return { ok: true, machine: machine.name, phase: machine.state.phase };
}

/** The session that ends in the middle: how many answers it still gives when nobody says, and how many each has given. */
const MIDWAY = 'op-session-expires-midway';
const ANSWERS = 10;
const given = new WeakMap<ActiveFault, number>();
function overMidway(world: World): boolean {
  const fault = world.faults.active(MIDWAY, '*');
  if (fault === undefined) return false;
  const before = given.get(fault) ?? 0;
  given.set(fault, before + 1);
  return before >= Number(fault.object ?? ANSWERS);
}

async function secret(world: World, request: DaemonRequest): Promise<DaemonReply> {
  const expired = overMidway(world) || world.faults.active('op-session-expired', '*') !== undefined;
  world.log.add({ cluster: '', kind: 'tool', by: 'op', verb: text(request['what']) ?? 'read', object: text(request['reference']) ?? '', write: false, result: expired ? 'not signed in' : 'OK' });
  if (expired) return no('signed-out');
  const reference = text(request['reference']);
  if (reference === undefined) return { ok: true };
  const parsed = parseReference(reference);
  if (parsed === undefined) return no('invalid-reference');
  const value = await world.secrets.read(parsed.vault, parsed.item, parsed.field);
  return value === undefined ? no(world.secrets.fields(parsed.vault, parsed.item).length > 0 ? 'no-field' : 'no-item') : { ok: true, value };
}
