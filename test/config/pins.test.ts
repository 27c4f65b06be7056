import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { PROJECT } from './scratch.ts';

const read = (file: string): string => readFileSync(join(PROJECT, file), 'utf8');
const VERSIONS = read('bootstrap/versions.yaml');
const versions: Readonly<Record<string, string | Readonly<Record<string, string>>>> = parse(VERSIONS);
const pins = Object.entries(versions).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : Object.entries(value)));

/** What each tool is called there. */
const MISE: Readonly<Record<string, string>> = {
  talosctl: 'aqua:siderolabs/talos', helmfile: 'aqua:helmfile/helmfile', helm: 'aqua:helm/helm', flux: 'aqua:fluxcd/flux2',
  op: 'aqua:1password/cli', kustomize: 'aqua:kubernetes-sigs/kustomize', kubeconform: 'aqua:yannh/kubeconform',
};

test('mise installs every pinned tool in its pinned version, and nothing else', () => {
  const found = Object.fromEntries([...read('.mise.toml').matchAll(/^"(.+)" = "(.+)"$/gm)].map(([, name, version]) => [name, version]));
  const tools = versions['tools'];
  expect(found).toEqual(Object.fromEntries(Object.entries(typeof tools === 'object' ? tools : {}).map(([tool, version]) => [MISE[tool] ?? `${tool} has no name in this test`, version])));
});

test('Renovate finds every pin, where its new versions are told, and a source it knows', () => {
  const { customManagers: [manager], customDatasources } = JSON.parse(read('renovate.json'));
  const file = new RegExp(manager.managerFilePatterns[0].slice(1, -1));
  expect(file.test('bootstrap/versions.yaml')).toBe(true);
  const found = [...VERSIONS.matchAll(new RegExp(manager.matchStrings[0], 'g'))].map(({ groups }) => groups ?? {});
  expect(found.map(({ currentValue }) => currentValue)).toEqual(pins.map(([, version]) => version.replace(/\.x$/, '')));
  for (const { datasource = '', depName, extractVersion } of found) {
    expect(depName).not.toBe('');
    if (extractVersion !== undefined) expect(extractVersion).toMatch(/\(\?<version>/);
    expect(datasource.startsWith('custom.') ? Object.keys(customDatasources).map((name) => `custom.${name}`) : ['docker', 'helm', 'github-releases']).toContain(datasource);
  }
});

test('a hook before a commit runs the check', () => {
  expect(parse(read('lefthook.yml'))).toEqual({ 'pre-commit': { commands: { check: { run: './task check' } } } });
});
