import { span } from '../engine/clock.ts';
import type { Style } from '../engine/outcome.ts';
import type { RunEnd, RunRecord } from './runs-record.ts';

/** The words a run was started with, without where it went. */
export function typedOf(run: RunRecord): string {
  if (run.started === undefined) return 'killed before it began';
  const variables = Object.entries(run.started.variables).filter(([name]) => !['TARGET', 'LAB', 'LAB_SPEED'].includes(name)).map(([name, value]) => `${name}=${value}`);
  return [run.started.task, ...variables].join(' ');
}

/** How a run ended, as one word or two, with its sign. */
export function endOf(end: RunEnd, style: Style): { readonly sign: string; readonly words: string } {
  switch (end.is) {
    case 'running': return { sign: style.cyan('…'), words: 'running' };
    case 'unknown': return { sign: style.red('?'), words: 'cannot be told' };
    case 'silent': return { sign: style.red('✖'), words: 'ended without a word' };
    case 'ended': return end.exit === 'done' ? { sign: style.green('✔'), words: 'done' } : { sign: end.exit === 'interrupted' ? style.yellow('!') : style.red('✖'), words: end.exit };
  }
}

/** How long a run took, or has taken so far: on its own clock, and by the wall where that differs. */
export function tookOf(run: RunRecord): string {
  const last = run.events.at(-1);
  if (last === undefined) return '';
  const ms = run.finished?.ms ?? last.t;
  return span(ms);
}

/** `2026-11-21 15:58:42`, UTC. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

/** What is wrong with the journal, or undefined when it is whole. */
export function damageOf(run: Pick<RunRecord, 'torn' | 'tampered'>): string | undefined {
  if (run.tampered !== undefined) return `changed after it was written (${run.tampered}); only what is before is believed`;
  return run.torn ? 'it ends in a line that was not written to its end (a crash, a power cut, a full disk); every whole line counts' : undefined;
}
