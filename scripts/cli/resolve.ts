import type { Task, Taskfile, Variable } from '../phases/task.ts';
import type { Parsed, UsageProblem } from './args.ts';
import { didYouMean, lookAlike, short } from './didyoumean.ts';

/** A task as it is going to run: its own name, every variable with its value, the clusters it is about. */
export interface ResolvedTask {
  /** The name in Taskfile.ts; `typed` is what stood on the command line (an alias, perhaps). */
  readonly name: string;
  readonly typed: string;
  readonly task: Task;
  /** Given, fixed and default values, those of every task (TARGET, LAB, LAB_SPEED) included. */
  readonly variables: Readonly<Record<string, string>>;
  /** The clusters CLUSTER chooses, in the order of talos/clusters; none for a task without that variable. */
  readonly clusters: readonly string[];
}

export interface Surroundings {
  /** Names of the clusters that have a file in talos/clusters, in order. */
  readonly clusters: readonly string[];
  /** The environment; only ENVIRONMENT_DEFAULTS are read from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Variables every task takes: where the work goes. Unlike others they may also come from the environment. */
export const EVERYWHERE: Readonly<Record<string, Variable>> = {
  TARGET: { summary: 'the machines of talos/clusters, or simulated ones', values: ['site', 'lab'], default: 'site' },
  LAB: { summary: 'which engine plays the lab', values: ['embedded', 'real'], default: 'embedded' },
  LAB_SPEED: { summary: 'simulated seconds per second of the wall', default: '60' },
};
export const ENVIRONMENT_DEFAULTS: readonly string[] = Object.keys(EVERYWHERE);

/** Every name a task answers to: names and aliases. */
export function taskNames(taskfile: Taskfile): string[] {
  return [...Object.keys(taskfile), ...Object.values(taskfile).flatMap(aliasesOf)];
}

/** Every other name of a task. */
export function aliasesOf(task: Task): readonly string[] {
  return [...(task.aliases ?? []), ...Object.keys(task.fixedAliases ?? {})];
}

/** The task a name or an alias stands for; what an alias fixes is fixed in it. */
export function findTask(taskfile: Taskfile, typed: string): { readonly name: string; readonly task: Task } | undefined {
  const own = Object.hasOwn(taskfile, typed) ? taskfile[typed] : undefined;
  if (own !== undefined) return { name: typed, task: own };
  for (const [name, task] of Object.entries(taskfile)) {
    if (task.aliases?.includes(typed) === true) return { name, task };
    const fixed = Object.hasOwn(task.fixedAliases ?? {}, typed) ? task.fixedAliases?.[typed] : undefined;
    if (fixed !== undefined) return { name, task: { ...task, fixed: { ...task.fixed, ...fixed } } };
  }
  return undefined;
}

/**
 * Turns what was parsed into tasks ready to run, or says everything that is wrong with it: unknown variables, values
 * that are not allowed, variables that are missing or fixed by the task's name, clusters that do not exist.
 */
export function resolveTasks(taskfile: Taskfile, parsed: Parsed, around: Surroundings): { readonly tasks: readonly ResolvedTask[]; readonly problems: readonly UsageProblem[] } {
  const problems = new Map<string, UsageProblem>();
  const complain = (word: string, message: string, hint?: string): void => {
    // Several tasks on one line share their variables: the same complaint once is enough.
    problems.set(`${word}\0${message}`, hint === undefined ? { word, message } : { word, message, hint });
  };
  const found = parsed.tasks.flatMap((typed) => {
    const match = findTask(taskfile, typed);
    return match === undefined ? [] : [{ typed, ...match }];
  });

  const known = new Set([...ENVIRONMENT_DEFAULTS, ...found.flatMap(({ task }) => Object.keys(task.variables).concat(Object.keys(task.fixed ?? {})))]);
  const meant = new Set<string>();
  for (const [name, value] of Object.entries(parsed.variables)) {
    if (known.has(name) || found.length === 0) continue;
    const near = didYouMean(name, [...known]);
    if (near !== undefined) meant.add(near);
    const of = found.map((each) => each.typed).join(' and ');
    complain(`${name}=${value}`, `${of} takes no variable ${short(name)}`, near === undefined ? `it takes ${[...known].join(', ')}` : `did you mean ${near}=${short(value)}?`);
  }
  const tasks = found.map(({ typed, name, task }) => resolveOne(typed, name, task, parsed, around, meant, complain));
  return { tasks, problems: [...problems.values()] };
}

type Complain = (word: string, message: string, hint?: string) => void;

function resolveOne(typed: string, name: string, task: Task, parsed: Parsed, around: Surroundings, meant: ReadonlySet<string>, complain: Complain): ResolvedTask {
  const variables: Record<string, string> = {};
  const declared: Readonly<Record<string, Variable>> = { ...EVERYWHERE, ...task.variables };
  for (const [key, value] of Object.entries(task.fixed ?? {})) {
    const given = own(parsed.variables, key);
    if (given !== undefined && given !== value) complain(`${key}=${given}`, `${typed} is always for ${key}=${value}`, `leave ${key} out, or name the task that takes it`);
    variables[key] = value;
  }
  for (const [key, variable] of Object.entries(declared)) {
    if (variables[key] !== undefined) continue;
    const given = own(parsed.variables, key);
    const fromEnvironment = ENVIRONMENT_DEFAULTS.includes(key) ? nonEmpty(around.env[key]) : undefined;
    const value = given ?? fromEnvironment ?? variable.default;
    if (value === undefined || (value === '' && variable.required === true)) {
      // Misspelt above, it was not forgotten: one slip is told once.
      if (variable.required === true && !meant.has(key)) complain(value === undefined ? '' : `${key}=`, `${typed} needs ${key}`, neededHint(typed, key, variable, around.clusters));
      continue;
    }
    const word = `${key}=${value}`;
    const source = given === undefined && fromEnvironment !== undefined ? ' (from the environment)' : '';
    if (!isAllowed(value, variable, around.clusters)) {
      const { message, hint } = notAllowed(typed, key, value, variable, around.clusters);
      complain(word, `${message}${source}`, hint);
    } else if (key === 'LAB_SPEED' && !isSpeed(value)) {
      complain(word, `LAB_SPEED must be a number above 0, at most ${FASTEST}, not ${short(value)}${source}`, 'for example LAB_SPEED=60: a simulated minute per second');
    } else if (value === '' && given !== undefined) {
      complain(word, `${key} is given without a value`, `leave ${key} out, or say ${variable.summary}`);
    }
    variables[key] = value;
  }
  return { name, typed, task, variables, clusters: chosen(variables['CLUSTER'], declared['CLUSTER'], task, around.clusters) };
}

/** Beyond this the work between two looks takes longer, on the lab's clock, than anything the lab simulates. */
const FASTEST = 10_000;
function isSpeed(value: string): boolean {
  return /^\d{1,6}(?:\.\d{1,6})?$/.test(value) && Number(value) > 0 && Number(value) <= FASTEST;
}

/** Own properties only: a variable called `constructor` is not Object's. */
function own(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}

/** The values a variable may have, spelled out; undefined when anything goes. */
export function allowedValues(variable: Variable, clusters: readonly string[]): readonly string[] | undefined {
  if (variable.values === 'clusters') return clusters;
  if (variable.values === 'clusters|all') return [...clusters, 'all'];
  return variable.values;
}

function isAllowed(value: string, variable: Variable, clusters: readonly string[]): boolean {
  return allowedValues(variable, clusters)?.includes(value) ?? true;
}

function notAllowed(typed: string, key: string, value: string, variable: Variable, clusters: readonly string[]): { readonly message: string; readonly hint: string } {
  const allowed = allowedValues(variable, clusters) ?? [];
  const near = didYouMean(value, allowed);
  const meant = near === undefined ? '' : `did you mean ${key}=${near}? `;
  if (typeof variable.values !== 'string') return { message: `${key} cannot be "${short(value)}"`, hint: `${meant}${key} is one of ${allowed.join(', ')}` };
  if (value === 'all') return { message: `${typed} works on one cluster at a time`, hint: `${key}=${clusters.join(` or ${key}=`)}` };
  const seen = lookAlike(value);
  if (clusters.length === 0) return { message: `there is no cluster "${short(value)}"`, hint: 'no cluster has a file in talos/clusters yet' };
  return { message: `there is no cluster "${short(value)}"${seen === undefined ? '' : ` (${seen})`}`, hint: `${meant}there is ${clusters.join(', ')}${variable.values === 'clusters|all' ? '; all means every one' : ''} (talos/clusters)` };
}

function neededHint(typed: string, key: string, variable: Variable, clusters: readonly string[]): string {
  const allowed = allowedValues(variable, clusters);
  const example = `task ${typed} ${key}=${allowed?.[0] ?? '...'}`;
  return allowed === undefined || allowed.length === 0 ? `${variable.summary}: ${example}` : `one of ${allowed.join(', ')}: ${example}`;
}

function chosen(value: string | undefined, variable: Variable | undefined, task: Task, clusters: readonly string[]): readonly string[] {
  if (value === undefined) return [];
  if (variable === undefined && task.fixed?.['CLUSTER'] === undefined) return [];
  if (value === 'all' && variable?.values !== 'clusters') return clusters;
  return clusters.filter((cluster) => cluster === value);
}
