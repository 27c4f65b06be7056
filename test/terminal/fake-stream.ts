import { Writable } from 'node:stream';

/** A stream that keeps what is written; a terminal when given a size; one whose reader is gone when `broken` (the error's code, EPIPE for true). */
export class FakeStream extends Writable {
  text = '';
  readonly isTTY?: boolean;
  columns?: number;
  rows?: number;
  readonly #broken: string | undefined;

  constructor(options: { readonly columns?: number; readonly rows?: number; readonly broken?: boolean | string } = {}) {
    super({ decodeStrings: false });
    if (options.columns !== undefined) {
      this.isTTY = true;
      this.columns = options.columns;
      this.rows = options.rows ?? 24;
    }
    this.#broken = options.broken === true ? 'EPIPE' : options.broken === false ? undefined : options.broken;
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.#broken !== undefined) return done(Object.assign(new Error(`write ${this.#broken}`), { code: this.#broken }));
    this.text += chunk;
    done();
  }
}

/** What a terminal of that size shows after the text: enough of its language for our own views. */
export function screen(text: string, rows: number): string[] {
  const lines: string[] = [''];
  let row = 0;
  let column = 0;
  let top = 0;
  // oxlint-disable-next-line no-control-regex -- a terminal's language is made of them
  for (const [token, parameters = '', verb = ''] of text.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|\r|\n|[^\u001b\r\n]/gu)) {
    if (token === '\r') column = 0;
    else if (token === '\n') {
      row += 1;
      column = 0;
      lines[row] ??= '';
      top = Math.max(top, row - rows + 1);
    } else if (verb === 'A') row = Math.max(top, row - Number(parameters === '' ? '1' : parameters));
    else if (verb === 'K') lines[row] = '';
    else if (verb === 'J') {
      lines.length = row + 1;
      lines[row] = (lines[row] ?? '').slice(0, column);
    }
    else if (verb === '') {
      const line = (lines[row] ?? '').padEnd(column);
      lines[row] = line.slice(0, column) + token + line.slice(column + 1);
      column += 1;
    }
  }
  return lines.map((line) => line.trimEnd());
}
