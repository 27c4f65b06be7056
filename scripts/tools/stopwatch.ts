import { spawn } from 'node:child_process';
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
