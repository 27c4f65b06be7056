/** What is needed of process.stdout or process.stderr; tests give their own. */
export type Output = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** A stream that stays harmless when the reader on the other side goes away. */
export interface Sink {
  /** Writes; false when the stream is full (skip a frame, not a line) or gone. */
  write(text: string): boolean;
  /** Whether the reader is gone. What is written afterwards is dropped; the work itself goes on, and so does its journal. */
  readonly broken: boolean;
}

/** Nobody reads any more: the pipe's reader ended, the terminal was closed (EIO, ENXIO), the stream is over. */
const GONE: ReadonlySet<string> = new Set(['EPIPE', 'EIO', 'ENXIO', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);

const guarded = new WeakMap<Output, { broken: boolean }>();

/**
 * Makes a broken pipe (`task ... | head`) and a closed terminal harmless: creating a cluster must not die because nobody reads
 * along. They and writes after the end mark the stream broken, once per stream however many views share it; any other error of the
 * stream is thrown, as it would be without us.
 */
export function sink(stream: Output): Sink {
  let state = guarded.get(stream);
  if (state === undefined) {
    const fresh = { broken: false };
    guarded.set(stream, fresh);
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === undefined || !GONE.has(error.code)) throw error;
      fresh.broken = true;
    });
    state = fresh;
  }
  const shared = state;
  return {
    write(text) {
      if (shared.broken || text === '') return !shared.broken;
      return stream.write(text);
    },
    get broken() {
      return shared.broken;
    },
  };
}

/** Writes lines, each ended; for everything that is said once. */
export function writeLines(stream: Output, lines: readonly string[]): void {
  if (lines.length > 0) sink(stream).write(`${lines.join('\n')}\n`);
}
