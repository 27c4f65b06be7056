import type { Site } from '../config/cluster.ts';
import type { Problem } from '../config/problem.ts';
import type { TargetFile } from '../config/target.ts';
import { writeLines } from '../terminal/output.ts';
import { styleFor } from '../terminal/view.ts';
import type { Flags } from './args.ts';
import { problemsJson, renderProblems, type SourceLine } from './problems.ts';
import type { Interruption } from './signals.ts';
import type { Places } from './surroundings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Everything about one invocation that does not change from task to task. */
export interface Invocation {
  readonly env: Environment;
  readonly places: Places;
  readonly flags: Flags;
  readonly interruption: Interruption;
  /** The task and variables as typed, for hints that repeat them. */
  readonly typed: string;
}

/** The configuration, or undefined after all its problems have been shown. */
export async function readSite(root: string, target: TargetFile, invocation: Invocation): Promise<Site | undefined> {
  const { loadSite, sourceLine } = await import('../config/load.ts');
  const loaded = loadSite(root, target, invocation.places.taskDir);
  if ('site' in loaded) return loaded.site;
  tellProblems(loaded.problems, (file, line) => sourceLine(root, file, line), { env: invocation.env, json: invocation.flags.json });
  return undefined;
}

/** All problems, for people on stderr and as a document on stdout. `source` gives the line under a problem; none for files whose lines are not to be shown. */
export function tellProblems(problems: readonly Problem[], source: SourceLine, how: { readonly env: Environment; readonly json: boolean }): void {
  if (how.json) writeLines(process.stdout, [JSON.stringify(problemsJson(problems), null, 2)]);
  writeLines(process.stderr, renderProblems(problems, source, styleFor(process.stderr, how.env)));
}
