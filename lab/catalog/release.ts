/** Helm's record of a release, in the encoding Helm itself uses, so that a real helm can read what the lab wrote. */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { KubeObject } from '../world/types.ts';
import { digestOf, isPlain, plain, text, whole, type Plain } from './data.ts';

export type ReleaseStatus = 'deployed' | 'superseded' | 'failed' | 'pending-install' | 'pending-upgrade' | 'uninstalling' | 'uninstalled';
export interface HelmRecord {
  readonly name: string;
  readonly namespace: string;
  readonly revision: number;
  readonly status: ReleaseStatus;
  readonly description: string;
  readonly firstDeployed: string;
  readonly lastDeployed: string;
  readonly chart: { readonly name: string; readonly version: string; readonly appVersion: string };
  readonly values: Plain;
  /** Rendered objects, as one YAML stream. */
  readonly manifest: string;
  /** Labels on the Secret beyond Helm's own, e.g. those of the helm-controller. */
  readonly labels: Readonly<Record<string, string>>;
}

export const RELEASE_TYPE = 'helm.sh/release.v1';
const OWN_LABELS = ['modifiedAt', 'name', 'owner', 'status', 'version'];

export function releaseSecretName(name: string, revision: number): string { return `sh.helm.release.v1.${name}.v${revision}`; }

/** The Secret that holds a release: JSON, gzipped, base64, and base64 again because it is Secret data. */
export function encodeRelease(record: HelmRecord, nowMs: number): KubeObject {
  const body = {
    name: record.name,
    info: { first_deployed: record.firstDeployed, last_deployed: record.lastDeployed, deleted: '', description: record.description, status: record.status },
    chart: {
      metadata: { name: record.chart.name, version: record.chart.version, appVersion: record.chart.appVersion, apiVersion: 'v2', description: `${record.chart.name}, as the lab's catalog has it`, type: 'application' },
      lock: null, templates: [], values: {}, schema: null, files: [],
    },
    config: record.values, manifest: record.manifest, version: record.revision, namespace: record.namespace, labels: record.labels, apply_method: 'ssa',
  };
  const inner = gzipSync(JSON.stringify(body)).toString('base64');
  return {
    apiVersion: 'v1', kind: 'Secret', type: RELEASE_TYPE,
    metadata: {
      name: releaseSecretName(record.name, record.revision), namespace: record.namespace,
      labels: { ...record.labels, modifiedAt: String(Math.floor(nowMs / 1000)), name: record.name, owner: 'helm', status: record.status, version: String(record.revision) },
    },
    data: { release: Buffer.from(inner).toString('base64') },
  };
}

/** What a Secret of the store was decoded to. Its objects are frozen, and unpacking one again and again was a third of the lab's work. */
const decoded = new WeakMap<KubeObject, HelmRecord>();

/** Reads a release Secret. Throws when it is not one. */
export function decodeRelease(secret: KubeObject): HelmRecord {
  const known = decoded.get(secret);
  if (known !== undefined) return known;
  const record = unpack(secret);
  if (Object.isFrozen(secret)) decoded.set(secret, record);
  return record;
}

function unpack(secret: KubeObject): HelmRecord {
  const packed = secret.data?.['release'];
  if (packed === undefined) throw new Error(`Secret ${secret.metadata.name} holds no release`);
  const parsed: unknown = JSON.parse(gunzipSync(Buffer.from(Buffer.from(packed, 'base64').toString(), 'base64')).toString());
  if (!isPlain(parsed)) throw new Error(`Secret ${secret.metadata.name} holds no release`);
  const info = plain(parsed['info']); const metadata = plain(plain(parsed['chart'])['metadata']);
  return {
    name: text(parsed['name']) ?? '', namespace: text(parsed['namespace']) ?? secret.metadata.namespace ?? '', revision: whole(parsed['version'], 1),
    status: statusOf(info['status']), description: text(info['description']) ?? '', firstDeployed: text(info['first_deployed']) ?? '', lastDeployed: text(info['last_deployed']) ?? '',
    chart: { name: text(metadata['name']) ?? '', version: text(metadata['version']) ?? '', appVersion: text(metadata['appVersion']) ?? '' },
    values: plain(parsed['config']), manifest: text(parsed['manifest']) ?? '',
    labels: Object.fromEntries(Object.entries(secret.metadata.labels ?? {}).filter(([key]) => !OWN_LABELS.includes(key))),
  };
}

function statusOf(value: unknown): ReleaseStatus {
  const known: readonly ReleaseStatus[] = ['deployed', 'superseded', 'failed', 'pending-install', 'pending-upgrade', 'uninstalling', 'uninstalled'];
  const found = known.find((status) => status === value);
  if (found === undefined) throw new Error(`unknown release status ${String(value)}`);
  return found;
}

/** All revisions of a release among Secrets, oldest first. */
export function historyOf(secrets: readonly KubeObject[], name: string): HelmRecord[] {
  return secrets.filter((secret) => secret['type'] === RELEASE_TYPE && secret.metadata.labels?.['name'] === name)
    .map(decodeRelease).toSorted((a, b) => a.revision - b.revision);
}

/** Equal chart, version and values: installing again would change nothing. */
export function sameRelease(record: HelmRecord, chart: string, version: string, values: Plain): boolean {
  return record.chart.name === chart && record.chart.version === version && digestOfRecord(record) === digestOf(values);
}

const digests = new WeakMap<HelmRecord, string>();
function digestOfRecord(record: HelmRecord): string {
  const digest = digests.get(record) ?? digestOf(record.values);
  digests.set(record, digest);
  return digest;
}
