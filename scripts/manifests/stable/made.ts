import { at } from '../../health/objects.ts';
import type { Built, Release } from '../model.types.ts';

/**
 * What a release makes in its cluster: what its chart renders, and the definitions beside it where helm-controller applies those. A new release
 * gets them unless `install.crds` is Skip; one that is there already only when `upgrade.crds` says so.
 */
export function madeBy(release: Release, when: 'install' | 'upgrade'): readonly Built[] {
  const { declared, rendered, crds } = release;
  if (rendered === undefined) return [];
  const policy = at(declared.object['spec'], when, 'crds') ?? (when === 'install' ? 'Create' : 'Skip');
  if (policy === 'Skip') return rendered;
  const own = new Set(rendered.map(({ object }) => object));
  return [...crds.filter((object) => !own.has(object)).map((object): Built => ({ object, raw: object, origin: { source: declared.origin.source, edits: [], template: 'crds/' }, unit: declared.unit, release: declared })), ...rendered];
}
