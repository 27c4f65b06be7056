import { placeOf } from '../findings/text.ts';
import type { ClusterDiff, DiffReport, ObjectDiff, Reason, ReleaseDiff, SideName } from './model.ts';
import type { Hunk } from './text.ts';

/** Words that every form of a difference uses. */

/** The same of several clusters, told once. */
export interface Shared<T> { readonly of: T; readonly clusters: readonly string[] }

/** Objects in the order of the clusters they are in; what is the same in several is told once, where it comes first. */
export function sharedObjects(clusters: readonly ClusterDiff[]): readonly Shared<ObjectDiff>[] {
  return shared(clusters, (cluster) => cluster.objects);
}
export function sharedReleases(clusters: readonly ClusterDiff[]): readonly Shared<ReleaseDiff>[] {
  return shared(clusters, (cluster) => cluster.releases);
}

function shared<T>(clusters: readonly ClusterDiff[], list: (cluster: ClusterDiff) => readonly T[]): readonly Shared<T>[] {
  const found = new Map<string, { of: T; clusters: string[] }>();
  for (const cluster of clusters) {
    for (const of of list(cluster)) {
      const key = JSON.stringify(of, changedLines);
      const known = found.get(key);
      if (known === undefined) found.set(key, { of, clusters: [cluster.name] });
      else if (!known.clusters.includes(cluster.name)) known.clusters.push(cluster.name);
    }
  }
  return [...found.values()];
}

/** What stands around a change may differ between clusters: it is the same change all the same. */
function changedLines(key: string, value: unknown): unknown {
  if (key === 'lines' && Array.isArray(value)) return value.filter((line) => typeof line === 'string' && !line.startsWith(' '));
  return key === 'from' || key === 'to' ? undefined : value;
}

export const MARK = { added: '+', removed: '-', changed: '~' } as const;
const DANGER = { data: 'data is lost', outage: 'outage', refused: 'refused' } as const;
export const dangerWord = (kind: keyof typeof DANGER): string => DANGER[kind];

/** `main (4ad1f2c)`. */
export function sideWords({ name, commit }: SideName): string {
  return commit === null || commit.startsWith(name) ? name : `${name} (${commit.slice(0, 7)})`;
}

export function reasonWords(reason: Reason): string {
  const place = placeOf({ file: reason.file, line: reason.line, column: reason.column, length: 1 });
  const what = [...(reason.gone ? ['before'] : []), ...(reason.what === '' ? [] : [reason.what])].join(', ');
  return what === '' ? place : `${place} (${what})`;
}

/** What else is to be known of an object besides its lines. */
export function notesOf(object: ObjectDiff): readonly string[] {
  return [
    ...(object.renamedFrom === null ? [] : [`it was ${object.renamedFrom}: its name follows what it holds`]),
    ...(object.movedFrom === null ? [] : [`applied by ${object.unit}${object.release === null ? '' : ` ${object.release}`} from now on, by ${object.movedFrom} before`]),
    ...(object.fate === null ? [] : [object.fate.is === 'deleted' ? `deleted: ${object.fate.because}` : object.fate.is === 'stays' ? `stays in the cluster: ${object.fate.because}` : `nothing happens yet: ${object.fate.because}`]),
    ...(object.suspended && object.how !== 'removed' ? [`nothing happens yet: Kustomization ${object.unit} is suspended`] : []),
  ];
}

/** `cilium 1.18.3 → 1.18.4`. */
export function chartWords({ before, after }: ReleaseDiff): string {
  const say = (of: NonNullable<ReleaseDiff['before']>): string => [of.chart, of.version].join(' ').trim();
  if (before === null || after === null) return say(after ?? before ?? { chart: '', version: '' });
  if (before.chart === after.chart && before.version === after.version) return say(after);
  return before.chart === after.chart ? `${say(before)} → ${after.version}` : `${say(before)} → ${say(after)}`;
}

export function countWords({ added, changed, removed }: { readonly added: number; readonly changed: number; readonly removed: number }): string {
  const parts = [...(added > 0 ? [`${added} added`] : []), ...(changed > 0 ? [`${changed} changed`] : []), ...(removed > 0 ? [`${removed} removed`] : [])];
  return parts.length === 0 ? 'no object' : parts.join(', ');
}

/** Where in the YAML lines begin. */
export function hunkWords({ at }: Hunk): string {
  return at === '' ? '@@ @@' : `@@ ${at} @@`;
}

/** Nothing applied is otherwise, though files may be. */
export function nothingWords({ files }: Pick<DiffReport, 'files'>): string {
  return files.length === 0 ? 'no file is otherwise' : `${files.length === 1 ? '1 file is' : `${files.length} files are`} otherwise, nothing of what the controllers apply is`;
}
