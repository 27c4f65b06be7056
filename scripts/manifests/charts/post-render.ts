import { transform } from '../build/transform.ts';
import { newWork, type Instructions, type Res } from '../build/work.ts';
import { TreeTexts } from '../build/texts.ts';
import type { KubeObject } from '../../config/cluster.ts';
import type { Built, Found, Source, Tree } from '../model.types.ts';
import { get, list, plain, text } from '../build/data.ts';
import type { Made } from './render.ts';

/** What helm-controller does to what a chart makes before it is applied. */
export type PostRendered = { readonly objects: readonly Made[] } | { readonly found: readonly Found[] } | { readonly unknown: string };

const GROUP = 'helm.toolkit.fluxcd.io';

/** spec.postRenderers in order, spec.commonMetadata, and the labels by which Flux knows its own. */
export function postRender(tree: Tree, declared: Built, objects: readonly Made[]): PostRendered {
  let all: readonly Made[] = objects;
  for (const [index, entry] of list(get(declared.object, 'spec', 'postRenderers')).entries()) {
    const kustomize = plain(plain(entry)['kustomize']);
    if (list(kustomize['patches']).length === 0 && list(kustomize['images']).length === 0) continue;
    const done = kustomized(tree, declared, index, kustomize, all);
    if (!('objects' in done)) return done;
    all = done.objects;
  }
  const common = plain(get(declared.object, 'spec', 'commonMetadata'));
  return { objects: all.map(({ template, object }) => ({ template, object: owned(object, declared.object, plain(common['labels']), plain(common['annotations'])) })) };
}

function kustomized(tree: Tree, declared: Built, index: number, kustomize: Readonly<Record<string, unknown>>, objects: readonly Made[]): PostRendered {
  if (!(tree.texts instanceof TreeTexts)) return { unknown: 'its postRenderers cannot be applied to what is not read from files' };
  const work = newWork(tree.texts);
  const source = (path: Source['at']): Source => ({ ...declared.origin.source, at: [...declared.origin.source.at, 'spec', 'postRenderers', index, 'kustomize', ...path] });
  const instructions: Instructions = { folder: '', file: declared.origin.source.file, data: { patches: kustomize['patches'], images: kustomize['images'] }, source, by: (field) => field };
  const before: readonly (Res & { readonly template: string })[] = objects.map(({ template, object }) => ({ object, source: declared.origin.source, edits: [], was: [], template }));
  const after = transform(work, instructions, before);
  if (work.broken) return { found: work.found.map((each) => ({ ...each, rule: 'post-renderer-invalid', built: declared, path: ['spec', 'postRenderers', index] })) };
  if (work.beyond.length > 0) return { unknown: `its postRenderers ask for what only kustomize can do: ${work.beyond[0]?.what ?? ''}` };
  // A change keeps everything else an entry holds, its template among it.
  return { objects: after.map((each) => ({ object: each.object, template: 'template' in each && typeof each.template === 'string' ? each.template : '' })) };
}

/** Labels and annotations of the release on an object. */
function owned(object: KubeObject, release: KubeObject, labels: Readonly<Record<string, unknown>>, annotations: Readonly<Record<string, unknown>>): KubeObject {
  const { namespace, name } = release.metadata;
  const notes = { ...object.metadata.annotations, ...texts(annotations) };
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, ...texts(labels), [`${GROUP}/name`]: name, [`${GROUP}/namespace`]: namespace ?? '' },
      ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }),
    },
  };
}

function texts(value: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(value).flatMap(([key, each]) => { const written = text(each); return written === undefined ? [] : [[key, written]]; }));
}
