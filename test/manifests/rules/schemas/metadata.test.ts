import { expect, test } from 'vitest';
import { asks, view } from './rig.ts';

const widget = (metadata: string): string => `apiVersion: example.com/v1\nkind: Widget\nmetadata: {${metadata}}\n`;
const long = 'a'.repeat(64);

test.each([
  ['name: good, labels: {app.kubernetes.io/name: web, empty: ""}, annotations: {note: "anything: goes, also ÄÖ"}', []],
  ['name: Web_1', ['Widget Web_1 metadata.name: the name "Web_1" may hold small letters, digits, "-" and ".", and begins and ends with a letter or digit | choose another name; where a variable makes it, look at its value']],
  ['name: x, labels: {tier: 1}', ['Widget x metadata.labels.tier: the label tier is the number 1, but text is wanted | put it in quotes: "1" [1 -> "1"]']],
  ['name: x, annotations: {enabled: true}', ['Widget x metadata.annotations.enabled: the annotation enabled is true, but text is wanted | put it in quotes: "true" [true -> "true"]']],
  ['name: x, annotations: {list: [a]}', ['Widget x metadata.annotations.list: the annotation list is no text, but text is wanted | labels and annotations are texts']],
  [`name: x, labels: {long: ${long}}`, ['Widget x metadata.labels.long: the label long has 64 characters, and may have 63 | shorten or change its value, or make it an annotation']],
  ['name: x, labels: {version: "1.0 beta"}', ['Widget x metadata.labels.version: the label version may hold letters, digits, "-", "_" and ".", and begins and ends with a letter or digit | shorten or change its value, or make it an annotation']],
  ['name: x, labels: {a/b/c: d}', ['Widget x metadata.labels["a/b/c"]: "a/b/c" is no key of labels: at most one "/", and before it a name of DNS | write it like app.kubernetes.io/name']],
  ['name: x, annotations: {gone: null}', []],
])('%s', async (metadata, says) => {
  expect(await asks('metadata', view(widget(metadata)))).toEqual(says);
});

test('names are as strict as their kind: a Service is a name in DNS, a ClusterRole nearly anything', async () => {
  expect(await asks('metadata', view('apiVersion: v1\nkind: Service\nmetadata: {name: a.b}\n'))).toHaveLength(1);
  expect(await asks('metadata', view('apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: "system:Web"}\n'))).toEqual([]);
});

test('templates of pods are looked at as well', async () => {
  const found = await asks('metadata', view('apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {metadata: {labels: {build: 12}}}}\n'));
  expect(found).toEqual(['Deployment web spec.template.metadata.labels.build: the label build is the number 12, but text is wanted | put it in quotes: "12" [12 -> "12"]']);
});

test('what a chart makes says so, and is mended nowhere', async () => {
  const found = await asks('metadata', view({ charts: { 'apps/web': widget('name: x, labels: {tier: 1}') } }));
  expect(found).toEqual(['Widget x metadata.labels.tier: the label tier is the number 1, but text is wanted, as the chart makes it | put it in quotes: "1"; look for the value that sets it']);
});
