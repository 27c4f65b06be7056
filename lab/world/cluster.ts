import { randomUUID } from 'node:crypto';
import type { WorldData } from './data.ts';
import { hasQuorum, memberHealthy, memberReadyAt, settleEtcd } from './etcd.ts';
import type { EtcdView } from './etcd.ts';
import { kubeApi } from './kube-api.ts';
import type { KubeApi } from './kube-api.ts';
import { listenTalos } from './listener.ts';
import type { TalosListener } from './listener.ts';
import { Machine } from './machine.ts';
import { fingerprint } from './pki.ts';
import { placeOf, standsFor } from './swaps.ts';
import { callTalos } from './talos-api.ts';
import { TAKES } from './state.ts';
import type { ClusterState } from './state.ts';
import type { ClusterFile, ControllerContext, Faults, GitTree, LabLog, Store } from './types.ts';
import type { LabClock } from './clock.ts';

/** A kubelet as the controllers see it. */
export type Kubelet = ReturnType<ControllerContext['machines']>[number];

/** What the world lends to each of its clusters. */
export interface ClusterWorld {
  readonly root: string;
  readonly folder: string;
  readonly clock: LabClock;
  readonly log: LabLog;
  readonly faults: Faults;
  readonly git: GitTree;
  /** The lab's own tree, and what is in volumes and stores. */
  readonly fixture: GitTree;
  readonly data: WorldData;
  readonly caKeys: Record<string, string>;
  readonly secret: (item: string, field: string) => string | undefined;
  readonly secretFields: (item: string) => readonly string[] | undefined;
  /** Every cluster of the world, this one among them. */
  readonly clusters: () => readonly LabCluster[];
  readonly keepSecret: (item: string, field: string, value: string) => void;
  /** State changed: it is to be saved soon. */
  readonly changed: () => void;
}

/** One simulated cluster: its machines, its etcd, and its Kubernetes API while etcd carries it. */
export class LabCluster {
  readonly file: ClusterFile;
  readonly state: ClusterState;
  readonly machines: readonly Machine[];
  readonly world: ClusterWorld;
  readonly api: KubeApi;
  readonly #listeners = new Map<string, { readonly key: string; trust: string; readonly listener: TalosListener }>();
  readonly #machineListeners = new Set<() => void>();
  readonly #turnListeners = new Set<() => void>();
  #cancel: (() => void) | undefined;
  #queued = false;
  #ended = false;
  #kubelets = '';
  #hadQuorum = false;

  constructor(file: ClusterFile, state: ClusterState, world: ClusterWorld) {
    this.file = file;
    this.state = state;
    this.world = world;
    const wake = (): void => this.touch();
    this.machines = file.machines.map((machine) => {
      const own = state.machines[machine.name];
      if (own === undefined) throw new Error(`no state for machine ${machine.name}`);
      return new Machine(file.name, machine, own, state.machinePorts[machine.name] ?? 0, {
        fault: (name) => world.faults.active(name, file.name, machine.name),
        caKey: (print) => world.caKeys[print], changed: wake,
      });
    });
    this.api = kubeApi(this);
  }

  get name(): string { return this.file.name; }
  get store(): Store | undefined { return this.api.store; }
  now(): number { return this.world.clock.now(); }

  etcdView(): EtcdView {
    return { state: this.state, machines: this.machines, down: (machine) => this.#held().has(machine) || this.machines.some((other) => other.name === machine && (other.stranger || other.ailing)) };
  }

  /** Control planes whose etcd a fault holds down: just enough of them that quorum is lost. */
  #held(): ReadonlySet<string> {
    if (this.world.faults.active('etcd-no-quorum', this.name) === undefined) return new Set();
    const names = this.machines.filter((machine) => machine.file.role === 'controlplane').map((machine) => machine.name);
    return new Set(names.slice(-Math.ceil(names.length / 2)));
  }

  quorum(): boolean { return hasQuorum(this.etcdView(), this.now()); }
  etcdHealthy(machine: Machine): boolean { return memberHealthy(this.etcdView(), machine, this.now()); }
  etcdHeldDown(machine: Machine): boolean { return machine.ailing || this.#held().has(machine.name); }
  /** The port at which the cluster's endpoint is answered; undefined while its name leads elsewhere. */
  apiPort(): number | undefined {
    if (this.world.faults.active('endpoint-dns-wrong', this.name) !== undefined) return undefined;
    return standsFor(this.world.clusters(), this.world.faults, this).state.apiPort;
  }

  apiUp(): boolean { return this.state.apiAt !== null && this.state.apiAt <= this.now(); }

  /** When this machine's kubelet has registered (or will); undefined while it cannot. */
  kubeletAt(machine: Machine): number | undefined {
    if (machine.state.phase !== 'up' || this.state.apiAt === null || machine.authority === undefined) return undefined;
    if (machine.config?.clusterId !== this.state.etcd?.identity || machine.stranger || machine.ailing || machine.clockOff() === 'since-boot') return undefined;
    return Math.max(machine.state.bootedAt + TAKES.worker, this.state.apiAt) + TAKES.kubelet;
  }

  /** Kubelets that run and may talk to the API. `problem`: what one says of itself instead of being ready. */
  kubelets(): readonly Kubelet[] {
    return this.#running().filter((machine) => !this.#unapproved(machine)).map((machine) => ({
      name: machine.hostname, address: machine.file.address, role: machine.file.role, bootId: machine.state.bootId, talosVersion: `v${machine.talosVersion}`, ...(machine.config === undefined ? {} : { images: machine.config.images }),
      ...(this.world.faults.active('node-not-ready', this.name, machine.name) === undefined ? {} : { problem: 'PLEG is not healthy: pleg was last seen active 3m12s ago; threshold is 3m0s' }),
    }));
  }

  /** Kubelets whose request for a client certificate nobody has approved. */
  waitingKubelets(): readonly string[] {
    return this.#running().filter((machine) => this.#unapproved(machine)).map((machine) => machine.hostname);
  }
  #running(): readonly Machine[] {
    const now = this.now();
    return this.machines.filter((machine) => (this.kubeletAt(machine) ?? Infinity) <= now);
  }
  #unapproved(machine: Machine): boolean { return this.world.faults.active('kubelet-certificate-pending', this.name, machine.name) !== undefined; }

  onMachines(listener: () => void): () => void {
    this.#machineListeners.add(listener);
    return () => { this.#machineListeners.delete(listener); };
  }

  /** Runs at every turn, when everything is where it must be and no port has opened or closed for it yet. */
  onTurn(listener: () => void): () => void {
    this.#turnListeners.add(listener);
    return () => { this.#turnListeners.delete(listener); };
  }

  /** Something changed: the cluster takes its turn soon (once, however often this is called meanwhile). */
  touch(): void {
    this.world.changed();
    if (this.#queued || this.#ended) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      this.settle();
    });
  }

  /** Brings everything to where it must be now, and sets the alarm for when it must be looked at next. */
  settle(): void {
    if (this.#ended) return;
    const now = this.now();
    const wakes: number[] = [];
    for (const machine of this.machines) {
      wakes.push(machine.settle(now));
      const ca = machine.config?.type === 'controlplane' ? machine.config.machineCA : undefined;
      if (ca !== undefined && ca.key !== '') this.world.caKeys[fingerprint(ca.crt)] = ca.key;
    }
    const view = this.etcdView();
    const before = this.state.etcd?.clusterId;
    wakes.push(...settleEtcd(view, now));
    if (before !== undefined && this.state.etcd === null) this.api.forget();
    // Volumes outlive a cluster that is no more for as long as its disks hold them.
    if (this.state.etcd === null && this.machines.every((machine) => !Object.values(machine.state.ceph).some((offsets) => offsets.includes(0)))) this.world.data.lose(this.name);
    this.#watchQuorum(hasQuorum(view, now));
    if (!hasQuorum(view, now)) this.state.apiAt = null;
    else this.state.apiAt ??= now + TAKES.api;
    if (this.state.apiAt !== null && this.state.apiAt > now) wakes.push(this.state.apiAt);
    for (const machine of this.machines) {
      const at = this.kubeletAt(machine);
      if (at !== undefined && at > now) wakes.push(at);
      // Until then bootstrap is refused: a wait of the simulated world like the others.
      const bootstrappable = machine.state.bootedAt + TAKES.etcdPreparing;
      if (machine.state.phase === 'up' && bootstrappable > now) wakes.push(bootstrappable);
      const ready = memberReadyAt(view, machine);
      if (ready !== undefined && ready > now) wakes.push(ready);
    }
    // Who watches a machine is told what happened to it before its connections break for it.
    for (const listener of this.#turnListeners) listener();
    this.#listen();
    this.api.want(this.apiUp());
    this.#tellKubelets();
    this.#cancel?.();
    const next = Math.min(...wakes);
    this.#cancel = Number.isFinite(next) ? this.world.clock.waits(this.name, next - now, () => this.touch()) : undefined;
  }

  /** A quorum that goes is told at the moment it goes: whoever works on the machines must not be the cause of it. */
  #watchQuorum(has: boolean): void {
    if (this.#hadQuorum && !has) this.world.log.add({ cluster: this.name, kind: 'world', by: 'lab', verb: 'quorum-lost', object: 'etcd', write: false, result: this.machines.map((machine) => `${machine.name} ${machine.state.phase}`).join(', ') });
    this.#hadQuorum = has;
  }

  #tellKubelets(): void {
    const kubelets = JSON.stringify([this.kubelets(), this.waitingKubelets()]);
    if (kubelets === this.#kubelets) return;
    this.#kubelets = kubelets;
    for (const listener of this.#machineListeners) listener();
  }

  #listen(): void {
    for (const machine of this.machines) {
      const face = machine.face();
      const { authority } = machine;
      const place = placeOf(this.world.clusters(), this.world.faults, this, machine);
      const key = face === 'installed' ? `${place.port} installed ${machine.state.bootId} ${String(machine.stranger)} ${machine.hostname}` : face === 'maintenance' ? `${place.port} maintenance` : '';
      const open = this.#listeners.get(machine.name);
      const whom = face !== 'installed' || authority === undefined ? undefined : { ...authority, accepted: machine.stranger ? [] : machine.config?.acceptedCAs ?? [] };
      const trust = whom === undefined ? '' : [whom.crt, ...whom.accepted].map(fingerprint).join(' ');
      if (open !== undefined && open.key === key && open.trust !== trust && whom !== undefined) {
        open.listener.trust(whom);
        open.trust = trust;
      }
      if ((open?.key ?? '') === key) continue;
      open?.listener.close();
      this.#listeners.delete(machine.name);
      if (key === '') continue;
      this.#listeners.set(machine.name, {
        key, trust,
        listener: listenTalos({
          port: place.port, names: [place.file.address, machine.hostname, ...(machine.config?.machineSANs ?? [])],
          authority: whom,
          call: (method, request, roles) => callTalos({ cluster: this, machine, roles, face }, method, request),
          grpc: async (request, response, roles, closing) => (await import('../wire/server.ts')).serveGrpc({ cluster: this, machine, roles, face }, request, response, closing),
          trouble: (because) => this.world.log.add({ cluster: this.name, kind: 'world', by: 'lab', verb: 'listen', object: machine.name, write: false, result: because }),
        }),
      });
    }
  }

  /** The machine a node's name or address leads to. */
  machine(node: string): Machine | undefined {
    const host = node.replace(/:\d+$/, '');
    const at = (machine: Machine): Machine => placeOf(this.world.clusters(), this.world.faults, this, machine);
    return this.machines.find((machine) => at(machine).file.address === host || machine.name === host || machine.hostname === host || (host === '127.0.0.1' && node.endsWith(`:${at(machine).port}`)));
  }

  newActor(): string { return randomUUID(); }

  /** Closes every port and ends the API; state stays as it is. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#cancel?.();
    for (const { listener } of this.#listeners.values()) listener.close();
    this.#listeners.clear();
    await this.api.end();
  }
}
