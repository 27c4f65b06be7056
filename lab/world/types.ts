/** The contract between the parts of the lab. Nothing here is known to scripts/. */
import type { ServerResponse, IncomingMessage } from 'node:http';
import type { LabData } from './data.ts';

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string>;
    uid?: string; resourceVersion?: string; generation?: number; creationTimestamp?: string; deletionTimestamp?: string;
    finalizers?: string[]; ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
    managedFields?: unknown[]; [key: string]: unknown;
  };
  spec?: Record<string, unknown>; status?: Record<string, unknown>; data?: Record<string, string>;
  [key: string]: unknown;
}

/** Simulated time. All durations in the lab are simulated ms; `speed` simulated seconds pass per wall second. */
export interface SimClock {
  readonly speed: number;
  /** Simulated ms since the epoch. */
  now(): number;
  /** Runs `fn` after `ms` of simulated time; returns a function that cancels. Pending timers never keep the process alive by themselves. */
  after(ms: number, fn: () => void): () => void;
  /** The same for something a cluster is brought further by; the lab counts these waits (`lab busy`). */
  waits?(cluster: string, ms: number, fn: () => void): () => void;
}

/** One line of the lab's own log: who asked for what. The judge of "the second create writes nothing". */
export interface LogEntry {
  readonly seq: number;
  /** Wall ISO time. */
  readonly at: string;
  readonly cluster: string;
  /** `talos` a call to a machine, `kube` a request to an API server, `tool` a stand-in's own note, `fault` a fault set or healed. */
  readonly kind: 'talos' | 'kube' | 'tool' | 'fault' | 'world';
  /** User agent or client, e.g. `task`, `helmfile`, `kubectl`. The lab's own controllers are not logged. */
  readonly by: string;
  readonly verb: string;
  readonly object: string;
  /** True when it changed (or would have changed, had it not failed) something. Dry-run applies are reads. */
  readonly write: boolean;
  readonly result: string;
}
export interface LabLog { add(entry: Omit<LogEntry, 'seq' | 'at'>): void; since(seq: number): readonly LogEntry[] }

export interface Ref { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly namespace?: string }
/** A kind the API serves; CRDs add theirs when Established. */
export interface ResourceType {
  readonly group: string; readonly version: string; readonly kind: string; readonly plural: string; readonly singular: string;
  readonly shortNames: readonly string[]; readonly namespaced: boolean; readonly hasStatus: boolean;
  /** Other served versions; objects are stored once per group and kind and served under any of them. */
  readonly versions: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string; readonly jsonPath: string }[];
}
export type StoreEvent = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject; readonly before: KubeObject | undefined };

/** A Kubernetes-style refusal. `reason` and `code` as the real API says them (NotFound 404, AlreadyExists 409, Invalid 422 ...). */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: unknown;
  constructor(code: number, reason: string, message: string, details?: unknown) {
    super(message);
    this.code = code; this.reason = reason; this.details = details;
  }
}

/** `manager` is the field manager an API client writes as; the lab's controllers need none. A dry run answers what would be and writes nothing. */
export interface WriteOptions { readonly manager?: string; readonly dryRun?: boolean }
/**
 * Objects of one cluster. Objects handed out are frozen; change by writing a new one. Writes keep uid, generation
 * (spec changes only), resourceVersion, creationTimestamp, deletionTimestamp with finalizers, owner garbage collection
 * and namespace life cycle as the real API does. An update that changes nothing keeps the resourceVersion and emits nothing.
 */
export interface Store {
  types(): readonly ResourceType[];
  /** undefined when the kind is not served (its CRD is not there or not Established). */
  typeOf(apiVersion: string, kind: string): ResourceType | undefined;
  get(ref: Ref): KubeObject | undefined;
  list(apiVersion: string, kind: string, namespace?: string): readonly KubeObject[];
  create(object: KubeObject, options?: WriteOptions): KubeObject;
  /** Replaces; a stale metadata.resourceVersion is a 409 Conflict, none means last writer wins. Status is not touched. */
  update(object: KubeObject, options?: WriteOptions): KubeObject;
  /** Replaces .status only. */
  updateStatus(ref: Ref, status: Record<string, unknown>, options?: WriteOptions & { readonly resourceVersion?: string }): KubeObject;
  /** Server-side apply: merges by field ownership, conflicts as a 409 that names managers and fields unless forced. */
  apply(object: KubeObject, options: { readonly manager: string; readonly force: boolean; readonly dryRun?: boolean; readonly subresource?: 'status' }): { readonly object: KubeObject; readonly created: boolean; readonly changed: boolean };
  /** patch as the wire has it: merge, strategic-merge (by known list keys) or json. */
  patch(ref: Ref, type: 'merge' | 'strategic' | 'json', patch: unknown, options?: { readonly subresource?: 'status'; readonly dryRun?: boolean; readonly manager?: string }): KubeObject;
  delete(ref: Ref, options?: { readonly propagation?: 'Foreground' | 'Background' | 'Orphan'; readonly dryRun?: boolean; readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } }): KubeObject;
  /** Called synchronously after each change, in order. Returns a function that ends it. */
  onChange(listener: (event: StoreEvent) => void): () => void;
  readonly resourceVersion: string;
  dump(): unknown;
}

/** A fault that is on: name from lab/world/faults/index.ts, scope, and whatever the fault keeps. */
export interface ActiveFault { readonly fault: string; readonly cluster: string; readonly machine?: string; readonly object?: string; readonly since: string }
export interface Faults { active(name: string, cluster: string, machine?: string): ActiveFault | undefined; list(): readonly ActiveFault[] }

/** What the controllers of one cluster are given. They live from the API server's start to the cluster's end. */
export interface ControllerContext {
  readonly cluster: string;
  readonly clusterFile: ClusterFile;
  readonly store: Store;
  readonly clock: SimClock;
  readonly faults: Faults;
  readonly log: LabLog;
  /** Machines whose kubelet runs now; `onMachines` tells of changes. */
  machines(): readonly { readonly name: string; readonly address: string; readonly role: 'controlplane' | 'worker'; readonly bootId: string; readonly problem?: string; readonly talosVersion?: string; /** Images of the Kubernetes parts it runs, by name. */ readonly images?: Readonly<Record<string, string>> }[];
  /** Nodes whose kubelet runs and has no certificate for the API: its request is not approved. */
  waitingKubelets?(): readonly string[];
  onMachines(listener: () => void): () => void;
  readonly git: GitTree;
  /** Reads a value of the lab's secret store, as External Secrets would; undefined when there is none. */
  secret(item: string, field: string): string | undefined;
  /** Names of the fields of an item of the secret store; absent when the world cannot list them. */
  secretFields?(item: string): readonly string[] | undefined;
  /** Writes a value into the secret store, as a PushSecret does; absent when the world has none to write to. */
  keepSecret?(item: string, field: string, value: string): void;
  /** What is in volumes, databases and object stores; absent: nothing is kept of it. */
  readonly data?: LabData;
  /** The lab's own tree, at its own URL (lab/fixture). */
  readonly fixture?: GitTree;
  /** Versions as nodes show them, e.g. `v1.34.4` and `v1.12.0`. */
  readonly kubernetesVersion?: string;
  readonly talosVersion?: string;
  /** The project the lab belongs to (for lab/catalog look-ups it is not needed). */
  readonly root: string;
}
export type StartControllers = (cx: ControllerContext) => { stop(): void };

/** The clusters' Git, read at HEAD of the project. */
export interface GitTree {
  /** Commit at HEAD now. Throws when the root is no Git repository. */
  head(): Promise<{ readonly commit: string; readonly branch: string }>;
  /** Text of every file below `prefix` at that commit, path to text. */
  files(commit: string, prefix: string): Promise<ReadonlyMap<string, string>>;
}

/** What the lab needs of talos/clusters/<name>.yaml (same file that scripts/config reads; shape in talos/clusters). */
export interface ClusterFile {
  readonly name: string; readonly endpoint: string; readonly podCIDR: string; readonly serviceCIDR: string; readonly dnsServiceIP: string;
  readonly secrets: string;
  readonly machines: readonly { readonly name: string; readonly role: 'controlplane' | 'worker'; readonly address: string; readonly macs: readonly string[]; readonly disks: { readonly install: { readonly id?: string; readonly model?: string }; readonly data: Readonly<Record<string, { readonly id?: string; readonly model?: string }>> } }[];
}

/** Answers Kubernetes API requests over a store. `user` comes from the client certificate (CN, O). */
export type ApiHandler = (request: IncomingMessage, response: ServerResponse, user: { readonly name: string; readonly groups: readonly string[] }) => void;
export interface ApiServerOptions {
  readonly cluster: string;
  readonly store: Store;
  readonly clock: SimClock;
  readonly faults: Faults;
  readonly log: LabLog;
  readonly kubernetesVersion: string;
}
/** Requests by client and verb, reads and dry runs included: `counts.kubectl.list`. */
export type RequestCounts = Readonly<Record<string, Readonly<Record<string, number>>>>;
/** `close` ends all watches. */
export type MakeApiHandler = (options: ApiServerOptions) => { readonly handle: ApiHandler; close(): void; counters(): RequestCounts };
