import type { Outcome } from '../engine/outcome.ts';
import type { Style } from '../engine/outcome.ts';
import { resultLine } from './json.ts';
import { writeLines, type Output } from './output.ts';

export type OutcomeForm = 'people' | 'document' | 'line';

/**
 * Prints an answer on stdout: lines for people, one indented document (`--json`), or one line after the events
 * (`--output=json`). Nothing else ever goes to stdout in the last two.
 */
export function printOutcome(outcome: Outcome, to: { readonly stdout: Output; readonly style: Style; readonly form: OutcomeForm }): void {
  switch (to.form) {
    case 'people':
      return writeLines(to.stdout, outcome.render(to.style));
    case 'document':
      return writeLines(to.stdout, [JSON.stringify(outcome.result, null, 2)]);
    case 'line':
      return writeLines(to.stdout, [resultLine(outcome.exit, outcome.result)]);
  }
}

/** Shows a watched answer (`--watch`): on a terminal each one replaces the one before, in a pipe they follow each other. */
export function watchOutcomes(to: { readonly stdout: Output; readonly style: Style; readonly form: OutcomeForm }): (outcome: Outcome) => void {
  return (outcome) => {
    // Home, then clear what is below: less flicker than clearing first.
    if (to.form === 'people' && to.stdout.isTTY === true) to.stdout.write('\u001b[H\u001b[J');
    // A stream of documents is read line by line, so a watched answer is one line in both JSON forms.
    printOutcome(outcome, to.form === 'document' ? { ...to, form: 'line' } : to);
  };
}
