import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump, loadAll } from 'js-yaml';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import type { Tree, Unit } from '../../scripts/manifests/model.types.ts';
import { finish } from '../tasks/rig.ts';

/** What differs between our build and Flux's of one Kustomization, in words. */
export type Differences = readonly string[];

/**
 * Builds Kustomizations of a tree, all of them or some, with the real flux (kustomize and strict substitution with the values we know, an encrypted one
 * by a word of its own) and compares object by object. flux writes into the folders it builds: each of the two workers has a copy.
 */
export async function differencesWithFlux(flux: string, tree: Tree, units: readonly Unit[] = tree.units): Promise<Differences> {
  const waiting = units.filter((unit) => unit.folder !== undefined);
  const differences: string[] = [];
  const work = async (): Promise<void> => {
    const copy = mkdtempSync(join(tmpdir(), 'flux-build-'));
    try {
      cpSync(tree.texts.root, copy, { recursive: true });
      for (let unit = waiting.shift(); unit !== undefined; unit = waiting.shift()) differences.push(...await differencesOf(flux, copy, unit));
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  };
  await Promise.all([work(), work()]);
  return differences;
}

async function differencesOf(flux: string, copy: string, unit: Unit): Promise<Differences> {
  const name = `${unit.namespace}/${unit.name}`;
  const file = join(copy, 'kustomization-to-build.yaml');
  writeFileSync(file, dump({ apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', metadata: { name: unit.name, namespace: unit.namespace }, spec: specOf(unit) }));
  const argv = ['build', 'kustomization', unit.name, '--namespace', unit.namespace, '--path', join(copy, unit.folder ?? ''), '--kustomization-file', file, '--dry-run', '--strict-substitute'];
  const ran = await finish(spawn(flux, argv, { cwd: copy, env: { HOME: copy, PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] }));
  rmSync(file);
  if (ran.code !== 0) return [`${name}: flux fails: ${ran.stderr.trim()}`];
  const theirs = byIdentity((loadAll(ran.stdout) as (KubeObject | null)[]).flatMap((object) => (object === null ? [] : [withoutOwner(object)])));
  const ours = byIdentity(unit.objects.map(({ object }) => plain(object)));
  return [...new Set([...theirs.keys(), ...ours.keys()])].flatMap((id) => {
    const [one, other] = [comparable(ours.get(id)), comparable(theirs.get(id))];
    if (one === other) return [];
    let at = 0;
    while (one[at] === other[at]) at += 1;
    const around = (text: string): string => text.slice(Math.max(0, at - 60), at + 80);
    return [`${name}: ${id}: ours ...${around(one)}, flux ...${around(other)}`];
  });
}

/** What a cluster's values would be: those the tree says, and for the others a word that says which it is. */
function specOf(unit: Unit): unknown {
  if (unit.declared === undefined) return { interval: '1h', path: `./${unit.folder ?? ''}`, prune: true, sourceRef: { kind: 'GitRepository', name: 'flux-system' } };
  const spec = plain(unit.declared.object)['spec'] as Readonly<Record<string, unknown>>;
  if (spec['postBuild'] === undefined) return spec;
  return { ...spec, postBuild: { substitute: Object.fromEntries([...unit.variables].map(([variable, { value }]) => [variable, value ?? `unknown-${variable}`])) } };
}

/** Flux labels what it applies, with itself as owner. */
function withoutOwner(object: KubeObject): KubeObject {
  const labels = Object.entries((object.metadata as { readonly labels?: Readonly<Record<string, string>> }).labels ?? {}).filter(([key]) => !/^kustomize\.toolkit\.fluxcd\.io\/name(?:space)?$/.test(key));
  const { labels: _, ...metadata } = object.metadata as KubeObject['metadata'] & { readonly labels?: unknown };
  return { ...object, metadata: labels.length === 0 ? metadata : { ...metadata, labels: Object.fromEntries(labels) } };
}

function plain(object: KubeObject): KubeObject {
  return JSON.parse(JSON.stringify(object).replaceAll(/\uE0F0([^\uE0F1]*)\uE0F1/g, (_, name: string) => `unknown-${name}`));
}

function byIdentity(objects: readonly KubeObject[]): ReadonlyMap<string, KubeObject> {
  return new Map(objects.map((object) => [`${object.apiVersion} ${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`, object]));
}

/** The same text for the same object. What is encrypted flux shows as that alone. */
function comparable(object: KubeObject | undefined): string {
  if (object === undefined) return '';
  const { sops, data, stringData, ...rest } = object as KubeObject & { readonly sops?: unknown; readonly data?: unknown; readonly stringData?: unknown };
  const written = JSON.stringify(data ?? stringData ?? '');
  // What only a key knows is compared by its name alone.
  const values = sops === undefined && !written.includes('**SOPS**') && !Object.values({ ...Object(data), ...Object(stringData) }).some((value) => String(value).startsWith('unknown-')) ? { data, stringData } : { data: keysOf(data), stringData: keysOf(stringData) };
  return JSON.stringify(sorted({ ...rest, ...values }));
}
function keysOf(value: unknown): unknown {
  return value === undefined ? undefined : Object.keys(value as object).toSorted();
}
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]));
}
