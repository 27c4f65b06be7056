/** A cluster with nothing but a store, a clock moved by hand, and the controllers. */
import { startControllers } from '../../../lab/controllers/index.ts';
import { createStore } from '../../../lab/kube/store.ts';
import type { ActiveFault, ClusterFile, ControllerContext, KubeObject, LogEntry, Ref, SimClock, Store } from '../../../lab/world/types.ts';

export interface ManualClock extends SimClock { advance(ms: number, step?: number): Promise<void> }

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

export function rig(options: { readonly start?: boolean } = {}): Rig {
  const clock = manualClock();
  const store = createStore({ clock, serviceCIDR: INFRA.serviceCIDR });
  const listeners = new Set<() => void>();
  const log: LogEntry[] = [];
  const faults: ActiveFault[] = [];
  const out: Rig = {
    clock, store, log, faults, files: new Map(), commit: 'a'.repeat(40), up: new Set(INFRA.machines.map((machine) => machine.name)), bootIds: new Map(), secrets: new Map(),
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
    secret: (item, field) => out.secrets.get(`${item}/${field}`),
  };
  // CRDs are Established as the API server of the lab does it, a moment after they come.
  store.onChange((event) => {
    if (event.type !== 'ADDED' || event.object.kind !== 'CustomResourceDefinition') return;
    const { name } = event.object.metadata;
    clock.after(500, () => {
      const ref = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name };
      if (store.get(ref) !== undefined && store.get(ref)?.status?.['conditions'] === undefined) store.updateStatus(ref, { conditions: [{ type: 'NamesAccepted', status: 'True' }, { type: 'Established', status: 'True' }] });
    });
  });
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
