/** Turns compact tables into the CustomResourceDefinitions a chart brings. */
import type { KubeObject } from '../world/types.ts';

export interface CrdOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const READY = '.status.conditions[?(@.type=="Ready")]';
/** Printer columns by the short word the tables use. */
const COLUMNS: Readonly<Record<string, { readonly name: string; readonly type: string; readonly jsonPath: string }>> = {
  ready: { name: 'Ready', type: 'string', jsonPath: `${READY}.status` },
  status: { name: 'Status', type: 'string', jsonPath: `${READY}.message` },
  age: { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  url: { name: 'URL', type: 'string', jsonPath: '.spec.url' },
  secret: { name: 'Secret', type: 'string', jsonPath: '.spec.secretName' },
  revision: { name: 'Revision', type: 'string', jsonPath: '.status.lastAttemptedRevision' },
  store: { name: 'Store', type: 'string', jsonPath: '.spec.secretStoreRef.name' },
  refresh: { name: 'Refresh Interval', type: 'string', jsonPath: '.spec.refreshInterval' },
  reason: { name: 'Status', type: 'string', jsonPath: `${READY}.reason` },
  capabilities: { name: 'Capabilities', type: 'string', jsonPath: '.status.capabilities' },
  update: { name: 'Status', type: 'string', jsonPath: '.status.updateStatus' },
  phase: { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  class: { name: 'Class', type: 'string', jsonPath: '.spec.gatewayClassName' },
  address: { name: 'Address', type: 'string', jsonPath: '.status.addresses[*].value' },
  programmed: { name: 'Programmed', type: 'string', jsonPath: '.status.conditions[?(@.type=="Programmed")].status' },
  accepted: { name: 'Accepted', type: 'string', jsonPath: '.status.conditions[?(@.type=="Accepted")].status' },
  controller: { name: 'Controller', type: 'string', jsonPath: '.spec.controllerName' },
  hostnames: { name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames' },
  suspended: { name: 'Suspended', type: 'string', jsonPath: '.spec.suspend' },
  cluster: { name: 'Cluster', type: 'string', jsonPath: '.spec.cluster.name' },
  source: { name: 'Source', type: 'string', jsonPath: '.spec.sourcePVC' },
  lastSync: { name: 'Last sync', type: 'string', jsonPath: '.status.lastSyncTime' },
  syncDuration: { name: 'Duration', type: 'string', jsonPath: '.status.lastSyncDuration' },
  nextSync: { name: 'Next sync', type: 'string', jsonPath: '.status.nextSyncTime' },
};

function singularOf(kind: string): string { return kind.toLowerCase(); }

/**
 * One CRD per line: `Kind plural versions [Cluster] [short=a,b] [cols=a,b]`. Versions are comma separated, the storage
 * version first; one that is known but no longer served ends in `!`. Throws on a word it does not know.
 */
export function crds(group: string, lines: string, options: CrdOptions = {}): KubeObject[] {
  return lines.trim().split('\n').map((line) => {
    const [kind, plural, versions, ...rest] = line.trim().split(/\s+/);
    if (kind === undefined || plural === undefined || versions === undefined) throw new Error(`catalog: not a CRD line: ${line}`);
    let scope = 'Namespaced'; let shortNames: string[] = []; let columns: string[] = ['age'];
    for (const word of rest) {
      if (word === 'Cluster') scope = 'Cluster';
      else if (word.startsWith('short=')) shortNames = word.slice(6).split(',');
      else if (word.startsWith('cols=')) columns = word.slice(5).split(',');
      else throw new Error(`catalog: unknown word ${word} in CRD line: ${line}`);
    }
    const printer = columns.map((word) => {
      const column = COLUMNS[word];
      if (column === undefined) throw new Error(`catalog: unknown column ${word} in CRD line: ${line}`);
      return column;
    });
    return {
      apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition',
      metadata: {
        name: `${plural}.${group}`,
        ...(options.labels === undefined ? {} : { labels: { ...options.labels } }),
        ...(options.annotations === undefined ? {} : { annotations: { ...options.annotations } }),
      },
      spec: {
        group, scope,
        names: { kind, listKind: `${kind}List`, plural, singular: singularOf(kind), ...(shortNames.length > 0 ? { shortNames } : {}) },
        versions: versions.split(',').map((version, index) => ({
          name: version.replace('!', ''), served: !version.endsWith('!'), storage: index === 0,
          subresources: { status: {} },
          additionalPrinterColumns: printer.map((column) => ({ ...column })),
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        })),
      },
    };
  });
}
