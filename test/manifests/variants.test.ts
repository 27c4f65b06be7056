import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { validate } from '../../scripts/manifests/validate.ts';

/** Folders a variable decides between: what is built with its other values is looked at as well. */

const EMPTY = mkdtempSync(join(tmpdir(), 'variants-'));
const SETTINGS = 'entries:\n  one: cluster\ngiven:\n  - apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: mode, namespace: flux-system}\n    data: {MODE: fresh}\n';
const VARIANTS = 'variants:\n  MODE: [restore]\n';
const ks = (name: string, path: string): string => `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: ${name}\n  namespace: flux-system\nspec:\n  interval: 10m\n  prune: true\n  path: ./${path}\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n  postBuild:\n    substituteFrom:\n      - kind: ConfigMap\n        name: mode\n      - kind: ConfigMap\n        name: settings\n`;
const map = (name: string, data: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: default\ndata:\n${data}`;
const ON_BASE = 'resources:\n  - ../base\npatches:\n  - path: patch.yaml\n';

/** A layer that fills in which folder its part is built from, as ours do. */
const FILES: Readonly<Record<string, string>> = {
  '.manifests.yaml': `${SETTINGS}${VARIANTS}`,
  'cluster/settings.yaml': map('settings', '  OLD: old\n  NEW: new\n').replace('namespace: default', 'namespace: flux-system'),
  'cluster/layer.yaml': ks('layer', 'layer'),
  'layer/part.yaml': ks('part', 'part/${MODE}'),
  'part/base/kustomization.yaml': 'resources:\n  - map.yaml\n', 'part/base/map.yaml': map('data', '  mode: ${MODE}\n'),
  'part/fresh/kustomization.yaml': ON_BASE, 'part/fresh/patch.yaml': map('data', '  from: ${NEW}\n'),
  'part/restore/kustomization.yaml': ON_BASE, 'part/restore/patch.yaml': map('data', '  from: ${OLD}\n'),
};

async function said(change: Readonly<Record<string, string | null>> = {}): Promise<readonly string[]> {
  const answer = await validate({ root: EMPTY, overlay: new Map(Object.entries({ ...FILES, ...change })) });
  if ('broken' in answer) return answer.broken.map(({ message }) => message);
  expect(answer.report.clusters.map(({ name }) => name)).toEqual(['one']);
  return answer.report.findings.filter(({ severity }) => severity !== 'unknown').map(({ rule, spot, message }) => `${rule} ${spot.file}:${spot.line} ${message}`);
}

test('a variable that is used in one way alone is used, and nothing is wrong', async () => {
  expect(await said()).toEqual([]);
});

test('without the setting only what is given is looked at', async () => {
  expect(await said({ '.manifests.yaml': SETTINGS, 'part/restore/patch.yaml': map('data', '  from: ${OLDER}\n') })).toEqual([expect.stringMatching(/^variable-unused cluster\/settings\.yaml:7 OLD /)]);
});

test.each([
  ['while it is built', { 'part/restore/patch.yaml': map('date', '  from: ${OLD}\n') }, ['patch-target part/restore/patch.yaml:4 there is no ConfigMap default/date here to patch (with MODE=restore)']],
  ['when its variables are filled in', { 'part/restore/patch.yaml': map('data', '  from: ${OLD}\n  to: ${NOWHERE}\n') }, ['variable-undefined part/restore/patch.yaml:8 the variable NOWHERE has no value in Kustomization flux-system/part (with MODE=restore)']],
  ['by a rule', { 'part/restore/patch.yaml': map('data', '  from: ${OLD}\n  a.json: "{"\n') }, [expect.stringMatching(/^data-parses part\/restore\/patch\.yaml:8 a\.json is no JSON: .* \(with MODE=restore\)$/)]],
  ['in both ways, told once', { 'part/base/map.yaml': map('data', '  mode: ${MODE}\n  a.json: "{"\n') }, [expect.stringMatching(/^data-parses part\/base\/map\.yaml:8 a\.json is no JSON: (?!.*with MODE)/)]],
  ['in the first way alone', { 'part/fresh/patch.yaml': map('data', '  from: ${NEW}\n  a.json: "{"\n') }, [expect.stringMatching(/^data-parses part\/fresh\/patch\.yaml:8 a\.json is no JSON: (?!.*with MODE)/)]],
  ['a folder there is not', { '.manifests.yaml': `${SETTINGS}variants:\n  MODE: [restored]\n` }, [expect.stringMatching(/^path-missing layer\/part\.yaml:\d+ \.\/part\/restored is not there \(with MODE=restored\)$/)]],
  ['a file nobody lists', { 'part/restore/more.yaml': map('more', '  a: b\n') }, [expect.stringMatching(/^unreachable part\/restore\/more\.yaml:1 /)]],
])('%s', async (_, change, expected) => {
  expect(await said(change)).toEqual(expected);
});

test.each([
  ['a list', '  - MODE\n', 'variants is a map'],
  ['a variable that is not given', '  MOED: [restore]\n', 'no ConfigMap that is given has MOED'],
  ['a word instead of a list', '  MODE: restore\n', 'what else a variable may be is a list of words'],
])('the setting as %s is not understood', async (_, setting, message) => {
  expect(await said({ '.manifests.yaml': `${SETTINGS}variants:\n${setting}` })).toEqual([message]);
});
