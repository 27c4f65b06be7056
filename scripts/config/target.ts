/**
 * Where a run's commands go. The site target is the identity; a lab writes `.task/lab/target.json` and only the doors
 * in tools/ translate addresses when they dial. Both lab/ (writer) and config/ (reader) share this type: it is the
 * shape of that file.
 */
export interface TargetFile {
  readonly format: 1;
  /** Unique per world: a lab brought up anew has a new id. 'site' for real machines. */
  readonly id: string;
  readonly kind: 'site' | 'lab';
  /** Said in every banner and report, e.g. "LAB embedded, simulated machines, clock x60". */
  readonly label: string;
  readonly engine: 'none' | 'embedded' | 'real';
  /** Seconds of the run's clock per wall second. */
  readonly speed: number;
  /** What is simulated, for banners and reports. */
  readonly simulated: readonly string[];
  /** Folder put first on PATH for child processes. */
  readonly path: string | null;
  /** Extra environment of child processes. */
  readonly env: Readonly<Record<string, string>>;
  /** Machine address (as in talos/clusters) to `host:port` to dial. Absent: the address itself, port 50000. */
  readonly machines: Readonly<Record<string, string>>;
  /** Host name of an endpoint to the addresses a name server gives for it, as on site; only compared, never dialled. Absent: name servers are asked. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
  /** Cluster name to where its Kubernetes API answers. Absent: the cluster's own endpoint. */
  readonly apis: Readonly<Record<string, { readonly address: string; readonly serverName: string }>>;
  /** URL to what is served in its place, with the digest of that. Absent: the URL itself. */
  readonly downloads: Readonly<Record<string, { readonly file: string; readonly sha256: string }>>;
  /** Where the clusters' Git is read from when it is not bootstrap/flux.yaml's URL. */
  readonly git: string | null;
  /** The checkpoint policy of a lab (nothing is real, so checkpoints may be answered by a file); null on site. */
  readonly policy: string | null;
  /** A file like bootstrap/dr.yaml with the data sets a lab adds of its own (they exist nowhere else). Absent: none. */
  readonly recovery?: string;
}

export const SITE: TargetFile = {
  format: 1, id: 'site', kind: 'site', label: 'SITE, real machines', engine: 'none', speed: 1, simulated: [],
  path: null, env: {}, machines: {}, apis: {}, downloads: {}, git: null, policy: null,
};
