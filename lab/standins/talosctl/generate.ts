import type { Bundle } from '../../world/bundle.ts';
import { issue } from '../../world/pki.ts';
import type { Fields } from '../../world/value.ts';

export interface GenerateInput {
  readonly cluster: string; readonly endpoint: string; readonly bundle: Bundle; readonly talosVersion: string; readonly kubernetesVersion: string;
  readonly sans: readonly string[]; readonly installDisk: string; readonly installImage: string; readonly dnsDomain: string; readonly persist: boolean; readonly discovery: boolean;
}

/** The documents talosctl 1.12 generates for a machine of this type, in its order of keys. */
export function generate(input: GenerateInput, type: 'controlplane' | 'worker'): readonly Fields[] {
  const plane = type === 'controlplane';
  const { bundle } = input;
  const key = (value: string): string => (plane ? value : '');
  const sans = input.sans.length === 0 ? [] : [...input.sans];
  const machine: Fields = {
    type, token: bundle.MACHINE_TOKEN, ca: { crt: bundle.MACHINE_CA_CRT, key: key(bundle.MACHINE_CA_KEY) }, certSANs: sans,
    kubelet: { image: `ghcr.io/siderolabs/kubelet:v${input.kubernetesVersion}`, defaultRuntimeSeccompProfileEnabled: true, disableManifestsDirectory: true },
    network: {}, install: { disk: input.installDisk, image: input.installImage, wipe: false, grubUseUKICmdline: true },
    features: { diskQuotaSupport: true, kubePrism: { enabled: true, port: 7445 }, hostDNS: { enabled: true, forwardKubeDNSToHost: true } },
    ...(plane ? { nodeLabels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } } : {}),
  };
  const discovery = { enabled: input.discovery, registries: { kubernetes: { disabled: true }, service: {} } };
  const image = (name: string): Fields => ({ image: `registry.k8s.io/${name}:v${input.kubernetesVersion}` });
  const cluster: Fields = {
    id: bundle.CLUSTER_ID, secret: bundle.CLUSTER_SECRET, controlPlane: { endpoint: input.endpoint }, clusterName: input.cluster,
    network: { dnsDomain: input.dnsDomain, podSubnets: ['10.244.0.0/16'], serviceSubnets: ['10.96.0.0/12'] },
    token: bundle.CLUSTER_TOKEN, ...(plane ? { secretboxEncryptionSecret: bundle.CLUSTER_SECRETBOXENCRYPTIONSECRET } : {}),
    ca: { crt: bundle.CLUSTER_CA_CRT, key: key(bundle.CLUSTER_CA_KEY) },
    ...(plane ? {
      aggregatorCA: { crt: bundle.CLUSTER_AGGREGATORCA_CRT, key: bundle.CLUSTER_AGGREGATORCA_KEY }, serviceAccount: { key: bundle.CLUSTER_SERVICEACCOUNT_KEY },
      apiServer: {
        ...image('kube-apiserver'), ...(sans.length === 0 ? {} : { certSANs: sans }),
        admissionControl: [{
          name: 'PodSecurity',
          configuration: {
            apiVersion: 'pod-security.admission.config.k8s.io/v1alpha1',
            defaults: { audit: 'restricted', 'audit-version': 'latest', enforce: 'baseline', 'enforce-version': 'latest', warn: 'restricted', 'warn-version': 'latest' },
            exemptions: { namespaces: ['kube-system'], runtimeClasses: [], usernames: [] }, kind: 'PodSecurityConfiguration',
          },
        }],
        auditPolicy: { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Metadata' }] },
      },
      controllerManager: image('kube-controller-manager'), proxy: image('kube-proxy'), scheduler: image('kube-scheduler'),
    } : {}),
    discovery,
    ...(plane ? { etcd: { ca: { crt: bundle.CLUSTER_ETCD_CA_CRT, key: bundle.CLUSTER_ETCD_CA_KEY } } } : {}),
  };
  return [{ version: 'v1alpha1', debug: false, persist: input.persist, machine, cluster }, { apiVersion: 'v1alpha1', kind: 'HostnameConfig', auto: 'stable' }];
}


const pem = (value: string): string => Buffer.from(value, 'base64').toString();
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The talosconfig of a cluster: a new admin certificate for a year. */
export function talosconfig(input: GenerateInput): Fields {
  const admin = issue({ crt: pem(input.bundle.MACHINE_CA_CRT), key: pem(input.bundle.MACHINE_CA_KEY) }, { organization: ['os:admin'], use: 'client' });
  return { context: input.cluster, contexts: { [input.cluster]: { endpoints: [], ca: input.bundle.MACHINE_CA_CRT, crt: base64(admin.crt), key: base64(admin.key) } } };
}
