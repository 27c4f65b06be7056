/** A cluster with nothing but a store, a clock moved by hand, and the controllers. */
import { startControllers } from '../../../lab/controllers/index.ts';
import { accessOf } from '../../../lab/controllers/flux/common.ts';
import { establishCrds } from '../../../lab/kube/crd-establish.ts';
import { createStore } from '../../../lab/kube/store.ts';
import { gatewayApiCrds, fluxOperatorCrds } from '../../../lab/catalog/crd-tables.ts';
import type { Plain } from '../../../lab/catalog/data.ts';
import { applyPlan, finishPlan, planRelease, unready } from '../../../lab/catalog/install.ts';
import type { LabData } from '../../../lab/world/data.ts';
import type { ActiveFault, ClusterFile, ControllerContext, KubeObject, LogEntry, Ref, SimClock, Store } from '../../../lab/world/types.ts';

export interface ManualClock extends SimClock { advance(ms: number): Promise<void> }

/** Starts at a fixed moment; timers run in order of their time, promises are let run in between. */
export function manualClock(start = Date.UTC(2026, 10, 21)): ManualClock {
  let now = start;
  let order = 0;
  const timers: { readonly at: number; readonly order: number; readonly fn: () => void }[] = [];
  const settle = async (): Promise<void> => { for (let i = 0; i < 12; i++) await Promise.resolve(); };
  return {
    speed: 1, now: () => now,
    after(ms, fn) {
      const timer = { at: now + Math.max(0, ms), order: order++, fn };
      timers.push(timer);
      return () => { const index = timers.indexOf(timer); if (index >= 0) timers.splice(index, 1); };
    },
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        timers.sort((a, b) => a.at - b.at || a.order - b.order);
        const next = timers[0];
        if (next === undefined || next.at > until) break;
        timers.shift();
        now = Math.max(now, next.at);
        next.fn();
        await settle();
      }
      now = until;
      await settle();
    },
  };
}

export const INFRA: ClusterFile = {
  name: 'infra', endpoint: 'https://infra-k8s.example.test:6443', podCIDR: '10.244.0.0/16', serviceCIDR: '10.245.0.0/16', dnsServiceIP: '10.245.0.10', secrets: 'op://Test/infra-talos',
  machines: [1, 2, 3].map((n) => ({ name: `infra-0${n}`, role: 'controlplane' as const, address: `10.25.11.1${n}`, macs: [], disks: { install: {}, data: {} } })),
};

export interface Rig {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly log: LogEntry[];
  readonly faults: ActiveFault[];
  readonly cx: ControllerContext;
  /** The project's files; change them together with `commit`. */
  files: Map<string, string>;
  commit: string;
  up: Set<string>;
  bootIds: Map<string, string>;
  secrets: Map<string, string>;
  machinesChanged(): void;
  stop(): void;
  restart(): void;
  get(apiVersion: string, kind: string, name: string, namespace?: string): KubeObject;
  find(ref: Ref): KubeObject | undefined;
}

export function rig(options: { readonly start?: boolean; readonly data?: LabData } = {}): Rig {
  const clock = manualClock();
  const store = createStore({ clock, serviceCIDR: INFRA.serviceCIDR });
  const listeners = new Set<() => void>();
  const log: LogEntry[] = [];
  const faults: ActiveFault[] = [];
  const out: Rig = {
    get cx() { return cx; }, clock, store, log, faults, files: new Map(), commit: 'a'.repeat(40), up: new Set(INFRA.machines.map((machine) => machine.name)), bootIds: new Map(), secrets: new Map(),
    machinesChanged: () => { for (const listener of listeners) listener(); },
    stop: () => { running?.stop(); running = undefined; },
    restart: () => { running?.stop(); running = startControllers(cx); },
    get(apiVersion, kind, name, namespace) {
      const object = out.find({ apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) });
      if (object === undefined) throw new Error(`${kind} ${namespace ?? ''}/${name} is not there`);
      return object;
    },
    find: (ref) => (store.typeOf(ref.apiVersion, ref.kind) === undefined ? undefined : store.get(ref)),
  };
  const cx: ControllerContext = {
    cluster: 'infra', clusterFile: INFRA, store, clock, root: '/nowhere',
    faults: { active: (name) => faults.find((fault) => fault.fault === name), list: () => faults },
    log: { add: (entry) => { log.push({ ...entry, seq: log.length, at: '' }); }, since: () => log },
    machines: () => INFRA.machines.filter((machine) => out.up.has(machine.name)).map((machine) => ({ name: machine.name, address: machine.address, role: machine.role, bootId: out.bootIds.get(machine.name) ?? 'boot-1' })),
    onMachines(listener) { listeners.add(listener); return () => { listeners.delete(listener); }; },
    git: { head: () => Promise.resolve({ commit: out.commit, branch: 'main' }), files: (_commit, prefix) => Promise.resolve(new Map([...out.files].filter(([path]) => prefix === '' || path.startsWith(`${prefix}/`)))) },
    secret: (item, field) => out.secrets.get(`${item}/${field}`), ...(options.data === undefined ? {} : { data: options.data }),
  };
  establishCrds(cx);
  let running: { stop(): void } | undefined;
  if (options.start !== false) running = startControllers(cx);
  return out;
}

/** Condition of an object as `status reason: message`. */
export function said(object: KubeObject, type = 'Ready'): string {
  const conditions = object.status?.['conditions'];
  for (const condition of Array.isArray(conditions) ? conditions : []) if (condition.type === type) return `${condition.status} ${condition.reason}: ${condition.message}`;
  return 'not told';
}

/** Installs a release as helm does and lets time pass until it is ready; answers how long that took in simulated ms. */
export async function helmInstall(r: Rig, name: string, namespace: string, version: string, values: Plain = {}): Promise<number> {
  const began = r.clock.now();
  if (r.find({ apiVersion: 'v1', kind: 'Namespace', name: namespace }) === undefined) r.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const access = accessOf(r.cx);
  const options = { manager: 'helm', nowMs: r.clock.now() };
  const plan = await planRelease(access, { name, namespace, chart: name, version, values }, options);
  await applyPlan(access, plan, options);
  for (let left = await unready(access, plan.objects); left.length > 0; left = await unready(access, plan.objects)) {
    if (r.clock.now() - began > 120_000) throw new Error(left.join('\n'));
    await r.clock.advance(1_000);
  }
  await finishPlan(access, plan, options);
  return r.clock.now() - began;
}

export const CILIUM = { operator: { replicas: 1 } };
/** A cluster whose nodes are Ready: machines up, Cilium installed. */
export async function readyCluster(data?: LabData): Promise<Rig> {
  const r = rig(data === undefined ? {} : { data });
  await r.clock.advance(8_000);
  for (const crd of gatewayApiCrds()) r.store.create(crd);
  await helmInstall(r, 'cilium', 'kube-system', '1.18.3', CILIUM);
  return r;
}
export const URL = 'https://git.example.test/platform.git';
/** A cluster with Flux, which follows `files` at kubernetes/clusters/infra. */
export async function fluxCluster(files: Readonly<Record<string, string>>): Promise<Rig> {
  const r = await readyCluster();
  r.files = new Map(Object.entries(files));
  for (const crd of fluxOperatorCrds()) r.store.create(crd);
  await r.clock.advance(2_000);
  await helmInstall(r, 'flux-operator', 'flux-system', '0.49.0', { installCRDs: false });
  await helmInstall(r, 'flux-instance', 'flux-system', '0.49.0', { instance: { distribution: { version: '2.9.x' }, sync: { url: URL, ref: 'refs/heads/main', path: 'kubernetes/clusters/infra' } } });
  return r;
}
/** A Kustomization of the tree, with the usual fields. */
export function ks(name: string, path: string, more: Plain = {}): string {
  return JSON.stringify({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: { name, namespace: 'flux-system' }, spec: { interval: '10m', retryInterval: '1m', timeout: '2m', prune: true, path, sourceRef: { kind: 'GitRepository', name: 'flux-system' }, ...more } });
}
export function configMapYaml(name: string, data: Readonly<Record<string, string>> = { a: 'b' }): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data });
}
export const ROOT_DIR = 'kubernetes/clusters/infra';
export function kustomization(r: Rig, name: string): KubeObject { return r.get('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', name, 'flux-system'); }
export function configMap(r: Rig, name: string): KubeObject | undefined { return r.find({ apiVersion: 'v1', kind: 'ConfigMap', name, namespace: 'default' }); }
/** Asks for a reconciliation as `flux reconcile` does. */
export function request(r: Rig, object: KubeObject, token: string): void {
  r.store.patch({ apiVersion: object.apiVersion, kind: object.kind, name: object.metadata.name, namespace: object.metadata.namespace ?? '' }, 'merge', { metadata: { annotations: { 'reconcile.fluxcd.io/requestedAt': token } } });
}
