import type { ChangeFreeze, Recovery } from './recovery.ts';
import type { TargetFile } from './target.ts';

/** A Kubernetes object as plain data. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    generation?: number;
    resourceVersion?: string;
    uid?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

/** How a disk is recognised: by one of these, all that are given must match. `id` is a /dev/disk/by-id path. */
export interface DiskSelector { readonly id?: string; readonly model?: string }

export interface Machine {
  readonly name: string;
  readonly cluster: string;
  readonly role: 'controlplane' | 'worker';
  readonly address: string;
  /** MAC patterns of its network cards, `*` for any; identity when no disk id settles it. */
  readonly macs: readonly string[];
  readonly disks: {
    /** Talos is installed here (STATE and EPHEMERAL live on it). */
    readonly install: DiskSelector;
    /** Further disks by purpose, e.g. openebs, ceph; wiped by a destroy. */
    readonly data: Readonly<Record<string, DiskSelector>>;
  };
  /** Machine configuration patches, root-relative, in the order they apply (all, role, cluster, machine). */
  readonly patches: readonly string[];
}

export interface Cluster {
  readonly name: string;
  /** Cilium cluster id, 1..255. */
  readonly id: number;
  /** https://host:6443, the address written into machine configuration and kubeconfig. */
  readonly endpoint: string;
  readonly podCIDR: string;
  readonly serviceCIDR: string;
  readonly dnsServiceIP: string;
  readonly loadBalancer: { readonly start: string; readonly end: string };
  /** Cluster mesh: own address and the clusters it is meshed with; null when not meshed. */
  readonly mesh: { readonly address: string; readonly peers: readonly string[] } | null;
  /** `op://vault/item` that holds the fourteen fields of the Talos secrets bundle. */
  readonly secrets: string;
  readonly machines: readonly Machine[];
  /** data of kubernetes/clusters/<name>/cluster-settings.yaml: what Flux substitutes. */
  readonly settings: Readonly<Record<string, string>>;
  /** Root-relative file this cluster was read from. */
  readonly file: string;
}

export interface Versions {
  readonly talos: string;
  readonly kubernetes: string;
  readonly cilium: string;
  readonly coredns: string;
  readonly certManager: string;
  readonly externalSecrets: string;
  readonly flux: string;
  readonly fluxOperator: string;
  readonly fluxInstance: string;
  readonly gatewayAPI: string;
  /** Command line tools: name to version. */
  readonly tools: Readonly<Record<string, string>>;
  /** Every other chart pinned in helmfile.d: chart name to version. */
  readonly charts: Readonly<Record<string, string>>;
}

/** One helmfile release as written in helmfile.d. */
export interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly chart: string;
  readonly version: string;
  readonly needs: readonly string[];
  /** Values files, root-relative; they hold `${VAR}` of cluster-settings and are the very files the Flux tree uses. */
  readonly values: readonly string[];
}

/** A Secret that must exist before Flux does; every value is an `op://` reference. */
export interface BootstrapSecret { readonly name: string; readonly namespace: string; readonly data: Readonly<Record<string, string>> }

export interface Bootstrap {
  readonly namespaces: readonly KubeObject[];
  readonly secrets: readonly BootstrapSecret[];
  readonly crds: {
    /** CRDs that must be Established before core is installed. */
    readonly waitSet: readonly string[];
    readonly groups: readonly string[];
    /** Manifests fetched from a pinned URL and refused unless the digest matches. */
    readonly manifests: readonly { readonly url: string; readonly sha256: string }[];
  };
  readonly flux: { readonly url: string; readonly branch: string; readonly path: string };
}

/** A Flux Kustomization or HelmRelease found in the tree offline: what a health report must see in the cluster. */
export interface TreeItem {
  readonly kind: 'Kustomization' | 'HelmRelease' | 'OCIRepository' | 'HelmRepository' | 'GitRepository';
  readonly namespace: string;
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly file: string;
  /** It, or a Kustomization above it, is labelled task/needs: mesh: without the peers it cannot come up. */
  readonly needsMesh: boolean;
}

/** Everything read from the configuration's files, checked and frozen. */
export interface Site {
  readonly root: string;
  readonly versions: Versions;
  readonly clusters: readonly Cluster[];
  readonly bootstrap: Bootstrap;
  readonly helmfile: { readonly crds: readonly Release[]; readonly core: readonly Release[] };
  /** Flux objects per cluster name, as the entry point leads to them. */
  readonly tree: Readonly<Record<string, readonly TreeItem[]>>;
  /** What a rebuild must bring back; in a lab with the data sets the lab adds. */
  readonly recovery: Recovery;
  readonly calendar: readonly ChangeFreeze[];
  readonly target: TargetFile;
}
