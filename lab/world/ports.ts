import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range from which systems take ports by themselves (32768 on Linux, 49152 on macOS). */
const [FIRST, LAST] = [20_000, 32_000] as const;

const free = (port: number): Promise<boolean> => new Promise((resolve) => {
  const probe = createServer();
  probe.once('error', () => resolve(false));
  probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
});

/** Ports of 127.0.0.1 that nobody listens on and `taken` does not name, starting at a place that depends on `seed`; they are added to `taken`. */
export async function choosePorts(count: number, seed: string, taken: Set<number>): Promise<readonly number[]> {
  const chosen: number[] = [];
  let port = FIRST + (createHash('sha256').update(seed).digest().readUInt16BE(0) * 7) % (LAST - FIRST);
  for (let tries = 0; chosen.length < count && tries < LAST - FIRST; tries++) {
    if (++port >= LAST) port = FIRST;
    if (taken.has(port) || !(await free(port))) continue;
    taken.add(port);
    chosen.push(port);
  }
  if (chosen.length < count) throw new Error(`no ${count} free ports between ${FIRST} and ${LAST} on 127.0.0.1`);
  return chosen;
}
