import { isUnknown } from '../../build/index.ts';
import { specOf } from '../../charts/spec.ts';
import { get } from '../../build/data.ts';
import type { Built, Found, Rule, View } from '../../model.types.ts';

/** Two HelmReleases that are one release for Helm. */
export const RELEASE_TWICE: Rule = {
  id: 'release-name-twice', severity: 'error',
  summary: 'A release name is used once in a namespace',
  why: 'Both HelmReleases write the same release: each upgrade undoes the other one, for ever',
  * check(view: View): Generator<Omit<Found, 'rule'>> {
    const known = new Map<string, Built>();
    for (const { declared } of view.releases) {
      const { name, storageNamespace } = specOf(declared);
      // Releases in another cluster are kept there.
      if (isUnknown(name) || isUnknown(storageNamespace) || get(declared.object, 'spec', 'kubeConfig') !== undefined) continue;
      const key = `${storageNamespace}\n${name}`;
      const other = known.get(key);
      if (other === undefined) { known.set(key, declared); continue; }
      // One object listed twice is told elsewhere.
      if (other.object.metadata.name === declared.object.metadata.name && other.object.metadata.namespace === declared.object.metadata.namespace) continue;
      const path = get(declared.object, 'spec', 'releaseName') === undefined ? ['metadata', 'name'] : ['spec', 'releaseName'];
      yield {
        built: declared, path, message: `the release ${name} in ${storageNamespace} is already that of HelmRelease ${other.object.metadata.namespace ?? ''}/${other.object.metadata.name}`,
        hint: 'give one of them another releaseName, or another storageNamespace', related: [{ what: 'the other one', source: { ...other.origin.source, at: [...other.origin.source.at, 'metadata', 'name'] } }],
      };
    }
  },
};
