import { readFileSync } from 'node:fs';
import { EXIT } from '../engine/failure.ts';
import type { Taskfile } from '../phases/task.ts';
import { sink, writeLines, type Output } from '../terminal/output.ts';
import { createStyle, sentenceWidth, wantsColour } from '../terminal/style.ts';
import { parseArgs } from './args.ts';
import { completionScript, isCompletion } from './completion.ts';
import { findTask, taskNames } from './resolve.ts';
import { clusterNames, places } from './surroundings.ts';
import { listJson, renderHelp, renderList, renderSummary, renderUsageProblems, summaryJson, usageProblemsJson } from './usage.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Terminal {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: Environment;
}

/**
 * Answers what needs nothing but the table of contents (`task` alone, --list, --help, help NAME, --summary, --version,
 * completion, a mistyped line) and returns the exit code; undefined means there is real work to do. Kept to a handful
 * of small modules: with everything loaded a list took eight times as long as starting Node.
 */
export function answerFast(argv: readonly string[], taskfile: Taskfile, terminal: Terminal): number | undefined {
  const { stdout, stderr } = terminal;
  const styleOf = (stream: Output) => createStyle({
    colour: wantsColour({ isTTY: stream.isTTY === true, noColor: terminal.env['NO_COLOR'], forceColor: terminal.env['FORCE_COLOR'], ci: terminal.env['CI'], term: terminal.env['TERM'] }),
    width: sentenceWidth(stream.columns),
  });
  // A folder is listed, no file is read: names are enough to say what CLUSTER may be.
  const clusters = (): readonly string[] => clusterNames(places(terminal.env).root);
  if (isCompletion(argv)) {
    writeLines(stdout, completionScript(argv, taskfile, clusters()));
    return EXIT.done;
  }
  const { parsed, problems } = parseArgs(argv, taskNames(taskfile));
  const { flags } = parsed;
  sink(stdout);
  const document = (json: unknown): void => writeLines(stdout, [JSON.stringify(json, null, 2)]);
  const informs = flags.version || flags.list || flags.help || flags.summary || parsed.tasks.length === 0;
  // Words are judged together with the clusters that exist when there is work to do; here only if nothing more is asked.
  if (problems.length > 0 && informs) {
    if (flags.json) document(usageProblemsJson(problems));
    writeLines(stderr, renderUsageProblems(problems, styleOf(stderr)));
    return EXIT.usage;
  }
  if (!informs) return undefined;
  const style = styleOf(stdout);
  if (flags.version) {
    writeLines(stdout, [flags.json ? JSON.stringify({ version: version() }) : version()]);
    return EXIT.done;
  }
  if ((flags.help || flags.summary) && parsed.tasks.length > 0) {
    const found = parsed.tasks.flatMap((typed) => findTask(taskfile, typed) ?? []);
    if (flags.json) document(found.length === 1 && found[0] !== undefined ? summaryJson(found[0].name, found[0].task) : { tasks: found.map(({ name, task }) => summaryJson(name, task)) });
    else writeLines(stdout, found.flatMap(({ name, task }, index) => [...(index === 0 ? [] : ['']), ...renderSummary(name, task, style, clusters())]));
    return EXIT.done;
  }
  if (flags.help) writeLines(stdout, renderHelp(style));
  else if (flags.json) document(listJson(taskfile));
  else writeLines(stdout, renderList(taskfile, style));
  return EXIT.done;
}

/** The version of package.json, its only home. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest && typeof manifest.version === 'string' ? manifest.version : 'unknown';
}
