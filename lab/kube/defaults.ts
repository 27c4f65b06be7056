/** The few defaults of built-in kinds that clients and controllers look at. Each is idempotent: defaulting twice changes nothing. */
import type { KubeObject, ResourceType } from '../world/types.ts';
import { at, isFields } from '../world/value.ts';
import type { Fields } from '../world/value.ts';

const SPEC: Readonly<Record<string, Fields>> = {
  'apps/Deployment': { replicas: 1, revisionHistoryLimit: 10, progressDeadlineSeconds: 600, strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } } },
  'apps/StatefulSet': { replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } },
  'apps/DaemonSet': { revisionHistoryLimit: 10, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } },
  'apps/ReplicaSet': { replicas: 1 },
  'batch/Job': { parallelism: 1, completions: 1, backoffLimit: 6, suspend: false },
  'batch/CronJob': { concurrencyPolicy: 'Allow', suspend: false, successfulJobsHistoryLimit: 3, failedJobsHistoryLimit: 1 },
  '/Pod': { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', schedulerName: 'default-scheduler', terminationGracePeriodSeconds: 30 },
  '/Service': { type: 'ClusterIP', sessionAffinity: 'None', internalTrafficPolicy: 'Cluster' },
  '/PersistentVolumeClaim': { volumeMode: 'Filesystem' },
  'apiextensions.k8s.io/CustomResourceDefinition': { conversion: { strategy: 'None' } },
};
/** The phase a new object starts with, as its controller-less API server writes it. */
const PHASE: Readonly<Record<string, string>> = { '/Namespace': 'Active', '/Pod': 'Pending', '/PersistentVolumeClaim': 'Pending', '/PersistentVolume': 'Pending' };

/** Where a Service gets its address from. */
export interface ServiceAddresses { next(): string }

/** Fills in what is missing. Writes into `object`. */
export function setDefaults(object: KubeObject, type: ResourceType, addresses: ServiceAddresses): void {
  const id = `${type.group}/${type.kind}`;
  for (const [key, value] of Object.entries(SPEC[id] ?? {})) {
    object.spec ??= {};
    // A strategy that is named is not mixed with the default one's settings.
    object.spec[key] ??= structuredClone(value);
  }
  const phase = PHASE[id];
  if (phase !== undefined) object.status = { ...object.status, phase: object.status?.['phase'] ?? phase };
  if (id === '/Namespace') {
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
    object.spec = { ...object.spec, finalizers: object.spec?.['finalizers'] ?? ['kubernetes'] };
  }
  if (id === '/Secret') secret(object);
  if (id === '/Service') service(object, addresses);
  if (type.kind === 'CustomResourceDefinition' && isFields(at(object, 'spec', 'names'))) names(object.spec?.['names']);
}

function secret(object: KubeObject): void {
  object['type'] ??= 'Opaque';
  const text = object['stringData'];
  if (!isFields(text)) return;
  object.data = { ...object.data, ...Object.fromEntries(Object.entries(text).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')])) };
  delete object['stringData'];
}

function service(object: KubeObject, addresses: ServiceAddresses): void {
  const spec = object.spec ?? {};
  const ports = spec['ports'];
  if (Array.isArray(ports)) {
    for (const port of ports) {
      if (!isFields(port)) continue;
      port['protocol'] ??= 'TCP';
      port['targetPort'] ??= port['port'];
    }
  }
  if (spec['type'] === 'ExternalName') return;
  spec['clusterIP'] ??= addresses.next();
  spec['clusterIPs'] ??= [spec['clusterIP']];
  spec['ipFamilies'] ??= ['IPv4'];
  spec['ipFamilyPolicy'] ??= 'SingleStack';
  if (spec['type'] === 'LoadBalancer' || spec['type'] === 'NodePort') spec['externalTrafficPolicy'] ??= 'Cluster';
  if (object.status === undefined) object.status = { loadBalancer: {} };
}

function names(value: unknown): void {
  if (!isFields(value) || typeof value['kind'] !== 'string') return;
  value['singular'] ??= value['kind'].toLowerCase();
  value['listKind'] ??= `${value['kind']}List`;
}

const text = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/** Addresses of an IPv4 CIDR in order, leaving out the network's own, the first (the API's own Service) and the tenth (cluster DNS by custom). Throws when all are taken. */
export function addressPool(cidr: string, taken: () => ReadonlySet<string>): ServiceAddresses {
  const [base = '', bits = '32'] = cidr.split('/');
  const start = base.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  return {
    next() {
      const used = taken();
      for (let offset = 2; offset < size - 1; offset++) if (offset !== 10 && !used.has(text(start + offset))) return text(start + offset);
      throw new Error(`no address left in ${cidr}`);
    },
  };
}
