import type { Event } from '../engine/event.ts';
import type { Style } from '../engine/outcome.ts';
import { sink, type Output } from './output.ts';
import type { View } from './view.types.ts';
import { startWait, type Wait } from './wait.ts';
import { clean } from './width.ts';
import { count } from './words.ts';

/**
 * The view of a task that looks and answers, on a terminal: one waiting line with the newest thing heard, and warnings
 * above it. The answer itself is printed by the caller once this is closed.
 */
export function createAnswerView(options: { readonly stream: Output; readonly style: Style }): View {
  const out = sink(options.stream);
  let wait: Wait | undefined;
  let text = 'looking';
  let paused = false;
  const stop = (): void => {
    wait?.stop();
    wait = undefined;
  };
  const show = (next: string): void => {
    text = next;
    if (paused) return;
    if (wait === undefined) wait = startWait(text, { stream: options.stream, enabled: true, colour: options.style.red('x') !== 'x' });
    else wait.update(text);
  };
  /** A line that stays, above the waiting one. */
  const above = (line: string): void => {
    const waited = wait !== undefined;
    stop();
    out.write(`${line}\n`);
    if (waited) show(text);
  };
  return {
    say: (sentence) => above(clean(sentence)),
    on(event: Event) {
      if (event.type === 'note' && event.level === 'warn') {
        above(`${options.style.yellow('!')} ${clean(event.text)}`);
        return;
      }
      const next = words(event);
      if (next !== undefined) show(next);
    },
    async pause() {
      paused = true;
      stop();
    },
    resume() {
      paused = false;
    },
    async close() {
      stop();
      paused = true;
    },
  };
}

/** What is worth showing of an event while an answer is being worked out. */
function words(event: Event): string | undefined {
  const where = 'lane' in event && event.lane !== '' ? `${event.lane}: ` : '';
  switch (event.type) {
    case 'phase-started':
      return `${where}${event.title}`;
    case 'progress':
      return `${where}${[event.subject, count(event.done, event.of), event.note].filter((part) => part !== '').join(' ')}`;
    case 'waiting':
      return `${where}waiting for ${event.for}: ${event.reason}`;
    case 'retrying':
      return `${where}${event.what}: ${event.reason}, trying again`;
    case 'judged':
      return `${where}${event.check}`;
    case 'note':
      return `${where}${event.text}`;
    case 'command-ran':
      return `${where}${event.tool} has answered`;
    default:
      // The rest belongs to runs with a plan, which have a view of their own.
      return undefined;
  }
}
