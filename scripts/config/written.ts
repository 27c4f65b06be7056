import type { WrittenFreeze, WrittenRecovery } from './recovery-file.ts';
import { integer, list, may, must, oneOf, record, shape, text, type Entry, type Shaped } from './shape.ts';
import type { At, Written } from './source.ts';

/** The files of the configuration as they are written: every value with its place, so that a rule can point at it. */

const disk = shape({ id: may(text), model: may(text) });

export const machineShape = shape({
  name: must(text, 'infra-01'),
  role: must(oneOf(['controlplane', 'worker']), 'controlplane'),
  address: must(text, '10.25.11.11'),
  macs: must(list(text), '["f8:f2:1e:20:57:*"]'),
  disks: must(shape({ install: must(disk, '{model: "Samsung SSD 860"}'), data: must(record(disk), '{}') }), '{install: {model: "..."}, data: {}}'),
});

const clusterFields = {
  name: must(text, 'infra'),
  id: must(integer, '1'),
  endpoint: must(text, 'https://infra-k8s.monosense.io:6443'),
  podCIDR: must(text, '10.244.0.0/16'),
  serviceCIDR: must(text, '10.245.0.0/16'),
  dnsServiceIP: must(text, '10.245.0.10'),
  loadBalancer: must(shape({ start: must(text, '10.25.11.100'), end: must(text, '10.25.11.119') }), '{start: 10.25.11.100, end: 10.25.11.119}'),
  mesh: may(shape({ address: must(text, '10.25.11.100'), peers: must(list(text), '[apps]') })),
  secrets: must(text, 'op://Prod/infra-talos'),
  machines: must(list(machineShape), '[]'),
};
export const clusterShape = shape(clusterFields);

export type WrittenDisk = NonNullable<ReturnType<typeof disk>>;
export type WrittenMachine = NonNullable<ReturnType<typeof machineShape>>;
export type WrittenCluster = Shaped<typeof clusterFields> & {
  readonly file: string;
  /** The file's name without its ending: what the cluster is called everywhere else, even when `name` is wrong. */
  readonly stem: string;
};

export const VERSION_KEYS = ['talos', 'kubernetes', 'cilium', 'coredns', 'certManager', 'externalSecrets', 'flux', 'fluxOperator', 'fluxInstance', 'gatewayAPI'] as const;
export type VersionKey = (typeof VERSION_KEYS)[number];

const versionFields = {
  talos: must(text, '1.12.0'), kubernetes: must(text, '1.34.4'), cilium: must(text, '1.18.3'), coredns: must(text, '1.45.0'),
  certManager: must(text, 'v1.19.1'), externalSecrets: must(text, '0.20.4'), flux: must(text, '2.9.x'), fluxOperator: must(text, '0.49.0'),
  fluxInstance: must(text, '0.49.0'), gatewayAPI: must(text, 'v1.4.0'),
  charts: must(record(text), '{}'), tools: must(record(text), '{talosctl: 1.12.0}'),
};
export const versionsShape = shape(versionFields);
export type WrittenVersions = Shaped<typeof versionFields>;

const secretFields = { name: must(text, 'onepassword-connect-token'), namespace: must(text, 'external-secrets'), data: must(record(text), '{token: op://Infra/shared-1password/OP_CONNECT_TOKEN}') };
export const secretsShape = list(shape(secretFields));
export type WrittenSecret = Shaped<typeof secretFields>;

const crdsFields = {
  waitSet: must(list(text), '[certificates.cert-manager.io]'),
  groups: must(list(text), '[cert-manager.io]'),
  manifests: must(list(shape({ url: must(text, 'https://...'), sha256: must(text, '<64 hexadecimal digits>') })), '[]'),
};
export const crdsShape = shape(crdsFields);
export type WrittenCrds = Shaped<typeof crdsFields>;

const fluxFields = { url: must(text, 'https://github.com/monosense-io/platform.git'), branch: must(text, 'main'), path: must(text, 'kubernetes/clusters/{cluster}') };
export const fluxShape = shape(fluxFields);
export type WrittenFlux = Shaped<typeof fluxFields>;

/** One release of helmfile.d, of which helmfile knows more keys than we allow: hooks, templates and conditions would be phases. */
export interface WrittenRelease {
  readonly file: string;
  readonly name: At<string>;
  readonly namespace: At<string>;
  readonly chart: At<string>;
  /** Where the chart comes from: `oci://...`, or its repository's URL and its name; undefined when the repository is not known. */
  readonly source: string | undefined;
  readonly version: At<string>;
  readonly needs: readonly At<string>[];
  /** As written, relative to helmfile.d. */
  readonly values: readonly At<string>[];
}

/** A kubernetes object of the tree: which Flux Kustomization applies it, per cluster. */
export interface TreeObject {
  readonly document: Written;
  readonly apiVersion: string;
  readonly kind: string;
  /** Variables filled in that its Kustomization fills in itself; those of the cluster's settings are not. */
  readonly name: string;
  /** Its own namespace, or the one its kustomization.yaml sets; undefined when neither says. */
  readonly namespace: string | undefined;
  /** Flux Kustomization that applies it; undefined: the root one, which FluxInstance makes. */
  readonly owner: string | undefined;
  /** Whether `${VAR}` in it is filled in from cluster-settings. */
  readonly substituted: boolean;
}

/** What one cluster's entry point leads to. */
export interface WrittenTree {
  readonly cluster: string;
  readonly objects: readonly TreeObject[];
  /** Every file that takes part: kustomization.yaml files, resources, files of generators and patches. */
  readonly files: ReadonlySet<string>;
  /** Files whose `${VAR}` are filled in for this cluster. */
  readonly substituted: ReadonlySet<string>;
  /** File to the variables that the Kustomization which applies it fills in itself; one set for each that does. */
  readonly own: ReadonlyMap<string, readonly ReadonlySet<string>[]>;
  /** ConfigMaps made by generators: `namespace/name` to the files in it, by key. */
  readonly generated: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** kubernetes/clusters/<name>/cluster-settings.yaml. */
export interface WrittenSettings { readonly file: string; readonly document: Written; readonly data: readonly Entry<At<string>>[] }

/** Everything that was read, for the rules. A part that could not be read is undefined or absent; what is wrong with it is already told. */
export interface WrittenSite {
  /** Names of all clusters by their files, also of those whose file cannot be read. */
  readonly stems: readonly string[];
  /** By id, then name: when two claim the same thing, the later one is told so. */
  readonly clusters: readonly WrittenCluster[];
  readonly versions: WrittenVersions | undefined;
  readonly namespaces: readonly Written[];
  readonly secrets: readonly WrittenSecret[];
  readonly crds: WrittenCrds | undefined;
  readonly flux: WrittenFlux | undefined;
  readonly releases: { readonly crds: readonly WrittenRelease[]; readonly core: readonly WrittenRelease[] };
  readonly settings: ReadonlyMap<string, WrittenSettings>;
  readonly trees: readonly WrittenTree[];
  /** Machine configuration patches: file to its documents. */
  readonly patches: ReadonlyMap<string, readonly Written[]>;
  readonly schematic: Written | undefined;
  /** bootstrap/dr.yaml, then what the target adds to it. */
  readonly recovery: readonly WrittenRecovery[];
  readonly calendar: readonly WrittenFreeze[];
}
