/**
 * What is inside volumes and databases, and in the object stores outside the clusters. Contents live and die with the disks they are
 * on; the stores are elsewhere and outlive every cluster.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { GitTree } from './types.ts';

/** File or row to its text. */
export type Content = Readonly<Record<string, string>>;
/** `at`: simulated ms of the moment the content is of. */
export interface Snapshot { readonly id: string; readonly at: number; readonly content: Content }
export interface ResticRepository {
  readonly id: string;
  /** Digest of the password it was initialised with. */
  readonly key: string;
  /** Oldest first. */
  snapshots: Snapshot[];
}
/** A base backup and what it holds; times are simulated ms. */
export interface BaseBackup { readonly id: string; readonly name: string; readonly begin: number; readonly end: number; readonly segment: number; readonly content: Content }
/** All below one server name of a destination. */
export interface Archive {
  /** uid of the CloudNativePG Cluster that writes here: another one's archive is never written into. */
  readonly writer: string;
  bases: BaseBackup[];
  /** How far the log reaches, and what is there at its end. */
  wal: { segment: number; until: number; content: Content };
}

/** The copy of a volume that a backup in progress is taken from, by which sync it belongs to (when that began, ms). */
export interface Copy { readonly sync: number; readonly at: number; readonly content: Content }

/** The part of a world's state that is data. */
export interface DataState {
  /** Whether the clusters get the lab's own data sets. */
  on: boolean;
  /** By RESTIC_REPOSITORY. */
  repositories: Record<string, ResticRepository>;
  /** By `endpoint destination/server`. */
  archives: Record<string, Archive>;
  /** Cluster to uid of a claim or a VolumeSnapshot to what is in it. */
  contents: Record<string, Record<string, Content>>;
  /** By uid of the ReplicationSource. */
  copies: Record<string, Copy>;
}
export const noData = (): DataState => ({ on: false, repositories: {}, archives: {}, contents: {}, copies: {} });

/** The data of one cluster, and the stores it shares with the others, as its controllers see them. */
export interface LabData {
  readonly on: boolean;
  readonly repositories: Record<string, ResticRepository>;
  readonly archives: Record<string, Archive>;
  /** By uid of a claim or a VolumeSnapshot. */
  readonly contents: Record<string, Content>;
  readonly copies: Record<string, Copy>;
  /** Something was changed: it is to be saved soon. */
  changed(): void;
  /** Told when `on` changes. */
  onSwitch(listener: () => void): () => void;
}

/** What the clusters of a world are lent of its data. */
export interface WorldData {
  readonly on: boolean;
  of(cluster: string): LabData;
  /** The disks are wiped: what was on them is gone. */
  lose(cluster: string): void;
  switchOn(): void;
}

export function worldData(state: DataState, changed: () => void): WorldData {
  const listeners = new Set<() => void>();
  return {
    get on() { return state.on; },
    of: (cluster) => ({
      get on() { return state.on; },
      repositories: state.repositories, archives: state.archives, copies: state.copies,
      get contents() { return (state.contents[cluster] ??= {}); },
      changed,
      onSwitch(listener) {
        listeners.add(listener);
        return () => { listeners.delete(listener); };
      },
    }),
    lose(cluster) {
      if (state.contents[cluster] === undefined) return;
      delete state.contents[cluster];
      changed();
    },
    switchOn() {
      if (state.on) return;
      state.on = true;
      changed();
      for (const listener of listeners) listener();
    },
  };
}

/** Where the clusters of a lab get its own tree from; served by nobody else. */
export const FIXTURE_URL = 'https://lab.invalid/fixture.git';

/** The lab's own tree, as a Git server would serve it: its files as they are, by a commit that is their digest. */
export function fixtureTree(folder: string): GitTree {
  let known: { readonly commit: string; readonly files: ReadonlyMap<string, string> } | undefined;
  const read = (): NonNullable<typeof known> => {
    if (known !== undefined) return known;
    const files = new Map<string, string>();
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) files.set(relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'), readFileSync(join(entry.parentPath, entry.name), 'utf8'));
    }
    const hash = createHash('sha1');
    for (const [path, text] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) hash.update(`${path}\0${text}\0`);
    // A daemon runs with the files it started with; newer ones come with the next (its build is theirs).
    known = { commit: hash.digest('hex'), files };
    return known;
  };
  return {
    head: () => Promise.resolve({ commit: read().commit, branch: 'main' }),
    files: (_commit, prefix) => Promise.resolve(new Map([...read().files].filter(([path]) => prefix === '' || path.startsWith(`${prefix}/`)))),
  };
}
