import type { KubeObject } from '../../../config/cluster.ts';
import { meant } from '../../../config/words.ts';
import { at, entries, text } from '../../index/read.ts';
import type { Built, Rule, View } from '../../model.types.ts';
import { called, isMissing, keyOf, partsOf, spec, type Parts } from './parts.ts';

interface SourceRef { readonly built: Built; readonly kind: string; readonly name: string; readonly namespace: string; readonly written: boolean }

const GROUP = 'source.toolkit.fluxcd.io';
/** Made in the cluster, of other sources: an ArtifactGenerator says which. */
const ARTIFACT = 'ExternalArtifact';
const keyOfSource = ({ kind, namespace, name }: SourceRef): string => keyOf({ apiVersion: `${GROUP}/v1`, kind, metadata: { namespace, name } });

/** Every reference of a Kustomization to its source. Those of HelmReleases are looked at where charts are. */
function* sourceRefs(parts: Parts): Iterable<SourceRef> {
  for (const { built } of parts.kustomizations.values()) {
    const reference = spec(built, 'sourceRef');
    const [kind, name] = [text(at(reference, 'kind')), text(at(reference, 'name'))];
    const written = at(reference, 'namespace');
    const namespace = written === undefined ? built.object.metadata.namespace ?? '' : text(written);
    if (kind !== undefined && name !== undefined && namespace !== undefined) yield { built, kind, name, namespace, written: written !== undefined };
  }
}

/**
 * The source the entry itself is read from: it is made by whoever installs Flux, so that nothing here shows it. It is the one that
 * most Kustomizations name without anything in the tree making it.
 */
function ownSource(parts: Parts): string | undefined {
  const counts = new Map<string, number>();
  for (const reference of sourceRefs(parts)) {
    const key = keyOfSource(reference);
    if (reference.kind !== ARTIFACT && !parts.byKey.has(key)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

/** What ArtifactGenerators of the tree make. */
function artifacts(view: View): readonly KubeObject[] {
  return view.tree.objects.filter(({ object }) => object.kind === 'ArtifactGenerator').flatMap(({ object }) => entries(at(object['spec'], 'artifacts')).flatMap(({ entry }): KubeObject[] => {
    const name = text(entry['name']);
    return name === undefined ? [] : [{ apiVersion: `${GROUP}/v1`, kind: ARTIFACT, metadata: { name, namespace: object.metadata.namespace ?? '' } }];
  }));
}

const missing: Rule = {
  id: 'source-missing', severity: 'error',
  summary: 'Every source a Kustomization names is there',
  why: 'Flux waits for a source that does not exist for ever, and nothing of the Kustomization is applied',
  *check(view) {
    const parts = partsOf(view);
    const made = artifacts(view);
    const given = new Set([...view.tree.settings.given.map(({ object }) => object), ...made].map(keyOf));
    const own = ownSource(parts);
    const known = [...parts.byKey].filter(([key]) => key.startsWith(`${GROUP}/`)).flatMap(([, [built]]) => (built === undefined ? [] : [built.object])).concat(made);
    const ownName = own?.split('/').at(-1);
    for (const reference of sourceRefs(parts)) {
      const key = keyOfSource(reference);
      if (key === own || parts.byKey.has(key) || given.has(key)) continue;
      const alike = known.filter(({ kind }) => kind === reference.kind);
      const elsewhere = alike.find(({ metadata }) => metadata.name === reference.name);
      const otherKind = known.find(({ kind, metadata }) => kind !== reference.kind && metadata.name === reference.name && metadata.namespace === reference.namespace);
      const near = [...alike.filter(({ metadata }) => metadata.namespace === reference.namespace).map(({ metadata }) => metadata.name), ...(ownName !== undefined && own?.includes(`/${reference.kind}/${reference.namespace}/`) === true ? [ownName] : [])];
      // What a Kustomization would read from a source cannot bring that source.
      const away = [...sourceRefs(parts)].some((each) => keyOfSource(each) !== key && parts.unitOf.get(each.built)?.folder === undefined);
      const seen = parts.makers || away || (reference.kind === ARTIFACT && made.length === 0) ? 'partly' : 'whole';
      if (parts.seen === 'hidden' || (elsewhere === undefined && otherKind === undefined && !isMissing(seen, reference.name, near))) continue;
      const { part, hint } = elsewhere !== undefined
        ? { part: reference.written ? 'namespace' : 'name', hint: `${reference.kind} ${reference.name} is in namespace ${elsewhere.metadata.namespace ?? ''}: set namespace: ${elsewhere.metadata.namespace ?? ''}` }
        : otherKind !== undefined ? { part: 'kind', hint: `did you mean ${otherKind.kind}?` } : { part: 'name', hint: meant(reference.name, near, 'add it to the tree, or name one that is there') };
      yield {
        built: reference.built, path: ['spec', 'sourceRef', part],
        message: `${called(reference.built.object)} reads from ${reference.kind} ${reference.namespace}/${reference.name}, which does not exist`, hint,
      };
    }
  },
};

export const SOURCES: readonly Rule[] = [missing];
