import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { Failure } from '../engine/failure.ts';
import type { SecretsBundle } from './doors.ts';

/**
 * Where each of the fourteen fields stands in talosctl's secrets bundle (`talosctl gen secrets`, pkg/machinery/config/generate/secrets).
 * Certificates and keys are base64 of PEM in both places; the store may also hold the PEM itself.
 */
const PLACES = {
  CLUSTER_ID: ['cluster', 'id'],
  CLUSTER_SECRET: ['cluster', 'secret'],
  CLUSTER_TOKEN: ['secrets', 'bootstraptoken'],
  CLUSTER_SECRETBOXENCRYPTIONSECRET: ['secrets', 'secretboxencryptionsecret'],
  MACHINE_TOKEN: ['trustdinfo', 'token'],
  CLUSTER_ETCD_CA_CRT: ['certs', 'etcd', 'crt'],
  CLUSTER_ETCD_CA_KEY: ['certs', 'etcd', 'key'],
  CLUSTER_CA_CRT: ['certs', 'k8s', 'crt'],
  CLUSTER_CA_KEY: ['certs', 'k8s', 'key'],
  CLUSTER_AGGREGATORCA_CRT: ['certs', 'k8saggregator', 'crt'],
  CLUSTER_AGGREGATORCA_KEY: ['certs', 'k8saggregator', 'key'],
  CLUSTER_SERVICEACCOUNT_KEY: ['certs', 'k8sserviceaccount', 'key'],
  MACHINE_CA_CRT: ['certs', 'os', 'crt'],
  MACHINE_CA_KEY: ['certs', 'os', 'key'],
} as const satisfies Readonly<Record<keyof SecretsBundle, readonly string[]>>;

type Field = keyof SecretsBundle;
/** The fourteen field names, in the bundle's order. */
export const BUNDLE_FIELDS = Object.keys(PLACES).filter((name): name is Field => name in PLACES);
/** Fields that are public: CA certificates. Everything else is a secret. */
const PUBLIC = /_CRT$/;

type Tree = { [key: string]: string | Tree };

/** The secrets bundle as talosctl reads it. JSON, which is YAML, so that no value needs quoting rules. Throws a Failure (65) naming every empty field. */
export function bundleText(bundle: SecretsBundle): string {
  const empty = BUNDLE_FIELDS.filter((field) => bundle[field].trim() === '');
  if (empty.length > 0) throw new Failure({ exit: 'configuration', what: `the Talos secrets bundle has no value for ${empty.join(', ')}`, hint: 'fill these fields in the secret store; `talosctl gen secrets` makes a new bundle' });
  const tree: Tree = {};
  for (const field of BUNDLE_FIELDS) {
    const place = PLACES[field];
    let at = tree;
    for (const key of place.slice(0, -1)) {
      const next = at[key];
      at = typeof next === 'object' ? next : (at[key] = {});
    }
    at[place.at(-1) ?? ''] = encoded(field, bundle[field].trim());
  }
  return `${JSON.stringify(tree, undefined, 2)}\n`;
}

/** The fourteen fields out of a parsed secrets bundle; the inverse of bundleText. Throws a Failure (65) naming what is missing. */
export function bundleFields(parsed: unknown): SecretsBundle {
  const missing: string[] = [];
  const read = (field: Field): string => {
    let at: unknown = parsed;
    for (const key of PLACES[field]) at = typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined;
    if (typeof at === 'string' && at !== '') return at;
    missing.push(PLACES[field].join('.'));
    return '';
  };
  const bundle: SecretsBundle = {
    CLUSTER_ID: read('CLUSTER_ID'), CLUSTER_SECRET: read('CLUSTER_SECRET'), CLUSTER_TOKEN: read('CLUSTER_TOKEN'),
    CLUSTER_SECRETBOXENCRYPTIONSECRET: read('CLUSTER_SECRETBOXENCRYPTIONSECRET'), MACHINE_TOKEN: read('MACHINE_TOKEN'),
    CLUSTER_ETCD_CA_CRT: read('CLUSTER_ETCD_CA_CRT'), CLUSTER_ETCD_CA_KEY: read('CLUSTER_ETCD_CA_KEY'),
    CLUSTER_CA_CRT: read('CLUSTER_CA_CRT'), CLUSTER_CA_KEY: read('CLUSTER_CA_KEY'),
    CLUSTER_AGGREGATORCA_CRT: read('CLUSTER_AGGREGATORCA_CRT'), CLUSTER_AGGREGATORCA_KEY: read('CLUSTER_AGGREGATORCA_KEY'),
    CLUSTER_SERVICEACCOUNT_KEY: read('CLUSTER_SERVICEACCOUNT_KEY'), MACHINE_CA_CRT: read('MACHINE_CA_CRT'), MACHINE_CA_KEY: read('MACHINE_CA_KEY'),
  };
  if (missing.length > 0) throw new Failure({ exit: 'configuration', what: `this is no Talos secrets bundle: ${missing.join(', ')} missing`, hint: '`talosctl gen secrets` shows what one holds' });
  return bundle;
}

/** The values of a bundle that must never be shown: all but the CA certificates; keys also as the PEM they encode. */
export function bundleSecrets(bundle: SecretsBundle): string[] {
  return BUNDLE_FIELDS.filter((field) => !PUBLIC.test(field)).flatMap((field) => {
    const value = bundle[field].trim();
    return field.endsWith('_KEY') ? [encoded(field, value), pemOf(value)] : [value];
  });
}

/** PEM certificate out of a field that holds the PEM or its base64. */
export function pemOf(value: string): string {
  const text = value.trim();
  return text.startsWith('-----BEGIN') ? text : Buffer.from(text, 'base64').toString('utf8');
}

function encoded(field: Field, value: string): string {
  return /_(?:CRT|KEY)$/.test(field) && value.startsWith('-----BEGIN') ? Buffer.from(`${value}\n`, 'utf8').toString('base64') : value;
}

/** SHA-256 of a certificate's DER, lower-case hex. Throws a Failure (65) when it is no certificate. */
export function certificateFingerprint(pem: string): string {
  try {
    return createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');
  } catch (error) {
    throw new Failure({ exit: 'configuration', what: 'a CA certificate cannot be read', because: error instanceof Error ? error.message : String(error), hint: 'compare the ..._CRT fields in the secret store with `talosctl gen secrets`: PEM, or its base64', cause: error });
  }
}

/** A private key of a bundle. Talos labels an Ed25519 key in PKCS#8 `ED25519 PRIVATE KEY`, which OpenSSL does not know: the label is its own. Throws what OpenSSL says. */
export function keyObject(pem: string): KeyObject {
  return createPrivateKey(pem.replaceAll('ED25519 PRIVATE KEY', 'PRIVATE KEY'));
}
