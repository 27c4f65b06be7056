import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROGRAM = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly wallMs: number;
}

/** A world of its own: scratch folder, home, task folder; one lab daemon is shared by all test files (LAB_SOCKET). */
export interface Rig {
  readonly dir: string;
  readonly taskDir: string;
  readonly env: NodeJS.ProcessEnv;
  /** Runs `./task WORDS` to its end. stdin is closed. */
  task(...words: string[]): Promise<Ran>;
  /** Starts it and hands out the process; for tests that kill it. */
  start(...words: string[]): ChildProcess;
  /** The same world, with other variables in the environment of the program. */
  with(env: NodeJS.ProcessEnv): Pick<Rig, 'task' | 'start'>;
  /** Runs `lab/bin/lab WORDS --json` and parses what it prints. */
  lab(...words: string[]): Promise<unknown>;
  /** What the lab's log holds since `seq`. */
  log(since?: number): Promise<readonly LogLine[]>;
  dispose(): Promise<void>;
}

export interface LogLine { readonly seq: number; readonly cluster: string; readonly kind: string; readonly by: string; readonly verb: string; readonly object: string; readonly write: boolean; readonly result: string }

/** Fast enough that simulated minutes are seconds, slow enough that two cores keep up with it. */
const SPEED = '60';

export function makeRig(options: { readonly root?: string; readonly speed?: string; readonly env?: NodeJS.ProcessEnv } = {}): Rig {
  const dir = mkdtempSync(join(tmpdir(), 'task-rig-'));
  const taskDir = join(dir, 'task');
  const home = join(dir, 'home');
  mkdirSync(home, { mode: 0o700 });
  const env: NodeJS.ProcessEnv = {
    PATH: process.env['PATH'], LANG: 'C.UTF-8', NO_COLOR: '1', CI: 'true',
    HOME: home, KUBECONFIG: join(home, 'no-kubeconfig'), TALOSCONFIG: join(home, 'no-talosconfig'),
    TASK_DIR: taskDir, LAB_SPEED: options.speed ?? SPEED,
    ...(process.env['LAB_SOCKET'] === undefined ? {} : { LAB_SOCKET: process.env['LAB_SOCKET'] }),
    // Any test of tasks can be run with the real one: LAB_TALOSCTL=... ./task test ONLY=tasks/...
    ...(process.env['LAB_TALOSCTL'] === undefined ? {} : { LAB_TALOSCTL: process.env['LAB_TALOSCTL'] }),
    ...(options.root === undefined ? {} : { TASK_ROOT: options.root }),
    ...options.env,
  };
  const starting = (own: NodeJS.ProcessEnv) => (...words: string[]): ChildProcess => spawn(join(PROGRAM, 'task'), words, { cwd: dir, env: own, stdio: ['ignore', 'pipe', 'pipe'] });
  const start = starting(env);
  const rig: Rig = {
    dir, taskDir, env, start,
    task: async (...words) => finish(start(...words)),
    with(more) {
      const other = starting({ ...env, ...more });
      return { start: other, task: async (...words) => finish(other(...words)) };
    },
    async lab(...words) {
      const ran = await finish(spawn(join(PROGRAM, 'lab/bin/lab'), [...words, '--json'], { cwd: dir, env: { ...env, TASK_ROOT: options.root ?? PROGRAM }, stdio: ['ignore', 'pipe', 'pipe'] }));
      if (ran.code !== 0) throw new Error(`lab ${words.join(' ')} ended with ${ran.code}: ${ran.stderr}${ran.stdout}`);
      return JSON.parse(ran.stdout);
    },
    async log(since = 0) {
      const entries = await rig.lab('log', '--since', String(since));
      if (!Array.isArray(entries)) throw new Error('the lab log is not a list');
      return entries;
    },
    async dispose() {
      await finish(spawn(join(PROGRAM, 'lab/bin/lab'), ['down', '--json'], { cwd: dir, env: { ...env, TASK_ROOT: options.root ?? PROGRAM }, stdio: ['ignore', 'pipe', 'pipe'] }));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return rig;
}

export async function finish(child: ChildProcess): Promise<Ran> {
  const began = performance.now();
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => { stdout += text; });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr, wallMs: performance.now() - began }));
  });
}

/** Every file below a folder, path to bytes as latin1 text (so that nothing is lost to decoding). */
export function filesBelow(dir: string): ReadonlyMap<string, { readonly text: string; readonly mode: number }> {
  const found = new Map<string, { text: string; mode: number }>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) found.set(path, { text: readFileSync(path, 'latin1'), mode: statSync(path).mode & 0o777 });
    }
  };
  walk(dir);
  return found;
}

/** The run's journal as it stands, events in order. */
export function journalOf(taskDir: string, run: string): readonly { readonly type: string; readonly [key: string]: unknown }[] {
  return readFileSync(join(taskDir, 'runs', run, 'journal.jsonl'), 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
}
