import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ask, NoDaemon } from '../lab/world/protocol.ts';

/** One lab daemon for all test files: a simulator per file starves two cores. It is ended here with the worlds tests left behind, and nothing stays. */
export function setup(): () => Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'task-lab-'));
  const socket = join(dir, 'lab.sock');
  process.env['LAB_SOCKET'] = socket;
  return async () => {
    try {
      await ask(socket, { verb: 'quit' }, 20_000);
    } catch (error) {
      // No test has started one, or the last world that was ended took it along.
      if (!(error instanceof NoDaemon)) throw error;
    }
    rmSync(dir, { recursive: true, force: true });
  };
}
