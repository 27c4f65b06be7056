import { spawn } from 'node:child_process';
import { Failure } from '../engine/failure.ts';

/**
 * Runs a program of this project's own development (tests, type check) with the terminal handed through, so that it
 * can draw and be interrupted as if typed. Not a door to a cluster: those go through proc.ts.
 * @returns its exit code; 130 when the run was interrupted. Throws when it cannot be started.
 */
export async function passThrough(file: string, argv: readonly string[], options: { readonly cwd: string; readonly env: Readonly<Record<string, string | undefined>>; readonly signal: AbortSignal }): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, argv, { cwd: options.cwd, env: { ...options.env }, stdio: 'inherit' });
    // A Ctrl-C reaches the child by itself (same terminal); a TERM sent to us alone must be passed on.
    const stop = (): void => { child.kill('SIGTERM'); };
    options.signal.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => reject(new Failure({ exit: 'toolMissing', what: `${file} cannot be started`, because: error.message, hint: 'npm ci --ignore-scripts installs what the project needs', cause: error })));
    child.once('close', (code) => {
      options.signal.removeEventListener('abort', stop);
      resolve(code ?? 130);
    });
  });
}
