/**
 * What a rebuild must bring back, as bootstrap/dr.yaml says it, and when nothing may be torn down, as bootstrap/calendar.yaml
 * says it. Checked and frozen like the rest of the configuration. All durations in ms of the run's clock.
 */
export interface Recovery {
  readonly objectives: {
    /** From the first wipe to the last check, people's own waiting apart. */
    readonly recoveryTimeMs: number;
    /** Of a data set that names none of its own. */
    readonly dataLossMs: number;
    /** A rehearsal older than this is overdue. */
    readonly rehearseEveryMs: number;
  };
  readonly dataSets: readonly DataSet[];
  readonly stores: readonly ObjectStore[];
  readonly outside: readonly OutsideState[];
  /** Machine name to how it is switched on when its system no longer answers; a machine without an entry has none. */
  readonly power: Readonly<Record<string, Power>>;
  /** Run when a cluster is frozen, and undone when the rehearsal ends, whichever way: silences of an alert manager elsewhere, a status page. */
  readonly freeze: readonly FreezeHook[];
  /** An SSH private key's public half or a key known to the agent, to sign the seal with (`ssh-keygen -Y sign`); null: unsigned. */
  readonly signingKey: string | null;
}

/** Something people would miss: a volume, a database, an object. `name` is its own within its cluster. */
export interface DataSet {
  readonly name: string;
  readonly cluster: string;
  readonly kind: 'volume' | 'postgres' | 'object';
  readonly namespace: string;
  /** The PersistentVolumeClaim, the CloudNativePG Cluster, or the ConfigMap or Secret that holds it. */
  readonly object: string;
  readonly protection: Protection;
}
export type Protection =
  /** `source`: the VolSync ReplicationSource, or the CloudNativePG ScheduledBackup; `restore`: the ReplicationDestination, or the ObjectStore it archives to; `store`: a name of `stores`. */
  | { readonly by: 'backup'; readonly method: 'volsync' | 'barman'; readonly source: string; readonly restore: string; readonly store: string; readonly dataLossMs: number }
  /** Comes back from the repository by itself. */
  | { readonly by: 'git' }
  /** Expected to be lost, and why that is well. */
  | { readonly by: 'none'; readonly reason: string };

export interface ObjectStore { readonly name: string; readonly endpoint: string; readonly bucket: string }
/** What lives outside the clusters and bites a rebuild: limits, owners, registrations. */
export interface OutsideState { readonly name: string; readonly what: string; readonly handling: string; readonly check: OutsideCheck }
export type OutsideCheck =
  /** A person says so, every time. */
  | { readonly by: 'person' }
  /** Exit code 0: well. 1: not. Anything else: cannot tell. Never through a shell. */
  | { readonly by: 'command'; readonly argv: readonly string[] }
  /** An item of the secret provider holds a value (the saved wildcard certificate). */
  | { readonly by: 'secret'; readonly reference: string };
export type Power = { readonly by: 'person' } | { readonly by: 'command'; readonly status: readonly string[]; readonly on: readonly string[] };
export interface FreezeHook { readonly name: string; readonly freeze: readonly string[]; readonly unfreeze: readonly string[] }

/** Days on which nothing is torn down or upgraded on site, unless overridden by name. Both days included, in UTC. */
export interface ChangeFreeze { readonly name: string; readonly from: string; readonly until: string; readonly because: string }
