/** What `kubectl get` shows of each built-in kind: columns and the cells of a row, in the API server's own words. */
import type { KubeObject } from '../world/types.ts';
import { at, isFields, textAt } from '../world/value.ts';
import type { Fields } from '../world/value.ts';

/** `Name`, or `Name+` for one that only shows with -o wide; `:type` when it is not text. */
export interface Printer { readonly columns: readonly string[]; readonly cells: (object: KubeObject, age: (time: unknown) => string) => readonly unknown[] }

const items = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isFields) : []);
const count = (value: unknown): number => (typeof value === 'number' ? value : 0);
const dash = (text: string): string => (text === '' ? '<none>' : text);
const spec = (object: KubeObject, ...path: string[]): unknown => at(object.spec, ...path);
const status = (object: KubeObject, ...path: string[]): unknown => at(object.status, ...path);
const selector = (value: unknown): string => dash(Object.entries(isFields(value) ? value : {}).map(([key, entry]) => `${key}=${String(entry)}`).join(','));
const containers = (object: KubeObject, field: string): string => items(spec(object, 'template', 'spec', 'containers')).map((entry) => String(entry[field])).join(',');
const born = (object: KubeObject): unknown => object.metadata.creationTimestamp;
const keys = (value: unknown): number => (isFields(value) ? Object.keys(value).length : 0);
const condition = (object: KubeObject, type: string): Fields | undefined => items(status(object, 'conditions')).find((entry) => entry['type'] === type);

function podStatus(object: KubeObject): string {
  if (object.metadata.deletionTimestamp !== undefined) return 'Terminating';
  for (const entry of [...items(status(object, 'initContainerStatuses')), ...items(status(object, 'containerStatuses'))]) {
    const reason = textAt(entry, 'state', 'waiting', 'reason') ?? (textAt(entry, 'state', 'terminated', 'reason') === 'Completed' ? undefined : textAt(entry, 'state', 'terminated', 'reason'));
    if (reason !== undefined) return reason;
  }
  const phase = textAt(object.status, 'phase') ?? 'Unknown';
  return textAt(object.status, 'reason') ?? (phase === 'Succeeded' ? 'Completed' : phase);
}
function nodeStatus(object: KubeObject): string {
  const ready = condition(object, 'Ready');
  const word = ready === undefined ? 'Unknown' : ready['status'] === 'True' ? 'Ready' : 'NotReady';
  return spec(object, 'unschedulable') === true ? `${word},SchedulingDisabled` : word;
}
function roles(object: KubeObject): string {
  const prefix = 'node-role.kubernetes.io/';
  return dash(Object.keys(object.metadata.labels ?? {}).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)).toSorted().join(','));
}
const address = (object: KubeObject, type: string): string => String(items(status(object, 'addresses')).find((entry) => entry['type'] === type)?.['address'] ?? '<none>');
function servicePorts(object: KubeObject): string {
  return dash(items(spec(object, 'ports')).map((port) => `${String(port['port'])}${port['nodePort'] === undefined ? '' : `:${String(port['nodePort'])}`}/${String(port['protocol'] ?? 'TCP')}`).join(','));
}
function externalIP(object: KubeObject): string {
  const type = textAt(object.spec, 'type');
  if (type === 'ExternalName') return textAt(object.spec, 'externalName') ?? '';
  const given = items(status(object, 'loadBalancer', 'ingress')).map((entry) => String(entry['ip'] ?? entry['hostname']));
  return type === 'LoadBalancer' ? (given.length === 0 ? '<pending>' : given.join(',')) : '<none>';
}
function jobStatus(object: KubeObject): string {
  if (condition(object, 'Complete')?.['status'] === 'True') return 'Complete';
  if (condition(object, 'Failed')?.['status'] === 'True') return 'Failed';
  return spec(object, 'suspend') === true ? 'Suspended' : 'Running';
}
const MODES: Readonly<Record<string, string>> = { ReadWriteOnce: 'RWO', ReadOnlyMany: 'ROX', ReadWriteMany: 'RWX', ReadWriteOncePod: 'RWOP' };
const modes = (value: unknown): string => (Array.isArray(value) ? value.map((mode) => MODES[String(mode)] ?? String(mode)).join(',') : '');

const POD: Printer = {
  columns: ['Ready', 'Status', 'Restarts', 'Age', 'IP+', 'Node+', 'Nominated Node+', 'Readiness Gates+'],
  cells(object, age) {
    const states = items(status(object, 'containerStatuses'));
    const restarts = states.reduce((sum, entry) => sum + count(entry['restartCount']), 0);
    return [`${states.filter((entry) => entry['ready'] === true).length}/${items(spec(object, 'containers')).length}`, podStatus(object), String(restarts), age(born(object)), status(object, 'podIP') ?? '<none>', spec(object, 'nodeName') ?? '<none>', '<none>', '<none>'];
  },
};
const NODE: Printer = {
  columns: ['Status', 'Roles', 'Age', 'Version', 'Internal-IP+', 'External-IP+', 'OS-Image+', 'Kernel-Version+', 'Container-Runtime+'],
  cells: (object, age) => [nodeStatus(object), roles(object), age(born(object)), status(object, 'nodeInfo', 'kubeletVersion') ?? '', address(object, 'InternalIP'), address(object, 'ExternalIP'),
    status(object, 'nodeInfo', 'osImage') ?? '<unknown>', status(object, 'nodeInfo', 'kernelVersion') ?? '<unknown>', status(object, 'nodeInfo', 'containerRuntimeVersion') ?? '<unknown>'],
};

/** By group and kind. The name comes first of itself. */
export const PRINTERS: Readonly<Record<string, Printer>> = {
  '/Pod': POD,
  '/Node': NODE,
  '/Namespace': { columns: ['Status', 'Age'], cells: (object, age) => [status(object, 'phase') ?? '', age(born(object))] },
  '/Service': {
    columns: ['Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector+'],
    cells: (object, age) => [spec(object, 'type') ?? '', spec(object, 'clusterIP') ?? '<none>', externalIP(object), servicePorts(object), age(born(object)), selector(spec(object, 'selector'))],
  },
  '/ConfigMap': { columns: ['Data:integer', 'Age'], cells: (object, age) => [keys(object.data) + keys(object['binaryData']), age(born(object))] },
  '/Secret': { columns: ['Type', 'Data:integer', 'Age'], cells: (object, age) => [object['type'] ?? '', keys(object.data), age(born(object))] },
  '/ServiceAccount': { columns: ['Secrets:integer', 'Age'], cells: (object, age) => [items(object['secrets']).length, age(born(object))] },
  '/Event': {
    columns: ['Last Seen', 'Type', 'Reason', 'Object', 'Message'],
    cells: (object, age) => [age(object['lastTimestamp'] ?? object['eventTime'] ?? born(object)), object['type'] ?? '', object['reason'] ?? '', `${(textAt(object, 'involvedObject', 'kind') ?? '').toLowerCase()}/${textAt(object, 'involvedObject', 'name') ?? ''}`, object['message'] ?? ''],
  },
  '/PersistentVolumeClaim': {
    columns: ['Status', 'Volume', 'Capacity', 'Access Modes', 'StorageClass', 'Age'],
    cells: (object, age) => [status(object, 'phase') ?? '', spec(object, 'volumeName') ?? '', status(object, 'capacity', 'storage') ?? '', modes(status(object, 'accessModes')), spec(object, 'storageClassName') ?? '', age(born(object))],
  },
  '/PersistentVolume': {
    columns: ['Capacity', 'Access Modes', 'Reclaim Policy', 'Status', 'Claim', 'StorageClass', 'Age'],
    cells: (object, age) => [spec(object, 'capacity', 'storage') ?? '', modes(spec(object, 'accessModes')), spec(object, 'persistentVolumeReclaimPolicy') ?? '', status(object, 'phase') ?? '',
      spec(object, 'claimRef') === undefined ? '' : `${textAt(object.spec, 'claimRef', 'namespace') ?? ''}/${textAt(object.spec, 'claimRef', 'name') ?? ''}`, spec(object, 'storageClassName') ?? '', age(born(object))],
  },
  'apps/Deployment': {
    columns: ['Ready', 'Up-to-date:integer', 'Available:integer', 'Age', 'Containers+', 'Images+', 'Selector+'],
    cells: (object, age) => [`${count(status(object, 'readyReplicas'))}/${count(spec(object, 'replicas'))}`, count(status(object, 'updatedReplicas')), count(status(object, 'availableReplicas')), age(born(object)), containers(object, 'name'), containers(object, 'image'), selector(spec(object, 'selector', 'matchLabels'))],
  },
  'apps/DaemonSet': {
    columns: ['Desired:integer', 'Current:integer', 'Ready:integer', 'Up-to-date:integer', 'Available:integer', 'Node Selector', 'Age', 'Containers+', 'Images+', 'Selector+'],
    cells: (object, age) => [...['desiredNumberScheduled', 'currentNumberScheduled', 'numberReady', 'updatedNumberScheduled', 'numberAvailable'].map((field) => count(status(object, field))), selector(spec(object, 'template', 'spec', 'nodeSelector')), age(born(object)), containers(object, 'name'), containers(object, 'image'), selector(spec(object, 'selector', 'matchLabels'))],
  },
  'apps/StatefulSet': { columns: ['Ready', 'Age', 'Containers+', 'Images+'], cells: (object, age) => [`${count(status(object, 'readyReplicas'))}/${count(spec(object, 'replicas'))}`, age(born(object)), containers(object, 'name'), containers(object, 'image')] },
  'apps/ReplicaSet': { columns: ['Desired:integer', 'Current:integer', 'Ready:integer', 'Age'], cells: (object, age) => [count(spec(object, 'replicas')), count(status(object, 'replicas')), count(status(object, 'readyReplicas')), age(born(object))] },
  'batch/Job': { columns: ['Status', 'Completions', 'Duration', 'Age'], cells: (object, age) => [jobStatus(object), `${count(status(object, 'succeeded'))}/${count(spec(object, 'completions'))}`, age(status(object, 'startTime')), age(born(object))] },
  'batch/CronJob': { columns: ['Schedule', 'Suspend', 'Active:integer', 'Last Schedule', 'Age'], cells: (object, age) => [spec(object, 'schedule') ?? '', spec(object, 'suspend') === true ? 'True' : 'False', items(status(object, 'active')).length, age(status(object, 'lastScheduleTime')), age(born(object))] },
  'storage.k8s.io/StorageClass': { columns: ['Provisioner', 'ReclaimPolicy', 'VolumeBindingMode', 'Age'], cells: (object, age) => [object['provisioner'] ?? '', object['reclaimPolicy'] ?? 'Delete', object['volumeBindingMode'] ?? 'Immediate', age(born(object))] },
  'apiextensions.k8s.io/CustomResourceDefinition': { columns: ['Created At'], cells: (object) => [born(object)] },
};
