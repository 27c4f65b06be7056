import type { Event } from '../engine/event.ts';
import type { ExitName } from '../engine/failure.ts';
import type { Json } from '../engine/outcome.ts';
import { EXIT } from '../engine/failure.ts';
import { sink, type Output } from './output.ts';
import type { View } from './view.types.ts';

/** `--output=json`: every event as one line, as the journal has it; the result follows as the last line. */
export function createJsonView(stream: Output): View {
  const out = sink(stream);
  return {
    on(event: Event) {
      out.write(`${JSON.stringify(event)}\n`);
    },
    // stdout holds events only; what is said goes into no document
    say() {},
    async pause() {},
    resume() {},
    async close() {},
  };
}

/** The last line of `--output=json`. */
export function resultLine(exit: ExitName, result: Json): string {
  return JSON.stringify({ type: 'result', exit, code: EXIT[exit], result });
}
