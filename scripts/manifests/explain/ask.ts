import { readReleases } from '../charts/index.ts';
import type { Told } from '../findings/report.ts';
import type { Around } from '../model.types.ts';
import { openTrees, type Question } from '../stable/open.ts';
import { explain } from './explain.ts';
import { findObjects } from './find.ts';
import type { Explanation } from './model.ts';
import { readsOfTemplate } from './values.ts';

export interface ExplainQuestion extends Question {
  readonly object: string;
  readonly field?: string;
  readonly all: boolean;
  /** Given, charts are rendered, and what they make can be asked about. */
  readonly around?: Around;
}

/** What made the objects a name means, in every cluster that has them. Throws Failures (64) for an object or a field there is not. */
export async function askExplain(question: ExplainQuestion): Promise<readonly Explanation[] | { readonly broken: readonly Told[] }> {
  const opened = await openTrees(question);
  if ('broken' in opened) return opened;
  const { around } = question;
  const releases = await readReleases(opened.trees, { around });
  const hits = findObjects(opened.trees.map((tree) => ({ tree, releases: releases.get(tree) ?? [] })), question.object);
  const answers = await Promise.allSettled(hits.map(async (hit) => explain(hit, {
    field: question.field, all: question.all, reads: around === undefined ? undefined : async (each) => readsOfTemplate(each, around),
  })));
  // A field that one of several objects has is the one that was meant.
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (found.length === 0 && failed !== undefined) throw failed.reason;
  return found;
}
