import type { Cluster, KubeObject, Site } from '../config/cluster.ts';
import type { EndpointAnswer, EtcdMember, EtcdStatus, HelmRelease, MachineStage, PeerAnswer, TalosFace, TalosService } from '../tools/doors.ts';

/**
 * What was read, or why it could not be. A failed reading is never an empty one. `needs` names the layer that has to
 * answer before this part can be read at all.
 */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly because: string; readonly hint?: string; readonly needs?: Layer };

/** Parts of the world, read only when asked for. The order is the order of dependence. */
export const LAYERS = [
  'machines', 'talos', 'etcd', 'api', 'nodes', 'cni', 'crds', 'core', 'sources', 'kustomizations', 'helmreleases',
  'workloads', 'certificates', 'secrets', 'mesh',
] as const;
export type Layer = (typeof LAYERS)[number];

export interface TalosReading { readonly machine: string; readonly version: Reading<string>; readonly stage: Reading<MachineStage>; readonly services: Reading<readonly TalosService[]> }

/**
 * One look at one cluster: plain data, wanted next to seen, so that every check is a pure function and every verdict a
 * table test. Parts that were not asked for read as `{ok: false, because: 'not looked at'}`.
 */
export interface Snapshot {
  /** On the run's clock, ms. */
  readonly at: number;
  readonly site: Site;
  readonly cluster: Cluster;
  readonly faces: Reading<Readonly<Record<string, TalosFace>>>;
  readonly talos: Reading<readonly TalosReading[]>;
  readonly etcd: { readonly members: Readonly<Record<string, Reading<readonly EtcdMember[]>>>; readonly status: Reading<readonly EtcdStatus[]>; readonly alarms: Reading<readonly string[]> };
  /** Where the endpoint's name leads; absent when it was not asked. */
  readonly endpoint?: Reading<EndpointAnswer>;
  readonly api: Reading<{ readonly version: string }>;
  /**
   * Lists by kind (`pods`, `kustomizations.kustomize.toolkit.fluxcd.io`: see health/kinds.ts), raw. `missing` kinds
   * (CRD not there) are a failed reading whose because says so and whose `needs` is `crds`.
   */
  readonly lists: Readonly<Record<string, Reading<readonly KubeObject[]>>>;
  readonly releases: Reading<readonly HelmRelease[]>;
  /** By `namespace/name`: the keys a Secret has, null when it does not exist. Never its values. */
  readonly secretKeys: Readonly<Record<string, Reading<readonly string[] | null>>>;
  /** Of those Secrets that hold an authority's public certificate (ca.crt): which one, by its SHA-256. */
  readonly authorities?: Readonly<Record<string, string>>;
  /** The clusters it is meshed with, by name; absent when nothing of the tree needs them. */
  readonly peers?: Readonly<Record<string, PeerAnswer>>;
}
