import { EXIT } from '../engine/failure.ts';
import type { Step } from '../engine/phase.ts';
import type { Json, Style } from '../engine/outcome.ts';
import type { Task, Taskfile, Variable } from '../phases/task.ts';
import { clean, displayWidth, padEnd, truncate, wrap } from '../terminal/width.ts';
import type { UsageProblem } from './args.ts';
import { aliasesOf, allowedValues, EVERYWHERE } from './resolve.ts';

/** Every task by namespace, name and summary aligned, within the style's width. What `task` alone prints. */
export function renderList(taskfile: Taskfile, style: Style): string[] {
  const names = Object.keys(taskfile);
  const column = Math.min(Math.max(0, ...names.map(displayWidth)), Math.max(12, Math.floor(style.width / 2)));
  const lines = [
    ...wrap('task NAME [VARIABLE=value ...] [flags]', style.width).map((line) => style.bold(line)),
    ...wrap('task help NAME explains one, task --help the flags', style.width).map((line) => style.dim(line)),
  ];
  for (const [space, tasks] of Map.groupBy(names, namespace)) {
    lines.push('', style.bold(space === '' ? 'general' : space));
    for (const name of tasks) {
      const task = taskfile[name];
      if (task === undefined) continue;
      const room = style.width - column - 4;
      const text = listed(task);
      if (room < 16 || displayWidth(name) > column) lines.push(`  ${style.cyan(truncate(name, style.width - 2))}`, ...wrap(text, style.width - 6).map((line) => `      ${line}`));
      else wrap(text, room).forEach((line, index) => lines.push(`  ${style.cyan(padEnd(index === 0 ? name : '', column))}  ${line}`));
    }
  }
  return lines;
}

/** The summary with the variables one must give: that is what a list is read for. */
function listed(task: Task): string {
  const needed = Object.entries(task.variables).filter(([name, variable]) => variable.required === true && task.fixed?.[name] === undefined).map(([name]) => `${name}=`);
  return needed.length === 0 ? task.summary : `${task.summary} (${needed.join(' ')})`;
}

function namespace(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? '' : name.slice(0, colon);
}

/** `--list --json`: one document, a stable shape. */
export function listJson(taskfile: Taskfile): Json {
  return { tasks: Object.entries(taskfile).map(([name, task]) => summaryJson(name, task)) };
}

/** `--summary --json` of one task. */
export function summaryJson(name: string, task: Task): { readonly [key: string]: Json } {
  return {
    name,
    summary: task.summary,
    details: [...(task.details ?? [])],
    aliases: [...aliasesOf(task)],
    variables: Object.entries(task.variables).map(([variable, about]) => ({
      name: variable,
      summary: about.summary,
      required: about.required === true,
      ...(about.default === undefined ? {} : { default: about.default }),
      ...(about.values === undefined ? {} : { values: typeof about.values === 'string' ? about.values : [...about.values] }),
    })),
    fixed: { ...task.fixed },
    writes: task.writes,
    ...('steps' in task ? { steps: flatten(task.steps).map((step) => ({ name: step.name, title: step.title, kind: step.kind })) } : {}),
  };
}

/** Everything about one task: what it does, what it takes, its steps in the order they run, its other names, its exits. */
export function renderSummary(name: string, task: Task, style: Style, clusters: readonly string[] = []): string[] {
  const oneLine = displayWidth(name) + 2 + displayWidth(task.summary) <= style.width;
  const lines = oneLine ? [`${style.bold(name)}  ${task.summary}`] : [style.bold(name), ...wrap(task.summary, style.width - 2).map((line) => `  ${line}`)];
  for (const paragraph of task.details ?? []) lines.push('', ...wrap(paragraph, style.width - 2).map((line) => `  ${line}`));

  const variables = Object.entries({ ...task.variables, ...EVERYWHERE }).filter(([key]) => task.fixed?.[key] === undefined);
  lines.push('', style.bold('variables'));
  for (const [key, value] of Object.entries(task.fixed ?? {})) lines.push(`  ${style.cyan(padEnd(`${key}=${value}`, 14))}  set by the name itself`);
  const column = Math.max(12, ...variables.map(([key]) => key.length));
  for (const [key, variable] of variables) {
    const text = `${variable.summary}${about(variable, clusters)}`;
    wrap(text, style.width - column - 4).forEach((line, index) => lines.push(`  ${style.cyan(padEnd(index === 0 ? key : '', column))}  ${line}`));
  }

  if ('steps' in task) {
    lines.push('', style.bold('steps'));
    const steps = flatten(task.steps);
    const names = Math.max(8, ...steps.map((step) => displayWidth(step.name)));
    steps.forEach((step, index) => {
      const number = String(index + 1).padStart(4);
      const asks = step.kind === 'checkpoint' ? ' (asks first)' : '';
      wrap(`${step.title}${asks}`, style.width - names - 8).forEach((line, row) => lines.push(`${row === 0 ? style.dim(number) : '    '}  ${style.cyan(padEnd(row === 0 ? step.name : '', names))}  ${line}`));
    });
  }
  if (aliasesOf(task).length > 0) lines.push('', style.bold('also called'), ...wrap(aliasesOf(task).join('  '), style.width - 2).map((line) => `  ${line}`));
  lines.push('', style.bold('exit codes'), ...exitLines(task, style));
  return lines;
}

function about(variable: Variable, clusters: readonly string[]): string {
  const parts: string[] = [];
  if (variable.required === true) parts.push('required');
  if (variable.default !== undefined && variable.default !== '') parts.push(`default ${variable.default}`);
  const values = allowedValues(variable, clusters);
  if (values !== undefined && values.length > 0 && (typeof variable.values !== 'string' || clusters.length > 0)) parts.push(`one of ${values.join(', ')}`);
  else if (variable.values === 'clusters') parts.push('any cluster in talos/clusters');
  else if (variable.values === 'clusters|all') parts.push('any cluster in talos/clusters, or all');
  return parts.length === 0 ? '' : ` (${parts.join('; ')})`;
}

interface Listed { readonly name: string; readonly title: string; readonly kind: 'phase' | 'checkpoint' }

/** The steps in the order they begin; lanes of a group one after the other. */
function flatten<C, S>(steps: readonly Step<C, S>[]): Listed[] {
  return steps.flatMap((step): Listed[] => {
    if (step.kind !== 'together') return [{ name: step.name, title: step.title, kind: step.kind }];
    return step.lanes.flatMap((lane) => flatten(lane.steps));
  });
}

const EXITS: readonly (readonly [code: number, meaning: string])[] = [
  [EXIT.done, 'done, healthy, valid'],
  [EXIT.no, 'no: unhealthy, invalid'],
  [EXIT.cannotTell, 'cannot tell'],
  [EXIT.usage, 'the command line is wrong'],
  [EXIT.configuration, 'the configuration is wrong; nothing was changed'],
  [EXIT.toolMissing, 'a tool is missing'],
  [EXIT.bug, 'a fault of this program'],
  [EXIT.rerun, 'failed; safe to run again'],
  [EXIT.look, 'failed; look before running again'],
  [EXIT.refused, 'refused at a checkpoint'],
  [EXIT.interrupted, 'interrupted; stopped safely'],
];
const ANSWERS: ReadonlySet<number> = new Set([EXIT.no, EXIT.cannotTell]);
const WORKS: ReadonlySet<number> = new Set([EXIT.look, EXIT.refused]);

/** The exits this kind of task can have: one of steps works, the other answers. */
function exitLines(task: Task, style: Style): string[] {
  const hidden = 'steps' in task ? ANSWERS : task.writes ? new Set<number>() : WORKS;
  return EXITS.filter(([code]) => !hidden.has(code)).map(([code, meaning]) => truncate(`${String(code).padStart(5)}  ${meaning}`, style.width));
}

const FLAGS: readonly (readonly [flag: string, meaning: string])[] = [
  ['--list, -l', 'every task; with --json as one document'],
  ['--summary', 'explain the named tasks instead of running them'],
  ['--dry-run, -n', 'show every command that would run, change nothing'],
  ['--json', 'one JSON document, the result, on stdout; progress on stderr'],
  ['--output=MODE', 'auto, live, plain (one line per change) or json (one event per line)'],
  ['--watch, -w', 'keep answering until Ctrl-C'],
  ['--yes, -y', 'yes to questions that destroy nothing'],
  ['--confirm=NAME,...', 'consent to what is destructive, by the name one would type'],
  ['--verbose, -v', 'commands, passed checks, and stacks of errors'],
  ['--help, -h', 'this text, or a task explained (task help NAME)'],
  ['--version', 'the version'],
  ['--', 'what follows is no flag'],
  ['completion SHELL', 'prints the completion of bash, zsh or fish: source <(task completion bash)'],
];

/** `task --help`: grammar, flags, variables of every task, exit codes. */
export function renderHelp(style: Style): string[] {
  const rows = (pairs: readonly (readonly [string, string])[]): string[] => {
    const column = Math.max(...pairs.map(([left]) => left.length));
    return pairs.flatMap(([left, right]) => wrap(right, style.width - column - 4).map((line, index) => `  ${style.cyan(padEnd(index === 0 ? left : '', column))}  ${line}`));
  };
  return [
    ...wrap('task NAME ... [VARIABLE=value ...] [flags]', style.width).map((line) => style.bold(line)),
    ...wrap('A word with "=" is a variable, every other word a task; several run in order and stop at the first failure. Running the same command again goes on where it stopped.', style.width - 2).map((line) => `  ${line}`),
    '', style.bold('flags'), ...rows(FLAGS),
    '', style.bold('variables of every task'), ...rows(Object.entries(EVERYWHERE).map(([name, variable]) => [name, `${variable.summary}${about(variable, [])}; also from the environment`])),
    '', style.bold('exit codes'), ...EXITS.map(([code, meaning]) => truncate(`${String(code).padStart(5)}  ${meaning}`, style.width)),
  ];
}

/** Every problem of a command line, each with its way out. Exit 64. */
export function renderUsageProblems(problems: readonly UsageProblem[], style: Style): string[] {
  return problems.flatMap((problem) => [
    ...wrap(clean(problem.message), style.width - 2).map((line, index) => `${index === 0 ? style.red('✖') : ' '} ${line}`),
    ...(problem.hint === undefined ? [] : wrap(clean(problem.hint), style.width - 2).map((line) => `  ${style.cyan(line)}`)),
  ]);
}

/** The same for `--json`. */
export function usageProblemsJson(problems: readonly UsageProblem[]): Json {
  return { exit: 'usage', code: EXIT.usage, problems: problems.map((problem) => ({ ...problem })) };
}
