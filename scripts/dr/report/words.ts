import type { Both } from './report.types.ts';

/** A duration for people, `31m07s`: ms of any clock. Minutes and hours keep two digits after them, so that columns line up. */
export function took(ms: number): string {
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  if (size < 1_000) return `${sign}${Math.round(size)}ms`;
  if (size < 10_000) return `${sign}${(Math.floor(size / 100) / 10).toFixed(1)}s`;
  const seconds = Math.round(size / 1_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const [days, hours, minutes, rest] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  if (days > 0) return `${sign}${days}d${two(hours)}h`;
  if (hours > 0) return `${sign}${hours}h${two(minutes)}m`;
  return minutes > 0 ? `${sign}${minutes}m${two(rest)}s` : `${sign}${rest}s`;
}

/** Both clocks in one phrase; one where they agree (on site). */
export function both(time: Both, speed: number): string {
  return speed === 1 ? took(time.run) : `${took(time.run)} (wall ${took(time.wall)})`;
}

/** `2026-11-21 15:58:42`, UTC. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
export function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** `3 volumes`, `1 volume`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

export function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
