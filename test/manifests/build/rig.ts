import { join } from 'node:path';
import { buildTree, placeOf, readSettings, readTexts } from '../../../scripts/manifests/build/index.ts';
import type { Around, Built, Tree, Unit } from '../../../scripts/manifests/model.types.ts';
import type { Path } from '../../../scripts/config/source.ts';

/** A tree of files in memory whose entry is `cluster/`. */
export async function treeOf(files: Readonly<Record<string, string>>, around?: Around): Promise<Tree> {
  const texts = readTexts(join(import.meta.dirname, 'nowhere'), new Map(Object.entries(files)));
  return buildTree(texts, readSettings(texts).settings, { name: 'one', folder: 'cluster' }, around);
}

/** A Flux Kustomization; `spec` is put below spec, two spaces deep. */
export const ks = (name: string, path: string, spec = ''): string => `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: ${name}\n  namespace: flux-system\nspec:\n  path: ./${path}\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n${spec}`;
export const list = (...lines: readonly string[]): string => `resources:\n${lines.map((line) => `  - ${line}\n`).join('')}`;
export const map = (name: string, data: string, namespace?: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${namespace === undefined ? '' : `  namespace: ${namespace}\n`}data:\n  ${data}\n`;

export function unitOf(tree: Tree, name: string): Unit {
  const unit = tree.units.find((each) => each.name === name);
  if (unit === undefined) throw new Error(`no unit ${name}`);
  return unit;
}
export function builtOf(tree: Tree, name: string): Built {
  const built = tree.objects.find(({ object }) => object.metadata.name === name && object.kind !== 'Kustomization');
  if (built === undefined) throw new Error(`no object ${name}`);
  return built;
}
/** `writer file:line:column` of a value. */
export function wrote(tree: Tree, built: Built, path: Path, part: 'key' | 'value' = 'value'): string {
  const { by, spot } = placeOf(tree.texts, built, path, part);
  return `${by} ${spot.file}:${spot.line}:${spot.column}`;
}
