import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc } from '../fast-check.ts';
import { expect, test } from 'vitest';
import { releaseValues, renderHelmfile, writeRendering } from '../../scripts/tools/render.ts';
import { substitute } from '../../scripts/tools/substitute.ts';
import { cluster, failureOf, scratch } from './support.ts';

const SETTINGS = { CLUSTER: 'infra', EMPTY: '', CIDR: '["10.244.0.0/16"]' };
test.each([
  ['name: ${CLUSTER}', 'name: infra'],
  ['a: ${CLUSTER}-${CLUSTER}', 'a: infra-infra'],
  ['a: ${MISSING:=x y}', 'a: x y'], ['a: ${MISSING:-5m}', 'a: 5m'], ['a: ${MISSING:=}', 'a: '], ['a: ${EMPTY:=d}', 'a: d'], ['a: ${EMPTY}', 'a: '],
  ['a: ${CLUSTER:=other}', 'a: infra'],
  ['run: echo $${CLUSTER} $HOME $(date)', 'run: echo ${CLUSTER} $HOME $(date)'],
  ['a: ${CIDR}', 'a: ["10.244.0.0/16"]'],
])('%s becomes %s', (text, wanted) => {
  expect(substitute(text, SETTINGS, 'f')).toEqual({ text: wanted, unfilled: [] });
});
test('every place that cannot be filled in is named, with line and column', () => {
  const { unfilled } = substitute('a: ${CLUSTER}\nb: ${NOPE}\n  c: x${1BAD} ${toString}\nd: ${OPEN\n', SETTINGS, 'v.yaml');
  expect(unfilled.map(({ line, column }) => [line, column])).toEqual([[2, 4], [3, 7], [3, 15], [4, 4]]);
  expect(unfilled[0]?.message).toContain('NOPE');
});
test('text without a variable is never changed', () => {
  fc.assert(fc.property(fc.string().filter((text) => !text.includes('${')), (text) => { expect(substitute(text, SETTINGS, 'f').text).toBe(text); }));
});

test('a rendering keeps the paths helmfile follows, and tells a release its values', async () => {
  using dir = scratch();
  const put = (path: string, text: string): void => { const file = join(dir.path, path); mkdirSync(join(file, '..'), { recursive: true }); writeFileSync(file, text); };
  put('helmfile.d/01-core.yaml', 'releases:\n  - name: cilium\n    namespace: kube-system\n    chart: c\n    values: [../kubernetes/cilium/values.yaml, {bgp: {on: true}}]\n    set: [{name: crds.enabled, value: true}, {name: replicas, value: 2}]\n');
  put('kubernetes/cilium/values.yaml', 'cluster: {name: "${CLUSTER}", id: 1}\nbgp: {on: false, asn: 64512}\nlist: [a]\n');
  const mine = cluster({ settings: SETTINGS });
  const rendered = await renderHelmfile({ root: dir.path }, mine, '01-core.yaml');
  expect(rendered.map(({ path }) => path)).toEqual(['helmfile.d/01-core.yaml', 'kubernetes/cilium/values.yaml']);
  expect(releaseValues(rendered, dir.path, 'cilium')).toEqual({ cluster: { name: 'infra', id: 1 }, bgp: { on: true, asn: 64512 }, list: ['a'], crds: { enabled: true }, replicas: 2 });
  expect(await writeRendering(join(dir.path, 'out'), rendered)).toBe(join(dir.path, 'out/helmfile.d/01-core.yaml'));
  put('kubernetes/cilium/values.yaml', 'a: 1\nb: ${NOPE}\n');
  const failure = await failureOf(renderHelmfile({ root: dir.path }, mine, '01-core.yaml'));
  expect([failure.code, failure.because]).toEqual([65, "kubernetes/cilium/values.yaml:2:4 the cluster's settings have no NOPE"]);
  put('helmfile.d/01-core.yaml', 'releases: [{name: x, values: [../../elsewhere.yaml]}]\n');
  expect((await failureOf(renderHelmfile({ root: dir.path }, mine, '01-core.yaml'))).what).toContain('outside the configuration');
});
