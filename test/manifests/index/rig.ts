import { loadAll } from 'js-yaml';
import type { KubeObject } from '../../../scripts/config/cluster.ts';
import { dig } from '../../../scripts/config/data.ts';
import type { Path } from '../../../scripts/config/source.ts';
import { indexOf, type Index } from '../../../scripts/manifests/index/index.ts';
import type { Built, Found, Release, Rule, Settings, Texts, Tree, Unit, View } from '../../../scripts/manifests/model.types.ts';

/** Views made of manifests written into a test: no folders, no build. */

export interface Parts {
  /** Manifests of the tree. */
  readonly tree?: string;
  /** Manifests a chart makes, by the `namespace/name` of its HelmRelease; undefined: the chart is not here. */
  readonly charts?: Readonly<Record<string, string | undefined>>;
  readonly values?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly given?: string;
  readonly settings?: Partial<Settings>;
  readonly files?: Readonly<Record<string, string>>;
  /** One more Kustomization that is broken, or builds from another source. */
  readonly unit?: Partial<Unit>;
}

const SETTINGS: Settings = { entries: new Map(), given: [], before: [], schemas: [], charts: [], items: undefined };

export function viewOf(parts: Parts | string): View {
  const { tree: manifests = '', charts = {}, values = {}, given = '', settings = {}, files = {}, unit: more } = typeof parts === 'string' ? { tree: parts } : parts;
  const objects: Built[] = [];
  const unit: Unit = { namespace: 'flux-system', name: 'apps', declared: undefined, parent: undefined, folder: 'apps', objects, substitutes: false, variables: new Map(), uses: [], files: new Set(), broken: false, hides: false, suspended: false };
  const built = (file: string) => (object: KubeObject, document: number): Built => ({ object, raw: object, unit, origin: { source: { file, document, at: [] }, edits: [] } });
  objects.push(...read(manifests).map(built('tree.yaml')));
  const releases = Object.entries(charts).map(([id, text]): Release => {
    const [namespace = '', name = ''] = id.split('/');
    const declared = built('release.yaml')({ apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease', metadata: { namespace, name }, spec: { values: values[id] ?? {} } }, objects.length);
    objects.push(declared);
    const rendered = text === undefined ? undefined : read(text).map((object, index): Built => ({ ...built('release.yaml')(object, index), release: declared, origin: { ...declared.origin, template: `templates/${object.kind}.yaml` } }));
    return { declared, name, namespace, chart: { name, url: undefined, version: '1.0.0' }, values: values[id] ?? {}, rendered, crds: [], unknown: text === undefined ? 'chart not at the pin' : undefined };
  });
  const texts: Texts = { root: '/', memory: {}, text: (file) => files[file], kind: () => undefined, entries: () => [], documents: () => undefined, spot: ({ file }) => ({ file, line: 1, column: 1, length: 1 }), spotIn: ({ file }) => ({ file, line: 1, column: 1, length: 1 }) };
  const known: Settings = { ...SETTINGS, ...settings, given: read(given).map((object) => ({ object, source: { file: 'given.yaml', document: 0, at: [] } })) };
  const tree: Tree = { name: 'test', entry: 'test', texts, settings: known, units: more === undefined ? [unit] : [unit, { ...unit, objects: [], name: 'other', ...more }], objects, found: [] };
  return { tree, others: [], releases, all: [...objects, ...releases.flatMap(({ rendered }) => rendered ?? []), ...read(given).map(built('given.yaml'))], unrendered: releases.filter(({ rendered }) => rendered === undefined) };
}

export function lookups(parts: Parts | string): Index {
  return indexOf(viewOf(parts));
}

function read(text: string): readonly KubeObject[] {
  return loadAll(text).flatMap((each) => (each === null || each === undefined ? [] : [JSON.parse(JSON.stringify(each)) as KubeObject]));
}

/** What a rule finds, each as `Kind name: path = value: message`; paths that are not in the object are marked. */
export function finds(rule: Rule, parts: Parts | string): readonly string[] {
  const found = rule.check(viewOf(parts));
  if (found instanceof Promise) throw new TypeError(`${rule.id} is async`);
  return [...found].map(told);
}

function told(found: Omit<Found, 'rule'>): string {
  if (found.built === undefined) return `${found.source?.file ?? found.spot?.file ?? 'nowhere'}: ${found.message}`;
  if (found.message.endsWith('.') || found.hint === '') throw new Error(`a message without full stop, and a hint: ${found.message}`);
  const { kind, metadata } = found.built.object;
  return `${found.unknown === true ? '? ' : ''}${kind} ${metadata.name} ${place(found.built, found.path ?? [])}: ${found.message}`;
}

/** The path; behind a + what of it is not in the object. */
function place({ object }: Built, path: Path): string {
  let there = path.length;
  while (there > 0 && dig(object, path.slice(0, there)) === undefined) there -= 1;
  return `${path.slice(0, there).join('.')}${there < path.length ? `+${path.slice(there).join('.')}` : ''}`;
}
