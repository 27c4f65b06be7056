import { meant } from '../../../config/words.ts';
import { at, text } from '../../index/read.ts';
import type { Built, Rule, View } from '../../model.types.ts';
import { called, isFlux, isMissing, keyOf, partsOf, spec, type Parts } from './parts.ts';

interface SourceRef { readonly built: Built; readonly path: readonly string[]; readonly kind: string; readonly name: string; readonly namespace: string; readonly written: boolean }

const GROUP = 'source.toolkit.fluxcd.io';
const keyOfSource = ({ kind, namespace, name }: SourceRef): string => keyOf({ apiVersion: `${GROUP}/v1`, kind, metadata: { namespace, name } });

/** Every reference of a Kustomization or HelmRelease to a source. */
function* sourceRefs(parts: Parts): Iterable<SourceRef> {
  for (const { built } of [...parts.kustomizations.values(), ...parts.helmReleases.values()]) {
    const paths = isFlux(built.object, 'Kustomization') ? [['sourceRef']] : [['chartRef'], ['chart', 'spec', 'sourceRef']];
    for (const path of paths) {
      const reference = spec(built, ...path);
      const [kind, name] = [text(at(reference, 'kind')), text(at(reference, 'name'))];
      const written = at(reference, 'namespace');
      const namespace = written === undefined ? built.object.metadata.namespace ?? '' : text(written);
      if (kind !== undefined && name !== undefined && namespace !== undefined) yield { built, path: ['spec', ...path], kind, name, namespace, written: written !== undefined };
    }
  }
}

/**
 * The source the entry itself is read from: it is made by whoever installs Flux, so that nothing here shows it. It is the one that
 * most Kustomizations name without anything in the tree making it.
 */
export function ownSource(view: View): string | undefined {
  const parts = partsOf(view);
  const counts = new Map<string, number>();
  for (const reference of sourceRefs(parts)) {
    const key = keyOfSource(reference);
    // Charts in the same repository count only where no Kustomization says what that is.
    const weight = isFlux(reference.built.object, 'Kustomization') ? 1 : ['GitRepository', 'Bucket'].includes(reference.kind) ? 1e-6 : 0;
    if (weight > 0 && !parts.byKey.has(key)) counts.set(key, (counts.get(key) ?? 0) + weight);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

const missing: Rule = {
  id: 'source-missing', severity: 'error',
  summary: 'Every source a Kustomization or HelmRelease names is there',
  why: 'Flux waits for a source that does not exist for ever, and nothing of the Kustomization or release is applied',
  *check(view) {
    const parts = partsOf(view);
    const given = new Set(view.tree.settings.given.map(({ object }) => keyOf(object)));
    const own = ownSource(view);
    const known = [...parts.byKey].filter(([key]) => key.startsWith(`${GROUP}/`)).flatMap(([, [built]]) => (built === undefined ? [] : [built.object]));
    const ownName = own?.split('/').at(-1);
    for (const reference of sourceRefs(parts)) {
      const key = keyOfSource(reference);
      if (key === own || parts.byKey.has(key) || given.has(key)) continue;
      const alike = known.filter(({ kind }) => kind === reference.kind);
      const elsewhere = alike.find(({ metadata }) => metadata.name === reference.name);
      const otherKind = known.find(({ kind, metadata }) => kind !== reference.kind && metadata.name === reference.name && metadata.namespace === reference.namespace);
      const near = [...alike.filter(({ metadata }) => metadata.namespace === reference.namespace).map(({ metadata }) => metadata.name), ...(ownName !== undefined && own?.includes(`/${reference.kind}/${reference.namespace}/`) === true ? [ownName] : [])];
      if (parts.seen === 'hidden' || (elsewhere === undefined && otherKind === undefined && !isMissing(parts.seen, reference.name, near))) continue;
      const { part, hint } = elsewhere !== undefined
        ? { part: reference.written ? 'namespace' : 'name', hint: `${reference.kind} ${reference.name} is in namespace ${elsewhere.metadata.namespace ?? ''}: set namespace: ${elsewhere.metadata.namespace ?? ''}` }
        : otherKind !== undefined ? { part: 'kind', hint: `did you mean ${otherKind.kind}?` } : { part: 'name', hint: meant(reference.name, near, 'add it to the tree, or name one that is there') };
      yield {
        built: reference.built, path: [...reference.path, part],
        message: `${called(reference.built.object)} reads from ${reference.kind} ${reference.namespace}/${reference.name}, which does not exist`, hint,
      };
    }
  },
};

export const SOURCES: readonly Rule[] = [missing];
