import { loadAll, YAMLException } from 'js-yaml';
import { at, isFields, textAt, textsAt } from './value.ts';
import type { Fields } from './value.ts';

/** What a machine reads out of its configuration. Certificates and keys are PEM; a worker has no keys. */
export interface MachineConfig {
  readonly type: 'controlplane' | 'worker';
  readonly hostname: string | undefined;
  readonly clusterName: string;
  readonly clusterId: string;
  readonly endpoint: string;
  readonly machineCA: { readonly crt: string; readonly key: string };
  /** Authorities that are trusted beside the issuing one, while one follows another. */
  readonly acceptedCAs: readonly string[];
  readonly clusterCA: { readonly crt: string; readonly key: string };
  readonly install: { readonly disk: string | undefined; readonly selector: Fields | undefined };
  readonly machineSANs: readonly string[];
  readonly apiSANs: readonly string[];
  readonly kubernetesVersion: string;
  readonly talosVersion: string;
  readonly cni: string;
  /** Images of the Kubernetes parts, by their names: `kubelet`, `kube-apiserver`... */
  readonly images: Readonly<Record<string, string>>;
}

/** A refusal in talosctl's words. */
export class ConfigError extends Error {}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  '': ['version', 'debug', 'persist', 'machine', 'cluster'],
  machine: ['type', 'token', 'ca', 'acceptedCAs', 'certSANs', 'controlPlane', 'kubelet', 'pods', 'network', 'disks', 'install', 'files', 'env', 'time', 'sysctls', 'sysfs', 'registries',
    'systemDiskEncryption', 'features', 'udev', 'logging', 'kernel', 'seccompProfiles', 'baseRuntimeSpecOverrides', 'nodeLabels', 'nodeAnnotations', 'nodeTaints'],
  cluster: ['id', 'secret', 'controlPlane', 'clusterName', 'network', 'token', 'aescbcEncryptionSecret', 'secretboxEncryptionSecret', 'ca', 'acceptedCAs', 'aggregatorCA', 'serviceAccount',
    'apiServer', 'controllerManager', 'proxy', 'scheduler', 'discovery', 'etcd', 'coreDNS', 'externalCloudProvider', 'extraManifests', 'extraManifestHeaders', 'inlineManifests',
    'adminKubeconfig', 'allowSchedulingOnMasters', 'allowSchedulingOnControlPlanes'],
};
/** Parts of Kubernetes that a machine runs, and where the configuration names their image. */
const PARTS: readonly (readonly [string, ...string[]])[] = [['kubelet', 'machine', 'kubelet'], ['kube-apiserver', 'cluster', 'apiServer'], ['kube-controller-manager', 'cluster', 'controllerManager'], ['kube-scheduler', 'cluster', 'scheduler']];
/** Documents of Talos 1.12 beside the main one. */
const KINDS = new Set(['ExtensionServiceConfig', 'OOMConfig', 'KmsgLogConfig', 'WatchdogTimerConfig', 'EventSinkConfig', 'SideroLinkConfig', 'BridgeConfig', 'VLANConfig', 'LinkConfig', 'DHCPv4Config',
  'ResolverConfig', 'DHCPv6Config', 'WireguardConfig', 'HCloudVIPConfig', 'EthernetConfig', 'DummyLinkConfig', 'KubeSpanEndpointsConfig', 'LinkAliasConfig', 'StaticHostConfig', 'TimeSyncConfig',
  'BondConfig', 'HostnameConfig', 'NetworkRuleConfig', 'NetworkDefaultActionConfig', 'Layer2VIPConfig', 'ZswapConfig', 'ExistingVolumeConfig', 'RawVolumeConfig', 'VolumeConfig', 'SwapVolumeConfig', 'UserVolumeConfig',
  'TrustedRootsConfig', 'PCIDriverRebindConfig', 'RegistryMirrorConfig', 'RegistryAuthConfig', 'RegistryTLSConfig', 'EnvironmentConfig']);

/** The documents of a configuration or a patch. Throws ConfigError for text that is no YAML, and for keys or kinds Talos does not know. */
export function parseDocuments(text: string): readonly Fields[] {
  let documents: readonly unknown[];
  try {
    documents = loadAll(text);
  } catch (error) {
    if (error instanceof YAMLException) throw new ConfigError(`error decoding document: yaml: ${error.message}`);
    throw error;
  }
  const answer: Fields[] = [];
  for (const document of documents) {
    if (document === null || document === undefined) continue;
    if (!isFields(document)) throw new ConfigError('missing kind');
    answer.push(document);
    if (isMain(document)) refuseUnknown(document);
    else {
      const kind = document['kind'];
      if (typeof kind !== 'string') throw new ConfigError('missing kind');
      if (!KINDS.has(kind) || document['apiVersion'] !== 'v1alpha1') throw new ConfigError(`error decoding document ${String(document['apiVersion'] ?? '')}/${kind}/ (line 1): "${kind}" "${String(document['apiVersion'] ?? '')}": not registered`);
    }
  }
  return answer;
}

/** True for the main document (`version`, `machine`, `cluster`), which has no kind. */
export const isMain = (document: Fields): boolean => !('kind' in document) && !('apiVersion' in document) && ('machine' in document || 'cluster' in document || 'version' in document || 'debug' in document || 'persist' in document);

function refuseUnknown(document: Fields): void {
  const wrong: string[] = [];
  for (const [where, keys] of Object.entries(KEYS)) {
    const part = where === '' ? document : document[where];
    if (!isFields(part)) continue;
    for (const [key, value] of Object.entries(part)) {
      if (!keys.includes(key) && key !== '$patch') wrong.push(where === '' ? `${key}: ${JSON.stringify(value)}` : `${where}:\n    ${key}: ${JSON.stringify(value)}`);
    }
  }
  if (wrong.length > 0) throw new ConfigError(`unknown keys found during decoding:\n${wrong.join('\n')}\n`);
}

/** Everything Talos's own validation would object to, of what the lab models, in Talos's words. */
export function problemsOf(documents: readonly Fields[], mode: 'metal' | 'cloud' | 'container'): readonly string[] {
  const main = documents.find(isMain);
  const machine = at(main, 'machine');
  if (!isFields(machine)) return ['machine instructions are required'];
  const problems: string[] = [];
  const cluster = at(main, 'cluster');
  if (!isFields(cluster)) problems.push('cluster instructions are required');
  else if (textAt(cluster, 'controlPlane', 'endpoint') === undefined) problems.push('cluster.controlPlane: cluster controlplane endpoint is required');
  if (mode === 'metal') {
    const install = machine['install'];
    if (!isFields(install)) problems.push('install instructions are required in "metal" mode');
    else if (!isFields(install['diskSelector']) && (install['disk'] ?? '') === '') problems.push('either install disk or diskSelector should be defined');
  }
  if ((textAt(machine, 'ca', 'crt') ?? '') === '') problems.push('issuing CA or some accepted CAs are required (.machine.ca, machine.acceptedCAs)');
  const key = textAt(machine, 'ca', 'key') ?? '';
  const type = machine['type'];
  if (type === 'controlplane' || type === 'init') {
    if (key === '') problems.push('issuing CA key is required for controlplane nodes (.machine.ca.key)');
  } else if (type === 'worker') {
    if (key !== '') problems.push('issuing Talos API CA key is not allowed on non-controlplane nodes (.machine.ca)');
    if ((textAt(cluster, 'ca', 'key') ?? '') !== '') problems.push('issuing Kubernetes API CA key is not allowed on non-controlplane nodes (.cluster.ca)');
  } else problems.push(`unknown machine type "${String(type ?? '')}"`);
  for (const host of documents.filter((document) => document['kind'] === 'HostnameConfig')) {
    const auto = host['auto'] ?? 'off';
    if (auto === 'stable' && host['hostname'] !== undefined) problems.push('static hostname and auto hostname cannot be set at the same time');
    else if (auto !== 'stable' && host['hostname'] === undefined) problems.push("either 'auto' or 'hostname' must be set");
  }
  return problems;
}

/** Several problems as Go's multierror prints them. */
export const manyErrors = (problems: readonly string[]): string => `${problems.length} error${problems.length === 1 ? '' : 's'} occurred:\n${problems.map((problem) => `\t* ${problem}\n`).join('')}\n`;

function acceptedCAs(main: Fields | undefined): readonly string[] {
  const list = at(main, 'machine', 'acceptedCAs');
  return Array.isArray(list) ? list.flatMap((entry: unknown) => { const crt = textAt(entry, 'crt'); return crt === undefined ? [] : [Buffer.from(crt, 'base64').toString()]; }) : [];
}

/** Reads and checks a whole configuration. Throws ConfigError with Talos's text. */
export function readMachineConfig(text: string): { readonly documents: readonly Fields[]; readonly config: MachineConfig } {
  const documents = parseDocuments(text);
  const problems = problemsOf(documents, 'metal');
  if (problems.length > 0) throw new ConfigError(manyErrors(problems));
  const main = documents.find(isMain);
  const pemAt = (...path: readonly string[]): string => Buffer.from(textAt(main, ...path) ?? '', 'base64').toString();
  const image = (path: readonly string[], otherwise: string): string => /:v?([^:@/]+)(?:@.*)?$/.exec(textAt(main, ...path) ?? '')?.[1] ?? otherwise;
  const host = documents.find((document) => document['kind'] === 'HostnameConfig');
  const selector = at(main, 'machine', 'install', 'diskSelector');
  return {
    documents,
    config: {
      type: textAt(main, 'machine', 'type') === 'worker' ? 'worker' : 'controlplane',
      hostname: textAt(host, 'hostname') ?? textAt(main, 'machine', 'network', 'hostname'),
      clusterName: textAt(main, 'cluster', 'clusterName') ?? '', clusterId: textAt(main, 'cluster', 'id') ?? '', endpoint: textAt(main, 'cluster', 'controlPlane', 'endpoint') ?? '',
      machineCA: { crt: pemAt('machine', 'ca', 'crt'), key: pemAt('machine', 'ca', 'key') }, acceptedCAs: acceptedCAs(main), clusterCA: { crt: pemAt('cluster', 'ca', 'crt'), key: pemAt('cluster', 'ca', 'key') },
      install: { disk: textAt(main, 'machine', 'install', 'disk'), selector: isFields(selector) ? selector : undefined },
      machineSANs: textsAt(main, 'machine', 'certSANs'), apiSANs: textsAt(main, 'cluster', 'apiServer', 'certSANs'),
      kubernetesVersion: image(['machine', 'kubelet', 'image'], '1.34.4'), talosVersion: image(['machine', 'install', 'image'], '1.12.0'),
      cni: textAt(main, 'cluster', 'network', 'cni', 'name') ?? 'flannel',
      images: Object.fromEntries(PARTS.flatMap(([name, ...path]) => {
        const text = textAt(main, ...path, 'image');
        return text === undefined ? [] : [[name, text]];
      })),
    },
  };
}
