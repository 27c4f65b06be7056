import type { Style } from '../engine/outcome.ts';
import { createAnswerView } from './answer.ts';
import { createJsonView } from './json.ts';
import { createLiveView } from './live.ts';
import { createPlainView } from './plain.ts';
import type { Output } from './output.ts';
import type { Estimates } from './state.ts';
import { isCi, wantsColour, createStyle, sentenceWidth } from './style.ts';
import type { View } from './view.types.ts';

export type { View };

export interface ViewOptions {
  readonly mode: 'auto' | 'plain' | 'json' | 'live';
  /** Where results go, and progress too when it is a terminal and `--json` was not given. */
  readonly stdout: Output;
  readonly stderr: Output;
  /** `--json`: stdout belongs to the one document, progress moves to stderr. */
  readonly document?: boolean;
  /** `steps` is a run with a plan (the live frame); `answer` is a task that looks and answers (a single waiting line). */
  readonly shape?: 'steps' | 'answer';
  readonly verbose?: boolean;
  /** NO_COLOR, FORCE_COLOR, CI and TERM as they are in the environment. */
  readonly env: { readonly NO_COLOR?: string | undefined; readonly FORCE_COLOR?: string | undefined; readonly CI?: string | undefined; readonly TERM?: string | undefined };
  /** How long steps took before on this target, in ms of the run's clock: for "of ~4m10s". */
  readonly estimates?: Estimates;
  /** The wall clock, in ms since the epoch. */
  readonly now?: () => number;
}

export type ViewKind = 'json' | 'live' | 'plain' | 'answer';

/** Which view goes where; pure, so that the rule can be tested as a table. */
export function chooseView(options: Omit<ViewOptions, 'now'>): { readonly kind: ViewKind; readonly to: 'stdout' | 'stderr' } {
  if (options.mode === 'json') return { kind: 'json', to: 'stdout' };
  // Results own stdout when it is a pipe or a file; a person who redirected it still sees progress on stderr.
  const to = options.document === true || options.stdout.isTTY !== true ? 'stderr' : 'stdout';
  const stream = options[to];
  const terminal = stream.isTTY === true && (stream.rows ?? 0) > 0 && (stream.columns ?? 0) > 0;
  const able = terminal && options.env.TERM !== 'dumb';
  const wanted = options.mode === 'live' || (options.mode === 'auto' && !isCi(options.env.CI));
  if (options.shape === 'answer') return { kind: able && wanted ? 'answer' : 'plain', to };
  return { kind: able && wanted ? 'live' : 'plain', to };
}

/** Whether a stream gets colour. */
export function colourOf(stream: Output, env: ViewOptions['env']): boolean {
  return wantsColour({ isTTY: stream.isTTY === true, noColor: env.NO_COLOR, forceColor: env.FORCE_COLOR, ci: env.CI, term: env.TERM });
}

/** The Style for a stream: colour by its own rules, as wide as it is (100 columns when it is no terminal, or one too narrow for words). */
export function styleFor(stream: Output, env: ViewOptions['env']): Style {
  return createStyle({ colour: colourOf(stream, env), width: sentenceWidth(stream.columns) });
}

/** Makes the view the streams and the flags ask for. */
export function createView(options: ViewOptions): View {
  const { kind, to } = chooseView(options);
  const stream = options[to];
  const style = styleFor(stream, options.env);
  const verbose = options.verbose ?? false;
  switch (kind) {
    case 'json':
      return createJsonView(stream);
    case 'plain':
      return createPlainView({ stream, style, verbose, answersOnly: options.shape === 'answer' });
    case 'answer':
      return createAnswerView({ stream, style });
    case 'live':
      return createLiveView({ stream, style, estimates: options.estimates ?? {}, now: options.now ?? Date.now, summarises: to === 'stdout' });
  }
}
