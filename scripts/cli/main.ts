import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Site } from '../config/cluster.ts';
import { SITE, type TargetFile } from '../config/target.ts';
import { scaledClock, wallClock } from '../engine/clock.ts';
import { asFailure, EXIT, Failure, toData, type ExitCode } from '../engine/failure.ts';
import type { Taskfile } from '../phases/task.ts';
import { renderFailure } from '../terminal/failure.ts';
import { sink, writeLines } from '../terminal/output.ts';
import { chooseView, colourOf, styleFor } from '../terminal/view.ts';
import type { LabPlace } from '../tools/lab.ts';
import { parseArgs } from './args.ts';
import { readSite, tellProblems, type Environment, type Invocation } from './invocation.ts';
import { resolveTasks, taskNames, type ResolvedTask } from './resolve.ts';
import { runTask } from './run-task.ts';
import { listenForSignals } from './signals.ts';
import { clusterNames, placeProblems, places } from './surroundings.ts';
import { renderUsageProblems, usageProblemsJson } from './usage.ts';

/**
 * Runs what the command line asks for, tasks in the order they stand, stopping at the first that fails.
 * @returns the exit code; never throws for anything a user can cause.
 */
export async function main(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<ExitCode> {
  const { loadEnv } = await import('../config/env.ts');
  const outside = places(environment);
  const misplaced = placeProblems(environment, outside);
  const file = misplaced.length > 0 ? { variables: {}, problems: [] } : loadEnv(outside.root);
  // What the shell says wins over .env: the nearer wish is the stronger.
  const env: Environment = { ...file.variables, ...environment };
  const where = places(env);
  const taskfile: Taskfile = (await import('../../Taskfile.ts')).default;
  const { parsed, problems } = parseArgs(argv, taskNames(taskfile));
  const { tasks, problems: unresolved } = resolveTasks(taskfile, parsed, { clusters: clusterNames(where.root), env });
  sink(process.stdout);
  sink(process.stderr);
  if (file.problems.length > 0) {
    // Its lines are not shown: tokens are kept there too.
    tellProblems(file.problems, () => undefined, { env, json: parsed.flags.json });
    return EXIT.configuration;
  }
  const all = [...problems, ...(misplaced.length > 0 ? misplaced : placeProblems(env, where)), ...(misplaced.length > 0 ? [] : unresolved)];
  if (all.length > 0) {
    if (parsed.flags.json) writeLines(process.stdout, [JSON.stringify(usageProblemsJson(all), null, 2)]);
    writeLines(process.stderr, renderUsageProblems(all, styleFor(process.stderr, env)));
    return EXIT.usage;
  }
  const interruption = listenForSignals(process, (text) => writeLines(process.stderr, ['', text]), (code) => process.exit(code));
  try {
    const invocation: Invocation = { env, places: where, flags: parsed.flags, interruption, typed: argv.filter((word) => !word.startsWith('-')).join(' ') };
    for (const task of tasks) {
      const code = await oneTask(task, invocation, taskfile);
      if (code !== EXIT.done) return code;
    }
    return EXIT.done;
  } finally {
    interruption.dispose();
  }
}

async function oneTask(resolved: ResolvedTask, invocation: Invocation, tasks: Taskfile): Promise<ExitCode> {
  const { flags, env, places: where } = invocation;
  try {
    const optional = resolved.task.configuration === 'optional';
    const early = await wakeEarly(resolved, invocation);
    // Before anything is started: a lab would be made of the very files that may be wrong. Tasks that need no
    // configuration get it when they ask; then its problems are told.
    const written = optional ? undefined : await readSite(where.root, SITE, invocation);
    if (!optional && written === undefined) return EXIT.configuration;
    const target = await targetOf(resolved, invocation, early?.target).catch(async (error: unknown) => {
      // A lab that cannot be made of a configuration with problems: the problems are the answer.
      if (optional && await readSite(where.root, SITE, invocation) === undefined) return undefined;
      throw error;
    });
    if (target === undefined) return EXIT.configuration;
    // A lab's own data sets are part of its configuration: then all of it is judged once more, with them.
    const site: Site | undefined = written === undefined ? undefined : target.recovery === undefined ? { ...written, target } : await readSite(where.root, target, invocation);
    if (written !== undefined && site === undefined) return EXIT.configuration;
    const clock = target.kind === 'lab' ? scaledClock(target.speed) : wallClock();
    return await runTask({ resolved, invocation, target, site, clock, tasks });
  } catch (error) {
    const failure = asFailure(error, resolved.name);
    const style = styleFor(process.stderr, env);
    if (flags.json) writeLines(process.stdout, [JSON.stringify({ task: resolved.name, exit: failure.code, failure: toData(failure) }, null, 2)]);
    writeLines(process.stderr, renderFailure(failure, style, { verbose: flags.verbose }));
    return failure.code;
  }
}

/** Site is the identity. For the lab its daemon is woken (or started) and says where everything answers. */
async function targetOf(resolved: ResolvedTask, invocation: Invocation, early?: Promise<TargetFile>): Promise<TargetFile> {
  if (!inLab(resolved)) return SITE;
  if (resolved.variables['LAB'] === 'real') {
    throw new Failure({
      exit: 'usage', what: 'the real-tools lab is not in this version', because: 'LAB=real was asked for',
      hint: 'leave LAB out: the embedded lab needs nothing but npm',
    });
  }
  const { labData } = await import('../tools/lab.ts');
  const { startWait } = await import('../terminal/wait.ts');
  const wait = startWait('waking the lab', { stream: process.stderr, colour: colourOf(process.stderr, invocation.env), enabled: !invocation.flags.json && chooseView({ mode: invocation.flags.output, stdout: process.stderr, stderr: process.stderr, env: invocation.env }).kind === 'live' });
  try {
    const up = await (early ?? wake(resolved, invocation));
    return resolved.task.labData === true ? await labData(placeOf(invocation)) : up;
  } finally {
    wait.stop();
  }
}

const inLab = (resolved: ResolvedTask): boolean => resolved.variables['TARGET'] === 'lab' && !resolved.name.startsWith('lab:');

function placeOf({ places: where, env, interruption }: Invocation): LabPlace {
  return { programRoot: where.programRoot, root: where.root, taskDir: where.taskDir, env, signal: interruption.signal };
}

async function wake(resolved: ResolvedTask, invocation: Invocation): Promise<TargetFile> {
  const { labUp } = await import('../tools/lab.ts');
  return labUp({ ...placeOf(invocation), speed: Number(resolved.variables['LAB_SPEED'] ?? '60') });
}

/** Turns of the event loop in which the lab's process is started; reading the configuration lets none pass. */
const TURNS = 8;

/**
 * A lab that was made already is woken while the configuration is read: each takes a tenth of a second and more. One that is not there yet
 * would be made of that configuration, and waits until it is known to be good.
 */
async function wakeEarly(resolved: ResolvedTask, invocation: Invocation): Promise<{ readonly target: Promise<TargetFile> } | undefined> {
  if (!inLab(resolved) || resolved.variables['LAB'] === 'real' || !existsSync(join(invocation.places.taskDir, 'lab', 'target.json'))) return undefined;
  const target = wake(resolved, invocation);
  // Told when it is waited for; a configuration with problems is told instead.
  target.catch(() => undefined);
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => { setImmediate(resolve); });
  return { target };
}
