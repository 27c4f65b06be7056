import type { Event } from '../../engine/event.ts';
import { commandLine } from '../../tools/command-line.ts';

/**
 * What the tools said, as a text to read or search: every command that changed something or failed, in order, with when, where, how it ended, and the
 * end of its output. The journal has it already, redacted; this is the same without its frame. Pure.
 */
export function outputsText(events: readonly Event[]): string {
  const parts = events.flatMap((event) => {
    if (event.type !== 'command-ran' || (event.effect !== 'write' && event.said === undefined)) return [];
    const where = [event.lane, event.step].filter((part) => part !== '').join(' ');
    const end = event.exitCode === null ? 'was ended by a signal' : `exit ${event.exitCode}`;
    return [`${event.at} ${where}: ${commandLine(event.tool, event.argv)}\n  ${end}, ${event.wallMs} ms\n${(event.said ?? '').split('\n').map((line) => (line === '' ? '' : `  | ${line}\n`)).join('')}`];
  });
  return parts.length === 0 ? 'No tool that changes something ran.\n' : `${parts.join('\n')}`;
}
