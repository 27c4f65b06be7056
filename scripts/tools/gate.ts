import { Failure } from '../engine/failure.ts';
import type { Effect, Scope } from './doors.ts';

/**
 * Decides what becomes of a call: `run` it, or (dry run) tell what would have been done and answer nothing.
 * A write through doors that only look is a bug of the caller and throws (70). `command` is shown to people; it is redacted here.
 */
export function gate(scope: Pick<Scope, 'lane' | 'step' | 'emit' | 'dryRun' | 'redactor' | 'looking'>, effect: Effect, command: string): 'run' | 'would-run' {
  if (effect === 'read') return 'run';
  const shown = scope.redactor.redact(command);
  if (scope.looking === true) {
    if (effect === 'local') return 'run';
    throw new Failure({ exit: 'bug', what: `a step that only looks tried to write: ${shown}`, hint: 'please report this; nothing was written' });
  }
  if (!scope.dryRun) return 'run';
  scope.emit({ type: 'would-run', lane: scope.lane, step: scope.step, effect, command: shown });
  return 'would-run';
}
