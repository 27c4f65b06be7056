import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TargetFile } from '../../../scripts/config/target.ts';

export const CHECKOUT = resolve(import.meta.dirname, '../../..');
const BIN = join(CHECKOUT, 'lab', 'bin');

export interface Ran { readonly code: number; readonly out: string; readonly err: string }
export interface Lab {
  readonly folder: string; readonly taskDir: string;
  lab(...argv: readonly string[]): Promise<Ran>;
  up(): Promise<TargetFile>;
  /** A stand-in, with the environment the target asks for. */
  tool(name: 'talosctl' | 'op', argv: readonly string[], stdin?: string): Promise<Ran>;
  target(): TargetFile;
  daemonPid(): number;
  end(): Promise<void>;
}

/** Runs a program without a terminal; never rejects for an exit code. */
export function run(file: string, argv: readonly string[], env: Readonly<Record<string, string>>, stdin = '', cwd?: string): Promise<Ran> {
  return new Promise((done) => {
    const child = execFile(file, [...argv], { env: { ...env }, timeout: 30_000, maxBuffer: 64 * 1024 * 1024, ...(cwd === undefined ? {} : { cwd }) }, (error, out, err) => done({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 255, out, err }));
    child.stdin?.end(stdin);
  });
}

export function clusterYaml(name: string, first: number, planes: number, workers: number): string {
  const machine = (role: string, n: number): string => `  - name: ${name}-0${n}
    role: ${role}
    address: 10.25.11.${first + n - 1}
    macs: ["f8:f2:1e:20:${first}:*"]
    disks:
      install: {model: "Samsung SSD 860"}
      data:
        ceph: {id: /dev/disk/by-id/nvme-eui.6479a7726a304b9${n}}
`;
  return `name: ${name}
id: ${first}
endpoint: https://${name}-k8s.example.io:6443
podCIDR: 10.244.0.0/16
serviceCIDR: 10.245.0.0/16
dnsServiceIP: 10.245.0.10
secrets: op://Prod/${name}-talos
machines:
${Array.from({ length: planes }, (_, n) => machine('controlplane', n + 1)).join('')}${Array.from({ length: workers }, (_, n) => machine('worker', planes + n + 1)).join('')}`;
}

/** A project of its own with clusters, and a daemon of its own unless a socket is shared. */
export function makeLab(options: { readonly speed: number; readonly clusters?: Readonly<Record<string, string>>; readonly socket?: string }): Lab {
  const folder = mkdtempSync(join(tmpdir(), 'lab-'));
  const taskDir = join(folder, 'task');
  mkdirSync(join(folder, 'talos', 'clusters'), { recursive: true });
  for (const [name, text] of Object.entries(options.clusters ?? { infra: clusterYaml('infra', 11, 3, 1) })) writeFileSync(join(folder, 'talos', 'clusters', `${name}.yaml`), text);
  const env = { PATH: `${BIN}:/usr/bin:/bin`, HOME: folder, KUBECONFIG: join(folder, 'kc'), TALOSCONFIG: join(folder, 'tc'), LAB_NODE: process.execPath, LAB_SOCKET: options.socket ?? join(folder, 's'), TASK_ROOT: folder, TASK_DIR: taskDir, LAB_SPEED: String(options.speed), NODE_COMPILE_CACHE: join(folder, 'cc') };
  const target = (): TargetFile => JSON.parse(readFileSync(join(taskDir, 'lab', 'target.json'), 'utf8'));
  const lab = (...argv: readonly string[]): Promise<Ran> => run(join(BIN, 'lab'), [...argv, '--json'], env);
  return {
    folder, taskDir, lab, target,
    async up() {
      const ran = await lab('up');
      if (ran.code !== 0) throw new Error(ran.err);
      return JSON.parse(ran.out);
    },
    tool: (name, argv, stdin) => run(join(BIN, name), argv, { ...env, ...target().env }, stdin, folder),
    daemonPid: () => JSON.parse(readFileSync(join(taskDir, 'lab', 'daemon.json'), 'utf8')).pid,
    async end() {
      await lab('down');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Asks until the answer fits; the last one is in the error. */
export async function until(ask: () => Promise<Ran>, fits: (ran: Ran) => boolean, wallMs = 20_000): Promise<Ran> {
  for (const from = performance.now(); ;) {
    const ran = await ask();
    if (fits(ran)) return ran;
    if (performance.now() - from > wallMs) throw new Error(`not in time: ${ran.code} ${ran.out} ${ran.err}`);
  }
}

/** Configuration for every machine of `infra`, and a talosconfig, made by the stand-in itself. */
export async function configure(it: Lab): Promise<void> {
  const gen = ['gen', 'config', 'infra', 'https://infra-k8s.example.io:6443', '--kubernetes-version', '1.34.4', '-o', join(it.folder, 'out'), '--with-secrets', join(it.folder, 'secrets.yaml')];
  for (const argv of [['gen', 'secrets', '-o', join(it.folder, 'secrets.yaml')], gen]) {
    const ran = await it.tool('talosctl', argv);
    if (ran.code !== 0) throw new Error(ran.err);
  }
  for (const n of [1, 2, 3, 4]) {
    const patches = ["machine: {install: {diskSelector: {model: 'Samsung*'}}}", `{apiVersion: v1alpha1, kind: HostnameConfig, auto: off, hostname: infra-0${n}}`];
    const ran = await it.tool('talosctl', ['machineconfig', 'patch', join(it.folder, 'out', n < 4 ? 'controlplane.yaml' : 'worker.yaml'), ...patches.flatMap((patch) => ['-p', patch]), '-o', join(it.folder, `m${n}.yaml`)]);
    if (ran.code !== 0) throw new Error(ran.err);
  }
}

/** Address to dial of the n-th machine, and talosctl through it with the cluster's own talosconfig. */
export const dial = (it: Lab, n: number): string => it.target().machines[`10.25.11.${10 + n}`] ?? '';
export const talos = (it: Lab, n: number, ...argv: readonly string[]): Promise<Ran> => it.tool('talosctl', ['--talosconfig', join(it.folder, 'out', 'talosconfig'), '-e', dial(it, n), '-n', `10.25.11.${10 + n}`, ...argv]);
