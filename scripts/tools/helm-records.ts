import { gunzipSync } from 'node:zlib';
import type { Cluster, KubeObject } from '../config/cluster.ts';
import { Failure } from '../engine/failure.ts';
import type { HelmRelease, Kube } from './doors.ts';
import { KINDS } from './kinds.ts';
import { isObject } from './kube-status.ts';

/** Helm's record of one revision is a Secret of this type, labelled with the release's name, the revision and its status. */
const TYPE = 'helm.sh/release.v1';

interface Revision { readonly secret: KubeObject; readonly name: string; readonly namespace: string; readonly revision: number; readonly status: string }
interface Chart { readonly chart: string; readonly version: string }

/**
 * Reads releases as `helm list` does, from Helm's own records, each release's latest. Labels alone tell status and revision; which
 * chart it is is inside the record, and is read once per revision for as long as this lives, for a revision never changes it. Values
 * and manifests, which are in there too, are not kept.
 */
export function makeRecords(kube: Pick<Kube, 'list' | 'get'>, cluster: Pick<Cluster, 'name'>): (wanted: readonly { readonly name: string; readonly namespace: string }[]) => Promise<readonly HelmRelease[]> {
  const charts = new Map<string, Chart>();

  const chartOf = async ({ secret, name, namespace, revision }: Revision): Promise<Chart> => {
    const key = `${namespace}/${secret.metadata.name}/${String(secret.metadata['uid'])}`;
    const known = charts.get(key);
    if (known !== undefined) return known;
    const what = `cannot read Helm's record of ${namespace}/${name}, revision ${revision}, in ${cluster.name}`;
    const whole = await kube.get(KINDS.Secret, secret.metadata.name, namespace);
    if (whole === null) throw new Failure({ exit: 'rerun', what, because: 'it is gone since it was listed', hint: 'ask again' });
    const chart = chartIn(whole);
    if (chart === undefined) throw new Failure({ exit: 'rerun', what, because: `Secret ${secret.metadata.name} does not hold one`, hint: `helm -n ${namespace} history ${name}` });
    charts.set(key, chart);
    return chart;
  };

  return async (wanted) => {
    const names = [...new Set(wanted.map(({ name }) => name))];
    if (names.length === 0) return [];
    const { items } = await kube.list(KINDS.Secret, { labelSelector: `owner=helm,name in (${names.join(',')})`, metadataOnly: true });
    const latest = new Map<string, Revision>();
    for (const secret of items) {
      const found = revisionOf(secret);
      const key = `${found.namespace}/${found.name}`;
      if (wanted.some(({ name, namespace }) => name === found.name && namespace === found.namespace) && (latest.get(key)?.revision ?? 0) < found.revision) latest.set(key, found);
    }
    return Promise.all([...latest.values()].map(async (one) => ({ name: one.name, namespace: one.namespace, revision: one.revision, status: one.status, ...await chartOf(one) })));
  };
}

function revisionOf(secret: KubeObject): Revision {
  const { name = '', version = '', status = '' } = secret.metadata.labels ?? {};
  const namespace = secret.metadata.namespace ?? '';
  if (name === '' || status === '' || !/^\d+$/u.test(version)) {
    throw new Failure({ exit: 'rerun', what: `cannot read Helm's record ${namespace}/${secret.metadata.name}`, because: 'its labels do not say which release, revision and status', hint: `kubectl -n ${namespace} get secret ${secret.metadata.name} --show-labels` });
  }
  return { secret, name, namespace, revision: Number(version), status };
}

/** The chart of a record: JSON, gzipped, in base64, and in base64 again because it is a Secret's. undefined for anything else. */
function chartIn(secret: KubeObject): Chart | undefined {
  const data = isObject(secret['data']) ? secret['data']['release'] : undefined;
  if (typeof data !== 'string' || (secret['type'] ?? TYPE) !== TYPE) return undefined;
  try {
    const packed = Buffer.from(Buffer.from(data, 'base64').toString('latin1'), 'base64');
    // Helm reads records without compression too: its first ones had none.
    const record: unknown = JSON.parse((packed[0] === 0x1f && packed[1] === 0x8b ? gunzipSync(packed) : packed).toString('utf8'));
    const chart = isObject(record) ? record['chart'] : undefined;
    const metadata = isObject(chart) ? chart['metadata'] : undefined;
    if (!isObject(metadata) || typeof metadata['name'] !== 'string' || typeof metadata['version'] !== 'string') return undefined;
    return { chart: metadata['name'], version: metadata['version'] };
  } catch {
    // Neither gzip nor JSON: whoever asked says which record it is.
    return undefined;
  }
}
