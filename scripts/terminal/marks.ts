import type { Style } from '../engine/outcome.ts';
import type { StepState } from './state.ts';

/** The signs, each one column wide; the words next to them always say the same. */
export const MARK = { done: '✔', failed: '✖', todo: '○', skipped: '–', asking: '◆', unknown: '?', warn: '!', full: '█', part: '▌', empty: '░' } as const;

/** A quarter turn every half second: alive, but nothing that pulls the eye. */
const TURN = ['◴', '◷', '◶', '◵'] as const;
export function turning(now: number): string {
  return TURN[Math.floor(Math.max(0, now) / 500) % TURN.length] ?? TURN[0];
}

/** The sign of a step, dressed. */
export function stepMark(state: StepState, now: number, style: Style): string {
  switch (state) {
    case 'done':
    case 'already':
      return style.green(MARK.done);
    case 'failed':
      return style.red(MARK.failed);
    case 'working':
      return style.cyan(turning(now));
    case 'asking':
      return style.yellow(MARK.asking);
    case 'skipped':
    case 'not-started':
      return style.dim(MARK.skipped);
    case 'todo':
      return style.dim(MARK.todo);
  }
}

/** A bar of `width` columns, `share` of 0 to 1 filled; full only when it is done. */
export function bar(share: number, width: number, style: Style): string {
  const room = Math.max(0, Math.floor(width));
  const safe = Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0;
  const full = safe >= 1 ? room : Math.min(room - 1, Math.floor(safe * room));
  return style.green(MARK.full.repeat(Math.max(0, full))) + style.dim(MARK.empty.repeat(Math.max(0, room - Math.max(0, full))));
}
