import { meant } from '../../config/words.ts';
import type { Taskfile } from '../task.ts';

/** A command line some document tells to type, and that would be refused. */
export interface Untrue { readonly file: string; readonly line: number; readonly typed: string; readonly message: string; readonly hint: string }

/** Variables every task takes, from the environment too. */
const EVERYWHERE: readonly string[] = ['TARGET', 'LAB', 'LAB_SPEED'];

/**
 * Tasks and variables a text tells to type (`./task NAME VARIABLE=...`, or `task name:of-it`) that do not exist. The word task
 * is also an English one: without `./` a name counts only with a colon in it, or when there is such a task.
 */
export function untrueCommands(file: string, text: string, tasks: Taskfile): readonly Untrue[] {
  const names = new Map(Object.entries(tasks).flatMap(([name, task]) => [name, ...task.aliases ?? [], ...Object.keys(task.fixedAliases ?? {})].map((each) => [each, task] as const)));
  return text.split('\n').flatMap((words, index) => [...words.matchAll(/(?:^|[`\s("'])(\.\/)?task ([a-z][^`\n#]*)/g)].flatMap(([, ours, typed = '']): Untrue[] => {
    const name = typed.trim().split(/\s+/)[0]?.replace(/[.,;:)"'|&>]+$/, '') ?? '';
    if (!/^[a-z][a-z0-9]*(?:[:-][a-z0-9]+)*$/.test(name)) return [];
    if (ours === undefined && !name.includes(':') && !names.has(name)) return [];
    const at = { file, line: index + 1, typed: `task ${name}` };
    const task = names.get(name);
    if (task === undefined) return [{ ...at, message: `there is no task ${name}`, hint: meant(name, names.keys(), './task --list names every task') }];
    const known = [...EVERYWHERE, ...Object.keys(task.variables)];
    return [...typed.matchAll(/(?<![\w$.{-])([A-Z][A-Z_]+)=/g)].flatMap(([, variable = '']): Untrue[] => (
      known.includes(variable) ? [] : [{ ...at, message: `${name} takes no variable ${variable}`, hint: meant(variable, known, `./task ${name} --summary names those it takes`) }]
    ));
  }));
}
