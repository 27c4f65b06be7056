import { Failure } from '../../engine/failure.ts';
import type { GitTree } from '../../tools/git-tree.ts';
import type { Told } from '../findings/report.ts';
import type { Around } from '../model.types.ts';
import { brokenTold, openTrees, type Question } from '../stable/open.ts';
import { releasesOf } from '../stable/releases.ts';
import { clusterDiff, type Side } from './compute.ts';
import type { DiffReport, SideName } from './model.ts';

export interface DiffQuestion extends Omit<Question, 'overlay'> {
  /** What it is compared with: any name of a commit; `main...` is where the head left main. */
  readonly base: string;
  /** A name of a commit; undefined: the working tree. */
  readonly head: string | undefined;
  readonly git: GitTree;
  /** Given, charts are rendered on both sides. */
  readonly around?: Around;
}

/** What a change means for what the controllers apply, or why the settings of a side cannot be used. */
export async function askDiff(question: DiffQuestion): Promise<DiffReport | { readonly broken: readonly Told[]; readonly side: string }> {
  const { base, head, overlays } = await sidesOf(question);
  const [before, after] = overlays;
  const files = changedFiles(before, after);
  const empty: DiffReport = { base, head, files, clusters: [], broken: [], rendered: question.around !== undefined };
  if (files.length === 0) return empty;
  const old = await side(question, before, true);
  if ('broken' in old) return { broken: old.broken, side: base.name };
  const now = await side(question, after, false);
  if ('broken' in now) return { broken: now.broken, side: head.name };
  const names = [...new Set([...now.sides.map(({ tree }) => tree.name), ...old.sides.map(({ tree }) => tree.name)])];
  const find = (sides: readonly Side[], name: string): Side | undefined => sides.find(({ tree }) => tree.name === name);
  const changed = new Set(files);
  return {
    ...empty, clusters: names.map((name) => clusterDiff(find(old.sides, name), find(now.sides, name), changed)),
    broken: [{ side: base.name, findings: brokenTold(old.sides.map(({ tree }) => tree)) }, { side: head.name, findings: brokenTold(now.sides.map(({ tree }) => tree)) }].filter(({ findings }) => findings.length > 0),
  };
}

type Overlay = ReadonlyMap<string, string | null>;

async function sidesOf({ base, head, git }: DiffQuestion): Promise<{ readonly base: SideName; readonly head: SideName; readonly overlays: readonly [Overlay, Overlay] }> {
  const since = base.endsWith('...') ? base.slice(0, -3) : undefined;
  const [named, to] = await Promise.all([git.commit(since ?? base), head === undefined ? undefined : git.commit(head)]);
  const from = since === undefined ? named : await git.mergeBase(named, to ?? await git.commit('HEAD'));
  const [before, after] = await Promise.all([git.laid(from), to === undefined ? new Map<string, string | null>() : git.laid(to)]);
  return { base: { name: base, commit: from }, head: { name: head ?? 'the working tree', commit: to ?? null }, overlays: [before, after] };
}

/** Each overlay says what is otherwise than in the working tree; what one does not say is as it is there. */
function changedFiles(before: Overlay, after: Overlay): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((file) => !(before.has(file) && after.has(file) && before.get(file) === after.get(file))).toSorted();
}

async function side(question: DiffQuestion, overlay: Overlay, older: boolean): Promise<{ readonly sides: readonly Side[] } | { readonly broken: readonly Told[] }> {
  const opened = await openTrees({ ...question, overlay }).catch((error: unknown) => {
    // A cluster that came with the change was not there before; one that is nowhere is told by the newer side.
    if (older && error instanceof Failure && error.exit === 'usage') return undefined;
    throw error;
  });
  if (opened === undefined) return { sides: [] };
  if ('broken' in opened) return opened;
  const there = opened.trees.filter((tree) => !older || opened.texts.kind(tree.entry) === 'directory');
  const releases = await releasesOf(there, question.around);
  return { sides: there.map((tree) => ({ tree, releases: releases(tree) })) };
}
