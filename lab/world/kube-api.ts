import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LabCluster } from './cluster.ts';
import { loadKube } from './kube-parts.ts';
import { issue, opensslKey } from './pki.ts';
import type { Pair } from './pki.ts';
import { added } from './requests.ts';
import type { ApiHandler, RequestCounts, Store } from './types.ts';
import { hostOf, isFields } from './value.ts';

/** The Kubernetes API server of a cluster, with its objects and controllers. */
export interface KubeApi {
  /** The objects while etcd exists and the API was up once; they outlive a loss of quorum. */
  readonly store: Store | undefined;
  readonly running: boolean;
  /** Says whether the API is to answer; it follows as soon as it can. */
  want(up: boolean): void;
  /** etcd's last data is gone, and all objects with it. */
  forget(): void;
  /** Writes the objects to their file if they changed. Answers the wall ms it took. */
  save(): number;
  /** The objects as they are, for an etcd snapshot; undefined when there are none. */
  dump(): unknown;
  /** Objects to begin with at the next start, from a snapshot. */
  recover(dump: unknown): void;
  /** Requests since the daemon has had this cluster, over every start of the API. */
  requests(): RequestCounts;
  /** kubeconfig for people: dials the lab's own port. undefined before the API exists. */
  kubeconfig(server: string, serverName?: string): string | undefined;
  end(): Promise<void>;
}

/** Makes the API of `cluster`; it does nothing until it is wanted. */
export function kubeApi(cluster: LabCluster): KubeApi {
  const file = join(cluster.world.folder, `objects-${cluster.name}.json`);
  let store: Store | undefined;
  /** The port that is open now, and what for: with which names, at whose place. */
  let open: { readonly as: string; close(): void } | undefined;
  let running: { readonly handler: ApiHandler; readonly stop: () => Promise<void>; readonly counters: () => RequestCounts } | undefined;
  let counted: RequestCounts = {};
  let wanted = false;
  let dirty = false;
  let recovered: unknown;
  let turn: Promise<void> = Promise.resolve();

  const authority = (): { ca: Pair; version: string; talos: string; names: readonly string[] } | undefined => {
    const { config } = cluster.machines.find((machine) => machine.config?.type === 'controlplane' && machine.config.clusterCA.key !== '') ?? {};
    if (config === undefined) return undefined;
    // With the fault, as when the endpoint was given a name that nobody added to certSANs.
    const nameless = cluster.world.faults.active('api-certificate-without-san', cluster.name) !== undefined;
    const host = hostOf(config.endpoint) ?? '';
    return {
      ca: config.clusterCA, version: config.kubernetesVersion, talos: config.talosVersion,
      names: [...new Set([host, '127.0.0.1', 'localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', ...config.apiSANs, ...cluster.machines.map((machine) => machine.file.address)])].filter((name) => name !== '' && !(nameless && name === host)),
    };
  };
  const stored = (): unknown => {
    if (recovered !== undefined) return recovered;
    if (!existsSync(file)) return undefined;
    const saved: unknown = JSON.parse(readFileSync(file, 'utf8'));
    // Objects of an etcd that is no more are nobody's.
    return isFields(saved) && saved['clusterId'] === cluster.state.etcd?.clusterId ? saved['dump'] : undefined;
  };
  const start = async (): Promise<void> => {
    const certificates = authority();
    if (certificates === undefined) return;
    const { world } = cluster;
    const kube = await loadKube();
    if (!wanted) return;
    if (store === undefined) {
      store = kube.createStore({ clock: world.clock, dump: stored(), serviceCIDR: cluster.file.serviceCIDR });
      recovered = undefined;
      store.onChange((event) => {
        dirty = true;
        cluster.world.changed();
        if (event.object.kind === 'CephCluster') labelDisks(cluster, event.type === 'DELETED');
      });
      dirty = true;
    }
    const own = store;
    const server = kube.makeApiHandler({ cluster: cluster.name, store: own, clock: world.clock, faults: world.faults, log: world.log, kubernetesVersion: `v${certificates.version}` });
    await listen(server.handle);
    const controllers = kube.startControllers({
      cluster: cluster.name, clusterFile: cluster.file, store: own, clock: world.clock, faults: world.faults, log: world.log, root: world.root, git: world.git, fixture: world.fixture, data: world.data.of(cluster.name), secret: world.secret, secretFields: world.secretFields, keepSecret: world.keepSecret,
      kubernetesVersion: `v${certificates.version}`, talosVersion: `v${certificates.talos}`,
      machines: () => cluster.kubelets(), waitingKubelets: () => cluster.waitingKubelets(), onMachines: (changed) => cluster.onMachines(changed),
    });
    running = {
      handler: server.handle,
      counters: () => server.counters(),
      async stop() {
        controllers.stop();
        counted = added(counted, server.counters());
        server.close();
        close();
      },
    };
    world.log.add({ cluster: cluster.name, kind: 'world', by: 'lab', verb: 'start', object: 'kube-apiserver', write: false, result: `127.0.0.1:${cluster.state.apiPort}` });
    writePeople();
    world.changed();
  };
  const close = (): void => {
    open?.close();
    open = undefined;
  };
  const shape = (): string => JSON.stringify([cluster.apiPort() ?? null, authority()?.names ?? []]);
  /** Opens the port anew under the names the certificate has now; nothing is open while the endpoint's name leads elsewhere. */
  const listen = async (handler: ApiHandler): Promise<void> => {
    const [certificates, port, as] = [authority(), cluster.apiPort(), shape()];
    if (certificates === undefined || open?.as === as) return;
    close();
    if (port === undefined) {
      open = { as, close: () => undefined };
      return;
    }
    const leaf = issue(certificates.ca, { commonName: 'kube-apiserver', names: certificates.names, use: 'server' });
    const { listenApi } = await loadKube();
    const listener = await listenApi({ port, host: '127.0.0.1', cert: leaf.crt, key: leaf.key, clientCa: certificates.ca.crt, handler });
    open = { as, close: () => listener.close() };
  };
  const writePeople = (): void => {
    const host = hostOf(cluster.file.endpoint) ?? 'localhost';
    const text = api.kubeconfig(`https://127.0.0.1:${cluster.state.apiPort}`, host);
    if (text !== undefined) writeFileSync(join(cluster.world.folder, `${cluster.name}.kubeconfig`), text, { mode: 0o600 });
  };
  const stop = async (): Promise<void> => {
    const old = running;
    running = undefined;
    await old?.stop();
  };
  const follow = (): void => {
    turn = turn.then(async () => {
      if (wanted && running === undefined) await start();
      else if (wanted && running !== undefined) await listen(running.handler);
      else if (!wanted && running !== undefined) await stop();
    }).catch((error: unknown) => {
      cluster.world.log.add({ cluster: cluster.name, kind: 'world', by: 'lab', verb: 'start', object: 'kube-apiserver', write: false, result: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      // A port that is still held by its last owner: tried again while it is wanted.
      const again = setTimeout(() => { if (wanted && (running === undefined || open?.as !== shape())) follow(); }, 300);
      again.unref();
    });
  };
  const api: KubeApi = {
    get store() { return store; },
    get running() { return running !== undefined; },
    want(up) {
      if (up === wanted && (!up || open === undefined || open.as === shape())) return;
      wanted = up;
      follow();
    },
    forget() {
      wanted = false;
      follow();
      store = undefined;
      recovered = undefined;
      rmSync(file, { force: true });
      rmSync(join(cluster.world.folder, `${cluster.name}.kubeconfig`), { force: true });
    },
    save() {
      if (!dirty || store === undefined) return 0;
      const from = performance.now();
      dirty = false;
      writeFileSync(`${file}.new`, JSON.stringify({ clusterId: cluster.state.etcd?.clusterId, dump: store.dump() }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
      return performance.now() - from;
    },
    requests: () => added(counted, running?.counters() ?? {}),
    dump: () => store?.dump(),
    recover(dump) { recovered = dump; },
    kubeconfig(server, serverName) {
      const certificates = authority();
      if (certificates === undefined) return undefined;
      const admin = issue(certificates.ca, { organization: ['system:masters'], commonName: 'admin', use: 'client' });
      const name = cluster.machines.find((machine) => machine.config !== undefined)?.config?.clusterName ?? cluster.name;
      return `apiVersion: v1
kind: Config
clusters:
- name: ${name}
  cluster:
    server: ${server}
${serverName === undefined ? '' : `    tls-server-name: ${serverName}\n`}    certificate-authority-data: ${base64(certificates.ca.crt)}
users:
- name: admin@${name}
  user:
    client-certificate-data: ${base64(admin.crt)}
    client-key-data: ${base64(opensslEc(admin.key))}
contexts:
- context:
    cluster: ${name}
    namespace: default
    user: admin@${name}
  name: admin@${name}
current-context: admin@${name}
`;
    },
    async end() {
      wanted = false;
      follow();
      await turn;
      api.save();
    },
  };
  return api;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
/** Client keys of Kubernetes are EC in SEC1, which every client reads as it is. */
const opensslEc = (key: string): string => (key.includes('ED25519') ? opensslKey(key) : key);

/** Rook prepared (or left) the disks that are meant for it: Ceph's label is written at these offsets, in GB. */
function labelDisks(cluster: LabCluster, gone: boolean): void {
  if (gone) return;
  for (const machine of cluster.machines) {
    for (const disk of machine.disks) {
      if (disk.purpose === 'ceph' && machine.state.phase === 'up') machine.state.ceph[disk.path] = [0, 1, 10, 100, 1000].filter((offset) => offset * 1e9 < disk.sizeBytes);
    }
  }
}
