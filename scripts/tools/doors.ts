import type { Clock } from '../engine/clock.ts';
import type { Emit } from '../engine/event.ts';
import type { Failure } from '../engine/failure.ts';
import type { Day2 } from './day2.types.ts';
import type { Cluster, KubeObject, Machine, Site } from '../config/cluster.ts';

/**
 * What a call does to the world. `read` looks; `local` computes something that only feeds a write (rendering charts,
 * generating configuration); `write` changes something. In a dry run `local` and `write` become a `would-run` event and
 * answer nothing, so a phase cannot forget the dry run.
 */
export type Effect = 'read' | 'local' | 'write';

/** Who is calling, on whose behalf: one per step of one lane. Every door is made from it. */
export interface Scope {
  readonly lane: string;
  readonly step: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly dryRun: boolean;
  readonly site: Site;
  readonly redactor: Redactor;
  /** Files of this run and of the clusters (see files.ts). */
  readonly taskDir: string;
  /** Only looking (Cx.looking): `local` really runs, also in a dry run; a write is a bug and says so. */
  readonly looking?: boolean;
  /** Called before every write to a cluster, after it is proven which one it is: takes and keeps its lock (tools/leases.ts). Throws when it is somebody else's. */
  readonly claim?: (scope: Scope, cluster: Cluster) => Promise<void>;
  /** Hears of every write to a cluster's API that is about to be sent, as a command a person could read; child processes tell theirs by an event. */
  readonly wrote?: (scope: Pick<Scope, 'lane' | 'step'>, command: string) => void;
  /** What child processes inherit; default: the program's own environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Replaces every known secret value, in any of its usual spellings (raw, base64, JSON-escaped, per line), by `[redacted]`. */
export interface Redactor {
  add(value: string): void;
  redact(text: string): string;
}

export interface Command {
  readonly tool: string;
  readonly argv: readonly string[];
  readonly effect: Effect;
  /** Fed to the child and closed. Secrets go this way, never by argv. */
  readonly stdin?: string;
  /** The tool opens /dev/stdin by path: Node's pipes are sockets and cannot be opened so, a real pipe is put between. */
  readonly stdinAsFile?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Wall milliseconds until TERM, then KILL of the whole group; the Failure says it was the deadline. */
  readonly timeoutMs: number;
  /** Exit codes that are an answer rather than a failure; default [0]. */
  readonly ok?: readonly number[];
  /** Hears every whole line of both streams as it is printed, not redacted: for what a tool says of its progress, never to be shown as it is. */
  readonly heard?: (line: string) => void;
}

export interface CommandResult { readonly stdout: string; readonly stderr: string; readonly exitCode: number }

/** Runs child processes. Throws ToolFailure. */
export interface Proc { run(command: Command): Promise<CommandResult> }

/** What answers on a machine's Talos port, told apart by TLS alone. */
export type TalosFace =
  | { readonly is: 'closed'; readonly because: string }
  /** `certificate`: SHA-256 of the one it showed. Maintenance mode makes it, with its key, at boot: who shows it again is the same machine in the same boot. */
  | { readonly is: 'maintenance'; readonly certificate?: string }
  /** Installed; `ours`: its certificate chains to the expected machine CA. null when no CA is known to compare with. */
  | { readonly is: 'installed'; readonly ours: boolean | null; readonly issuer: string; /** The other cluster of ours whose machine CA signed it. */ readonly of?: string };

export interface Disk { readonly name: string; readonly path: string; readonly model: string; readonly serial: string; readonly wwid: string; readonly symlinks: readonly string[]; readonly sizeBytes: number }
export interface Link { readonly name: string; readonly mac: string; readonly physical: boolean }

/** Proof that a machine in maintenance is the one the configuration means. Only `identify` makes one. */
export interface MachineProof { readonly machine: string; readonly by: 'disk id' | 'MAC'; readonly evidence: string }
export interface MachineMismatch { readonly machine: string; readonly because: string; readonly looksLike: string | undefined; /** The one disk that is not there, when all else says that it is this machine. */ readonly lacks?: string }
/** What a disk holds that a new installation would trip over, or destroy. `purpose` as in the cluster file, `install` for the system's. */
export interface Leftover { readonly purpose: string; readonly path: string; readonly holds: string }

export interface TalosService { readonly id: string; readonly state: string; readonly healthy: boolean | null; readonly message: string }
export interface EtcdMember { readonly id: string; readonly hostname: string; readonly peerUrls: readonly string[]; readonly learner: boolean }
/** `dbInUseBytes`: what of the file is not left over from what was deleted; absent where Talos does not tell. */
export interface EtcdStatus { readonly node: string; readonly memberId: string; readonly leader: string; readonly dbSizeBytes: number; readonly dbInUseBytes?: number; readonly raftTerm: number; readonly raftIndex: number; readonly learner: boolean; readonly errors: string }
export interface MachineStage { readonly stage: string; readonly ready: boolean; readonly unmet: readonly string[] }

/** A machine's clock beside its time server's, both read by the machine at one moment. Wall ms of either. */
export interface MachineTime { readonly server: string; readonly local: number; readonly remote: number }

/** What installed machines can be asked together. */
export interface TalosReads {
  readonly version: string;
  readonly stage: MachineStage;
  readonly services: readonly TalosService[];
  /** Members as this machine's own etcd tells them. */
  readonly etcdMembers: readonly EtcdMember[];
  readonly etcdStatus: EtcdStatus;
  readonly time: MachineTime;
}
/** One machine's answer among several, or its own reason for giving none. */
export type Told<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** A disk or a partition as the machine has discovered it. `holds`: file system or signature, '' for none it knows. */
export interface Volume { readonly path: string; readonly disk: string; readonly type: 'disk' | 'partition'; readonly holds: string; readonly partition: string }
/** A disk the configuration names besides the install disk, with the device it is now; undefined when the machine has none that fits. */
export interface DataDisk { readonly purpose: string; readonly device: string | undefined; readonly sizeBytes: number }
/** `graceful`: a control plane leaves etcd first, which needs a quorum. STATE and EPHEMERAL unless `labels` says which, these disks, and a reboot. */
export interface ResetOrder { readonly graceful: boolean; readonly userDisks: readonly string[]; readonly labels?: readonly ('STATE' | 'EPHEMERAL')[] }
/** An etcd snapshot to begin with. `raw`: a copy of the database itself, which carries no digest of its own. */
export interface RecoverFrom { readonly file: string; readonly raw: boolean }

/** The fourteen fields of a cluster's Talos secrets bundle, by the names they have in the secret store. */
export type SecretsBundle = Readonly<Record<
  | 'MACHINE_TOKEN' | 'MACHINE_CA_CRT' | 'MACHINE_CA_KEY' | 'CLUSTER_CA_CRT' | 'CLUSTER_CA_KEY' | 'CLUSTER_ID' | 'CLUSTER_SECRET'
  | 'CLUSTER_TOKEN' | 'CLUSTER_AGGREGATORCA_CRT' | 'CLUSTER_AGGREGATORCA_KEY' | 'CLUSTER_ETCD_CA_CRT' | 'CLUSTER_ETCD_CA_KEY'
  | 'CLUSTER_SECRETBOXENCRYPTIONSECRET' | 'CLUSTER_SERVICEACCOUNT_KEY', string>>;

/** talosctl for one cluster. Node names and endpoints are always explicit; no ambient context is ever used. */
export interface Talos {
  /** TLS probe, no client certificate. Never throws for an unreachable machine. */
  face(machine: Machine): Promise<TalosFace>;
  /** Maintenance mode listing (insecure), compared with the configuration. A proof of this run holds for as long as the machine shows the same certificate. */
  identify(machine: Machine): Promise<MachineProof | MachineMismatch>;
  /** What the disks a machine in maintenance was configured with hold already, as the machine itself has discovered it. `read`. */
  leftovers(machine: Machine): Promise<readonly Leftover[]>;
  /** Machine configuration of one machine: gen config from the bundle, patched by its layers. `local`. Contains secrets. */
  machineConfig(machine: Machine, bundle: SecretsBundle): Promise<string>;
  /** Writes the cluster's talosconfig (0600) from the bundle. `local`. */
  writeTalosconfig(bundle: SecretsBundle): Promise<void>;
  hasTalosconfig(): boolean;
  /** Applies to a machine in maintenance. The proof is of this machine or the door refuses. `write`. */
  applyInsecure(machine: Machine, config: string, proof: MachineProof): Promise<void>;
  /** Dry-run apply on an installed machine: true when it would change something. `read`. */
  wouldChange(machine: Machine, config: string): Promise<boolean>;
  stage(machine: Machine): Promise<MachineStage>;
  version(machine: Machine): Promise<string>;
  services(machine: Machine): Promise<readonly TalosService[]>;
  /** etcd bootstrap on this one machine, empty or from a snapshot. `write`. Answers 'already' for AlreadyExists; who it belongs to is for the caller to prove. */
  bootstrap(machine: Machine, recover?: RecoverFrom): Promise<'done' | 'already'>;
  etcdMembers(machine: Machine): Promise<readonly EtcdMember[]>;
  /**
   * Asks several installed machines one thing, by one call through those of them that are control planes. Whoever is missing
   * in the answer is asked alone. Every machine is in the result, by name. Throws only the run's interruption and bugs.
   */
  readEach<K extends keyof TalosReads>(what: K, machines: readonly Machine[]): Promise<ReadonlyMap<string, Told<TalosReads[K]>>>;
  /** The status of those members that tell it; a Failure with every reason when none does. */
  etcdStatus(machines: readonly Machine[]): Promise<readonly EtcdStatus[]>;
  etcdAlarms(machine: Machine): Promise<readonly string[]>;
  /** The data disks of the machine's configuration, found by what it lists now (of either face). */
  dataDisks(machine: Machine, face: 'maintenance' | 'installed'): Promise<readonly DataDisk[]>;
  /** Signatures on the machine's disks. */
  volumes(machine: Machine, face: 'maintenance' | 'installed'): Promise<readonly Volume[]>;
  /** Wipes an installed machine and reboots it, into maintenance unless its configuration stays; waits for that. `write`. Refuses a machine that is not proven ours. */
  reset(machine: Machine, order: ResetOrder): Promise<void>;
  /** Powers an installed machine off. `force` leaves its pods where they are: draining the last nodes has nowhere to go. `write`. Refuses a machine that is not proven ours. */
  shutdown(machine: Machine, options: { readonly force: boolean }): Promise<void>;
  /** Wipes data disks of a machine in maintenance. The proof is of this machine or the door refuses. `write`. */
  wipeDisks(machine: Machine, devices: readonly string[], proof: MachineProof): Promise<void>;
  /** Snapshot into `file` (0600); answers what talosctl says of it. */
  etcdSnapshot(machine: Machine, file: string): Promise<{ readonly bytes: number; readonly hash: string; readonly revision: number; readonly keys: number }>;
  /** Fetches the admin kubeconfig (context named as the cluster) into the cluster's kubeconfig file, 0600. `local`. */
  writeKubeconfig(machine: Machine): Promise<void>;
  clientVersion(): Promise<string>;
}

export interface KindRef { readonly apiVersion: string; readonly plural: string; readonly kind: string; readonly namespaced: boolean }
export interface WatchHandle { stop(): void }
/** What is kept of an object that was read: thousands are held only as far as somebody looks at them. Kind, apiVersion and name must stay; managedFields are gone already. */
export type Keep = (object: KubeObject) => KubeObject;

/** What name servers say of an endpoint's host. `nowhere` is their definite no; `unknown`: they did not answer. */
export type EndpointAnswer =
  | { readonly is: 'leads'; readonly host: string; readonly addresses: readonly string[] }
  | { readonly is: 'nowhere'; readonly host: string; readonly because: string }
  | { readonly is: 'unknown'; readonly host: string; readonly because: string };

/** What became of the wish to evict a pod. `gone`: it is not there (any more). */
export type Eviction = { readonly is: 'evicted' | 'gone' } | { readonly is: 'refused'; readonly because: string };
/** Whether another cluster's API is there at all. */
export type PeerAnswer = { readonly is: 'there' } | { readonly is: 'absent'; readonly because: string };

/** The Kubernetes API of one cluster. Before its first write it proves that the API's CA is this cluster's. */
export interface Kube {
  hasKubeconfig(): boolean;
  /** Loads what talks to the API, so that the first question need not; asks nothing. */
  prepare?(): Promise<void>;
  /** Where the name of the cluster's endpoint leads. Never throws. Absent where nobody can be asked. */
  endpoint?(): Promise<EndpointAnswer>;
  /** Whether another cluster is there. Never throws. Absent where nobody can be asked. */
  peer?(peer: Pick<Cluster, 'name' | 'endpoint'>): Promise<PeerAnswer>;
  /** /readyz; throws a Failure with the reason. */
  readyz(): Promise<void>;
  serverVersion(): Promise<string>;
  /** The cluster's own clock, ms, to the second: what it would stamp on an object made now (a dry-run create, which is a read). Absent where nobody can be asked. */
  now?(): Promise<number>;
  /** Raw list, read in pages; [] and `missing: true` when the server does not know the kind. With `limit` at most so many: for whether there are any. With `metadataOnly` without all else: what a Secret holds is not even sent. */
  list(kind: KindRef, options?: { readonly namespace?: string; readonly labelSelector?: string; readonly limit?: number; readonly metadataOnly?: boolean; readonly keep?: Keep }): Promise<{ readonly items: readonly KubeObject[]; readonly missing: boolean }>;
  get(kind: KindRef, name: string, namespace?: string): Promise<KubeObject | null>;
  /** Asks for a pod to be evicted; 'refused' when a disruption budget says no for now. `write`. Absent where nobody can be asked. */
  evict?(pod: string, namespace: string): Promise<Eviction>;
  /** The last lines of what a pod said; '' for one that is gone or says nothing. Absent where nobody can be asked. */
  podLog?(pod: string, namespace: string, lines: number): Promise<string>;
  /** Server-side apply with our field manager. `write`. `force` takes over fields of other managers, which are reported in a note first. */
  apply(object: KubeObject, options?: { readonly force?: boolean }): Promise<void>;
  /** Server-side apply with dryRun, compared with what is there (managedFields, resourceVersion, generation apart). A read. */
  wouldChange(object: KubeObject): Promise<boolean>;
  /** Merge patch, e.g. an annotation that asks for reconciliation. `write`; `last` as of delete. */
  patch(kind: KindRef, name: string, namespace: string | undefined, patch: unknown, options?: { readonly last?: boolean }): Promise<void>;
  /** `write`. With `last` also when the run was stopped, for a few seconds: what must not stay behind. */
  delete(kind: KindRef, name: string, namespace?: string, options?: { readonly last?: boolean }): Promise<void>;
  /** Supervised watch: lists, watches, relists with back-off when the stream ends; `changed` gets the whole current list each time, and once more when trouble is over. */
  watch(kind: KindRef, changed: (items: readonly KubeObject[]) => void, trouble: (because: string) => void, options?: { readonly keep?: Keep }): WatchHandle;
}

export interface HelmRelease { readonly name: string; readonly namespace: string; readonly revision: number; readonly status: string; readonly chart: string; readonly version: string }

export interface Helmfile {
  /** Every document of `helmfile template` of helmfile.d/<file> for this cluster. `local`. */
  template(file: '00-crds.yaml' | '01-core.yaml', options: { readonly includeCrds: boolean }): Promise<readonly KubeObject[]>;
  /** One `helmfile sync` of these releases by selector, in the order of their needs; `told` hears as it begins and ends each. `write`. */
  sync(file: '01-core.yaml', releases: readonly string[], told: (release: string, state: 'begun' | 'ended') => void): Promise<void>;
  /** The values a release of helmfile.d/<file> would be given: its files with this cluster's settings, merged as Helm merges them. */
  values(file: '00-crds.yaml' | '01-core.yaml', release: string): Promise<unknown>;
  clientVersion(): Promise<string>;
}
export interface Helm {
  list(): Promise<readonly HelmRelease[]>;
  /** The same of some releases, from what Helm has recorded in the cluster: no process, and of other releases nothing is read. */
  recorded(releases: readonly { readonly name: string; readonly namespace: string }[]): Promise<readonly HelmRelease[]>;
  /** Values of the deployed revision, to compare with what we would give. */
  values(release: string, namespace: string): Promise<unknown>;
  clientVersion(): Promise<string>;
}
export interface Flux {
  reconcile(kind: 'source git' | 'kustomization' | 'helmrelease', name: string, namespace: string): Promise<void>;
  clientVersion(): Promise<string>;
}
/** A reference whose value could not be had. */
export interface Unread { readonly reference: string; readonly because: string }
export interface StoreAnswer { readonly values: ReadonlyMap<string, string>; readonly failed: readonly Unread[] }
/** 1Password's own command line. */
/** An item of 1Password as it is to be made. */
export interface OpItem { readonly vault: string; readonly title: string; readonly fields: Readonly<Record<string, string>> }
export interface Op {
  /** Who is signed in (to an account), and how long that holds; throws a Failure (75) that says how to sign in. */
  whoami(account?: string): Promise<string>;
  /** Values of `op://` references of one account, and every one that cannot be read. Throws a Failure (75) when nobody is signed in. */
  read(references: readonly string[], account?: string): Promise<StoreAnswer>;
  /** Makes an item with these fields, concealed. Values go by standard input. `write`. Absent where nobody can be asked. */
  create?(item: OpItem, account?: string): Promise<void>;
  clientVersion(): Promise<string>;
}
/** Wherever secrets are kept: 1Password, files encrypted by SOPS, the environment; in a lab the lab's own store stands for all of them. */
export interface Stores {
  /** Which stores these references are in, and as whom they are asked; throws a Failure (75) that says how to sign in. */
  whoami(references: readonly string[]): Promise<string>;
  /** Resolves references; throws one Failure naming every one that cannot be read, whichever store it is in. Values are added to the redactor. */
  resolve(references: readonly string[]): Promise<ReadonlyMap<string, string>>;
  sopsVersion(): Promise<string>;
}
export interface Git {
  head(): Promise<{ readonly commit: string; readonly branch: string; readonly dirty: readonly string[] }>;
  remote(): Promise<string | undefined>;
}
export interface Download { fetch(url: string, sha256: string): Promise<string> }

/** Commands of the operator's own, from bootstrap/dr.yaml; exit code and last words, or null where none is run (a lab, a dry run). */
export interface Hook { run(command: { readonly argv: readonly string[]; readonly effect: 'read' | 'write' }): Promise<{ readonly exitCode: number; readonly said: string } | null> }

/** Everything a phase may touch the world with. Made per step by tools/index.ts; each door is loaded on first use. */
export interface Doors {
  readonly talos: Talos;
  readonly day2: Day2;
  readonly kube: Kube;
  readonly helmfile: Helmfile;
  readonly helm: Helm;
  readonly flux: Flux;
  readonly op: Op;
  readonly stores: Stores;
  readonly git: Git;
  readonly download: Download;
  readonly hook: Hook;
}

export type MakeDoors = (scope: Scope, cluster: Cluster) => Doors;
