import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { afterAll, expect, test } from 'vitest';
import type { KubeObject } from '../../../../scripts/config/cluster.ts';
import { buildTrees, readTexts } from '../../../../scripts/manifests/build/index.ts';
import { locate, merged } from '../../../../scripts/manifests/findings/locate.ts';
import type { Built, Finding, Release, Rule, Settings, Tree } from '../../../../scripts/manifests/model.types.ts';
import { RULES as FLUX } from '../../../../scripts/manifests/rules/flux/index.ts';
import { RULES as VERSIONS } from '../../../../scripts/manifests/rules/versions/index.ts';
import { viewsOf } from '../../../../scripts/manifests/view.ts';

/** Tiny trees of files written into a test, built as any other, and asked by every rule about Flux and about versions. */

export interface Small {
  readonly files: Readonly<Record<string, string>>;
  /** Entry folders by cluster; one, `c`, when not given. */
  readonly entries?: Readonly<Record<string, string>>;
  /** What charts make, by the `namespace/name` of their HelmRelease. A release that is not named here has a chart that is not here. */
  readonly charts?: Readonly<Record<string, { readonly makes?: string; readonly defines?: string }>>;
  readonly settings?: Partial<Settings>;
  readonly given?: string;
}

const root = mkdtempSync(join(tmpdir(), 'flux-rules-'));
afterAll(() => { rmSync(root, { recursive: true, force: true }); });

function read(text: string): readonly KubeObject[] {
  return loadAll(text).flatMap((each) => (typeof each === 'object' && each !== null ? [JSON.parse(JSON.stringify(each)) as KubeObject] : []));
}

function releasesOf(tree: Tree, charts: Small['charts'] = {}): readonly Release[] {
  return tree.objects.filter(({ object }) => object.kind === 'HelmRelease').map((declared): Release => {
    const { metadata: { name, namespace = '' } } = declared.object;
    const spec = declared.object['spec'] as { readonly targetNamespace?: string; readonly chart?: { readonly spec?: { readonly chart?: string } } } | undefined;
    const made = charts[`${namespace}/${name}`];
    const rendered = made === undefined ? undefined : read(made.makes ?? '').map((object): Built => ({ object, raw: object, unit: declared.unit, release: declared, origin: { ...declared.origin, template: 'templates/all.yaml' } }));
    return {
      declared, name, namespace: spec?.targetNamespace ?? namespace, values: {}, rendered, crds: read(made?.defines ?? ''), unknown: made === undefined ? 'chart not at the pin' : undefined,
      chart: { name: spec?.chart?.spec?.chart ?? name, url: undefined, version: '1.0.0' },
    };
  });
}

export async function findingsOf(small: Small): Promise<readonly Finding[]> {
  const texts = readTexts(root, new Map(Object.entries(small.files)));
  const entries = Object.entries(small.entries ?? { c: 'c' }).map(([name, folder]) => ({ name, folder }));
  const settings: Settings = {
    entries: new Map(entries.map(({ name, folder }) => [name, folder])), before: [], schemas: [], charts: [], items: undefined, ...small.settings,
    given: read(small.given ?? '').map((object) => ({ object, source: { file: 'given.yaml', document: 0, at: [] } })),
  };
  const trees = await buildTrees(texts, settings, entries);
  expect(trees.flatMap(({ found }) => found.map((each) => `${each.rule}: ${each.message}`))).toEqual([]);
  const views = viewsOf(trees.map((tree) => ({ tree, releases: releasesOf(tree, small.charts) })), undefined);
  const found = await Promise.all([...FLUX, ...VERSIONS].flatMap((rule: Rule) => views.map(async (view) => [...await rule.check(view)].map((each) => locate({ ...each, rule: rule.id }, view.tree, rule.severity)))));
  return merged(found.flat(), entries.map(({ name }) => name));
}

export interface Case extends Small {
  readonly is: string;
  /** What is found, as `rule file "text of the line"`; nothing when not given. */
  readonly finds?: readonly string[];
  readonly says?: RegExp;
}

/** Each case finds exactly what it says, and nothing else. */
export function table(cases: readonly Case[]): void {
  test.each(cases.map((each) => [each.is, each] as const))('%s', async (_, each) => {
    const found = await findingsOf(each);
    const line = ({ spot }: Finding): string => (each.files[spot.file]?.split('\n')[spot.line - 1] ?? '').trim();
    expect(found.map((finding) => `${finding.severity === 'unknown' ? '? ' : ''}${finding.rule} ${finding.spot.file} "${line(finding)}"`)).toEqual(each.finds ?? []);
    for (const { message, hint } of found) {
      expect(message).not.toMatch(/\.$|undefined|\[object/);
      expect(hint).not.toMatch(/undefined|\[object/);
      expect(hint).not.toBe('');
    }
    if (each.says !== undefined) expect(found.map(({ message, hint }) => `${message}; ${hint}`).join('\n')).toMatch(each.says);
  });
}

/** A kustomization.yaml. */
export function list(...resources: readonly string[]): string {
  return `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n${resources.map((each) => `  - ${each}\n`).join('')}`;
}

/** A Flux Kustomization of the folder of its own name; `more` are lines of its spec. */
export function ks(name: string, ...more: readonly string[]): string {
  const own = more.some((line) => line.startsWith('sourceRef:')) ? [] : ['sourceRef: {kind: GitRepository, name: flux-system}'];
  const path = more.some((line) => line.startsWith('path:')) ? [] : [`path: ./${name}`];
  return `---\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: ${name}\n  namespace: flux-system\nspec:\n${['interval: 10m', 'prune: true', ...own, ...path, ...more].map((line) => `  ${line}\n`).join('')}`;
}

/** A HelmRelease of a chart of its own name from HelmRepository charts; `more` are lines of its spec. */
export function hr(name: string, ...more: readonly string[]): string {
  const chart = more.some((line) => line.startsWith('chart')) ? [] : [`chart: {spec: {chart: ${name}, version: 1.0.0, sourceRef: {kind: HelmRepository, name: charts}}}`];
  return `---\napiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: ${name}\n  namespace: flux-system\nspec:\n${['interval: 10m', ...chart, ...more].map((line) => `  ${line}\n`).join('')}`;
}

export const REPOSITORY = '---\napiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata:\n  name: charts\n  namespace: flux-system\nspec:\n  url: https://charts.example.com\n';

export function object(kind: string, name: string, namespace?: string, apiVersion = 'v1', rest = ''): string {
  return `---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n${namespace === undefined ? '' : `  namespace: ${namespace}\n`}${rest}`;
}

export function definition(kind: string, group = 'example.com'): string {
  const plural = `${kind.toLowerCase()}s`;
  return object('CustomResourceDefinition', `${plural}.${group}`, undefined, 'apiextensions.k8s.io/v1', `spec:\n  group: ${group}\n  scope: Cluster\n  names: {kind: ${kind}, plural: ${plural}}\n  versions: [{name: v1, served: true, storage: true}]\n`);
}
