import type { KubeObject, Release } from '../../config/cluster.ts';
import { check, fail, pass, skip, unread, type Finding, type HealthCheck } from '../finding.ts';
import { KINDS } from '../kinds.ts';
import { known } from '../look.ts';
import { condition, spec, text } from '../objects.ts';
import type { Snapshot } from '../snapshot.types.ts';

export const releaseId = (release: { readonly namespace: string; readonly name: string }): string => `Helm release ${release.namespace}/${release.name}`;

export const coreChecks = [check('core', 'every core release to be deployed as pinned', (seen) => releaseFindings(seen, () => true))];

/** The same question for one release of helmfile.d/01-core.yaml, by its name. */
export function coreReleaseChecks(name: string): readonly HealthCheck[] {
  return [check('core', `release ${name} to be deployed as pinned`, (seen) => releaseFindings(seen, (release) => release.name === name))];
}

function releaseFindings(seen: Snapshot, chosen: (release: Release) => boolean): readonly Finding[] {
  const wanted = seen.site.helmfile.core.filter(chosen);
  if (wanted.length === 0) return [skip('core releases', 'helmfile.d has no such release')];
  const releases = seen.releases;
  if (!releases.ok) return [unread('Helm releases', releases)];
  return wanted.map((release): Finding => {
    const object = releaseId(release);
    const found = releases.value.find((candidate) => candidate.name === release.name && candidate.namespace === release.namespace);
    if (found === undefined) return fail(object, 'Helm knows no such release', { state: 'not installed', hint: `task bootstrap:core CLUSTER=${seen.cluster.name}` });
    const history = `helm -n ${release.namespace} history ${release.name}`;
    if (found.status.startsWith('pending-')) {
      const owner = ownerOf(seen, release);
      if (owner !== undefined && spec(owner, 'suspend') === true) {
        return fail(object, `Helm was stopped in the middle; its HelmRelease ${owner.metadata.namespace ?? ''}/${owner.metadata.name} is suspended, so Flux does not settle it either`, {
          state: `${found.status}, revision ${found.revision}`, hint: `when nobody is at it any more: flux resume helmrelease ${owner.metadata.name} -n ${owner.metadata.namespace ?? ''} (Flux then settles and upgrades it)`, tries: [history],
        });
      }
      return fail(object, 'Helm was stopped in the middle, and refuses further changes until it is settled', {
        state: `${found.status}, revision ${found.revision}`, hint: `${history}; then helm -n ${release.namespace} rollback ${release.name}`, tries: [`flux -n ${release.namespace} get helmrelease ${release.name}`],
      });
    }
    if (found.status !== 'deployed') return fail(object, `its last action ended as ${found.status}`, { state: `${found.status}, revision ${found.revision}`, hint: history });
    if (bare(found.version) === bare(release.version) || adopted(seen, release)) return pass(object);
    return fail(object, `it runs ${found.version}, helmfile.d pins ${release.version}`, { state: 'another version', hint: `task bootstrap:core CLUSTER=${seen.cluster.name}, or correct the pin` });
  });
}

/** A Ready HelmRelease of the tree owns the release now: Flux decides its version. */
function adopted(seen: Snapshot, release: Release): boolean {
  const owner = ownerOf(seen, release);
  return owner !== undefined && condition(owner, 'Ready')?.status === 'True';
}

/** The HelmRelease of the tree that is about this release. */
function ownerOf(seen: Snapshot, release: Release): KubeObject | undefined {
  return known(seen, KINDS.helmReleases).find((object) =>
    (text(spec(object, 'releaseName')) ?? object.metadata.name) === release.name
    && (text(spec(object, 'targetNamespace')) ?? object.metadata.namespace) === release.namespace);
}

const bare = (version: string): string => version.trim().replace(/^v/u, '');
