import { generateKeyPair, randomBytes } from 'node:crypto';
import { createCA, keyPem } from './pki.ts';

/** The fourteen fields of a cluster's Talos secrets, by the names they have in the secret store. Certificates and keys are base64 of PEM, as talosctl writes them. */
export const BUNDLE_FIELDS = [
  'MACHINE_TOKEN', 'MACHINE_CA_CRT', 'MACHINE_CA_KEY', 'CLUSTER_CA_CRT', 'CLUSTER_CA_KEY', 'CLUSTER_ID', 'CLUSTER_SECRET',
  'CLUSTER_TOKEN', 'CLUSTER_AGGREGATORCA_CRT', 'CLUSTER_AGGREGATORCA_KEY', 'CLUSTER_ETCD_CA_CRT', 'CLUSTER_ETCD_CA_KEY',
  'CLUSTER_SECRETBOXENCRYPTIONSECRET', 'CLUSTER_SERVICEACCOUNT_KEY',
] as const;
export type Bundle = Readonly<Record<(typeof BUNDLE_FIELDS)[number], string>>;

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const token = (): string => {
  const text = [...randomBytes(22)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
  return `${text.slice(0, 6)}.${text.slice(6)}`;
};

/**
 * A new bundle with real keys. `rsaBits` is the size of the service account key: talosctl makes 4096; the lab's own store
 * is content with 2048, which every consumer takes as well and which costs a twentieth of the time.
 */
export async function newBundle(rsaBits: 2048 | 4096): Promise<Bundle> {
  const serviceAccount = await new Promise<string>((resolve, reject) => {
    generateKeyPair('rsa', { modulusLength: rsaBits }, (error, _public, key) => (error === null ? resolve(keyPem(key)) : reject(error)));
  });
  const [machine, kubernetes, aggregator, etcd] = [
    createCA({ organization: ['talos'] }, 'ed25519'), createCA({ organization: ['kubernetes'] }, 'p256'),
    createCA({}, 'p256'), createCA({ organization: ['etcd'] }, 'p256'),
  ];
  return {
    MACHINE_TOKEN: token(), MACHINE_CA_CRT: base64(machine.crt), MACHINE_CA_KEY: base64(machine.key),
    CLUSTER_CA_CRT: base64(kubernetes.crt), CLUSTER_CA_KEY: base64(kubernetes.key),
    CLUSTER_ID: randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_'),
    CLUSTER_SECRET: randomBytes(32).toString('base64'), CLUSTER_TOKEN: token(),
    CLUSTER_AGGREGATORCA_CRT: base64(aggregator.crt), CLUSTER_AGGREGATORCA_KEY: base64(aggregator.key),
    CLUSTER_ETCD_CA_CRT: base64(etcd.crt), CLUSTER_ETCD_CA_KEY: base64(etcd.key),
    CLUSTER_SECRETBOXENCRYPTIONSECRET: randomBytes(32).toString('base64'), CLUSTER_SERVICEACCOUNT_KEY: base64(serviceAccount),
  };
}
