import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { LabLog, LogEntry } from './types.ts';

/** The lab's log with an end. Entries are written through at once: a killed daemon loses none. */
export interface FileLog extends LabLog {
  /** Runs on each entry; the daemon's idle time counts from the last one. */
  onEntry(listener: (entry: LogEntry) => void): void;
  close(): void;
}

/** Opens (or goes on with) a log of JSON lines. A last line cut short by a crash is left out. */
export function openLog(file: string): FileLog {
  const entries: LogEntry[] = [];
  if (existsSync(file)) {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const entry = parse(line);
      if (entry !== undefined) entries.push(entry);
    }
  }
  let handle: number | undefined = openSync(file, 'a', 0o600);
  const listeners: ((entry: LogEntry) => void)[] = [];
  let last = entries.at(-1)?.seq ?? 0;
  return {
    add(entry) {
      const whole: LogEntry = { seq: ++last, at: new Date().toISOString(), ...entry };
      entries.push(whole);
      if (handle !== undefined) writeSync(handle, JSON.stringify(whole) + '\n');
      for (const listener of listeners) listener(whole);
    },
    since: (seq) => entries.filter((entry) => entry.seq > seq),
    onEntry(listener) { listeners.push(listener); },
    close() {
      if (handle !== undefined) closeSync(handle);
      handle = undefined;
    },
  };
}

function parse(line: string): LogEntry | undefined {
  if (line === '') return undefined;
  try {
    const value: LogEntry = JSON.parse(line);
    return typeof value.seq === 'number' ? value : undefined;
  } catch {
    // The line a crash cut short; the entries before it stand.
    return undefined;
  }
}
