import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrees, type Opened } from '../../../scripts/manifests/stable/open.ts';
import type { Tree } from '../../../scripts/manifests/model.types.ts';

/** Trees written into a test, built over a folder that is empty. */
export const EMPTY = mkdtempSync(join(tmpdir(), 'manifests-'));

export type Files = Readonly<Record<string, string>>;

/** A Flux Kustomization; `more` is lines of its spec. */
export function ks(name: string, path: string, more = ''): string {
  const lines = more.split('\n').filter((line) => line !== '').map((line) => `  ${line}\n`).join('');
  return `apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: ${name}\n  namespace: flux-system\nspec:\n  interval: 10m\n  path: ./${path}\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: flux-system\n${lines}`;
}

/** An object of some kind; `rest` is YAML below the metadata. */
export function thing(kind: string, name: string, rest = '', apiVersion = 'v1', namespace = 'web'): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: ${name}\n${namespace === '' ? '' : `  namespace: ${namespace}\n`}${rest}`;
}

/** Documents of one file. */
export const docs = (...all: readonly string[]): string => all.join('---\n');

export async function opened(files: Files, cluster?: string): Promise<Opened> {
  const answer = await openTrees({ root: EMPTY, overlay: new Map(Object.entries(files)), ...(cluster === undefined ? {} : { cluster }) });
  if ('broken' in answer) throw new Error(answer.broken.map((each) => each.message).join('; '));
  return answer;
}

/** The one tree of files below clusters/NAME. */
export async function tree(files: Files): Promise<Tree> {
  const { trees: [first, ...others] } = await opened(files);
  if (first === undefined || others.length > 0) throw new Error('not one tree');
  return first;
}
