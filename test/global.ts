import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One lab daemon for all test files: a simulator per file starves two cores. It is ended here, and nothing is left. */
export function setup(): () => void {
  const dir = mkdtempSync(join(tmpdir(), 'task-lab-'));
  process.env['LAB_SOCKET'] = join(dir, 'lab.sock');
  const program = dirname(dirname(fileURLToPath(import.meta.url)));
  return () => {
    spawnSync(join(program, 'lab/bin/lab'), ['stop', '--json'], { env: { ...process.env, TASK_DIR: join(dir, 'task') }, encoding: 'utf8', timeout: 20_000 });
    rmSync(dir, { recursive: true, force: true });
  };
}
