/** Small phrases every view says the same way. */

/** A duration for people: `3s`, `2m41s`, `1h05m`; under a second `0.4s`. */
export function duration(ms: number): string {
  const safe = Number.isFinite(ms) ? Math.max(0, ms) : 0;
  if (safe < 950) return safe < 50 ? '0s' : `${(Math.round(safe / 100) / 10).toFixed(1)}s`;
  const seconds = Math.round(safe / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, '0')}s`;
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`;
}

/** A limit for people, without noughts at its end: `2m` where `duration` says `2m00s`. */
export function limit(ms: number): string {
  return duration(ms).replace(/m00s$/u, 'm').replace(/h00m$/u, 'h');
}

/** A wall duration with one decimal under a minute, as in `wall 2.7 s`. */
export function wallSeconds(ms: number): string {
  const safe = Number.isFinite(ms) ? Math.max(0, ms) : 0;
  return safe < 60_000 ? `${(safe / 1000).toFixed(1)} s` : duration(safe);
}

/** An expectation, rounded to ten seconds from half a minute on: more would pretend to know. */
export function about(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1000));
  return `~${duration((seconds < 30 ? seconds : Math.round(seconds / 10) * 10) * 1000)}`;
}

/** A long identifier, its ends only: `01JD…7K`. Short ones stay whole. */
export function shortId(id: string): string {
  return id.length <= 14 ? id : `${id.slice(0, 6)}…${id.slice(-4)}`;
}

/** Time of day `12:04:31` of an ISO instant, local or UTC; what cannot be read is shown as it came. */
export function timeOfDay(iso: string, utc: boolean): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const parts = utc ? [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()] : [at.getHours(), at.getMinutes(), at.getSeconds()];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/** `61/78`, or nothing when nothing is counted. */
export function count(done: number | undefined, of: number | undefined): string {
  return done === undefined ? '' : of === undefined ? String(done) : `${done}/${of}`;
}

/** `1 step`, `2 steps`; `many` where an "s" is not enough. */
export function plural(number: number, noun: string, many = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : many}`;
}

/** Said by the target's label already, which every view shows. */
const IN_THE_LABEL: ReadonlySet<string> = new Set(['TARGET', 'LAB', 'LAB_SPEED']);

/** The variables worth repeating next to a task's name, as they would be typed. */
export function spoken(variables: Readonly<Record<string, string>>): string[] {
  return Object.entries(variables).filter(([name]) => !IN_THE_LABEL.has(name)).map(([name, value]) => `${name}=${value}`);
}
