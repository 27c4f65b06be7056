import { describe, expect, test } from 'vitest';
import type { Command, Proc } from '../../scripts/tools/doors.ts';
import { clusterFiles, writePrivate } from '../../scripts/tools/files.ts';
import { makeFlux } from '../../scripts/tools/flux.ts';
import { makeHelmfile, releaseNews } from '../../scripts/tools/helmfile.ts';
import { certificateFingerprint } from '../../scripts/tools/talos-bundle.ts';
import { authority } from './pki.ts';
import { cluster, failureOf, scope, scratch, site } from './support.ts';

const ours = authority({ organization: ['kubernetes'] });
const theirs = authority({ organization: ['kubernetes'] });
const kubeconfig = (pem: string | undefined): string => JSON.stringify({
  apiVersion: 'v1', kind: 'Config', 'current-context': 'infra',
  clusters: [{ name: 'infra', cluster: { server: 'https://127.0.0.1:1', ...(pem === undefined ? {} : { 'certificate-authority-data': Buffer.from(pem).toString('base64') }) } }],
  users: [{ name: 'infra', user: {} }], contexts: [{ name: 'infra', context: { cluster: 'infra', user: 'infra' } }],
});
const identity = (pem: string): string => {
  const known = { sha256: certificateFingerprint(pem), pem };
  return JSON.stringify({ format: 1, cluster: 'infra', machineCA: known, clusterCA: known });
};

/** A proc that keeps what it was asked to run, and runs nothing. */
function recorder(): Proc & { readonly ran: Command[] } {
  const ran: Command[] = [];
  return { ran, async run(command) { ran.push(command); return { stdout: '', stderr: '', exitCode: 0 }; } };
}

describe('whose cluster it is, is proven before a tool that believes any kubeconfig writes', () => {
  const cases: readonly (readonly [name: string, kubeconfig: string | undefined, identity: string | undefined, says: RegExp])[] = [
    ['no kubeconfig yet', undefined, identity(ours.cert), /there is no kubeconfig of infra yet/],
    ['an unknown identity', kubeconfig(ours.cert), undefined, /it is not known which cluster that is/],
    ['another cluster\'s CA', kubeconfig(theirs.cert), identity(ours.cert), /this kubeconfig belongs to another cluster than infra/],
    ['a kubeconfig that verifies nothing', kubeconfig(undefined), identity(ours.cert), /names no certificate authority/],
  ];
  const tools = [
    ['flux', (dir: string, proc: Proc) => makeFlux(scope(dir), cluster(), proc).reconcile('source git', 'flux-system', 'flux-system')],
    ['helmfile', (dir: string, proc: Proc) => makeHelmfile(scope(dir), cluster(), proc).sync('01-core.yaml', ['cilium'], () => undefined)],
  ] as const;
  test.each(tools.flatMap(([tool, write]) => cases.map((one) => [tool, one[0], one, write] as const)))('%s with %s runs nothing', async (_tool, _name, [, config, known, says], write) => {
    using dir = scratch();
    const files = clusterFiles(dir.path, site().target, 'infra');
    if (config !== undefined) await writePrivate(files.kubeconfigDial, config);
    if (known !== undefined) await writePrivate(files.identity, known);
    const proc = recorder();
    const failure = await failureOf(write(dir.path, proc));
    expect([failure.code, failure.what]).toEqual([75, expect.stringMatching(says)]);
    expect(failure.hint).toMatch(/^task (?:cluster:kubeconfig|bootstrap:talos) CLUSTER=infra/);
    expect(proc.ran).toEqual([]);
  });
  test('ours is written to', async () => {
    using dir = scratch();
    const files = clusterFiles(dir.path, site().target, 'infra');
    await writePrivate(files.kubeconfigDial, kubeconfig(ours.cert));
    await writePrivate(files.identity, identity(ours.cert));
    const proc = recorder();
    await makeFlux(scope(dir.path), cluster(), proc).reconcile('source git', 'flux-system', 'flux-system');
    expect(proc.ran.map((command) => command.effect)).toEqual(['write']);
  });
});

test.each([
  ['Upgrading release=cilium, chart=cilium/cilium, namespace=kube-system', { release: 'cilium', state: 'begun' }],
  ['Upgrading release=flux-operator, chart=oci://ghcr.io/x/flux-operator', { release: 'flux-operator', state: 'begun' }],
  ['NAME: cert-manager', { release: 'cert-manager', state: 'ended' }],
  ['NAMESPACE: cert-manager', undefined],
  ['NAME            NAMESPACE   CHART', undefined],
  ['  NAME: indented', undefined],
  ['', undefined],
] as const)('helmfile sync says %j: %j', (line, news) => {
  expect(releaseNews(line)).toEqual(news);
});
