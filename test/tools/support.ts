import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { Cluster, Machine, Site } from '../../scripts/config/cluster.ts';
import { SITE } from '../../scripts/config/target.ts';
import type { TargetFile } from '../../scripts/config/target.ts';
import type { Clock } from '../../scripts/engine/clock.ts';
import type { EventBody } from '../../scripts/engine/event.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import type { Scope } from '../../scripts/tools/doors.ts';
import { makeRedactor } from '../../scripts/tools/redact.ts';

/** A folder of its own, removed when the `using` block ends. */
export function scratch(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'doors-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function fixture(name: string): string {
  return readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
}

export { realTool } from '../real-tool.ts';

/** A clock that goes on by what is slept, at once. */
export function fakeClock(): Clock & { readonly slept: number[] } {
  let now = 1_000_000;
  const slept: number[] = [];
  return {
    speed: 1, slept, now: () => now,
    async sleep(ms, signal) {
      signal.throwIfAborted();
      slept.push(ms);
      now += ms;
      await new Promise((resolve) => { setImmediate(resolve); });
    },
  };
}

export function machine(name: string, more: Partial<Machine> = {}): Machine {
  return { name, cluster: 'infra', role: 'controlplane', address: '10.25.11.11', macs: ['f8:f2:1e:20:57:*'], disks: { install: { model: 'Samsung SSD 860' }, data: {} }, patches: [], ...more };
}

export function cluster(more: Partial<Cluster> = {}): Cluster {
  return {
    name: 'infra', id: 1, endpoint: 'https://infra-k8s.example.test:6443', podCIDR: '10.244.0.0/16', serviceCIDR: '10.245.0.0/16', dnsServiceIP: '10.245.0.10',
    loadBalancer: { start: '10.25.11.100', end: '10.25.11.119' }, mesh: null, secrets: 'op://Prod/infra-talos', machines: [machine('infra-01')], settings: {}, file: 'talos/clusters/infra.yaml', ...more,
  };
}

export function site(more: Partial<Site> = {}): Site {
  return {
    root: '/nonexistent', clusters: [cluster()], helmfile: { crds: [], core: [] }, tree: {}, target: SITE,
    versions: { talos: '1.12.0', kubernetes: '1.34.4', cilium: '1.18.3', coredns: '1.45.0', certManager: 'v1.19.1', externalSecrets: '0.20.4', flux: '2.9.x', fluxOperator: '0.49.0', fluxInstance: '0.49.0', gatewayAPI: 'v1.4.0', tools: {}, charts: {} },
    bootstrap: { namespaces: [], secrets: [], crds: { waitSet: [], groups: [], manifests: [] }, flux: { url: 'https://example.test/repo.git', branch: 'main', path: 'kubernetes/clusters/{cluster}' } },
    recovery: { objectives: { recoveryTimeMs: 2_700_000, dataLossMs: 86_400_000, rehearseEveryMs: 7_776_000_000 }, dataSets: [], stores: [], outside: [], power: {}, freeze: [], signingKey: null }, calendar: [],
    ...more,
  };
}

/** A lab target that leads nowhere but to what the test gives it. */
export function labTarget(more: Partial<TargetFile> = {}): TargetFile {
  return { ...SITE, id: 'lab-test', kind: 'lab', engine: 'embedded', label: 'LAB test', ...more };
}

export interface TestScope extends Scope { readonly events: EventBody[] }
export function scope(taskDir: string, more: Partial<Scope> = {}): TestScope {
  const events: EventBody[] = [];
  return {
    lane: 'infra', step: 'test', events, emit: (event) => { events.push(event); }, signal: new AbortController().signal, clock: fakeClock(), dryRun: false,
    site: site(), redactor: makeRedactor(), taskDir, env: { PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter), HOME: taskDir }, ...more,
  };
}

/** The Failure a promise ends in; a test fails when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error('it was expected to fail and did not');
}
