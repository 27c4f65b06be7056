import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSettings, readTexts } from '../../../scripts/manifests/build/index.ts';
import { SETTINGS_KEYS } from '../../../scripts/manifests/settings.ts';

const PROJECT = join(import.meta.dirname, '../../..');
const NOWHERE = join(import.meta.dirname, 'nowhere');
const read = (settings: string, more: Readonly<Record<string, string>> = {}) => {
  const texts = readTexts(NOWHERE, new Map(Object.entries({ '.manifests.yaml': settings, ...more })));
  const { settings: answer, found } = readSettings(texts);
  return { settings: answer, found: found.map(({ spot, source, message, hint }) => { const at = spot ?? (source === undefined ? undefined : texts.spot(source)); return `${at?.file ?? ''}:${at?.line ?? 0}:${at?.column ?? 0} ${message} (${hint})`; }) };
};

test('a tree without the file has no settings, and nothing is wrong with that', () => {
  const { settings, found } = readSettings(readTexts(NOWHERE));
  expect(found).toEqual([]);
  expect(settings).toEqual({ entries: new Map(), given: [], before: [], schemas: [], charts: [], items: undefined });
});

test('our own file is understood, and its schema knows the same keys', () => {
  const { settings, found } = readSettings(readTexts(PROJECT));
  expect(found).toEqual([]);
  expect([...settings.entries.keys()]).toEqual(['infra', 'apps']);
  expect(settings.given.map(({ object }) => object.kind)).toContain('Namespace');
  expect(settings.before.filter(({ crdsOnly }) => !crdsOnly).map(({ name }) => name)).toContain('cilium');
  expect(settings.kubernetes).toMatch(/^\d+\.\d+\.\d+$/);
  expect(settings.definitions?.every(({ url, sha256 }) => url.startsWith('https://') && sha256.length === 64)).toBe(true);
  const schema: { readonly properties: object; readonly additionalProperties: boolean } = JSON.parse(readFileSync(join(PROJECT, 'docs/schemas/manifests.schema.json'), 'utf8'));
  expect(schema.additionalProperties).toBe(false);
  expect(Object.keys(schema.properties).toSorted()).toEqual([...SETTINGS_KEYS].toSorted());
});

test('what is given and what is installed before are read, each with its place', () => {
  const { settings, found } = read('given:\n  - ns.yaml\n  - {apiVersion: v1, kind: Secret, metadata: {name: s}}\nbefore:\n  - hf.yaml\n  - {name: x, chart: y, version: 1.0.0, namespace: z}\nkubernetes: "1.34.4"\nentries: {one: ./clusters/one/}\nignore: [{rule: r, file: "*.json", reason: known}]\n', {
    'ns.yaml': '---\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n', 'hf.yaml': 'releases:\n  - {name: cilium, namespace: kube-system, chart: cilium/cilium, version: 1.2.3}\n',
  });
  expect(found).toEqual([]);
  expect(settings.given.map(({ object, source }) => [object.kind, source.file, source.at])).toEqual([['Namespace', 'ns.yaml', []], ['Secret', '.manifests.yaml', ['given', 1]]]);
  expect(settings.before.map(({ name, version, source }) => [name, version, source.file])).toEqual([['cilium', '1.2.3', 'hf.yaml'], ['x', '1.0.0', '.manifests.yaml']]);
  expect(settings.entries).toEqual(new Map([['one', 'clusters/one']]));
  expect(settings.ignore?.[0]?.reason).toBe('known');
});

test.each([
  ['an unknown key', 'entrys: {}\n', '.manifests.yaml:1:1 entrys is no setting (did you mean entries?)'],
  ['no map', '- a\n', '.manifests.yaml:1:1 the settings are a map'],
  ['no YAML', 'a: b: c\n', `.manifests.yaml:1:1 .manifests.yaml is no YAML`],
  ['entries that are a list', 'entries:\n  - a\n', '.manifests.yaml:2:3 entries is a map'],
  ['an entry that is no text', 'entries:\n  a: [b]\n', '.manifests.yaml:2:6 an entry is a folder'],
  ['a given file that is not there', 'given:\n  - nss.yaml\n', '.manifests.yaml:2:5 there is no file nss.yaml (did you mean ns.yaml?)'],
  ['a given thing that is no object', 'given:\n  - {kind: x}\n', '.manifests.yaml:2:5 what is given is a file or an object'],
  ['before that is no release', 'before:\n  - {name: x}\n', '.manifests.yaml:2:5 what is installed before Flux is a helmfile, or a release'],
  ['a version that is none', 'kubernetes: 1.34\n', '.manifests.yaml:1:13 kubernetes is a whole version'],
  ['a key that is not in the other file', 'kubernetes: ns.yaml#a.b\n', '.manifests.yaml:1:13 ns.yaml has no a.b'],
  ['definitions without a digest', 'definitions:\n  - {url: x}\n', '.manifests.yaml:2:5 each of definitions has url and sha256'],
  ['something ignored without a reason', 'ignore:\n  - {rule: x, file: y}\n', '.manifests.yaml:2:5 ignoring x has no reason'],
  ['something ignored everywhere', 'ignore:\n  - {rule: x, reason: z}\n', '.manifests.yaml:2:5 ignoring x says not where'],
  ['items that are no file', 'items: [a]\n', '.manifests.yaml:1:8 items is the name of a file'],
])('told with its place: %s', (_, settings, message) => {
  const { found } = read(settings, { 'ns.yaml': 'a: 1\n' });
  expect(found).toHaveLength(1);
  expect(found[0]).toContain(message);
});
