import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { realTool } from '../../real-tool.ts';
import type { KubeObject } from '../../../scripts/config/cluster.ts';
import { buildRaw } from '../../../scripts/manifests/build/raw.ts';
import { readTexts } from '../../../scripts/manifests/build/index.ts';
import type { Unit } from '../../../scripts/manifests/model.types.ts';

/** The real kustomize and the real flux beside ours. Their YAML is read by another parser than ours. */

/** Runs work a few at a time: the tools share two cores with everything else. */
export async function few<T, R>(items: readonly T[], work: (item: T) => Promise<R>, width = 3): Promise<readonly R[]> {
  const out: R[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, async () => {
    for (let index = next; index < items.length; index = next) {
      next = index + 1;
      const item = items[index];
      if (item !== undefined) out[index] = await work(item);
    }
  }));
  return out;
}

export interface Ran { readonly ok: boolean; readonly stdout: string; readonly stderr: string }
export function run(tool: string, args: readonly string[], options: { readonly input?: string; readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {}): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(realTool(tool) ?? tool, [...args], { maxBuffer: 1 << 28, env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), ...options.env }, cwd: options.cwd }, (error, stdout, stderr) => { resolve({ ok: error === null, stdout, stderr }); });
    // A tool may end before it has read everything.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input ?? '');
  });
}

export const kustomize = (folder: string): Promise<Ran> => run('kustomize', ['build', '--load-restrictor', 'LoadRestrictionsNone', folder]);

/** Documents of a tool's output. `again`: as Flux reads a text it has filled variables into. */
export function objectsIn(text: string, again = false): readonly KubeObject[] {
  const documents = parseAllDocuments(text, { version: again ? '1.1' : '1.2', logLevel: 'silent', uniqueKeys: false, ...(again ? { schema: 'yaml-1.1', customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || (tag.format !== 'TIME' && tag.tag !== 'tag:yaml.org,2002:timestamp')) } : {}) });
  return (Array.isArray(documents) ? documents : []).map((document) => document.toJS({ maxAliasCount: -1 }) as KubeObject | null).filter((each): each is KubeObject => each !== null);
}

export const idOf = (object: KubeObject): string => `${object.apiVersion} ${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
/** By id; plain JSON, which has no order of keys and no undefined. */
export function byId(objects: readonly KubeObject[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(objects.map((object) => [idOf(object), JSON.parse(JSON.stringify(object)) as unknown]).toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

/** A small tree on disk, for the tools that want one. */
export class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), 'build-'));
  #count = 0;
  lay(files: Readonly<Record<string, string>>): string {
    this.#count += 1;
    const root = join(this.folder, String(this.#count));
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    return root;
  }
  remove(): void { rmSync(this.folder, { recursive: true, force: true }); }
}

/** A folder as we build it before variables: undefined when we say kustomize fails, 'beyond' when we leave it to kustomize. */
export async function ours(root: string, folder: string): Promise<readonly KubeObject[] | 'beyond' | undefined> {
  const { objects, work } = await buildRaw(readTexts(root), folder, undefined, { file: folder, document: 0, at: [] });
  if (work.beyond.length > 0) return 'beyond';
  return work.broken ? undefined : objects.map(({ object }) => withoutOrigin(object));
}

/** Flux alone writes it. */
function withoutOrigin(object: KubeObject): KubeObject {
  const { 'config.kubernetes.io/origin': origin, ...annotations } = object.metadata.annotations ?? {};
  if (origin === undefined) return object;
  const { annotations: _all, ...metadata } = object.metadata;
  return { ...object, metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations } };
}

/** A Kustomization by the code of the controller: variables are given in place of their sources, which the command line does not read. */
export async function fluxBuild(root: string, unit: Unit, scratch: Scratch): Promise<readonly KubeObject[]> {
  const declared = unit.declared?.object;
  const spec = { ...(declared?.['spec'] as object) } as Record<string, unknown>;
  if (unit.substitutes) spec['postBuild'] = { substitute: Object.fromEntries([...unit.variables.values()].map(({ name, value }) => [name, value ?? ''])), substituteStrategy: 'Always' };
  const folder = scratch.lay({ 'ks.yaml': JSON.stringify({ apiVersion: declared?.apiVersion, kind: 'Kustomization', metadata: { name: unit.name, namespace: unit.namespace }, spec }) });
  const { ok, stdout, stderr } = await run('flux', ['build', 'kustomization', unit.name, '--path', join(root, unit.folder ?? ''), '--kustomization-file', join(folder, 'ks.yaml'), '--namespace', unit.namespace, '--dry-run', '--strict-substitute', '--in-memory-build'], { cwd: root });
  if (!ok) throw new Error(`${unit.name}: ${stderr}`);
  return objectsIn(stdout, true).map(withoutOwner);
}
/** Labels the controller keeps its books by. */
function withoutOwner(object: KubeObject): KubeObject {
  const { 'kustomize.toolkit.fluxcd.io/name': _name, 'kustomize.toolkit.fluxcd.io/namespace': _namespace, ...labels } = object.metadata.labels ?? {};
  const { labels: _labels, ...metadata } = object.metadata;
  return { ...object, metadata: Object.keys(labels).length === 0 ? metadata : { ...metadata, labels } };
}
