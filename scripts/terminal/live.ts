import { Listr } from 'listr2';
import type { Style } from '../engine/outcome.ts';
import { finalFrame, frame } from './frame.ts';
import { sink, type Output } from './output.ts';
import { initialState, reduce, type Estimates } from './state.ts';
import type { View } from './view.types.ts';
import { clean, displayWidth, wrap } from './width.ts';

export interface LiveOptions {
  readonly stream: Output;
  readonly style: Style;
  readonly estimates: Estimates;
  /** The wall clock, ms since the epoch. */
  readonly now: () => number;
  /** Whether results are read where the picture stands: then its last one is the summary. */
  readonly summarises?: boolean;
}

/** About twelve pictures a second: smooth for the eye, idle for the machine. */
const BETWEEN_FRAMES_MS = 83;

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
// A terminal that knows "synchronized update" shows the picture at once; others ignore it.
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';

/** The area at the end of the screen that a picture is drawn over and over. */
export class Surface {
  readonly #stream: Output;
  readonly #sink: ReturnType<typeof sink>;
  #drawn: readonly string[] = [];
  #full = false;

  constructor(stream: Output) {
    this.#stream = stream;
    this.#sink = sink(stream);
    stream.on('drain', () => {
      this.#full = false;
    });
  }

  /** Draws over the picture before. Skipped when nothing changed, or when the terminal has not taken the last one yet. */
  draw(lines: readonly string[]): void {
    if (this.#full || (lines.length === this.#drawn.length && lines.every((line, index) => line === this.#drawn[index]))) return;
    const first = this.#drawn.length === 0 ? HIDE_CURSOR : '';
    this.#put(`${BEGIN}${first}${this.#home()}${body(lines)}\u001b[J${END}`);
    this.#drawn = lines;
  }

  /** Replaces the picture by `lines`, which stay, and puts the cursor below them. */
  settle(lines: readonly string[]): void {
    if (this.#drawn.length === 0 && lines.length === 0) return;
    // Nothing new to leave behind: the picture itself stays.
    const text = lines.length === 0 ? '\n' : `${this.#home()}${body(lines)}\n\u001b[J`;
    this.#put(`${text}${SHOW_CURSOR}`);
    this.#drawn = [];
  }

  /** To where the picture begins. A narrower window has broken its lines in two: they are counted as they stand now. */
  #home(): string {
    const columns = this.#stream.columns ?? 80;
    const rows = this.#stream.rows ?? 24;
    const height = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(displayWidth(line) / Math.max(1, columns))), 0);
    const up = Math.min(height - 1, rows - 1);
    return up > 0 ? `\r\u001b[${up}A` : '\r';
  }

  #put(text: string): void {
    this.#full = !this.#sink.write(text) && !this.#sink.broken;
  }
}

/** Each line is erased before it is written: erasing after a full line would take its last character (pending wrap). */
function body(lines: readonly string[]): string {
  return lines.map((line) => `\u001b[2K${line}`).join('\n');
}

interface FrameRendererOptions {
  readonly paint: () => void;
}

/**
 * listr2's part: it calls render() when the run begins and end() when it is over. The picture itself is ours, because
 * its stock renderer is vertical only and loses the top of what is taller than the screen. (The base class its types
 * speak of exists in the types alone, so there is nothing to extend.)
 */
class FrameRenderer {
  // We have looked at the terminal already; listr2 looks only at process.stdout and would fall back.
  static readonly nonTTY = true;
  static readonly rendererOptions: FrameRendererOptions = { paint() {} };
  static readonly rendererTaskOptions: never;
  readonly render: () => void;
  readonly end: () => void;

  constructor(_tasks: unknown, options: FrameRendererOptions) {
    let timer: NodeJS.Timeout | undefined;
    this.render = () => {
      options.paint();
      // The engine keeps the process alive as long as there is work; a picture never does.
      timer = setInterval(options.paint, BETWEEN_FRAMES_MS).unref();
    };
    this.end = () => clearInterval(timer);
  }
}

/** The live view: a frame drawn again at most twelve times a second, out of the engine's way. */
export function createLiveView(options: LiveOptions): View {
  const { stream, style, now } = options;
  const surface = new Surface(stream);
  let state = initialState(options.estimates);
  let paused = false;
  let closed: Promise<void> | undefined;
  const { promise: ended, resolve: over } = Promise.withResolvers<void>();
  const paint = (): void => {
    if (paused) return;
    // One row stays free, so that a picture never scrolls the screen.
    surface.draw(frame(state, stream.columns ?? 80, Math.max(1, (stream.rows ?? 24) - 1), now(), style));
  };
  stream.on('resize', paint);
  // Who ends the process at once (a second Ctrl-C, a fault) must find the cursor again.
  const restore = (): void => surface.settle([]);
  process.once('exit', restore);

  const listr = new Listr<undefined, typeof FrameRenderer>([{ title: 'run', task: () => ended }], {
    renderer: FrameRenderer,
    rendererOptions: { paint },
    // Its own handler would end the process with 127 in the middle of the work; the signals are cli's.
    registerSignalListeners: false,
    exitOnError: false,
  });
  const driven = listr.run();

  return {
    summarises: options.summarises ?? false,
    on(event) {
      state = reduce(state, event);
    },
    say(text) {
      // Settled, the sentence stays above; the next picture is drawn below it.
      surface.settle([...wrap(clean(text), stream.columns ?? 80)]);
      paint();
    },
    async pause() {
      paused = true;
      surface.settle(frame(state, stream.columns ?? 80, Math.max(1, (stream.rows ?? 24) - 1), now(), style));
    },
    resume() {
      paused = false;
    },
    close() {
      closed ??= (async () => {
        over();
        await driven;
        stream.removeListener('resize', paint);
        process.removeListener('exit', restore);
        if (!paused) surface.settle(finalFrame(state, stream.columns ?? 80, now(), style));
        paused = true;
      })();
      return closed;
    },
  };
}
