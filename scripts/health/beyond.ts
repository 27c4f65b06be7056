import type { Finding } from './finding.ts';
import type { Snapshot } from './snapshot.types.ts';
import { itemId, treeOf } from './tree.ts';

/** Clusters this one is meshed with that are not there, and why that is thought. */
export function absentPeers(seen: Snapshot): readonly { readonly name: string; readonly because: string }[] {
  return Object.entries(seen.peers ?? {}).flatMap(([name, answer]) => (answer.is === 'absent' ? [{ name, because: answer.because }] : []));
}

/**
 * What of the tree lives on other clusters through the mesh: the Flux objects below a Kustomization labelled so, and namespaces into which
 * nothing else is released.
 */
function beyond(seen: Snapshot): { readonly objects: ReadonlySet<string>; readonly namespaces: ReadonlySet<string> } {
  const items = treeOf(seen);
  const releases = items.filter(({ kind }) => kind === 'HelmRelease');
  const here = new Set(releases.filter(({ needsMesh }) => !needsMesh).map(({ namespace }) => namespace));
  return {
    objects: new Set(items.filter(({ needsMesh }) => needsMesh).map(itemId)),
    namespaces: new Set(releases.filter(({ needsMesh, namespace }) => needsMesh && !here.has(namespace)).map(({ namespace }) => namespace)),
  };
}

/** The same findings, where what fails for want of another cluster is skipped, saying so: it is not this cluster that is ill. */
export function withoutAbsentPeers(seen: Snapshot, findings: readonly Finding[]): readonly Finding[] {
  const absent = absentPeers(seen);
  if (absent.length === 0 || !findings.some(({ is }) => is === 'fail')) return findings;
  const { objects, namespaces } = beyond(seen);
  const because = `${absent.map(({ name }) => name).join(', ')} ${absent.length === 1 ? 'is' : 'are'} not there, and this needs the mesh`;
  return findings.map((finding): Finding => {
    const namespace = /^\S+ ([^/\s]+)\//u.exec(finding.object)?.[1];
    const elsewhere = objects.has(finding.object) || (namespace !== undefined && namespaces.has(namespace));
    return finding.is === 'fail' && elsewhere ? { is: 'skip', object: finding.object, because } : finding;
  });
}
