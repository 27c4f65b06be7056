import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wallPause } from 'node:timers/promises';
import { Failure } from '../engine/failure.ts';

/**
 * How long a command takes as a whole process, in wall ms, output thrown away. For `task bench` only.
 * Throws a Failure (75) when it does not end with 0: a figure of a failed command says nothing.
 */
export async function timeCommand(file: string, argv: readonly string[], options: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal }): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(file, argv, { cwd: options.cwd, env: { ...options.env }, stdio: ['ignore', 'ignore', 'pipe'], signal: options.signal });
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => { words = (words + text).slice(-2_000); });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(performance.now() - began);
      else reject(new Failure({ exit: 'rerun', what: `${file} ${argv.join(' ')} ended with ${code}`, because: words.trim(), hint: 'run it by itself to see more' }));
    });
  });
}

interface Run { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal }
export interface Measured { readonly wallMs: number; /** Most memory the process held at once (resident); its children's is their own. */ readonly peakBytes: number }

/**
 * How long a command takes and how much memory its Node process holds at most, the one whose script's name ends with `of`. It writes
 * that down itself as it ends, into `scratch`: nobody else can tell of a process that is gone. Throws as timeCommand does.
 */
export async function measureCommand(file: string, argv: readonly string[], options: Run & { readonly scratch: string; readonly of: string }): Promise<Measured> {
  const note = join(options.scratch, 'peak');
  const script = `import{writeFileSync}from'node:fs';if((process.argv[1]??'').endsWith(${JSON.stringify(options.of)}))process.on('exit',()=>writeFileSync(${JSON.stringify(note)},String(process.resourceUsage().maxRSS)))`;
  rmSync(note, { force: true });
  const wallMs = await timeCommand(file, argv, { ...options, env: { ...options.env, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` } });
  return { wallMs, peakBytes: Number(readFileSync(note, 'utf8')) * 1024 };
}

export interface FollowedCommand {
  /** Resolves with the moment (performance.now) at which `words` were printed, counted from this call on. Rejects when the command ends first. */
  said(words: string): Promise<number>;
  /** Interrupts it, as Ctrl-C does, and waits for its end. */
  stop(): Promise<void>;
}

/** Starts a command that goes on until it is stopped, and listens to what it prints. For `task bench` only. */
export function followCommand(file: string, argv: readonly string[], options: Run): FollowedCommand {
  const child = spawn(file, argv, { cwd: options.cwd, env: { ...options.env }, stdio: ['ignore', 'pipe', 'pipe'], signal: options.signal });
  let waiting: { readonly words: string; text: string; readonly done: (at: number) => void; readonly failed: (error: unknown) => void } | undefined;
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { complaint = (complaint + text).slice(-2_000); });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (waiting === undefined) return;
    waiting.text += text;
    if (!waiting.text.includes(waiting.words)) return;
    waiting.done(performance.now());
    waiting = undefined;
  });
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      waiting?.failed(new Failure({ exit: 'rerun', what: `${file} ${argv.join(' ')} ended by itself`, because: complaint.trim(), hint: 'run it by itself to see more' }));
      resolve();
    });
    child.once('error', (error) => waiting?.failed(error));
  });
  return {
    said: (words) => new Promise((done, failed) => {
      if (child.exitCode !== null) failed(new Failure({ exit: 'rerun', what: `${file} ${argv.join(' ')} has ended`, because: complaint.trim(), hint: 'run it by itself to see more' }));
      else waiting = { words, text: '', done, failed };
    }),
    async stop() {
      child.kill('SIGINT');
      await ended;
    },
  };
}

/**
 * The most memory that a command and everything it starts hold at one moment, in bytes, asked again and again: a peak shorter
 * than a twentieth of a second can be missed. What processes share is divided among them where the system tells (Linux),
 * elsewhere counted for each.
 */
export async function peakOfTree(file: string, argv: readonly string[], options: Run): Promise<number> {
  const child = spawn(file, argv, { cwd: options.cwd, env: { ...options.env }, stdio: 'ignore', signal: options.signal });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  let over = false;
  const code = ended.finally(() => { over = true; });
  let peak = 0;
  while (!over) {
    peak = Math.max(peak, held(await processes(), child.pid ?? 0));
    await Promise.race([code, wallPause(SAMPLE_MS)]);
  }
  if (await code !== 0) throw new Failure({ exit: 'rerun', what: `${file} ${argv.join(' ')} ended with ${String(await code)}`, hint: 'run it by itself to see more' });
  return peak;
}
const SAMPLE_MS = 50;

type Processes = ReadonlyMap<number, { readonly parent: number; readonly bytes: number }>;
async function processes(): Promise<Processes> {
  return new Promise((resolve, reject) => {
    const child = spawn('ps', ['-A', '-o', 'pid=,ppid=,rss='], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => { text += part; });
    child.once('error', reject);
    child.once('close', () => resolve(new Map(text.split('\n').flatMap((line) => {
      const [pid, parent, kib] = line.trim().split(/\s+/).map(Number);
      return pid === undefined || parent === undefined || kib === undefined ? [] : [[pid, { parent, bytes: kib * 1024 }] as const];
    }))));
  });
}

/** Of a process and all its descendants. */
function held(all: Processes, root: number): number {
  const under = (pid: number, seen: number): boolean => pid === root || (seen < 32 && all.has(pid) && under(all.get(pid)?.parent ?? 0, seen + 1));
  return [...all].reduce((sum, [pid, { bytes }]) => (under(pid, 0) ? sum + (ownShare(pid) ?? bytes) : sum), 0);
}

function ownShare(pid: number): number | undefined {
  try {
    const kib = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    // No such file here, or the process has just ended: then what ps said.
    return undefined;
  }
}
