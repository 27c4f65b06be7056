/**
 * Loaded into the program by a test (`node --import`): ends it with SIGKILL at one line of its journal, exactly. What is patched is Node's
 * own file system module, so the program has no seam for this and knows nothing of it.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** How to die; in DIE, as JSON. */
export interface Death {
  /** At the `nth` journal line (from 1) that contains `text`. */
  readonly text: string;
  readonly nth: number;
  /** In the middle of writing the line, as a power cut would; otherwise once the line is on the disk. */
  readonly torn: boolean;
}

const wanted = process.env['DIE'];
// The stand-ins and the lab's daemon must not inherit it.
delete process.env['DIE'];
delete process.env['NODE_OPTIONS'];

if (wanted !== undefined && process.argv[1]?.endsWith('scripts/cli/task.ts') === true) {
  const death: Death = JSON.parse(wanted);
  const { writeSync, fdatasyncSync } = fs;
  let seen = 0;
  let due = false;
  const die = (): void => void process.kill(process.pid, 'SIGKILL');
  const write: typeof fs.writeSync = (...given: readonly unknown[]): number => {
    const [fd, buffer] = given;
    const line = Buffer.isBuffer(buffer) ? buffer.toString() : '';
    // Only the journal writes lines that end in their hash.
    if (typeof fd === 'number' && Buffer.isBuffer(buffer) && /"hash":"[0-9a-f]{64}"\}\n$/.test(line) && line.includes(death.text) && ++seen === death.nth) {
      if (death.torn) {
        writeSync(fd, buffer.subarray(0, Math.ceil(buffer.length / 2)));
        die();
      }
      due = true;
    }
    return Reflect.apply(writeSync, fs, given);
  };
  Object.assign(fs, {
    writeSync: write,
    fdatasyncSync: (fd: number): void => {
      fdatasyncSync(fd);
      if (due) die();
    },
  });
  syncBuiltinESMExports();
}
