import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { buildTree, readTexts } from '../../../scripts/manifests/build/index.ts';
import { forgetRenderings } from '../../../scripts/manifests/charts/render.ts';
import { readReleases } from '../../../scripts/manifests/charts/index.ts';
import { digestOf, getJson, makeStore, putJson } from '../../../scripts/manifests/charts/store.ts';
import { inOrder, locate } from '../../../scripts/manifests/findings/locate.ts';
import type { Around, Finding, Release, Settings, Tree } from '../../../scripts/manifests/model.types.ts';
import { RULES } from '../../../scripts/manifests/rules/charts/index.ts';
import { viewsOf } from '../../../scripts/manifests/view.ts';
import type { Command } from '../../../scripts/tools/doors.ts';
import { realTool } from '../../real-tool.ts';
import { aroundHere } from '../planted.ts';

export const CHARTS = join(dirname(dirname(import.meta.dirname)), 'fixtures/charts');

export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'charts-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const SETTINGS: Settings = { entries: new Map([['one', 'cluster']]), given: [], before: [], schemas: [], charts: [CHARTS], items: undefined };

/** A tree of these files, with one Kustomization for `apps/`, whose kustomization.yaml lists `resources`. */
export async function treeOf(files: Readonly<Record<string, string>>, settings: Partial<Settings> = {}): Promise<Tree> {
  const texts = readTexts(scratch(), new Map(Object.entries({
    'cluster/apps.yaml': 'apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\nspec:\n  interval: 1h\n  path: ./apps\n  prune: true\n  sourceRef: {kind: GitRepository, name: flux-system}\n',
    ...files,
  })));
  return buildTree(texts, { ...SETTINGS, ...settings }, { name: 'one', folder: 'cluster' });
}

/** Every command that was run. */
export interface Counted extends Around { readonly ran: Command[]; readonly volatiles: string[] }

/** helm as it is on this machine, its runs written down; `helm: false`: nowhere to be found. */
export function around({ helm = true, offline = true }: { readonly helm?: boolean; readonly offline?: boolean } = {}): Counted {
  const here = aroundHere();
  const ran: Command[] = [];
  const volatiles: string[] = [];
  const environment = helm ? here.environment : { PATH: '/nonexistent', HOME: '/nonexistent', XDG_CACHE_HOME: '/nonexistent' };
  return { ...here, environment, offline, ran, volatiles, volatile: (because) => volatiles.push(because), proc: { run: async (command) => { ran.push(command); return here.proc.run(command); } } };
}

/** Packs a chart with helm, at another version than its own when one is given. */
export function pack(folder: string, file: string, version?: string): void {
  const helm = realTool('helm');
  if (helm === undefined) throw new Error('no helm');
  const into = scratch();
  const { status, stderr } = spawnSync(helm, ['package', folder, '--destination', into, ...(version === undefined ? [] : ['--version', version])], { encoding: 'utf8', env: { HOME: into } });
  if (status !== 0) throw new Error(stderr);
  const [name] = readdirSync(into).filter((each) => each.endsWith('.tgz'));
  cpSync(join(into, name ?? ''), file);
}

export interface Asked { readonly releases: readonly Release[]; readonly findings: readonly Finding[] }

/** What a cache keeps of which helm this is: asked of it once for all tests of a file, and put into every cache that is new. */
const file = realTool('helm');
const helm = file === undefined ? undefined : digestOf('helm', file, String(statSync(file).size), String(statSync(file).mtimeMs));
let identity: unknown;
function newCache(): string {
  const cache = scratch();
  if (helm !== undefined && identity !== undefined) putJson(makeStore(cache), 'seen', helm, identity);
  return cache;
}

/** The releases of a tree as a new process would read them, and what the rules of charts say. */
export async function ask(tree: Tree, by: Around = around(), cache: string = newCache()): Promise<Asked> {
  forgetRenderings();
  const releases = (await readReleases([tree], { around: by, cache })).get(tree) ?? [];
  if (helm !== undefined) identity ??= getJson(makeStore(cache), 'seen', helm);
  const [view] = viewsOf([{ tree, releases }], by);
  if (view === undefined) throw new Error('no view');
  const found = await Promise.all(RULES.map(async (rule) => [...await rule.check(view)].map((each) => locate({ ...each, rule: rule.id }, tree, rule.severity))));
  return { releases, findings: found.flat().toSorted(inOrder) };
}

/** `rule severity file:line message`, as a table holds it. */
export function told(findings: readonly Finding[], tree: Tree): readonly string[] {
  return findings.map(({ rule, severity, spot, message }) => `${rule} ${severity} ${spot.file}:${(tree.texts.text(spot.file)?.split('\n')[spot.line - 1] ?? '').trim()} | ${message}`);
}

export const kustomization = (...resources: readonly string[]): string => `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [${resources.join(', ')}]\n`;

/** An OCIRepository and a HelmRelease of it; `spec` is put below spec, two spaces deep. */
export function release(chart: string, version: string, spec = '', name = chart): string {
  return `apiVersion: source.toolkit.fluxcd.io/v1
kind: OCIRepository
metadata: {name: ${name}, namespace: shop}
spec:
  interval: 12h
  url: oci://registry.example.com/charts/${chart}
  ref:
    tag: ${version}
---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata:
  name: ${name}
  namespace: shop
spec:
  interval: 1h
  chartRef:
    kind: OCIRepository
    name: ${name}
${spec.split('\n').map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}
`;
}

/** A tree of one release. */
export async function treeWith(text: string, more: Readonly<Record<string, string>> = {}, settings: Partial<Settings> = {}): Promise<Tree> {
  return treeOf({ 'apps/kustomization.yaml': kustomization('release.yaml'), 'apps/release.yaml': text, ...more }, settings);
}
