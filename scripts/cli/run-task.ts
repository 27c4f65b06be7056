import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Site } from '../config/cluster.ts';
import { readEarlierRuns, runsWithOpenActs } from '../engine/acts.ts';
import { asFailure, EXIT, Failure, toData, type ExitCode } from '../engine/failure.ts';
import { openJournal, type Journal } from '../engine/journal.ts';
import type { Event } from '../engine/event.ts';
import type { Outcome } from '../engine/outcome.ts';
import type { Step } from '../engine/phase.ts';
import { planOf } from '../engine/plan.ts';
import { runSteps } from '../engine/run.ts';
import { newRunDir, newRunId, pruneRuns, unkeepRun, writeResult } from '../engine/runs.ts';
import { createSink, type Sink } from '../engine/sink.ts';
import type { Snapshot } from '../health/snapshot.types.ts';
import type { Cx } from '../phases/context.ts';
import type { ActionContext, Ended } from '../phases/task.ts';
import { collectDryRun } from '../terminal/dryrun.ts';
import { watchOutcomes, type OutcomeForm } from '../terminal/outcome.ts';
import { createView, styleFor } from '../terminal/view.ts';
import { version } from './fast.ts';
import { answerWith } from './checkpoint.ts';
import { makeContexts, userName } from './compose.ts';
import { collectTimings, estimatesFor } from './estimates.ts';
import { readSite } from './invocation.ts';
import { calm, formOf, rounded, show, withParts } from './last-words.ts';
import { makeLocks } from './locks.ts';
import type { ResolvedTask } from './resolve.ts';
import { openAgain, openStaged } from './staged.ts';
import { chosenClusters, contextsFor, isStagedTask, isStepsTask, type Parts, type RedactorLike, type TaskToRun, type Work } from './run-parts.ts';
import { report, settle } from './staged-ending.ts';
import { createSummary } from './summary.ts';

/** One task from its first event to its exit code: view, journal, lock, work, result. */
export async function runTask(todo: TaskToRun): Promise<ExitCode> {
  const { resolved, invocation, target, site, clock } = todo;
  const { flags, env, places, interruption } = invocation;
  const { makeRedactor } = await import('../tools/redact.ts');
  const redactor = makeRedactor();
  const staged = isStagedTask(resolved.task) ? openStaged({ task: resolved.task, name: resolved.name, clusters: resolved.clusters, variables: resolved.variables, target, taskDir: places.taskDir, dryRun: flags.dryRun }) : undefined;
  const steps = staged?.steps ?? stepsOf(resolved, site);
  const writing = resolved.task.writes && !flags.dryRun;
  const run = writing ? staged?.run ?? newRunDir(places.taskDir) : { id: newRunId(), dir: join(places.taskDir, 'scratch') };
  const began = { clock: clock.now(), wall: Date.now() };

  const events = createSink({ clock, redact: (text) => redactor.redact(text) });
  const timings = collectTimings();
  const summary = createSummary();
  const dry = flags.dryRun ? collectDryRun() : undefined;
  let journal: Journal | undefined;
  const view = createView({
    mode: flags.output, stdout: process.stdout, stderr: process.stderr, document: flags.json,
    shape: steps === undefined || flags.dryRun ? 'answer' : 'steps', verbose: flags.verbose, env,
    estimates: steps === undefined ? {} : estimatesFor(places.taskDir, resolved.name, target),
  });
  const restore = interruption.sayThrough((text) => view.say(text));
  const locks = makeLocks({
    target, clusters: resolved.clusters, who: { user: userName(), task: resolved.name, run: run.id }, clock, emit: events.emit, redactor,
    root: places.root, taskDir: places.taskDir, env, lost: (reason) => interruption.abort(reason),
  });
  const work: Work = { ...run, ...(writing ? { claim: locks.claim } : {}) };
  const parts: Parts = { todo, run: work, events, redactor, view, staged };
  let failure: Failure | undefined;
  let outcome: Outcome | undefined;
  let ended: Ended | undefined;
  let over = true;
  let locked = false;
  try {
    // The journal hears of everything first: what is on the screen is on the disk. One that is gone on with may be another
    // process's at this moment: it is opened when the lock says that it is ours.
    const held: Event[] = [];
    if (writing) {
      if (staged?.goesOn !== true) journal = openJournal(run.dir);
      events.add((event) => (journal === undefined ? void held.push(event) : journal.append(event)));
    }
    for (const listener of [timings.on, summary.on, ...(staged === undefined ? [] : [staged.hear]), ...(dry === undefined ? [] : [dry.on])]) events.add(listener);
    events.add((event) => view.on(event));
    const signal = AbortSignal.any([interruption.signal, events.signal]);
    events.emit(await started(todo, run.id, steps));
    if (writing) {
      await locks.take(signal);
      locked = true;
      journal ??= openAgain(run, staged?.head);
      for (const event of held.splice(0)) journal.append(event);
      // Before anything is done: a journal that was changed does not say which once-only acts are open.
      const { cutOff } = readEarlierRuns(places.taskDir, run.id);
      const torn = staged?.torn === true ? run.id : cutOff;
      if (torn !== undefined) events.emit({ type: 'note', lane: '', step: resolved.name, level: 'info', text: `run ${torn} was cut off in the middle of a line of its journal (a crash, a power cut, a full disk); every whole line of it counts` });
    }
    outcome = steps === undefined
      ? await answerTask(todo, work, events, signal, redactor)
      : await runStepsOf(steps, parts, signal);
  } catch (error) {
    failure = asFailure(error, resolved.name);
  }
  // However well it ended: somebody else had the lock meanwhile, and what they did is to be looked at.
  const { reason } = interruption.signal;
  if (reason instanceof Failure && reason.exit === 'look' && failure?.exit !== 'look') failure = new Failure({ exit: 'look', what: reason.what, because: reason.because, hint: reason.hint, leftBehind: reason.leftBehind, cause: failure ?? reason });
  // What another process is at work on is neither put back nor reported on.
  const settles = staged !== undefined && writing && locked && journal !== undefined;
  if (staged !== undefined && settles) {
    try {
      const settled = await settle(parts, staged, failure);
      over = settled.over;
      if (failure !== undefined) failure = withParts(failure, settled.found ?? []);
    } catch (error) {
      failure ??= asFailure(error, resolved.name);
      over = false;
    }
  }
  const ms = Math.round(clock.now() - began.clock);
  const wallMs = Date.now() - began.wall;
  // While it can still be told what became of them.
  await locks.giveBack();
  const log = journal?.file;
  if (failure !== undefined) failure = rounded(calm(failure, interruption.signal.reason, timings), log);
  let exit: ExitCode = failure?.code ?? EXIT[outcome?.exit ?? 'done'];
  try {
    events.emit({ type: 'run-finished', run: run.id, exit, ms, wallMs, ...(failure === undefined ? {} : { failure: toData(failure) }) });
  } catch (error) {
    // The last line could not be journalled: what was done stands, but nobody may believe the record is whole.
    failure ??= asFailure(error, resolved.name);
    exit = failure.code;
  }
  events.close();
  restore();
  await view.close();
  const head = journal?.head();
  const result = redacted({ run: run.id, task: resolved.name, target: { id: target.id, kind: target.kind, engine: target.engine, speed: target.speed }, exit, ms, wallMs, journal: head, lanes: timings.lanes(), ...(failure === undefined ? {} : { failure: toData(failure) }) }, redactor);
  // Each is tried, whatever became of the others; the first trouble is told when there is none to tell yet.
  const endings = [
    () => journal?.close(),
    ...(writing && over && journal !== undefined ? [() => writeResult(run.dir, result)] : []),
    // A rehearsal that was not let begin is none to be kept.
    ...(staged !== undefined && writing && !locked && !staged.goesOn ? [() => unkeepRun(run.dir)] : []),
    ...(settles ? [async () => { ended = await report(parts, over); }] : []),
    ...locks.local.map((lock) => () => lock.release()), ...(writing ? [() => tidy(places.taskDir)] : []),
  ];
  for (const end of endings) {
    try {
      await end();
    } catch (error) {
      failure ??= rounded(asFailure(error, resolved.name), log);
      exit = failure.code;
    }
  }
  show({ todo, run: run.id, failure, outcome, ended, dry, timings, ms, wallMs, redact: (text) => redactor.redact(text), summarised: view.summarises === true, summary });
  return exit;
}

/** Old runs go only when it is sure that none of them is needed; a journal that was tampered with is told by the next run that reads it. */
function tidy(taskDir: string): void {
  let needed: ReadonlySet<string>;
  try {
    needed = runsWithOpenActs(taskDir);
  } catch (error) {
    if (error instanceof Failure) return;
    throw error;
  }
  pruneRuns(taskDir, needed);
}

function redacted(value: unknown, redactor: RedactorLike): unknown {
  return JSON.parse(redactor.redact(JSON.stringify(value)));
}

/** The task's steps as one lane per chosen cluster, side by side; undefined for a task that answers. */
function stepsOf(resolved: ResolvedTask, site: Site | undefined): readonly Step<Cx, Snapshot>[] | undefined {
  const { task } = resolved;
  if (!isStepsTask(task) || site === undefined) return undefined;
  return [{ kind: 'together', lanes: resolved.clusters.map((lane) => ({ lane, steps: task.steps })) }];
}

async function started(todo: TaskToRun, run: string, steps: readonly Step<Cx, Snapshot>[] | undefined): Promise<Parameters<Sink['emit']>[0]> {
  const { resolved, invocation, target } = todo;
  const { commitOf } = await import('../tools/commit.ts');
  return {
    type: 'run-started', run, task: resolved.name, variables: resolved.variables,
    target: { id: target.id, label: target.label, speed: target.speed, simulated: target.simulated },
    plan: steps === undefined ? [] : planOf(steps), dryRun: invocation.flags.dryRun,
    by: { user: userName(), host: hostname(), pid: process.pid },
    version: version(), commit: resolved.task.writes ? commitOf(invocation.places.root) : 'not asked',
  };
}

async function runStepsOf(steps: readonly Step<Cx, Snapshot>[], parts: Parts, signal: AbortSignal): Promise<Outcome | undefined> {
  const { todo, run, events, view, staged } = parts;
  const { site, clock, invocation, target, resolved } = todo;
  if (site === undefined) return undefined;
  const policyFile = resolved.variables['POLICY'];
  const policy = policyFile === undefined ? undefined : (await import('../config/policy.ts')).readPolicy(policyFile, { task: resolved.name, target: target.kind, now: Date.now() });
  const contexts = await contextsFor(parts, site, signal);
  try {
    if (staged !== undefined && !invocation.flags.dryRun && isStagedTask(resolved.task)) {
      await (await resolved.task.ending()).default.begin({
        contexts: resolved.clusters.map((lane) => contexts.contextFor(lane, 'begin')), run: run.id, runDir: run.dir, site, stages: staged.stages, goesOn: staged.goesOn, from: resolved.variables['FROM'], pastNoReturn: staged.pastNoReturn(),
      });
    }
    await runSteps(steps, {
      contextFor: contexts.contextFor, emit: events.emit, hear: events.add, signal, clock, dryRun: invocation.flags.dryRun, ...(staged === undefined ? {} : { earlier: staged.earlier }),
      answer: answerWith({ invocation, target, run: run.id, view, signal, ...(policy === undefined ? {} : { answers: policy }) }),
    });
  } finally {
    contexts.end();
  }
  return undefined;
}

async function answerTask(todo: TaskToRun, run: Work, events: Sink, signal: AbortSignal, redactor: RedactorLike): Promise<Outcome> {
  const { resolved, invocation, target, clock } = todo;
  const { task } = resolved;
  if (isStepsTask(task) || isStagedTask(task)) throw new Failure({ exit: 'bug', what: `${resolved.name} has steps but no configuration`, hint: 'report this' });
  const action = await task.load();
  const { places, flags, env } = invocation;
  // Read at most once, and only when the task asks for something of it.
  let site = todo.site;
  const known = async (): Promise<Site> => {
    site ??= await readSite(places.root, target, invocation);
    if (site === undefined) throw new Failure({ exit: 'configuration', what: 'the configuration has problems, listed above', hint: 'mend them and run the same command again' });
    return site;
  };
  const form: OutcomeForm = formOf(invocation);
  const loaded = todo.site;
  const contexts = loaded === undefined ? undefined : await makeContexts({
    site: loaded, clusters: chosenClusters(loaded, resolved.clusters), emit: events.emit, signal, clock, dryRun: flags.dryRun, redactor,
    taskDir: places.taskDir, runDir: run.dir, env, variables: resolved.variables, ...(run.claim === undefined ? {} : { claim: run.claim }),
  });
  const cx: ActionContext = {
    site: known,
    clusters: loaded === undefined ? [] : chosenClusters(loaded, resolved.clusters),
    variables: resolved.variables, tasks: todo.tasks,
    flags: { watch: flags.watch, yes: flags.yes, verbose: flags.verbose, dryRun: flags.dryRun },
    target, emit: events.emit, signal, clock, taskDir: places.taskDir, root: places.root, programRoot: places.programRoot, environment: env,
    runDir: run.dir, redactor,
    forCluster: (cluster, step = resolved.name) => {
      if (contexts === undefined) throw new Failure({ exit: 'bug', what: `${resolved.name} asked for a cluster without configuration`, hint: 'report this' });
      return contexts.contextFor(cluster.name, step);
    },
    show: watchOutcomes({ stdout: process.stdout, style: styleFor(process.stdout, env), form }),
  };
  try {
    return await action(cx);
  } finally {
    contexts?.end();
  }
}
