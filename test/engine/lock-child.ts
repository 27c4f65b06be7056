// A process that takes the lock LOCK_ROUNDS times and, while it holds it, shows a flag only one process may show.
// With LOCK_DIE it ends without releasing, as a killed run does.
import { closeSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '../../scripts/engine/failure.ts';
import { takeLock } from '../../scripts/engine/lock.ts';

const [taskDir = '', rounds = '1', die = ''] = process.argv.slice(2);
const flag = join(taskDir, 'flag');

for (let round = 0; round < Number(rounds); round++) {
  try {
    const lock = await takeLock({ taskDir, targetId: 'site', cluster: 'infra', user: 'toy', task: 'test', run: String(process.pid) });
    try {
      closeSync(openSync(flag, 'wx'));
    } catch {
      process.stdout.write('TWO HOLDERS\n');
    }
    await pause(3);
    rmSync(flag, { force: true });
    process.stdout.write(lock.because === 'free' ? 'held\n' : 'taken over\n');
    if (die !== '') process.kill(process.pid, 'SIGKILL');
    lock.release();
  } catch (error) {
    if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
    process.stdout.write('refused\n');
    await pause(2);
  }
}
