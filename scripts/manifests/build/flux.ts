import { posix } from 'node:path';
import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import type { Built, Edit, Source } from '../model.types.ts';
import { oncePer } from '../once.ts';
import { get, isPlain, list, plain, strings, text, type Plain } from './data.ts';
import { generatedInstructions } from './generated.ts';
import { kustomizationFileOf, readInstructions } from './instructions.ts';
import { writtenBy } from './place.ts';
import { within, type Instructions, type Work } from './work.ts';

/** What a Flux Kustomization adds to the kustomization.yaml of its folder: the controller writes it into that file before it builds. */

export function isFluxKustomization({ apiVersion, kind }: KubeObject): boolean {
  return kind === 'Kustomization' && apiVersion.startsWith('kustomize.toolkit.fluxcd.io/');
}

/** The folder a Flux Kustomization builds: it cannot lead out of its source. */
export function folderOfPath(path: string | undefined): string {
  return posix.join('/', path ?? '.').replace(/\/$/, '').slice(1);
}

const FIELDS = ['targetNamespace', 'namePrefix', 'nameSuffix', 'patches', 'patchesStrategicMerge', 'patchesJson6902', 'components', 'ignoreMissingComponents', 'images'] as const;

/** The part of a spec that changes what kustomize does; undefined when it leaves the folder as it is. */
export function overlayOf(declared: KubeObject): Plain | undefined {
  const spec = plain(declared['spec']);
  const own = Object.fromEntries(FIELDS.flatMap((field) => (spec[field] === undefined || spec[field] === null || spec[field] === '' ? [] : [[field, spec[field]]])));
  return Object.keys(own).length === 0 ? undefined : own;
}

/** The instructions of a folder as the controller builds it. Undefined when they cannot be read, which is told. */
export function fluxInstructions(work: Work, folder: string, declared: Built | undefined, asked: Source): Instructions | undefined {
  const written = kustomizationFileOf(work, folder) === undefined ? generatedInstructions(work, folder) : readInstructions(work, folder, 'either', asked);
  // So that a file that lists no resources is not empty, the controller adds something to it: origins.
  const own: Instructions | undefined = written?.file !== undefined && list(written.data['resources']).length === 0 ? { ...written, origins: true } : written;
  const overlay = declared === undefined ? undefined : overlayOf(declared.object);
  if (own === undefined || declared === undefined || overlay === undefined) return own;
  return merged(work, own, overlay, (path) => writtenBy(declared.origin, ['spec', ...path]).source);
}

function merged(work: Work, own: Instructions, overlay: Plain, from: (path: Path) => Source): Instructions {
  const data: Record<string, unknown> = { ...own.data };
  const moved: { readonly field: string; readonly index: number; readonly source: (rest: Path) => Source }[] = [];
  const replaced = new Map<string, Path>();
  for (const [field, as] of [['targetNamespace', 'namespace'], ['namePrefix', 'namePrefix'], ['nameSuffix', 'nameSuffix']] as const) {
    if (text(overlay[field]) === undefined) continue;
    data[as] = overlay[field];
    replaced.set(as, [field]);
  }
  const append = (field: 'patches' | 'patchesStrategicMerge' | 'patchesJson6902' | 'components', entries: readonly { readonly value: unknown; readonly index: number }[]): void => {
    if (entries.length === 0) return;
    const before = list(data[field]);
    entries.forEach(({ index }, at) => moved.push({ field, index: before.length + at, source: (rest) => from([field, index, ...rest]) }));
    data[field] = [...before, ...entries.map(({ value }) => value)];
  };
  const entriesOf = (field: string): { readonly value: unknown; readonly index: number }[] => list(overlay[field]).map((value, index) => ({ value, index }));
  append('patches', entriesOf('patches').map(({ value, index }) => ({ value: isPlain(value) ? { patch: value['patch'], ...(value['target'] === undefined ? {} : { target: value['target'] }) } : value, index })));
  append('patchesStrategicMerge', entriesOf('patchesStrategicMerge').map(({ value, index }) => ({ value: JSON.stringify(value), index })));
  append('patchesJson6902', entriesOf('patchesJson6902').map(({ value, index }) => ({ value: { target: get(value, 'target'), patch: JSON.stringify(get(value, 'patch')) }, index })));
  append('components', entriesOf('components').filter(({ value }) => {
    const folder = within(own.folder, String(value));
    return overlay['ignoreMissingComponents'] !== true || (folder !== undefined && work.texts.kind(folder) !== undefined);
  }));
  const images = list(data['images']).map(plain);
  list(overlay['images']).map(plain).forEach((image, index) => {
    const at = images.findIndex((each) => each['name'] === image['name']);
    const version = text(image['newTag']) !== undefined || text(image['digest']) !== undefined;
    const base: Plain = at < 0 ? { name: image['name'] } : images[at] ?? {};
    const { newTag: _tag, digest: _digest, ...unversioned } = base;
    const next: Plain = { ...(version ? unversioned : base), ...(text(image['newName']) === undefined ? {} : { newName: image['newName'] }), ...(text(image['newTag']) === undefined ? {} : { newTag: image['newTag'] }), ...(text(image['digest']) === undefined ? {} : { digest: image['digest'] }) };
    if (at < 0) images.push(next); else images[at] = next;
    moved.push({ field: 'images', index: at < 0 ? images.length - 1 : at, source: (rest) => from(['images', index, ...rest]) });
  });
  if (images.length > 0) data['images'] = images;
  return {
    folder: own.folder, file: own.file, data, ...(own.origins === true ? { origins: true as const } : {}),
    source(path) {
      const [field, index, ...rest] = path;
      const other = typeof field === 'string' ? replaced.get(field) : undefined;
      if (other !== undefined) return from([...other, ...path.slice(1)]);
      return moved.find((each) => each.field === field && each.index === index)?.source(rest) ?? own.source(path);
    },
    by: (field) => (field === 'namespace' && replaced.has('namespace') ? 'targetNamespace' : field),
  };
}

/** The common labels and annotations of a Flux Kustomization on an object; they come last, after variables are filled in. */
export function withCommonMetadata(object: KubeObject, declared: KubeObject): KubeObject {
  const common = plain(get(declared, 'spec', 'commonMetadata'));
  const labels = strings(common['labels']);
  const annotations = strings(common['annotations']);
  if (Object.keys(labels).length === 0 && Object.keys(annotations).length === 0) return object;
  return dressed(object, JSON.stringify([labels, annotations]), () => {
    const metadata = { ...object.metadata };
    if (Object.keys(labels).length > 0) metadata.labels = { ...metadata.labels, ...labels };
    if (Object.keys(annotations).length > 0) metadata.annotations = { ...metadata.annotations, ...annotations };
    return { ...object, metadata };
  });
}
const dressed = oncePer<KubeObject>();

/** The same as an edit, for saying who wrote what. */
export function commonMetadataEdit(declared: Built): Edit | undefined {
  const common = plain(get(declared.object, 'spec', 'commonMetadata'));
  const sets = ['labels', 'annotations'].flatMap((field) => Object.keys(plain(common[field])).map((key): Edit['sets'][number] => ({ path: ['metadata', field, key], from: [field, key] })));
  return sets.length === 0 ? undefined : { by: 'commonMetadata', source: writtenBy(declared.origin, ['spec', 'commonMetadata']).source, sets };
}
