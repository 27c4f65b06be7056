import type { KubeObject } from '../config/cluster.ts';
import type { Path, Spot } from '../config/source.ts';
import type { Proc } from '../tools/doors.ts';

/** Where something is written: a path inside a document of a file. Files are relative to the root, with `/`; documents count from 0. */
export interface Source { readonly file: string; readonly document: number; readonly at: Path }

/** Files of one tree: on disk, with what is changed or taken away in memory laid over it. Read at most once; positions are worked out only when asked for. */
export interface Texts {
  readonly root: string;
  /** One and the same for look after look at a tree: what hangs on a file's text alone may be kept under it. */
  readonly memory: object;
  /** Undefined when it is not there, or cannot be read as text. */
  text(file: string): string | undefined;
  kind(path: string): 'file' | 'directory' | undefined;
  /** Names in a folder, sorted; [] when there is none. */
  entries(folder: string): readonly { readonly name: string; readonly kind: 'file' | 'directory' }[];
  /** The plain documents of a YAML file, empty ones left out but counted; undefined when it is missing or no YAML (the build says so). */
  documents(file: string): readonly YamlDocument[] | undefined;
  /** Where a source is written; `key` underlines the key instead of its value. The nearest parent that is written when it is not. */
  spot(source: Source, part?: 'key' | 'value'): Spot;
  /** Where `needle` is written inside the scalar at a source (a variable in a text); the scalar when it cannot be told. */
  spotIn(source: Source, needle: string): Spot;
}
export interface YamlDocument { readonly index: number; readonly data: unknown }

/** Something that changed an object after it was read. */
export interface Edit {
  readonly by: 'generator' | 'patch' | 'namespace' | 'name' | 'labels' | 'annotations' | 'images' | 'replicas' | 'targetNamespace' | 'commonMetadata' | 'kustomize';
  /** The patch, the entry of a kustomization.yaml, or the field of the Flux Kustomization. */
  readonly source: Source;
  /** Paths of the object it wrote, and where inside `source` each is written (appended to `source.at`). */
  readonly sets: readonly { readonly path: Path; readonly from: Path; /** Another place than the edit's own (a generator's file). */ readonly source?: Source }[];
  /** Entries of lists that stand elsewhere since: where each stood before. */
  readonly moved?: readonly { readonly path: Path; readonly was: Path }[];
}

export interface Origin {
  /** The document the object was read from; the entry of a generator; for what a chart makes, its HelmRelease. */
  readonly source: Source;
  readonly edits: readonly Edit[];
  /** The template of the chart that made it. */
  readonly template?: string;
}

/** An object as a controller would apply it. */
export interface Built {
  readonly object: KubeObject;
  /** The same before variables were filled in; the very same value where there are none. */
  readonly raw: KubeObject;
  readonly origin: Origin;
  readonly unit: Unit;
  /** For what a chart makes: the HelmRelease. */
  readonly release?: Built;
}

/** A variable a Flux Kustomization fills in. `value` undefined: it exists, and only the cluster (or a key) knows its value. */
export interface Variable { readonly name: string; readonly value: string | undefined; readonly from: Source | 'given' }

/** A `${...}` in an object before substitution. */
export interface VariableUse {
  readonly name: string;
  /** The default written with it. */
  readonly fallback: string | undefined;
  /** As it is written, for finding its place. */
  readonly text: string;
  readonly built: Built;
  readonly path: Path;
}

/** One Flux Kustomization and what it applies; the entry itself is one as well (`declared` undefined: whoever installs Flux makes it). */
export interface Unit {
  readonly namespace: string;
  readonly name: string;
  readonly declared: Built | undefined;
  readonly parent: Unit | undefined;
  /** The folder it builds, relative to the root; undefined when that lies in another source (not looked into). */
  readonly folder: string | undefined;
  readonly objects: readonly Built[];
  /** Whether variables are filled in at all. */
  readonly substitutes: boolean;
  readonly variables: ReadonlyMap<string, Variable>;
  readonly uses: readonly VariableUse[];
  /** Files it was made of; a change in one of them can change it. */
  readonly files: ReadonlySet<string>;
  /** It could not be built; the findings say why. */
  readonly broken: boolean;
  /** So broken that not even its objects are known: what it would make, or lead to, cannot be told to be missing. */
  readonly hides: boolean;
  readonly suspended: boolean;
}

/** Everything one entry point leads to: what one cluster gets. */
export interface Tree {
  /** Name of the cluster, or of the entry's folder. */
  readonly name: string;
  readonly entry: string;
  readonly texts: Texts;
  readonly settings: Settings;
  readonly units: readonly Unit[];
  /** Of all units, in order. */
  readonly objects: readonly Built[];
  /** What was wrong while building, in the other ways as well. */
  readonly found: readonly Found[];
  /** The other ways it may be built (settings: variants), where they lead to other folders. */
  readonly variants?: readonly Variant[];
}

/** A tree as it is with another value of a variable that is given. */
export interface Variant { /** `NAME=value`. */ readonly name: string; readonly tree: Tree }

/** `.manifests.yaml` at the root, all of it optional: what a tree cannot say of itself. */
export interface Settings {
  /** Entry points: cluster -> folder. Discovered when not given. */
  readonly entries: ReadonlyMap<string, string>;
  /** Objects that are there before Flux applies anything, with the file that says so (namespaces, ConfigMaps of variables). */
  readonly given: readonly { readonly object: KubeObject; readonly source: Source }[];
  /** What else a variable that is given may be: the folders that lead to are looked at as well. */
  readonly variants?: ReadonlyMap<string, readonly string[]>;
  /** Releases installed before Flux (helmfile). */
  readonly before: readonly { readonly name: string; readonly namespace: string; readonly chart: string; readonly version: string; readonly source: Source; /** It installs definitions, whatever else it does. */ readonly crdsOnly: boolean }[];
  /** Folders or patterns of JSON schemas, asked before the catalogs. */
  readonly schemas: readonly string[];
  /** Folders of charts, asked before registries. */
  readonly charts: readonly string[];
  /** A file that lists the items of the secret provider. */
  readonly items: string | undefined;
  /** Version of Kubernetes of the clusters (1.34.4), where the tree says it. */
  readonly kubernetes?: string;
  /** A YAML file that decides versions: a key at any depth, as the chart is called (`cert-manager`, or `certManager`), and its version. */
  readonly versions?: string;
  /** Definitions applied before Flux from pinned addresses: looked for in the cache of downloads. */
  readonly definitions?: readonly { readonly url: string; readonly sha256: string; readonly source: Source }[];
  /** Findings that are known and accepted, where no comment can say so; `file` may be a pattern, `object` is `Kind namespace/name`. */
  readonly ignore?: readonly { readonly rule: string; readonly file: string | undefined; readonly object: string | undefined; readonly reason: string; readonly source: Source }[];
}

/** A Helm release of the tree, and what its chart makes of its values. */
export interface Release {
  readonly declared: Built;
  readonly name: string;
  readonly namespace: string;
  readonly chart: { readonly name: string; /** oci:// of the chart, or the URL of its repository; undefined when the source is not in the tree. */ readonly url: string | undefined; readonly version: string | undefined };
  /** valuesFrom and values, merged as Helm merges; undefined when a source of them cannot be read. */
  readonly values: Readonly<Record<string, unknown>> | undefined;
  readonly rendered: readonly Built[] | undefined;
  /** Definitions of the chart's crds/ folder, and those it renders. */
  readonly crds: readonly KubeObject[];
  /** Why it is not rendered. */
  readonly unknown: string | undefined;
  /** What was wrong on the way; the rules of charts tell it. */
  readonly found?: readonly Found[];
}

export type Severity = 'error' | 'warning' | 'unknown';

/** What a rule says, before its place is looked up. One of `built` (with `path`), `source`, `spot` says where. */
export interface Found {
  readonly rule: string;
  /** `unknown`: it could not be checked. Otherwise the rule's own severity. */
  readonly unknown?: true;
  readonly built?: Built;
  /** In the object as built; place it by who wrote that value last. */
  readonly path?: Path;
  /** The key, not its value, is what is wrong. */
  readonly key?: true;
  /** A word inside the value at `path` or `source`. */
  readonly needle?: string;
  readonly source?: Source;
  readonly spot?: Spot;
  /** One sentence, no full stop at the end. */
  readonly message: string;
  /** What to do. */
  readonly hint: string;
  /** Other places that belong to it. */
  readonly related?: readonly { readonly what: string; readonly source: Source }[];
  /** A replacement of the text at its spot that mends it, for FIX=true; only where it cannot be wrong. */
  readonly fix?: { readonly from: string; readonly to: string };
}

/** What a rule looks at: one cluster, and the others beside it. */
export interface View {
  readonly tree: Tree;
  readonly others: readonly Tree[];
  readonly releases: readonly Release[];
  /** Objects of the tree, what its charts render, and what is given: the cluster as far as it is known. */
  readonly all: readonly Built[];
  /** Releases whose chart could not be rendered: what they make is not known, so "nobody makes it" is unknown. */
  readonly unrendered: readonly Release[];
  /** Undefined where nothing but the tree may be used. */
  readonly around?: Around;
  /** The same cluster, built in the other ways it may be. */
  readonly variants?: readonly View[];
  /** It is one of those: which value of which variable makes it so (`NAME=value`), and the objects that are no others than in the first way. */
  readonly variant?: string;
  readonly same?: ReadonlySet<KubeObject>;
}

/** What may be used besides the files of the tree, by async rules and by what renders charts. */
export interface Around {
  /** For the doors of tools; its PATH is `environment`'s. */
  readonly proc: Proc;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The network is not to be asked (OFFLINE=true). */
  readonly offline: boolean;
  readonly signal: AbortSignal;
  /**
   * Says that the answer hangs on this file or folder outside the tree (a schema, a chart, a binary; absolute; it need not be there):
   * an answer that is remembered counts for nothing once it changes.
   */
  read(path: string): void;
  /** Says that the answer hangs on something that can change without a trace here (a registry that did not answer): it is not remembered. */
  volatile(because: string): void;
}

export interface Rule {
  /** Kebab-case, stable. */
  readonly id: string;
  readonly severity: 'error' | 'warning';
  /** What holds when it is kept: one sentence. */
  readonly summary: string;
  /** What goes wrong in a cluster otherwise. */
  readonly why: string;
  /** It finds what nobody may read: no report shows the text at its places. */
  readonly secret?: true;
  /** Rules that need more than the tree (a tool, charts, the repository beside it) are async. */
  check(view: View): Iterable<Omit<Found, 'rule'>> | Promise<Iterable<Omit<Found, 'rule'>>>;
}

/** What is wrong, where, and what to do; plain data. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly clusters: readonly string[];
  /** `Kind namespace/name`, when it is about an object. */
  readonly object: string | null;
  readonly spot: Spot;
  readonly message: string;
  readonly hint: string;
  readonly related: readonly { readonly what: string; readonly spot: Spot }[];
  readonly fix: { readonly from: string; readonly to: string } | null;
}
