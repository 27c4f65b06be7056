import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { TargetFile } from '../../scripts/config/target.ts';
import { createClock } from './clock.ts';
import type { LabClock } from './clock.ts';
import { LabCluster } from './cluster.ts';
import { readClusters } from './cluster-file.ts';
import { fixtureTree, noData, worldData } from './data.ts';
import type { WorldData } from './data.ts';
import { faultBoard } from './fault-board.ts';
import type { FaultBoard } from './fault-board.ts';
import { gitTree } from './git.ts';
import { openLog } from './log.ts';
import type { FileLog } from './log.ts';
import { choosePorts } from './ports.ts';
import { secretStore } from './secrets.ts';
import type { SecretStore } from './secrets.ts';
import { bareMachine } from './state.ts';
import { toolFolder } from './tool-folder.ts';
import type { ClusterState, WorldState } from './state.ts';
import { hostOf, isFields } from './value.ts';

export interface WorldOptions {
  readonly root: string; readonly taskDir: string;
  /** undefined: keep the speed the world has, 60 for a new one. */
  readonly speed: number | undefined;
  /** Ports in use by other worlds of this daemon; this world adds its own. */
  readonly taken: Set<number>;
  readonly socket: string;
  /** The lab's folder in the checkout, and the Node that runs it. */
  readonly labFolder: string; readonly node: string;
}

/** Everything that is simulated for one TASK_DIR. */
export interface World {
  readonly id: string;
  readonly root: string;
  readonly taskDir: string;
  readonly clusters: readonly LabCluster[];
  readonly clock: LabClock;
  readonly log: FileLog;
  readonly faults: FaultBoard;
  readonly secrets: SecretStore;
  readonly data: WorldData;
  readonly ports: readonly number[];
  target(): TargetFile;
  /** Writes target.json anew and answers it. */
  writeTarget(): Promise<TargetFile>;
  save(): void;
  /** Closes every port; with `forget` the folder goes too. */
  end(forget: boolean): Promise<void>;
}

/** How soon after a change the state is on disk, wall ms. */
const SAVE_AFTER = 150;

/** The folder that holds a world's state. */
export const labFolderOf = (taskDir: string): string => join(taskDir, 'lab');

/** Creates the world of a TASK_DIR, or goes on with it as its files left it. Throws when the configuration cannot be read. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const folder = labFolderOf(options.taskDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const files = readClusters(options.root);
  const state = readState(join(folder, 'world.json'), options);
  await completePorts(state, files, options);
  const clock = createClock(state.simNow, state.speed);
  const log = openLog(join(folder, 'log.jsonl'));
  let saving: NodeJS.Timeout | undefined;
  let cost = 0;
  let ended = false;

  const save = (): void => {
    clearTimeout(saving);
    saving = undefined;
    if (ended || !existsSync(folder)) return;
    const from = performance.now();
    state.simNow = clock.now();
    state.speed = clock.speed;
    state.faults = [...faults.list()];
    for (const cluster of clusters) cluster.api.save();
    const file = join(folder, 'world.json');
    writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    cost = performance.now() - from;
  };
  const changed = (): void => {
    if (saving !== undefined || ended) return;
    // A big world takes longer to write; it then writes less often, so that saving never takes more than a tenth of the time.
    saving = setTimeout(save, Math.max(SAVE_AFTER, cost * 10));
    saving.unref();
  };
  const faults = faultBoard(state.faults, () => {
    changed();
    for (const cluster of clusters) cluster.touch();
  });
  const secrets = secretStore(options.root, files, state.secrets, changed);
  const git = gitTree(options.root);
  const data = worldData((state.data ??= noData()), changed);
  const fixture = fixtureTree(join(options.labFolder, 'fixture'));
  const clusters: LabCluster[] = [];
  for (const file of files) {
    const own = state.clusters[file.name];
    if (own === undefined) throw new Error(`no state for cluster ${file.name}`);
    clusters.push(new LabCluster(file, own, { root: options.root, folder, clock, log, faults, git, fixture, data, caKeys: state.caKeys, secret: (item, field) => secrets.remote(item, field), secretFields: (item) => secrets.fieldsOf(item), keepSecret: (item, field, value) => secrets.keep(item, field, value), clusters: () => clusters, changed }));
  }
  for (const cluster of clusters) cluster.settle();

  const ports = Object.values(state.clusters).flatMap((cluster) => [...Object.values(cluster.machinePorts), cluster.apiPort]);
  const world: World = {
    id: state.id, root: options.root, taskDir: options.taskDir, clusters, clock, log, faults, secrets, data, ports,
    target: () => targetOf(world, options, {}),
    async writeTarget() {
      const target = targetOf(world, options, await serveDownloads(options.root, folder));
      const file = join(folder, 'target.json');
      writeFileSync(`${file}.new`, JSON.stringify(target, null, 2) + '\n', { mode: 0o600 });
      renameSync(`${file}.new`, file);
      return target;
    },
    save,
    async end(forget) {
      for (const cluster of clusters) await cluster.end();
      save();
      ended = true;
      clearTimeout(saving);
      clock.stop();
      log.close();
      for (const port of ports) options.taken.delete(port);
      if (forget) rmSync(folder, { recursive: true, force: true });
    },
  };
  save();
  return world;
}

function readState(file: string, options: WorldOptions): WorldState {
  if (existsSync(file)) {
    const state: WorldState = JSON.parse(readFileSync(file, 'utf8'));
    if (state.format !== 1) throw new Error(`${file} was written by another version of the lab; end that lab with \`lab down\` (its state is forgotten)`);
    if (options.speed !== undefined) state.speed = options.speed;
    return state;
  }
  return { format: 1, id: `lab-${randomBytes(4).toString('hex')}`, root: options.root, speed: options.speed ?? 60, simNow: Date.now(), clusters: {}, faults: [], secrets: {}, caKeys: {} };
}

/** Gives what is new in the configuration its state and ports; what left it is dropped. */
async function completePorts(state: WorldState, files: ReturnType<typeof readClusters>, options: WorldOptions): Promise<void> {
  for (const name of Object.keys(state.clusters)) if (!files.some((file) => file.name === name)) delete state.clusters[name];
  for (const file of files) {
    const cluster: ClusterState = (state.clusters[file.name] ??= { etcd: null, apiAt: null, machines: {}, machinePorts: {}, apiPort: 0 });
    for (const port of [...Object.values(cluster.machinePorts), cluster.apiPort]) if (port !== 0) options.taken.add(port);
    for (const name of Object.keys(cluster.machines)) {
      if (file.machines.some((machine) => machine.name === name)) continue;
      delete cluster.machines[name];
      delete cluster.machinePorts[name];
    }
    const missing = file.machines.filter((machine) => cluster.machinePorts[machine.name] === undefined);
    const ports = await choosePorts(missing.length + (cluster.apiPort === 0 ? 1 : 0), `${options.taskDir}/${file.name}`, options.taken);
    missing.forEach((machine, n) => {
      cluster.machinePorts[machine.name] = ports[n] ?? 0;
      cluster.machines[machine.name] = bareMachine(state.simNow, randomUUID());
    });
    if (cluster.apiPort === 0) cluster.apiPort = ports.at(-1) ?? 0;
  }
}

function targetOf(world: World, options: WorldOptions, downloads: TargetFile['downloads']): TargetFile {
  return {
    format: 1, id: world.id, kind: 'lab', label: `LAB embedded, simulated machines, clock x${world.clock.speed}`, engine: 'embedded', speed: world.clock.speed,
    simulated: ['machines', 'Talos', 'etcd', 'Kubernetes API', 'controllers', 'workloads', 'helm, helmfile, flux, talosctl and op', 'secrets', 'time'],
    path: toolFolder(join(options.labFolder, 'bin'), labFolderOf(options.taskDir), world.faults.list()),
    env: { LAB_NODE: options.node, LAB_SOCKET: options.socket, LAB_WORLD: world.id, LAB_SPEED: String(world.clock.speed) },
    machines: Object.fromEntries(world.clusters.flatMap((cluster) => cluster.machines.map((machine) => [machine.file.address, `127.0.0.1:${machine.port}`]))),
    names: Object.fromEntries(world.clusters.flatMap((cluster) => {
      const host = hostOf(cluster.file.endpoint);
      // As the site's own name server has it: one record per control plane; with the fault, one that was left behind (RFC 5737, nobody's).
      const wrong = world.faults.active('endpoint-dns-wrong', cluster.name) !== undefined;
      return host === undefined ? [] : [[host, wrong ? ['192.0.2.80'] : cluster.file.machines.filter((machine) => machine.role === 'controlplane').map((machine) => machine.address)]];
    })),
    apis: Object.fromEntries(world.clusters.map((cluster) => [cluster.name, { address: `127.0.0.1:${cluster.state.apiPort}`, serverName: hostOf(cluster.file.endpoint) ?? 'localhost' }])),
    downloads, git: options.root, policy: join(options.labFolder, 'world', 'policy.json'),
    ...(world.data.on ? { recovery: join(options.labFolder, 'fixture', 'dr.yaml') } : {}),
  };
}

/** Writes what the catalog serves in place of the pinned manifests of bootstrap/crds.yaml. */
async function serveDownloads(root: string, folder: string): Promise<TargetFile['downloads']> {
  const file = join(root, 'bootstrap', 'crds.yaml');
  if (!existsSync(file)) return {};
  const whole: unknown = load(readFileSync(file, 'utf8'));
  const manifests = isFields(whole) && Array.isArray(whole['manifests']) ? whole['manifests'] : [];
  const urls = manifests.flatMap((entry: unknown) => (isFields(entry) && typeof entry['url'] === 'string' ? [entry['url']] : []));
  if (urls.length === 0) return {};
  const known = join(folder, 'downloads.json');
  if (existsSync(known)) {
    const kept: TargetFile['downloads'] = JSON.parse(readFileSync(known, 'utf8'));
    if (urls.every((url) => kept[url] !== undefined && existsSync(kept[url].file))) return Object.fromEntries(Object.entries(kept).filter(([url]) => urls.includes(url)));
  }
  const { labDownloads } = await import('../catalog/downloads.ts');
  const answer: Record<string, { file: string; sha256: string }> = {};
  for (const [url, text] of labDownloads(urls)) {
    const sha256 = createHash('sha256').update(text).digest('hex');
    const path = join(folder, 'downloads', `${sha256.slice(0, 16)}.yaml`);
    mkdirSync(join(folder, 'downloads'), { recursive: true, mode: 0o700 });
    writeFileSync(path, text);
    answer[url] = { file: path, sha256 };
  }
  writeFileSync(known, JSON.stringify(answer));
  return answer;
}
