import { createHash } from 'node:crypto';
import type { Built, Tree } from '../model.types.ts';
import { get, text } from '../build/data.ts';

/** What a HelmRelease says of the release it makes, by helm-controller's rules. */
export interface ReleaseSpec {
  readonly name: string;
  /** Where its objects go that name no namespace. */
  readonly namespace: string;
  readonly storageNamespace: string;
  /** The controller installs what lies in crds/. */
  readonly installsCrds: boolean;
  readonly skipSchema: boolean;
  readonly runsTests: boolean;
  readonly skipHooks: boolean;
}

/** The HelmReleases of a tree. */
export function helmReleases(tree: Tree): readonly Built[] {
  return tree.objects.filter(({ object }) => object.kind === 'HelmRelease' && object.apiVersion.startsWith('helm.toolkit.fluxcd.io/'));
}

export function specOf({ object }: Built): ReleaseSpec {
  const home = object.metadata.namespace ?? '';
  const said = (field: string): string | undefined => { const value = text(get(object, 'spec', field)); return value === '' ? undefined : value; };
  const target = said('targetNamespace');
  const named = said('releaseName') ?? (target === undefined ? object.metadata.name : `${target}-${object.metadata.name}`);
  return {
    name: shortened(named), namespace: target ?? home, storageNamespace: said('storageNamespace') ?? home,
    installsCrds: get(object, 'spec', 'install', 'crds') !== 'Skip',
    skipSchema: get(object, 'spec', 'install', 'disableSchemaValidation') === true,
    runsTests: get(object, 'spec', 'test', 'enable') === true,
    skipHooks: get(object, 'spec', 'install', 'disableHooks') === true,
  };
}

/** Helm's longest name; what is longer gets a digest for an end. */
const LONGEST = 53;

function shortened(name: string): string {
  return name.length <= LONGEST ? name : `${name.slice(0, LONGEST - 13)}-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`;
}
