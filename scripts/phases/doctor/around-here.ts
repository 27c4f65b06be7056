import { accessSync, constants, existsSync, mkdirSync, readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { freemem, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Cluster, Machine, Site } from '../../config/cluster.ts';
import { asFailure, Failure } from '../../engine/failure.ts';
import { parseHolder } from '../../engine/lock-holder.ts';
import { whetherAlive } from '../../engine/process-identity.ts';
import { certificatesOf } from '../../tools/certificates.ts';
import { commitOf } from '../../tools/commit.ts';
import { dialMachine } from '../../tools/dial.ts';
import { endpointAnswer } from '../../tools/endpoint.ts';
import type { MachineTime } from '../../tools/doors.ts';
import { clusterFiles } from '../../tools/files.ts';
import { glanceApi, glanceMachine } from '../../tools/glance.ts';
import { labStatus } from '../../tools/lab.ts';
import { makeOp } from '../../tools/op.ts';
import { makeProc } from '../../tools/proc.ts';
import { neededReferences } from '../../tools/secrets.ts';
import { makeStores } from '../../tools/stores.ts';
import { makeTalos } from '../../tools/talosctl.ts';
import { labPlace } from '../lab-place.ts';
import type { ActionContext } from '../task.ts';
import { toolTable } from '../tool-table.ts';
import type { Around, LockSeen, Told } from './around.ts';

/** This machine, this task folder, this target. Only the task folder is made; nothing else is changed. */
export function aroundHere(cx: ActionContext): Around {
  const { taskDir, target, signal } = cx;
  const tell = async <T>(what: string, read: () => T | Promise<T>): Promise<Told<T>> => {
    try {
      return { ok: true, value: await read() };
    } catch (error) {
      if (signal.aborted) throw error;
      if (!(error instanceof Failure)) return { ok: false, because: error instanceof Error ? error.message : String(error) };
      const failure = asFailure(error, what);
      return { ok: false, because: failure.because === undefined ? failure.what : `${failure.what}: ${failure.because}`, ...(failure.hint === undefined ? {} : { hint: failure.hint }) };
    }
  };
  const at = <T>(read: () => T): Told<T> => {
    try {
      return { ok: true, value: read() };
    } catch (error) {
      return { ok: false, because: error instanceof Error ? error.message : String(error) };
    }
  };
  let site: Promise<Told<Site>> | undefined;
  const known = (): Promise<Told<Site>> => (site ??= tell('the configuration', () => cx.site()));
  const found = async (cluster: string): Promise<Cluster> => {
    const told = await known();
    const one = told.ok ? told.value.clusters.find((candidate) => candidate.name === cluster) : undefined;
    if (one === undefined) throw new Failure({ exit: 'bug', what: `there is no cluster ${cluster}`, hint: 'please report this' });
    return one;
  };
  const filesOf = (cluster: string): ReturnType<typeof clusterFiles> => clusterFiles(taskDir, target, cluster);
  const glances = new Map<string, ReturnType<Around['api']>>();

  return {
    node: { version: process.version, path: process.execPath, system: `${process.platform} ${release()}` },
    memory: { total: totalmem(), available: available() },
    taskDir, root: cx.root, target: target.kind, dryRun: cx.flags.dryRun,
    now: () => Date.now(),
    taskFolder: () => at(() => {
      mkdirSync(taskDir, { recursive: true, mode: 0o700 });
      accessSync(taskDir, constants.W_OK | constants.X_OK);
      return { mode: statSync(taskDir).mode };
    }),
    room: () => at(() => {
      mkdirSync(taskDir, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = statfsSync(taskDir);
      return bavail * bsize;
    }),
    mode: (file) => statSync(file, { throwIfNoEntry: false })?.mode,
    site: known,
    commit: () => commitOf(cx.root),
    tools: () => tell('tools', async () => (await toolTable(cx)).map((row) => ({ name: `${row.tool} ${row.pin ?? ''}`.trim(), verdict: row.verdict }))),
    whoami: () => tell('who is signed in', async () => {
      const told = await known();
      if (!told.ok) throw new Failure({ exit: 'cannotTell', what: 'the configuration could not be read', hint: 'task doctor CHECK=configuration' });
      const scope = { lane: '', step: 'doctor', emit: cx.emit, signal, clock: cx.clock, dryRun: false, looking: true, redactor: cx.redactor, taskDir, env: cx.environment, site: told.value };
      const proc = makeProc(scope);
      return makeStores(scope, proc, makeOp(scope, proc)).whoami(neededReferences(told.value, told.value.clusters));
    }),
    endpoint: async (cluster) => endpointAnswer(target, await found(cluster)),
    api(cluster) {
      const asked = glances.get(cluster) ?? tell('the API', () => glanceApi(readFileSync(filesOf(cluster).kubeconfigDial, 'utf8'), signal));
      glances.set(cluster, asked);
      return asked;
    },
    machine: (cluster, machine) => tell(machine, async () => glanceMachine(dialMachine(target, machineOf(await found(cluster), machine)), signal)),
    known: (cluster) => existsSync(filesOf(cluster).kubeconfigDial),
    askable: (cluster) => existsSync(filesOf(cluster).talosconfig),
    times: (cluster) => tell('the clocks', async () => {
      const site = await known();
      const one = await found(cluster);
      if (!site.ok) throw new Failure({ exit: 'cannotTell', what: 'the configuration could not be read', hint: 'task doctor CHECK=configuration' });
      const scope = { lane: cluster, step: 'doctor', emit: cx.emit, signal, clock: cx.clock, dryRun: false, looking: true, redactor: cx.redactor, taskDir, env: cx.environment, site: site.value };
      const began = cx.clock.now();
      const told = await makeTalos(scope, one, makeProc(scope, one)).readEach('time', one.machines);
      const times = new Map([...told].map(([name, time]): readonly [string, Told<MachineTime>] => [name, time.ok ? time : { ok: false, because: time.failure.because ?? time.failure.what, ...(time.failure.hint === undefined ? {} : { hint: time.failure.hint }) }]));
      return { times, tookMs: cx.clock.now() - began };
    }),
    dated: (cluster) => certificatesOf(filesOf(cluster), cluster),
    keyFiles: () => below(join(taskDir, 'targets')).flatMap((folder) => below(folder)).flatMap((folder) => ['kubeconfig', 'kubeconfig.dial', 'talosconfig'].map((file) => join(folder, file))),
    locks: () => below(join(taskDir, 'locks')).filter((file) => file.endsWith('.lock')).flatMap(seen),
    lab: () => tell('the lab', async () => {
      const status = await labStatus(labPlace(cx));
      const clusters = Array.isArray(status['clusters']) ? status['clusters'].length : 0;
      return `its daemon runs (process ${String(status['pid'])}) with ${clusters} clusters, clock x${String(status['speed'])}`;
    }),
  };
}

function machineOf(cluster: Cluster, name: string): Machine {
  const machine = cluster.machines.find((candidate) => candidate.name === name);
  if (machine === undefined) throw new Failure({ exit: 'bug', what: `${cluster.name} has no machine ${name}`, hint: 'please report this' });
  return machine;
}

/** What may still be used: on Linux more than is free, for the system gives back what it holds of files. */
function available(): number {
  if (process.platform !== 'linux') return freemem();
  return process.availableMemory();
}

/** Paths of what lies in a folder; nothing for one that is not there. */
function below(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

function seen(file: string): readonly LockSeen[] {
  const stat = statSync(file, { throwIfNoEntry: false });
  // Given back between the listing and this look: no lock.
  if (stat === undefined) return [];
  const holder = parseHolder(readFileSync(file, 'utf8'));
  return [{ file, holder, alive: holder === undefined ? { is: 'cannot tell' } : whetherAlive(holder), silent: Date.now() - stat.mtimeMs }];
}
