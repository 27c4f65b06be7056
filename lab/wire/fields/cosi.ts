/** cosi.resource.State: resources as the wire has them, and the specs that a client reads from bytes instead of YAML. */
import { message } from '../codec.ts';
import type { Table } from '../codec.ts';
import { Timestamp } from './common.ts';

const ResourceMetadata = message({
  namespace: '1 string', type: '2 string', id: '3 string', version: '4 string', owner: '5 string', phase: '6 string', created: [7, Timestamp], updated: [8, Timestamp],
  finalizers: '9* string', labels: '10 map', annotations: '11 map',
});
export const Resource = message({ metadata: [1, ResourceMetadata], spec: [2, message({ protoSpec: '1 bytes', yamlSpec: '2 string' })] });
const LabelQuery = message({ terms: ['1*', message({ key: '1 string', op: '2 EXISTS|EQUAL|NOT_EXISTS|IN|LT|LTE|LT_NUMERIC|LTE_NUMERIC', value: '3* string', invert: '5 bool' })] });
const IdQuery = message({ regexp: '1 string' });

export const GetRequest = message({ namespace: '1 string', type: '2 string', id: '3 string' });
/** Of Get, and of each item of List. */
export const ResourceResponse = message({ resource: [1, Resource] });
export const ListRequest = message({ namespace: '1 string', type: '2 string', options: [3, message({ labelQuery: ['1*', LabelQuery], idQuery: [2, IdQuery] })] });
export const WatchRequest = message({
  namespace: '1 string', type: '2 string', id: '3 string', apiVersion: '5 int32',
  options: [4, message({ bootstrapContents: '1 bool', tailEvents: '2 int32', labelQuery: ['3*', LabelQuery], idQuery: [4, IdQuery], aggregated: '5 bool', bootstrapBookmark: '7 bool' })],
});
export const WatchResponse = message({ events: ['1*', message({ resource: [1, Resource], type: '2 CREATED|UPDATED|DESTROYED|BOOTSTRAPPED|ERRORED|NOOP', old: [3, Resource], error: '4 string' })] });

export const ResourceDefinition = message({
  resourceType: '1 string', displayType: '2 string', defaultNamespace: '3 string', aliases: '4* string', allAliases: '5* string',
  printColumns: ['6*', message({ name: '1 string', jsonPath: '2 string' })], sensitivity: '7 NON_SENSITIVE|SENSITIVE',
});
const UnmetCondition = message({ name: '1 string', reason: '2 string' });
const NetIP = message({ ip: '1 bytes' });

/** The specs that talosctl reads from bytes, by resource type. For every other type only the YAML is read, and the bytes may be empty. */
export const SPECS: Readonly<Record<string, Table>> = {
  'ResourceDefinitions.meta.cosi.dev': ResourceDefinition,
  'Members.cluster.talos.dev': message({
    nodeId: '1 string', addresses: ['2*', NetIP], hostname: '3 string', machineType: '4 unknown|init|controlplane|worker', operatingSystem: '5 string', controlPlane: [6, message({ apiServerPort: '1 int32' })],
  }),
  'MachineStatuses.runtime.talos.dev': message({
    stage: '1 unknown|booting|installing|maintenance|running|rebooting|shutting down|resetting|upgrading', status: [2, message({ ready: '1 bool', unmetConditions: ['2*', UnmetCondition] })],
  }),
  'VolumeStatuses.block.talos.dev': message({ phase: '1 waiting|failed|missing|located|provisioned|prepared|ready|closed', location: '2 string', size: '9 uint64', prettySize: '13 string', type: '16 partition|disk|tmpfs|directory|symlink|overlay|external' }),
  'Diagnostics.runtime.talos.dev': message({ message: '1 string', details: '2* string' }),
  'Nodenames.kubernetes.talos.dev': message({ nodename: '1 string', hostnameVersion: '2 string', skipNodeRegistration: '3 bool' }),
  'HostnameStatuses.net.talos.dev': message({ hostname: '1 string', domainname: '2 string' }),
  'OSRootSecrets.secrets.talos.dev': message({
    issuingCA: [1, message({ crt: '1 bytes', key: '2 bytes' })], certSANIPs: ['2*', NetIP], certSANDNSNames: '3* string', token: '4 string', acceptedCAs: ['5*', message({ crt: '1 bytes' })],
  }),
  'MachineConfigs.config.talos.dev': message({ yamlMarshalled: '1 bytes' }),
};
