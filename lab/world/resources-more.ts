import { createHash } from 'node:crypto';
import { isMain } from './machine-config.ts';
import type { Kind } from './resources.ts';
import { servicesOf } from './services.ts';
import { at, textsAt } from './value.ts';

const column = (name: string, path: string): { readonly name: string; readonly path: string } => ({ name, path });

/** Resources that people ask for by hand, and those that the real talosctl reads for its own checks; names, columns and fields are Talos 1.12's. */
export const MORE_KINDS: readonly Kind[] = [
  {
    type: 'SystemDisks.block.talos.dev', display: 'SystemDisk', namespace: 'runtime', aliases: ['systemdisk', 'systemdisks', 'sd', 'sds'], maintenance: true,
    columns: [column('Disk', 'diskID')],
    items: (_cluster, machine, face) => machine.disks.filter((disk) => face === 'installed' && disk.purpose === 'system').map((disk) => ({ id: 'system-disk', spec: { diskID: disk.path.replace('/dev/', ''), devPath: disk.path } })),
  },
  {
    type: 'MachineConfigs.config.talos.dev', display: 'MachineConfig', namespace: 'config', aliases: ['machineconfig', 'machineconfigs', 'mc', 'mcs'], maintenance: true, sensitive: true, columns: [],
    items: (_cluster, machine) => (machine.state.config === null ? [] : [
      { id: 'v1alpha1', annotations: { 'talos.dev/yaml-spec': '1' }, spec: machine.state.config },
      ...(machine.state.staged === undefined ? [] : [{ id: 'persistent', annotations: { 'talos.dev/yaml-spec': '1' }, spec: machine.state.staged }]),
    ]),
  },
  {
    type: 'MachineTypes.config.talos.dev', display: 'MachineType', namespace: 'config', aliases: ['machinetype', 'machinetypes', 'mt', 'mts'], maintenance: true, columns: [column('Type', '')],
    items: (_cluster, machine) => (machine.config === undefined ? [] : [{ id: 'machine-type', spec: machine.config.type }]),
  },
  {
    type: 'Services.v1alpha1.talos.dev', display: 'Service', namespace: 'runtime', aliases: ['svc', 'service', 'services'], maintenance: false,
    columns: [column('Running', 'running'), column('Healthy', 'healthy'), column('Health Unknown', 'unknown')],
    items: (cluster, machine) => servicesOf(cluster, machine).filter((service) => service.state === 'Running').map((service) => ({ id: service.id, spec: { running: true, healthy: service.healthy === true, unknown: service.healthy === null } })),
  },
  {
    type: 'Diagnostics.runtime.talos.dev', display: 'Diagnostic', namespace: 'runtime', aliases: ['diagnostic', 'diagnostics'], maintenance: false, columns: [column('Message', 'message')],
    items: (cluster, machine) => (cluster.waitingKubelets().includes(machine.hostname) ? [{ id: 'kubelet-csr-not-approved', spec: { message: 'kubelet server certificate rotation is enabled, but CSR is not approved', details: ['kubelet API error: 10250: connect: connection refused'] } }] : []),
  },
  {
    type: 'StaticPodStatuses.kubernetes.talos.dev', display: 'StaticPodStatus', namespace: 'k8s', aliases: ['podstatus', 'staticpodstatus', 'staticpodstatuses', 'sps'], maintenance: false, columns: [column('Ready', 'ready')],
    items: (cluster, machine) => (machine.config?.type !== 'controlplane' || !cluster.apiUp() ? [] : ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map((name) => ({ id: `kube-system/${name}-${machine.hostname}`, spec: { phase: 'Running', ready: 'True', conditions: [{ type: 'Ready', status: 'True' }] } }))),
  },
  {
    type: 'EtcdMembers.etcd.talos.dev', display: 'EtcdMember', namespace: 'etcd', aliases: ['etcdmember', 'etcdmembers', 'em', 'ems'], maintenance: false, columns: [column('Member ID', 'memberID')],
    items: (_cluster, machine) => (machine.state.etcd === null ? [] : [{ id: 'local', spec: { memberID: machine.state.etcd.memberId } }]),
  },
  {
    type: 'Identities.cluster.talos.dev', display: 'Identity', namespace: 'cluster', aliases: ['identity', 'identities'], maintenance: false, columns: [column('ID', 'nodeId')],
    items: (_cluster, machine) => [{ id: 'local', spec: { nodeId: createHash('sha256').update(machine.hardware.uuid).digest('base64').slice(0, 43) } }],
  },
  {
    type: 'MetaKeys.runtime.talos.dev', display: 'MetaKey', namespace: 'runtime', aliases: ['meta', 'metakey', 'metakeys', 'mk', 'mks'], maintenance: true, columns: [column('Value', 'value')],
    items: (_cluster, machine) => Object.entries(machine.state.meta ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, value]) => ({ id, spec: { value } })),
  },
  {
    type: 'TimeStatuses.v1alpha1.talos.dev', display: 'TimeStatus', namespace: 'runtime', aliases: ['timestatus', 'timestatuses', 'ts'], maintenance: true, columns: [column('Synced', 'synced')],
    items: (_cluster, machine) => [{ id: 'node', spec: { synced: machine.clockOff() === 'no', epoch: 0, syncDisabled: false } }],
  },
  {
    type: 'Versions.runtime.talos.dev', display: 'Version', namespace: 'runtime', aliases: ['version', 'versions'], maintenance: true, columns: [column('Version', 'version')],
    items: (_cluster, machine) => [{ id: 'version', spec: { version: `v${machine.talosVersion}` } }],
  },
  {
    type: 'ExtensionStatuses.runtime.talos.dev', display: 'ExtensionStatus', namespace: 'runtime', aliases: ['extensions', 'extensionstatus', 'extensionstatuses', 'es'], maintenance: false,
    columns: [column('Name', 'metadata.name'), column('Version', 'metadata.version')],
    items: () => [],
  },
  {
    type: 'NodeAddresses.net.talos.dev', display: 'NodeAddress', namespace: 'network', aliases: ['nodeaddress', 'nodeaddresses', 'na', 'nas'], maintenance: true, columns: [column('Addresses', 'addresses'), column('SortAlgorithm', 'sortAlgorithm')],
    items: (_cluster, machine) => ['accumulative', 'current', 'default', 'routed'].map((id) => ({ id, spec: { addresses: [`${machine.file.address}/24`], sortAlgorithm: 'v1' } })),
  },
  {
    type: 'RouteStatuses.net.talos.dev', display: 'RouteStatus', namespace: 'network', aliases: ['route', 'routes', 'routestatus', 'routestatuses', 'rs'], maintenance: true,
    columns: [column('Destination', 'dst'), column('Gateway', 'gateway'), column('Link', 'outLinkName'), column('Metric', 'priority')],
    items: (_cluster, machine) => {
      const gateway = machine.file.address.replace(/\d+$/, '1');
      const outLinkName = machine.hardware.links[0]?.name ?? 'eth0';
      return [{ id: `inet4/${gateway}//1024`, spec: { family: 'inet4', dst: '', src: '', gateway, outLinkName, table: 'main', priority: 1024, scope: 'global', type: 'unicast', flags: '', protocol: 'dhcp' } }];
    },
  },
  {
    type: 'ResolverStatuses.net.talos.dev', display: 'ResolverStatus', namespace: 'network', aliases: ['resolvers', 'resolverstatus', 'resolverstatuses'], maintenance: true, columns: [column('Resolvers', 'dnsServers'), column('Search Domains', 'searchDomains')],
    items: (_cluster, machine) => [{ id: 'resolvers', spec: { dnsServers: textsAt(machine.documents.find(isMain), 'machine', 'network', 'nameservers').length > 0 ? textsAt(machine.documents.find(isMain), 'machine', 'network', 'nameservers') : ['1.1.1.1', '8.8.8.8'], searchDomains: [] } }],
  },
  {
    // What `rotate-ca` reads to know the authority that is to be followed by another one.
    type: 'OSRootSecrets.secrets.talos.dev', display: 'OSRootSecret', namespace: 'secrets', aliases: ['osrootsecret', 'osrootsecrets', 'osrs'], maintenance: false, sensitive: true, columns: [],
    items: (_cluster, machine) => {
      const { config } = machine;
      if (config === undefined) return [];
      const base64 = (text: string): string => Buffer.from(text).toString('base64');
      return [{
        id: 'os', spec: {
          issuingCA: { crt: base64(config.machineCA.crt), key: base64(config.machineCA.key) }, acceptedCAs: [config.machineCA.crt, ...config.acceptedCAs].map((crt) => ({ crt: base64(crt) })), certSANIPs: [], certSANDNSNames: [...config.machineSANs],
          token: String(at(machine.documents.find(isMain), 'machine', 'token') ?? ''),
        },
      }];
    },
  },
];
