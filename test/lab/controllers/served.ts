/** A cluster that is really served: the lab's API over HTTPS with its controllers, on a fast clock, for the stand-ins. */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { startControllers } from '../../../lab/controllers/index.ts';
import { createClock } from '../../../lab/world/clock.ts';
import { serveStore, type Served } from '../kube/harness.ts';
import { INFRA } from './rig.ts';

export const ROOT = resolve(import.meta.dirname, '../../..');
export interface LiveCluster extends Served { files: Map<string, string>; commit: string; readonly secrets: Map<string, string>; end(): void }

/** Simulated seconds per wall second in these tests. */
export const SPEED = 300;

export async function liveCluster(): Promise<LiveCluster> {
  const clock = createClock(Date.UTC(2026, 10, 21), SPEED);
  const served = await serveStore(clock);
  const out: LiveCluster = { ...served, files: new Map(), commit: 'b'.repeat(40), secrets: new Map(), end: () => undefined };
  const controllers = startControllers({
    cluster: 'infra', clusterFile: INFRA, store: served.store, clock, root: ROOT, faults: served.faults, log: served.log,
    machines: () => INFRA.machines.map((machine) => ({ name: machine.name, address: machine.address, role: machine.role, bootId: 'boot-1' })), onMachines: () => () => undefined,
    git: { head: () => Promise.resolve({ commit: out.commit, branch: 'main' }), files: (_commit, prefix) => Promise.resolve(new Map([...out.files].filter(([path]) => prefix === '' || path.startsWith(`${prefix}/`)))) },
    secret: (item, field) => out.secrets.get(`${item}/${field}`),
  });
  out.end = () => { controllers.stop(); served.stop(); clock.stop(); };
  return out;
}

export interface Ended { readonly code: number; readonly stdout: string; readonly stderr: string; readonly ms: number }
/** Runs a program to its end; the environment is the caller's with scratch places for what tools keep. */
export function run(program: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return new Promise((done, reject) => {
    const began = performance.now();
    const child = spawn(program, argv, { env: { ...process.env, HOME: '/nonexistent', KUBECONFIG: '/nonexistent/kubeconfig', LAB_NODE: process.execPath, LAB_SPEED: String(SPEED), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = ''; let stderr = '';
    child.stdout.on('data', (part: Buffer) => { stdout += part.toString(); });
    child.stderr.on('data', (part: Buffer) => { stderr += part.toString(); });
    child.on('error', reject);
    child.on('close', (code) => { done({ code: code ?? -1, stdout, stderr, ms: performance.now() - began }); });
  });
}
export function standin(name: string, argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> { return run(resolve(ROOT, 'lab/bin', name), argv, env); }
