import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadSite } from '../../scripts/config/load.ts';
import { buildableTools } from '../../scripts/tools/toolchain.ts';
import { recoveryShape } from '../../scripts/config/recovery-file.ts';
import { SITE } from '../../scripts/config/target.ts';
import { versionsShape, clusterShape, crdsShape, fluxShape } from '../../scripts/config/written.ts';
import { PARTS, PROJECT } from './scratch.ts';

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(PROJECT, folder), { withFileTypes: true }).flatMap((entry) => (
    entry.isDirectory() ? filesBelow(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]
  ));
}

const files = PARTS.flatMap(filesBelow).filter((file) => file.endsWith('.yaml'));

/** Helm's own input, cloudflared's and the image factory's: no published schema describes them. */
const WITHOUT_SCHEMA = /\/(?:values|audit-(?:on|off))\.yaml$|\/cloudflared\/app\/config\.yaml$|^talos\/schematic\.yaml$/;

test.each(files.filter((file) => !WITHOUT_SCHEMA.test(file)))('%s names its schema, one per document', (file) => {
  const text = readFileSync(join(PROJECT, file), 'utf8');
  const named = [...text.matchAll(/^# yaml-language-server: \$schema=(\S+)$/gm)].map(([, schema]) => schema ?? '');
  const documents = text.split(/^---$/m).filter((part) => /^\s*[^#\s]/m.test(part)).length;
  expect(named).toHaveLength(file.startsWith('talos/patches/') ? 1 : documents);
  for (const schema of named) {
    if (schema.startsWith('https://')) continue;
    expect(existsSync(join(PROJECT, dirname(file), schema))).toBe(true);
  }
});

test('a schema comment of a Kubernetes object names that very kind and version', () => {
  const wrong: string[] = [];
  for (const file of files) {
    for (const part of readFileSync(join(PROJECT, file), 'utf8').split(/^---$/m)) {
      const [, group, kind, version] = /k8s-schemas\.home-operations\.com\/([^/]+)\/([a-z]+)_(\w+)\.json/.exec(part) ?? [];
      const [, apiGroup, apiVersion] = /^apiVersion: (?:([\w.-]+)\/)?(\w+)$/m.exec(part) ?? [];
      const [, apiKind] = /^kind: (\w+)$/m.exec(part) ?? [];
      if (group !== undefined && (group !== (apiGroup ?? 'core') || version !== apiVersion || kind !== apiKind?.toLowerCase())) wrong.push(file);
    }
  }
  expect(wrong).toEqual([]);
});

describe('our own schemas say what the loader says', () => {
  const keysOf = (name: string): { readonly known: readonly string[]; readonly required: readonly string[] } => {
    const schema: { readonly properties: object; readonly required: readonly string[]; readonly additionalProperties: boolean } = JSON.parse(readFileSync(join(PROJECT, `docs/schemas/${name}.schema.json`), 'utf8'));
    expect(schema.additionalProperties).toBe(false);
    return { known: Object.keys(schema.properties).toSorted(), required: schema.required.toSorted() };
  };
  test.each([
    ['cluster', clusterShape], ['versions', versionsShape], ['crds', crdsShape], ['flux', fluxShape], ['dr', recoveryShape],
  ] as const)('%s', (name, read) => {
    const { known, required } = keysOf(name);
    expect(read.fields.map(({ key }) => key).toSorted()).toEqual(known);
    expect(read.fields.filter((each) => each.required).map(({ key }) => key).toSorted()).toEqual(required);
  });
});

test('toolchain builds the versions that are pinned, each of one module', () => {
  const loaded = loadSite(PROJECT, SITE);
  const pins = 'site' in loaded ? loaded.site.versions.tools : {};
  const tools = readdirSync(join(PROJECT, 'toolchain')).toSorted();
  expect(tools).toEqual(['flux', 'helm', 'kubeconform', 'kustomize', 'talosctl']);
  for (const tool of tools) {
    const mod = readFileSync(join(PROJECT, 'toolchain', tool, 'go.mod'), 'utf8');
    expect(buildableTools(PROJECT).find((each) => each.tool === tool)?.version).toBe(`v${pins[tool] ?? ''}`);
    expect(mod).toMatch(/^tool \S+$/m);
    expect(existsSync(join(PROJECT, 'toolchain', tool, 'go.sum'))).toBe(true);
  }
});

test('the old repository is named nowhere in the configuration', () => {
  expect(files.filter((file) => readFileSync(join(PROJECT, file), 'utf8').includes('k8s-gitops'))).toEqual([]);
});

test('what differs between the clusters of the tree is only in their settings', () => {
  const [infra, apps] = ['infra', 'apps'].map((name): unknown => parse(readFileSync(join(PROJECT, `kubernetes/clusters/${name}/kustomization.yaml`), 'utf8')));
  expect(infra).toEqual(apps);
});
