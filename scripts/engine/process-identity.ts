import { readFileSync, readlinkSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

/** Tells one process from every other, also after its number was given away again. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Of the host's present boot. */
  readonly boot: string;
  /** Numbers mean something only within their pid namespace: containers share a boot, and may share a host name. '' where there are none. */
  readonly space: string;
  /** When the process was started, in the kernel's words; '' where the kernel does not tell us. */
  readonly started: string;
}

export type Alive = { readonly is: 'alive' | 'cannot tell' } | { readonly is: 'dead'; readonly because: string };

/** This process. */
export function thisProcess(): ProcessIdentity {
  return { host: hostname(), pid: process.pid, boot: bootId(), space: pidSpace(), started: statOf(process.pid).started };
}

/** Whether a process is alive, as far as this host can know: another host's, or another container's, it cannot tell. */
export function whetherAlive(other: ProcessIdentity): Alive {
  if (other.host !== hostname()) return { is: 'cannot tell' };
  if (!sameBoot(other.boot, bootId())) return { is: 'dead', because: `${other.host} was started anew since` };
  if (other.space !== pidSpace()) return { is: 'cannot tell' };
  if (!exists(other.pid)) return { is: 'dead', because: `process ${other.pid} is gone` };
  const { state, started } = statOf(other.pid);
  // Ended, and its parent has not noticed yet (or never will, in a container without an init).
  if (state === 'Z' || state === 'X') return { is: 'dead', because: `process ${other.pid} is gone` };
  if (started !== other.started && started !== '' && other.started !== '') return { is: 'dead', because: `process ${other.pid} is another one now` };
  return { is: 'alive' };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and belongs to someone else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

const BY_UPTIME = 'up:';
/** Uptime is told in whole seconds and the clock is corrected now and then; two boots are further apart than this. */
const BOOT_TOLERANCE_MS = 60_000;

function bootId(): string {
  // Outside Linux: the moment of boot, as reckoned from the uptime.
  return readOr('/proc/sys/kernel/random/boot_id', () => `${BY_UPTIME}${Math.round(Date.now() - uptime() * 1000)}`);
}

function sameBoot(a: string, b: string): boolean {
  if (!a.startsWith(BY_UPTIME) || !b.startsWith(BY_UPTIME)) return a === b;
  return Math.abs(Number(a.slice(BY_UPTIME.length)) - Number(b.slice(BY_UPTIME.length))) < BOOT_TOLERANCE_MS;
}

function pidSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    // Not Linux: there are no pid namespaces.
    return '';
  }
}

/** Fields 3 and 22 of /proc/<pid>/stat: state, and start in ticks since boot. The second may hold blanks and brackets, so count from its last bracket. */
function statOf(pid: number): { readonly state: string; readonly started: string } {
  const stat = readOr(`/proc/${pid}/stat`, () => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}

function readOr(file: string, otherwise: () => string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    // The file exists on Linux only.
    return otherwise();
  }
}
