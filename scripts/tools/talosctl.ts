import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Cluster, Machine } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import { dialMachine } from './dial.ts';
import type { CommandResult, Disk, Effect, MachineProof, Proc, Scope, SecretsBundle, Talos, TalosFace, TalosReads } from './doors.ts';
import { clusterFiles, privateFolder, readIfThere, writePrivate } from './files.ts';
import { gate } from './gate.ts';
import { identityOf, readIdentity, writeIdentity } from './identity.ts';
import { configuredDisks, dataDisksAmong, identifyBy, provenBy } from './identify.ts';
import { leftoversOn } from './leftovers.ts';
import { dialKubeconfig, namedKubeconfig } from './kubeconfig.ts';
import { probeFace } from './probe.ts';
import { ToolFailure } from './proc.ts';
import * as args from './talos-args.ts';
import { readTogether } from './talos-batch.ts';
import { bundleSecrets, bundleText } from './talos-bundle.ts';
import * as parse from './talos-parse.ts';

/** Wall ms per call. Generating reads no network but may make a key; a snapshot moves a database. */
const QUICK_MS = 20_000;
const APPLY_MS = 60_000;
const SNAPSHOT_MS = 600_000;
/** A reset leaves etcd, wipes and reboots; talosctl is told to stop waiting before it is stopped. */
const RESET_MS = 960_000;
const RESET_WAIT = '15m0s';

/** talosctl for one cluster. Every call names its endpoint and its node; see doors.ts for what each method promises. */
export function makeTalos(scope: Scope, cluster: Cluster, proc: Proc): Talos {
  const target = scope.site.target;
  const files = clusterFiles(scope.taskDir, target, cluster.name);

  /** Disks as they were listed for a machine's identification, so that what is on them need not ask again. */
  const listed = new Map<string, readonly Disk[]>();
  const listDisks = async (machine: Machine): Promise<readonly Disk[]> => {
    const disks = parse.parseDisks(await read(args.getResource(insecure(machine), 'disks')));
    listed.set(machine.name, disks);
    return disks;
  };

  const insecure = (machine: Machine): args.Via & { readonly by: 'insecure' } => ({ by: 'insecure', endpoint: dialMachine(target, machine).hostPort });
  const talosconfig = (): string => {
    // A dry run shows calls that would need the file; running one without it is somebody's wrong order of steps.
    if (!existsSync(files.talosconfig) && !scope.dryRun) {
      throw new Failure({ exit: 'rerun', what: `there is no talosconfig of ${cluster.name} yet`, hint: `task bootstrap:talos CLUSTER=${cluster.name}   makes it from the secret store` });
    }
    return files.talosconfig;
  };
  const mtls = (machine: Machine): args.Via & { readonly by: 'mtls' } => ({ by: 'mtls', talosconfig: talosconfig(), endpoint: dialMachine(target, machine).hostPort, node: machine.address });
  const face = (machine: Machine): Promise<TalosFace> => probeFace({ dial: dialMachine(target, machine), expectedCA: readIdentity(files)?.machineCA.pem, others: neighbours, signal: scope.signal });
  const neighbours = (): { readonly cluster: string; readonly pem: string }[] => scope.site.clusters.filter((other) => other.name !== cluster.name).flatMap((other) => {
    try {
      const known = readIdentity(clusterFiles(scope.taskDir, target, other.name));
      return known === undefined ? [] : [{ cluster: other.name, pem: known.machineCA.pem }];
    } catch (error) {
      // A damaged file of another cluster is told where that cluster is worked on; here it only means not knowing it.
      if (error instanceof Failure) return [];
      throw error;
    }
  });
  const call = (argv: readonly string[], effect: Effect, more: { readonly stdin?: string; readonly timeoutMs?: number } = {}): Promise<CommandResult> =>
    proc.run({ tool: 'talosctl', argv, effect, timeoutMs: more.timeoutMs ?? QUICK_MS, ...(more.stdin === undefined ? {} : { stdin: more.stdin, stdinAsFile: true }) });
  const read = async (argv: readonly string[]): Promise<string> => (await call(argv, 'read')).stdout;
  const readEach = <K extends keyof TalosReads>(what: K, machines: readonly Machine[]) => readTogether({
    alone: async (ask, machine) => read(ask(mtls(machine))),
    // talosctl ends with 1 when one of several could not be asked, and has printed the others.
    together: async (ask, asked, endpoints) => (await proc.run({
      tool: 'talosctl', effect: 'read', timeoutMs: QUICK_MS, ok: [0, 1],
      argv: ask({ by: 'together', talosconfig: talosconfig(), endpoints: endpoints.map((machine) => dialMachine(target, machine).hostPort), nodes: asked.map((machine) => machine.address) }),
    })).stdout,
    signal: scope.signal,
  }, what, machines);
  const known = (bundle: SecretsBundle): void => { for (const value of bundleSecrets(bundle)) scope.redactor.add(value); };
  const generate = (bundle: SecretsBundle, output: 'controlplane' | 'worker' | 'talosconfig', computed: readonly string[], patches: readonly string[]): Promise<CommandResult> => {
    known(bundle);
    return call(args.genConfig({ cluster, versions: scope.site.versions, computed, patches: patches.map((file) => join(scope.site.root, file)), output }), 'local', { stdin: bundleText(bundle) });
  };

  return {
    face,

    async identify(machine) {
      const shown = await face(machine);
      return provenBy(machine, shown.is === 'maintenance' ? shown.certificate : undefined, async () => identifyBy(machine, {
        disks: async () => listDisks(machine),
        links: async () => parse.parseLinks(await read(args.getResource(insecure(machine), 'links'))),
      }, scope.site.clusters.flatMap((each) => each.machines)));
    },

    async leftovers(machine) {
      const [disks, volumes] = await Promise.all([listed.get(machine.name) ?? listDisks(machine), read(args.getResource(insecure(machine), 'discoveredvolumes'))]);
      return leftoversOn(configuredDisks(machine, disks), parse.parseVolumes(volumes));
    },

    async machineConfig(machine, bundle) {
      return (await generate(bundle, machine.role, args.computedPatches(cluster, machine), machine.patches)).stdout;
    },

    async writeTalosconfig(bundle) {
      const made = await generate(bundle, 'talosconfig', [], []);
      if (made.stdout === '') return;
      await writeIdentity(files, identityOf(cluster.name, bundle));
      const text = await explicitEndpoints(made.stdout, cluster);
      for (const secret of await privateKeys(text)) scope.redactor.add(secret);
      await writePrivate(files.talosconfig, text);
    },

    hasTalosconfig: () => existsSync(files.talosconfig),

    async applyInsecure(machine, config, proof) {
      refuseForeignProof(machine, proof);
      await call(args.applyConfig(insecure(machine)), 'write', { stdin: config, timeoutMs: APPLY_MS });
    },

    async wouldChange(machine, config) {
      const said = await call(args.applyConfig(mtls(machine), { dryRun: true }), 'read', { stdin: config, timeoutMs: APPLY_MS });
      // The summary is on stderr (PrintApplyResults).
      return parse.parseApplyDryRun(`${said.stderr}\n${said.stdout}`);
    },

    stage: async (machine) => parse.parseStage(await read(args.getResource(mtls(machine), 'machinestatus'))),
    version: async (machine) => parse.parseVersion(await read(args.version(mtls(machine))), 'server'),
    services: async (machine) => parse.parseServices(await read(args.services(mtls(machine)))),

    async bootstrap(machine, recover) {
      try {
        await call(args.bootstrap(mtls(machine), recover), 'write', { timeoutMs: recover === undefined ? APPLY_MS : SNAPSHOT_MS });
        return 'done';
      } catch (error) {
        // gRPC status text of machined's Bootstrap when /var/lib/etcd is not empty (v1alpha1_server.go): "rpc error: code = AlreadyExists desc = etcd data directory is not empty".
        if (error instanceof ToolFailure && /\bAlreadyExists\b|etcd data directory is not empty/.test(error.stderr)) return 'already';
        throw error;
      }
    },

    etcdMembers: async (machine) => parse.parseEtcdMembers(await read(args.etcdMembers(mtls(machine)))),

    readEach,

    async etcdStatus(machines) {
      const told = [...(await readEach('etcdStatus', machines)).values()];
      const answers = told.flatMap((one) => (one.ok ? [one.value] : []));
      const parts = told.flatMap((one) => (one.ok ? [] : [one.failure]));
      if (answers.length > 0 || parts.length === 0) return answers;
      throw new Failure({ exit: parts[0]?.exit ?? 'rerun', what: `no machine of ${cluster.name} told its etcd status`, because: parts[0]?.message, hint: parts[0]?.hint ?? `task cluster:health CLUSTER=${cluster.name}`, parts });
    },

    etcdAlarms: async (machine) => parse.parseEtcdAlarms(await read(args.etcdAlarms(mtls(machine)))),

    async etcdSnapshot(machine, file) {
      // A folder that is there is the operator's choice and keeps its rights.
      if (!scope.dryRun && !existsSync(dirname(file))) privateFolder(dirname(file));
      const said = await call(args.etcdSnapshot(mtls(machine), file), 'local', { timeoutMs: SNAPSHOT_MS });
      if (said.stdout === '') return { bytes: 0, hash: '', revision: 0, keys: 0 };
      const snapshot = parse.parseSnapshot(said.stdout);
      await chmod(file, 0o600);
      return snapshot;
    },

    dataDisks: async (machine, shown) => dataDisksAmong(machine, parse.parseDisks(await read(args.getResource(shown === 'maintenance' ? insecure(machine) : mtls(machine), 'disks')))),
    volumes: async (machine, shown) => parse.parseVolumes(await read(args.getResource(shown === 'maintenance' ? insecure(machine) : mtls(machine), 'discoveredvolumes'))),

    async reset(machine, order) {
      if (!scope.dryRun) refuseStranger(machine, await face(machine), 'wiped');
      // Once it is wiped, talosctl looks for maintenance at the very word it was given for the node: that must be where the machine is dialled.
      await call(args.reset({ ...mtls(machine), node: target.machines[machine.address] ?? machine.address }, { ...order, timeout: RESET_WAIT }), 'write', { timeoutMs: RESET_MS });
    },

    async shutdown(machine, options) {
      if (!scope.dryRun) refuseStranger(machine, await face(machine), 'shut down');
      await call(args.shutdown(mtls(machine), options), 'write', { timeoutMs: APPLY_MS });
    },

    async wipeDisks(machine, devices, proof) {
      refuseForeignProof(machine, proof);
      await call(args.wipeDisks(insecure(machine), devices), 'write', { timeoutMs: APPLY_MS });
    },

    async writeKubeconfig(machine) {
      const fetched = join(files.folder, `kubeconfig.${randomBytes(4).toString('hex')}.fetched`);
      if (scope.dryRun && scope.looking !== true) {
        gate(scope, 'local', `talosctl ${args.kubeconfig(mtls(machine), files.kubeconfig, cluster.name).join(' ')}`);
        return;
      }
      privateFolder(files.folder);
      try {
        await call(args.kubeconfig(mtls(machine), fetched, cluster.name), 'local');
        const raw = readIfThere(fetched);
        if (raw === undefined || raw.trim() === '') throw new Failure({ exit: 'rerun', what: `${machine.name} gave no kubeconfig`, because: 'talosctl ended well but wrote nothing', hint: 'task tools:check   compares talosctl with the pinned version' });
        const named = await namedKubeconfig(raw, cluster.name);
        for (const secret of await privateKeys(named)) scope.redactor.add(secret);
        await writePrivate(files.kubeconfig, named);
        await writePrivate(files.kubeconfigDial, await dialKubeconfig(named, target, cluster));
      } finally {
        await rm(fetched, { force: true });
      }
    },

    clientVersion: async () => parse.parseVersion(await read(args.clientVersion()), 'client'),
  };
}

/** A proof is of one machine. One for another machine is a caller's bug, and applying would overwrite the wrong disks. */
function refuseForeignProof(machine: Machine, proof: MachineProof): void {
  if (proof.machine !== machine.name) {
    throw new Failure({ exit: 'bug', what: `a configuration for ${machine.name} was to be applied with the proof of ${proof.machine}`, hint: 'nothing was written; please report this' });
  }
}

/** The last look before what cannot be undone: the certificate of whoever answers there now is from our machine CA. */
export function refuseStranger(machine: Machine, shown: TalosFace, what: string): void {
  if (shown.is === 'installed' && shown.ours === true) return;
  const because = shown.is === 'closed' ? `it does not answer: ${shown.because}` : shown.is === 'maintenance' ? 'it is in maintenance mode' : `its Talos API is signed by ${shown.issuer}`;
  throw new Failure({ exit: 'rerun', what: `${machine.name} (${machine.address}) is not ${what}: it is not proven to be an installed machine of ${machine.cluster}`, because, hint: `task cluster:status CLUSTER=${machine.cluster} shows what answers there` });
}

/** talosctl writes no endpoints; a person who uses the file gets the cluster's machines as endpoints, and no default node. */
async function explicitEndpoints(text: string, cluster: Cluster): Promise<string> {
  const { dump, load } = await import('js-yaml');
  const parsed = load(text);
  const context = property(property(parsed, 'contexts'), cluster.name);
  if (typeof context !== 'object' || context === null) throw new Failure({ exit: 'rerun', what: `talosctl made a talosconfig without a context ${cluster.name}`, hint: 'task tools:check   compares talosctl with the pinned version' });
  Reflect.set(context, 'endpoints', cluster.machines.filter((machine) => machine.role === 'controlplane').map((machine) => machine.address));
  Reflect.deleteProperty(context, 'nodes');
  return dump(parsed);
}

/** Every private key in a talosconfig or kubeconfig, as it stands there (base64 of PEM) and as PEM. */
async function privateKeys(text: string): Promise<string[]> {
  const { load } = await import('js-yaml');
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      if ((key === 'key' || key === 'client-key-data' || key === 'token') && typeof inner === 'string') found.push(inner, Buffer.from(inner, 'base64').toString('utf8'));
      else walk(inner);
    }
  };
  walk(load(text));
  return found;
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
