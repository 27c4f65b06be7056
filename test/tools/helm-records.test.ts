import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodeRelease } from '../../lab/catalog/release.ts';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import type { Kube } from '../../scripts/tools/doors.ts';
import { makeRecords } from '../../scripts/tools/helm-records.ts';
import { failureOf } from './support.ts';

/** A record as Helm writes it. */
const record = (name: string, revision: number, status: 'deployed' | 'superseded' | 'pending-upgrade', version: string, namespace = 'kube-system'): KubeObject => {
  const secret = encodeRelease({ name, namespace, revision, status, description: '', firstDeployed: '', lastDeployed: '', chart: { name, version, appVersion: '' }, values: { password: 'canary-value' }, manifest: '', labels: {} }, 0);
  return { ...secret, metadata: { ...secret.metadata, uid: `${name}-${revision}` } };
};

/** An API that holds these Secrets, and writes down what it is asked. */
function api(secrets: readonly KubeObject[]): { readonly kube: Pick<Kube, 'list' | 'get'>; readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    kube: {
      list: async (kind, options = {}) => {
        asked.push(`list ${kind.plural} ${options.labelSelector ?? ''}${options.metadataOnly === true ? ' metadata' : ''}`);
        return { items: secrets.map(({ data: _, type: _type, ...rest }) => rest), missing: false };
      },
      get: async (_kind, name) => { asked.push(`get ${name}`); return secrets.find((secret) => secret.metadata.name === name) ?? null; },
    },
  };
}
const CLUSTER = { name: 'infra' };
const WANTED = [{ name: 'cilium', namespace: 'kube-system' }, { name: 'coredns', namespace: 'kube-system' }];

describe("releases from Helm's own records", () => {
  test('each is told by its latest revision, and one of another namespace is another one', async () => {
    const { kube } = api([record('cilium', 10, 'pending-upgrade', '1.18.4'), record('cilium', 9, 'deployed', '1.18.3'), record('coredns', 1, 'deployed', '1.45.0', 'elsewhere')]);
    expect(await makeRecords(kube, CLUSTER)(WANTED)).toEqual([{ name: 'cilium', namespace: 'kube-system', revision: 10, status: 'pending-upgrade', chart: 'cilium', version: '1.18.4' }]);
  });
  test('a record is opened once, however often it is asked for; labels are asked for each time, and nothing else is sent', async () => {
    const { kube, asked } = api([record('cilium', 1, 'deployed', '1.18.3'), record('coredns', 1, 'superseded', '1.44.0'), record('coredns', 2, 'deployed', '1.45.0')]);
    const recorded = makeRecords(kube, CLUSTER);
    const first = await recorded(WANTED);
    expect(await recorded(WANTED)).toEqual(first);
    const list = 'list secrets owner=helm,name in (cilium,coredns) metadata';
    expect(asked).toEqual([list, 'get sh.helm.release.v1.cilium.v1', 'get sh.helm.release.v1.coredns.v2', list]);
    expect(JSON.stringify(first)).not.toContain('canary-value');
  });
  test('nothing is asked for nothing', async () => {
    const { kube, asked } = api([]);
    expect([await makeRecords(kube, CLUSTER)([]), asked]).toEqual([[], []]);
  });
  test("Helm's first records, without compression, are read too", async () => {
    const plain = record('cilium', 1, 'deployed', '1.0.0');
    const data = Buffer.from(Buffer.from(JSON.stringify({ chart: { metadata: { name: 'cilium', version: '1.2.3' } } })).toString('base64')).toString('base64');
    expect(await makeRecords(api([{ ...plain, data: { release: data } }]).kube, CLUSTER)(WANTED)).toMatchObject([{ version: '1.2.3' }]);
  });
  const base = record('cilium', 1, 'deployed', '1.18.3');
  const packed = (value: unknown): string => Buffer.from(gzipSync(JSON.stringify(value)).toString('base64')).toString('base64');
  test.each<readonly [string, KubeObject, RegExp]>([
    ['no base64 of anything', { ...base, data: { release: 'AAAA' } }, /does not hold one/u],
    ['a chart without a version', { ...base, data: { release: packed({ chart: { metadata: { name: 'cilium' } } }) } }, /does not hold one/u],
    ['a Secret of another type', { ...base, type: 'Opaque' }, /does not hold one/u],
    ['labels without a revision', { ...base, metadata: { ...base.metadata, labels: { name: 'cilium', owner: 'helm', status: 'deployed', version: 'x' } } }, /labels do not say/u],
  ])('%s is no answer', async (_name, secret, because) => {
    const failure = await failureOf(makeRecords(api([secret]).kube, CLUSTER)(WANTED));
    expect([failure.because, failure.hint]).toEqual([expect.stringMatching(because), expect.stringMatching(/helm|kubectl/u)]);
  });
  test('one that was removed meanwhile is asked for again next time', async () => {
    const { kube } = api([base]);
    expect((await failureOf(makeRecords({ ...kube, get: async () => null }, CLUSTER)(WANTED))).because).toMatch(/gone since/u);
  });
});
