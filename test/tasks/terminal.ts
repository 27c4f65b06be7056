import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as moment } from 'node:timers/promises';
import { PROGRAM, type Rig } from './rig.ts';

/** Python's own pty module makes the terminal; without Python a test that wants one says so and is skipped. */
export const NO_TERMINAL = spawnSync('python3', ['-c', 'import pty, termios'], { stdio: 'ignore' }).status === 0 ? undefined : 'there is no python3 to make a terminal with';

export interface OnTerminal {
  readonly process: ChildProcess;
  /** `size ROWS COLUMNS`, `key HEX`, `hang up`: see test/terminal.py. */
  tell(words: string): void;
}

/** Starts `./task WORDS` on a terminal of its own, as a person at it would. */
export function onTerminal(rig: Rig, size: readonly [rows: number, columns: number], words: readonly string[], env: NodeJS.ProcessEnv = {}): OnTerminal {
  const { CI: _ci, NO_COLOR: _noColor, ...plain } = rig.env;
  const child = spawn('python3', [join(PROGRAM, 'test/terminal.py'), String(size[0]), String(size[1]), join(PROGRAM, 'task'), ...words], {
    cwd: rig.dir, env: { ...plain, TERM: 'xterm-256color', ...env }, stdio: ['pipe', 'pipe', 'pipe'],
  });
  return { process: child, tell: (line) => void child.stdin.write(`${line}\n`) };
}

/** Starts a line of bash in which "$TASK" is the program; for what only a shell can do to a process. */
export function inShell(rig: Rig, line: string): ChildProcess {
  return spawn('bash', ['-c', line], { cwd: rig.dir, env: { ...rig.env, TASK: join(PROGRAM, 'task') }, stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Waits until the journal of a run that is not among `before` holds `text`, or `ended` has come about. */
export async function journalSays(rig: Rig, before: readonly string[], text: string, ended: Promise<unknown>): Promise<void> {
  await until(() => runsOf(rig).some((run) => !before.includes(run) && existsSync(journalFile(rig, run)) && readFileSync(journalFile(rig, run), 'utf8').includes(text)), ended);
}

/** Looks again and again until `so`, or until `ended`. */
export async function until(so: () => boolean, ended: Promise<unknown>): Promise<void> {
  let over = false;
  void ended.finally(() => { over = true; });
  while (!over && !so()) await moment(20);
}

const journalFile = (rig: Rig, run: string): string => join(rig.taskDir, 'runs', run, 'journal.jsonl');

/** The runs there are, oldest first. */
export function runsOf(rig: Rig): readonly string[] {
  const folder = join(rig.taskDir, 'runs');
  return existsSync(folder) ? readdirSync(folder).toSorted() : [];
}
