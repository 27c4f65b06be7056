import { clusterDiff } from '../../../scripts/manifests/diff/compute.ts';
import type { ClusterDiff, ObjectDiff } from '../../../scripts/manifests/diff/model.ts';
import { reasonWords } from '../../../scripts/manifests/diff/words.ts';
import type { Release, Tree } from '../../../scripts/manifests/model.types.ts';
import { releasesOf } from '../../../scripts/manifests/stable/releases.ts';
import { tree, type Files } from '../stable/rig.ts';

type Charts = (of: Tree) => readonly Release[];

/** What two states of the same files mean for their one cluster. */
export async function diffOf(before: Files, after: Files, charts?: Charts): Promise<ClusterDiff> {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((file) => before[file] !== after[file]);
  const [old, now] = await Promise.all([tree(before), tree(after)]);
  const releases = charts ?? await releasesOf([old, now], undefined);
  return clusterDiff({ tree: old, releases: releases(old) }, { tree: now, releases: releases(now) }, new Set(changed));
}

/** `+ Kind ns/name`, each with what is dangerous. */
export const told = ({ objects }: ClusterDiff): readonly string[] => objects.map((object) => `${{ added: '+', removed: '-', changed: '~' }[object.how]} ${object.id}`);
export const dangers = ({ objects }: ClusterDiff): readonly string[] => objects.flatMap((object) => object.dangers.map((danger) => `${danger.kind} ${object.id}: ${danger.says}`));
export const fates = ({ objects }: ClusterDiff): readonly string[] => objects.flatMap((object) => (object.fate === null ? [] : [`${object.id} ${object.fate.is}: ${object.fate.because}`]));
export const why = (object: ObjectDiff | undefined): readonly string[] => (object?.why ?? []).map(reasonWords);
