import { createRequire } from 'node:module';
import { sink, type Output } from './output.ts';
import { clean, truncate } from './width.ts';

/** Loaded when something turns: with what it brings it takes a tenth of a second, and programs that read our answer never see it. */
const loadOra = (): typeof import('ora') => createRequire(import.meta.url)('ora');

/** A single wait on the screen: one line with a turning sign, gone when it is over. */
export interface Wait {
  update(text: string): void;
  stop(): void;
}

/**
 * Shows `text` while something single is waited for; nothing at all where there is no terminal. ora's default of
 * discarding stdin swallowed Ctrl-C in five of five runs in a real pty, so it is off, and its hooks on the process are
 * not needed: the signals are cli's. It knows nothing of NO_COLOR, so whether there is colour is told.
 */
export function startWait(text: string, options: { readonly stream: Output; readonly enabled: boolean; readonly colour: boolean }): Wait {
  const columns = options.stream.columns ?? 0;
  // A terminal nobody has given a size (script, a container without one): ora would erase lines without end.
  if (!options.enabled || options.stream.isTTY !== true || columns < 10) return { update() {}, stop() {} };
  sink(options.stream);
  const room = columns - 4;
  const { default: ora } = loadOra();
  const spinner = ora({ text: truncate(clean(text), room), stream: options.stream, color: options.colour ? 'cyan' : false, discardStdin: false, hideCursor: true, isEnabled: true, isSilent: false });
  spinner.start();
  return {
    update(next) {
      spinner.text = truncate(clean(next), room);
    },
    stop() {
      spinner.stop();
    },
  };
}
