import { createPublicKey, X509Certificate } from 'node:crypto';
import type { SecretsBundle } from '../../tools/doors.ts';
import { keyObject, pemOf } from '../../tools/talos-bundle.ts';

/** One line about a part of a secrets bundle; never a value. */
export interface BundleFinding { readonly part: string; readonly ok: boolean; readonly says: string; /** Wall ms; of an authority. */ readonly ends?: number }

const AUTHORITIES = [['etcd', 'CLUSTER_ETCD_CA'], ['Kubernetes', 'CLUSTER_CA'], ['aggregation', 'CLUSTER_AGGREGATORCA'], ['machine', 'MACHINE_CA']] as const;
/** Below this an authority is to be changed while there is time. */
const SOON_MS = 90 * 86_400_000;

/** Whether a bundle holds together: authorities that are some, last, and whose keys are theirs; tokens of Talos' form. */
export function bundleFindings(bundle: SecretsBundle, now: number): readonly BundleFinding[] {
  const findings: BundleFinding[] = AUTHORITIES.map(([name, field]) => authority(`${name} CA`, bundle[`${field}_CRT`], bundle[`${field}_KEY`], now));
  findings.push(readable('service account key', () => void keyObject(pemOf(bundle.CLUSTER_SERVICEACCOUNT_KEY))));
  // Forms as pkg/machinery/config/generate/secrets of siderolabs/talos makes them.
  for (const [part, value, form] of [['machine token', bundle.MACHINE_TOKEN, /^[a-z0-9]{6}\.[a-z0-9]{16}$/], ['bootstrap token', bundle.CLUSTER_TOKEN, /^[a-z0-9]{6}\.[a-z0-9]{16}$/]] as const) {
    findings.push({ part, ok: form.test(value.trim()), says: form.test(value.trim()) ? 'of the form Talos wants' : 'not of the form abcdef.0123456789abcdef' });
  }
  for (const [part, value, bytes] of [['cluster id', bundle.CLUSTER_ID, 32], ['cluster secret', bundle.CLUSTER_SECRET, 32], ['encryption secret', bundle.CLUSTER_SECRETBOXENCRYPTIONSECRET, 32]] as const) {
    const length = Buffer.from(value.trim().replaceAll('-', '+').replaceAll('_', '/'), 'base64').length;
    findings.push({ part, ok: length === bytes, says: length === bytes ? `${bytes} bytes` : `${length} bytes, ${bytes} are wanted` });
  }
  return findings;
}

function authority(part: string, crt: string, key: string, now: number): BundleFinding {
  try {
    const certificate = new X509Certificate(pemOf(crt));
    const ends = Date.parse(certificate.validTo);
    const own = createPublicKey(keyObject(pemOf(key))).export({ type: 'spki', format: 'der' }).equals(certificate.publicKey.export({ type: 'spki', format: 'der' }));
    const day = new Date(ends).toISOString().slice(0, 10);
    if (!certificate.ca) return { part, ok: false, says: 'its certificate is no authority', ends };
    if (!own) return { part, ok: false, says: 'its key is not the key of its certificate', ends };
    return ends - now < SOON_MS ? { part, ok: false, says: ends < now ? `ended on ${day}` : `ends on ${day}`, ends } : { part, ok: true, says: `until ${day}`, ends };
  } catch (error) {
    return { part, ok: false, says: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function readable(part: string, read: () => void): BundleFinding {
  try {
    read();
    return { part, ok: true, says: 'a private key' };
  } catch (error) {
    return { part, ok: false, says: `cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}
