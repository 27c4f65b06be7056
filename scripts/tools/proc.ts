import type { Cluster } from '../config/cluster.ts';
import type { TargetFile } from '../config/target.ts';
import { Failure } from '../engine/failure.ts';
import type { ExitName } from '../engine/failure.ts';
import { commandLine, lastWords } from './command-line.ts';
import type { Command, CommandResult, Proc, Scope } from './doors.ts';
import { childEnvironment, findTool, inherited, installHint } from './environment.ts';
import type { Emit } from '../engine/event.ts';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { clusterFiles } from './files.ts';
import { gate } from './gate.ts';

/** Wall ms between TERM and KILL: talosctl answers the first TERM with "press Ctrl+C once again". */
const GRACE_MS = 2_000;
/** Wall ms after KILL until a child that left its group (and still holds our pipes) is given up. */
const GIVE_UP_MS = 2_000;
/** Characters of stderr that are looked at for an error: the end of it, where the reason is. */
const STDERR_LIMIT = 1_048_576;

/** A child process that did not do its work. `stderr` is redacted and holds the end of what it said. */
export class ToolFailure extends Failure {
  readonly tool: string;
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly stdout: string;

  constructor(parts: { readonly exit: ExitName; readonly what: string; readonly because?: string | undefined; readonly hint?: string | undefined; readonly tool: string; readonly exitCode: number | null; readonly stderr: string; readonly stdout: string }) {
    super(parts);
    this.name = 'ToolFailure';
    this.tool = parts.tool;
    this.exitCode = parts.exitCode;
    this.stderr = parts.stderr;
    this.stdout = parts.stdout;
  }
}

/** The part of a Scope that running a child needs. */
export type ProcScope = Omit<Scope, 'site' | 'clock'> & { readonly site: { readonly target: TargetFile } };

/**
 * Runs child processes for one scope: argv arrays only, own process group, a deadline of its own, the target's folder first on
 * PATH, no ambient cluster. With a cluster, KUBECONFIG and TALOSCONFIG are that cluster's files, else /dev/null.
 */
export function makeProc(scope: ProcScope, cluster?: Pick<Cluster, 'name'>): Proc {
  const files = cluster === undefined ? undefined : clusterFiles(scope.taskDir, scope.site.target, cluster.name);
  return {
    async run(command) {
      // Hidden word by word before quoting: a quoted quote inside a secret would no longer look like it.
      const line = commandLine(command.tool, command.argv.map((word) => scope.redactor.redact(word)));
      const fed = command.stdin === undefined ? '' : command.stdin === '' ? ' # standard input: made when it is really run, then not shown' : ` # standard input: ${Buffer.byteLength(command.stdin)} bytes, not shown`;
      if (gate(scope, command.effect, line + fed) === 'would-run') return { stdout: '', stderr: '', exitCode: 0 };
      if (scope.signal.aborted) throw interrupted(command.tool, scope.signal.reason);
      const env = childEnvironment({
        tool: command.tool,
        inherit: scope.env ?? inherited(),
        target: scope.site.target,
        kubeconfig: there(files?.kubeconfigDial),
        talosconfig: there(files?.talosconfig),
        extra: command.env,
      });
      const file = findTool(command.tool, env['PATH'] ?? '');
      if (file === undefined) throw missing(command.tool);
      const ended = await spawn(command, file, env, scope.signal);
      scope.emit({
        type: 'command-ran', lane: scope.lane, step: scope.step, tool: command.tool,
        argv: command.argv.map((word) => scope.redactor.redact(word)), effect: command.effect, exitCode: ended.exitCode, wallMs: ended.wallMs, ...outputOf(command, ended, (text) => scope.redactor.redact(text)),
      });
      const answer = withoutWarnings(ended.stdout, command.tool);
      tellWarnings(scope, command.tool, answer.warnings);
      return judge(command, line, { ...ended, stdout: answer.text }, scope);
    },
  };
}

/**
 * What is kept as evidence of a command: the end of what it said, where it changes something or failed. An answer that is read may be a secret
 * nobody knows yet, so of a question that failed only its complaint is kept. Pure.
 */
export function outputOf(command: Pick<Command, 'effect' | 'ok'>, ended: Pick<Ended, 'exitCode' | 'stdout' | 'stderr'>, hide: (text: string) => string): { readonly said?: string } {
  const well = ended.exitCode !== null && (command.ok ?? [0]).includes(ended.exitCode);
  if (command.effect !== 'write' && well) return {};
  const text = [command.effect === 'write' ? ended.stdout : '', ended.stderr].map((part) => hide(part).replaceAll(KEY, '[redacted key]').trimEnd()).filter((part) => part !== '').join('\n');
  if (text === '') return {};
  return { said: text.length <= SAID_LIMIT ? text : `... ${text.slice(-SAID_LIMIT)}` };
}
/** Characters of a tool's output that are kept with the run. */
const SAID_LIMIT = 4_000;
const KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----[^-]*(?:-----END [^-]*-----)?/g;

function there(file: string | undefined): string | undefined {
  return file !== undefined && existsSync(file) ? file : undefined;
}

interface Ended { readonly exitCode: number | null; readonly signal: string | null; readonly stdout: string; readonly stderr: string; readonly wallMs: number; readonly stopped: 'deadline' | 'interrupted' | undefined }

/** The reader in front of the tool failed: 141 is the tool having closed its end early, which is the tool's business. */
const AS_FILE = 'r=("${PIPESTATUS[@]}"); if [ "${r[0]}" -ne 0 ] && [ "${r[0]}" -ne 141 ]; then exit 74; fi; exit "${r[1]}"';

async function spawn(command: Command, file: string, env: Record<string, string>, signal: AbortSignal): Promise<Ended> {
  const bash = findTool('bash', env['PATH'] ?? '');
  const cat = command.stdinAsFile === true ? findTool('cat', env['PATH'] ?? '') : undefined;
  if (bash === undefined) throw missing('bash');
  if (command.stdinAsFile === true && cat === undefined) throw missing('cat');
  // zx reads ZX_* when it is loaded; every option it would take from there is set here, so none has an effect.
  const { $ } = await import('zx/core');
  const shell = $({
    shell: bash, prefix: '', postfix: cat === undefined ? '' : `; ${AS_FILE}`, quiet: true, verbose: false, nothrow: true,
    detached: true, preferLocal: false, timeout: 0, timeoutSignal: 'SIGTERM', killSignal: 'SIGTERM',
    cwd: command.cwd ?? '/', env, stdio: ['pipe', 'pipe', 'pipe'],
  });
  const words = [file, ...command.argv];
  const started = performance.now();
  const child = cat === undefined ? shell`${words}` : shell`${cat} | ${words}`;
  const group = child.pid;
  // A tool may end, or close its end, before it has read everything (EPIPE); its exit code says whether that was right.
  child.stdin.on('error', () => undefined);
  child.stdin.end(command.stdin ?? '');

  let stopped: Ended['stopped'];
  const timers: NodeJS.Timeout[] = [];
  let giveUp: (() => void) | undefined;
  const given = new Promise<'given up'>((resolve) => { giveUp = () => resolve('given up'); });
  // A second Ctrl-C ends this process at once: what was told to end and has not must not outlive it.
  const outlived = (): void => signalGroup(group, 'SIGKILL');
  const stop = (why: 'deadline' | 'interrupted'): void => {
    if (stopped !== undefined) return;
    stopped = why;
    signalGroup(group, 'SIGTERM');
    process.once('exit', outlived);
    timers.push(setTimeout(() => {
      signalGroup(group, 'SIGKILL');
      timers.push(setTimeout(() => giveUp?.(), GIVE_UP_MS));
    }, GRACE_MS));
  };
  // A listener that fails (its event could not be journalled) must end neither the process nor silently: the tool is stopped, then it is thrown.
  let deaf: { readonly error: unknown } | undefined;
  const hear = (line: string): void => {
    if (deaf !== undefined) return;
    try {
      command.heard?.(line);
    } catch (error) {
      deaf = { error };
      stop('interrupted');
    }
  };
  if (command.heard !== undefined) for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear);
  const onAbort = (): void => stop('interrupted');
  timers.push(setTimeout(() => stop('deadline'), command.timeoutMs));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    const out = await Promise.race([child, given]);
    const wallMs = Math.round(performance.now() - started);
    // A group that was told to end may have members left that do not hold our pipes.
    if (stopped !== undefined) signalGroup(group, 'SIGKILL');
    if (deaf !== undefined) throw deaf.error;
    if (out === 'given up') return { exitCode: null, signal: 'SIGKILL', stdout: '', stderr: '', wallMs, stopped };
    return { exitCode: out.exitCode, signal: out.signal, stdout: out.stdout, stderr: out.stderr.slice(-STDERR_LIMIT), wallMs, stopped };
  } finally {
    for (const timer of timers) clearTimeout(timer);
    process.removeListener('exit', outlived);
    signal.removeEventListener('abort', onAbort);
  }
}

function signalGroup(group: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch (error) {
    // ESRCH: the whole group has ended in the meantime, which is what was wanted.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** How tools and their libraries write a warning that is no part of an answer: by hand, as klog, as logrus. */
const WARNING = /^(?:\[?(?:WARN|WARNING|NOTICE|DEPRECATED|DEPRECATION)\]?(?::|\s)|[IWE]\d{4} \d\d:\d\d:\d\d|time=\S+ level=(?:info|warning)\b)/i;

/**
 * An answer without the warnings some tools print in front of it on the same stream. Only lines that look like one go, and only from the
 * beginning: what follows the first other line is the answer, byte for byte. A secret may look like anything, so op's output is its own. Pure.
 */
export function withoutWarnings(stdout: string, tool: string): { readonly text: string; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  let text = stdout;
  while (tool !== 'op' && WARNING.test(text)) {
    const end = text.indexOf('\n');
    warnings.push(end === -1 ? text : text.slice(0, end));
    text = end === -1 ? '' : text.slice(end + 1);
  }
  return { text, warnings };
}

const told = new WeakMap<Emit, Set<string>>();

/** Says once per run what was left out of answers. */
function tellWarnings(scope: ProcScope, tool: string, warnings: readonly string[]): void {
  if (warnings.length === 0) return;
  const known = told.get(scope.emit) ?? new Set();
  told.set(scope.emit, known);
  if (known.has(tool)) return;
  known.add(tool);
  scope.emit({ type: 'note', lane: scope.lane, step: scope.step, level: 'warn', text: `${tool} prints warnings in front of its answers: ${lastWords(warnings.join('\n'), 3, 300)}` });
}

function judge(command: Command, line: string, ended: Ended, scope: ProcScope): CommandResult {
  const hide = (text: string): string => scope.redactor.redact(text);
  if (ended.stopped === 'interrupted') throw interrupted(command.tool, scope.signal.reason);
  const said = lastWords(hide(ended.stderr));
  const common = { tool: command.tool, exitCode: ended.exitCode, stderr: hide(ended.stderr), stdout: hide(ended.stdout.slice(-STDERR_LIMIT)) };
  if (ended.stopped === 'deadline') {
    throw new ToolFailure({ ...common, exit: 'rerun', what: `${hide(shorten(line))} did not end within its deadline of ${seconds(command.timeoutMs)}`, because: said === '' ? `it was stopped after ${seconds(ended.wallMs)} and had said nothing` : `it was stopped after ${seconds(ended.wallMs)}; last it said: ${said}` });
  }
  if (ended.exitCode !== null && (command.ok ?? [0]).includes(ended.exitCode)) return { stdout: ended.stdout, stderr: ended.stderr, exitCode: ended.exitCode };
  // bash's own words for a file it could not start: another processor's, or one whose interpreter is gone.
  const unstartable = (ended.exitCode === 126 || ended.exitCode === 127) && /cannot execute|bad interpreter|Exec format error|No such file or directory|Permission denied/i.test(said);
  if (unstartable) throw new ToolFailure({ ...common, exit: 'toolMissing', what: `${command.tool} cannot be started`, because: said, hint: installHint(command.tool) });
  const how = ended.exitCode === null ? `was ended by ${ended.signal ?? 'an unknown signal'}` : `ended with exit code ${ended.exitCode}`;
  const usage = /unknown (?:shorthand )?(?:flag|command)|flag provided but not defined|unknown subcommand/i.test(said);
  throw new ToolFailure({
    ...common,
    exit: usage ? 'bug' : 'rerun',
    what: `${hide(shorten(line))} ${how}`,
    because: said === '' ? lastWords(hide(ended.stdout)) || 'it said nothing' : said,
    hint: usage ? `this program and ${command.tool} do not speak the same language: task tools:check` : undefined,
  });
}

/** A command line for the head of an error; the whole one is in the command-ran event. */
function shorten(line: string): string {
  return line.length <= 160 ? line : `${line.slice(0, 157)}...`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

/** Why a run ends is told by who ended it: a lock that was lost (76) is no interruption by its user. */
function interrupted(tool: string, reason: unknown): Failure {
  if (reason instanceof Failure && reason.exit !== 'interrupted') return reason;
  return new Failure({ exit: 'interrupted', what: `${tool} was stopped`, because: 'the run was interrupted' });
}

function missing(tool: string): Failure {
  return new Failure({ exit: 'toolMissing', what: `${tool} is not on PATH`, hint: installHint(tool) });
}
