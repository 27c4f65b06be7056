/** A world of its own in this very process, with the configurations of its machines made by the lab's own generator. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { documentsText } from '../../../lab/standins/talosctl/gen.ts';
import { generate, talosconfig } from '../../../lab/standins/talosctl/generate.ts';
import type { GenerateInput } from '../../../lab/standins/talosctl/generate.ts';
import { goYaml } from '../../../lab/standins/shared/yaml.ts';
import { newBundle } from '../../../lab/world/bundle.ts';
import type { LabCluster } from '../../../lab/world/cluster.ts';
import type { Machine } from '../../../lab/world/machine.ts';
import { issue } from '../../../lab/world/pki.ts';
import { openWorld } from '../../../lab/world/world.ts';
import type { World } from '../../../lab/world/world.ts';
import { CHECKOUT, clusterYaml } from '../world/support.ts';
import { dial } from './client.ts';
import type { Client } from './client.ts';

export interface Rig {
  readonly folder: string; readonly world: World; readonly cluster: LabCluster;
  /** The n-th machine, from 1. */
  machine(n: number): Machine;
  /** Its address in the loopback, and the one it says it has. */
  at(n: number): string;
  address(n: number): string;
  /** Its configuration, and the file that holds it. */
  config(n: number): string;
  file(n: number): string;
  /** A client with a certificate of this role; without one, of nobody. */
  client(n: number, role?: string): Client;
  /** Resolves when it holds; rejects with what holds instead after 20 s of wall time. */
  when(holds: () => boolean, what: string): Promise<void>;
  /** Applies the configurations that are missing, bootstraps and brings a network: a cluster whose nodes are Ready. */
  grow(): Promise<void>;
  end(): Promise<void>;
}

export async function makeWireRig(options: { readonly planes?: number; readonly workers?: number; readonly speed?: number } = {}): Promise<Rig> {
  const { planes = 3, workers = 1, speed = 120 } = options;
  const folder = mkdtempSync(join(tmpdir(), 'wire-'));
  mkdirSync(join(folder, 'talos', 'clusters'), { recursive: true });
  writeFileSync(join(folder, 'talos', 'clusters', 'infra.yaml'), clusterYaml('infra', 11, planes, workers));
  const world = await openWorld({ root: folder, taskDir: join(folder, 'task'), speed, taken: new Set(), socket: join(folder, 's'), labFolder: join(CHECKOUT, 'lab'), node: process.execPath });
  const [cluster] = world.clusters;
  if (cluster === undefined) throw new Error('no cluster');
  const bundle = await newBundle(2048);
  const input: GenerateInput = {
    cluster: 'infra', endpoint: 'https://infra-k8s.example.io:6443', bundle, talosVersion: '', kubernetesVersion: '1.34.4', sans: [], installDisk: '/dev/sda', installImage: 'ghcr.io/siderolabs/installer:v1.12.0',
    dnsDomain: 'cluster.local', persist: true, discovery: true,
  };
  const pem = (value: string): string => Buffer.from(value, 'base64').toString();
  const ca = { crt: pem(bundle.MACHINE_CA_CRT), key: pem(bundle.MACHINE_CA_KEY) };
  writeFileSync(join(folder, 'talosconfig'), goYaml(talosconfig(input)), { mode: 0o600 });
  const machine = (n: number): Machine => {
    const found = cluster.machines[n - 1];
    if (found === undefined) throw new Error(`no machine ${n}`);
    return found;
  };
  const config = (n: number): string => documentsText(generate(input, n <= planes ? 'controlplane' : 'worker').map((document) => (document['kind'] === 'HostnameConfig' ? { apiVersion: 'v1alpha1', kind: 'HostnameConfig', auto: 'off', hostname: `infra-0${n}` } : document)));
  for (let n = 1; n <= planes + workers; n++) writeFileSync(join(folder, `m${n}.yaml`), config(n), { mode: 0o600 });
  const clients: Client[] = [];
  const rig: Rig = {
    folder, world, cluster, machine, config,
    at: (n) => `127.0.0.1:${machine(n).port}`, address: (n) => machine(n).file.address, file: (n) => join(folder, `m${n}.yaml`),
    client(n, role) {
      const client = dial(machine(n).port, role === undefined ? undefined : { ...issue(ca, { organization: [role], use: 'client' }), ca: ca.crt });
      clients.push(client);
      return client;
    },
    async when(holds, what) {
      for (const from = performance.now(); !holds();) {
        if (performance.now() - from > 20_000) throw new Error(`not in time: ${what}; ${cluster.machines.map((each) => `${each.name} ${each.state.phase}`).join(', ')}`);
        await new Promise((done) => { setTimeout(done, 10); });
      }
    },
    async grow() {
      for (const each of cluster.machines) if (each.state.phase === 'maintenance') each.accept(readFileSync(join(folder, `m${cluster.machines.indexOf(each) + 1}.yaml`), 'utf8'), cluster.now());
      await rig.when(() => cluster.machines.every((each) => each.face() === 'installed'), 'every machine is installed');
      if (cluster.state.etcd === null) {
        await rig.when(() => cluster.now() > machine(1).state.bootedAt + 5_000, 'etcd may be bootstrapped');
        const { code, message } = await rig.client(1, 'os:admin').call('/machine.MachineService/Bootstrap');
        if (code !== 0) throw new Error(`no bootstrap: ${message}`);
      }
      await rig.when(() => cluster.state.etcd?.members.length === planes && cluster.machines.filter((each) => each.config?.type === 'controlplane').every((each) => cluster.etcdHealthy(each)) && cluster.api.running && cluster.kubelets().length === planes + workers, 'every node is there');
      await network(cluster);
      await rig.when(() => ready(cluster) === planes + workers, 'every node is Ready');
    },
    async end() {
      for (const client of clients) client.close();
      await world.end(true);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return rig;
}

const ready = (cluster: LabCluster): number => (cluster.store?.list('v1', 'Node') ?? []).filter(({ status }) => Object(status)['conditions']?.some((condition: unknown) => Object(condition).type === 'Ready' && Object(condition).status === 'True')).length;

/** A network of the least kind: what the lab's nodes look for. */
async function network(cluster: LabCluster): Promise<void> {
  const kubeconfig = cluster.api.kubeconfig('https://infra-k8s.example.io:6443') ?? '';
  const pem = (key: string): string => Buffer.from(new RegExp(`${key}: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64').toString();
  const labels = { 'k8s-app': 'cilium' };
  const body = JSON.stringify({
    apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'cilium', namespace: 'kube-system' },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { hostNetwork: true, tolerations: [{ operator: 'Exists' }], containers: [{ name: 'agent', image: 'quay.io/cilium/cilium:v1.18.6' }] } } },
  });
  const code = await new Promise<number>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: cluster.state.apiPort, path: '/apis/apps/v1/namespaces/kube-system/daemonsets', method: 'POST', agent: false, ca: pem('certificate-authority-data'), cert: pem('client-certificate-data'), key: pem('client-key-data'), headers: { 'content-type': 'application/json' } }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    });
    call.on('error', reject);
    call.end(body);
  });
  if (code !== 201) throw new Error(`the API answered ${code}`);
}
