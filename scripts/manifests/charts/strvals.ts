import { isPlain, put, type Values } from '../build/data.ts';

/** Helm's language of `--set`, in which helm-controller puts a value at a `targetPath` (pkg/strvals of Helm). */

const DEEPEST = 30;
const LARGEST_INDEX = 65_536;

/** Thrown with words like Helm's. */
export class StrvalsError extends Error {}

/** Sets what `line` (`path=value,...`) says in `into`, in place. `asText`: values are never numbers, booleans or null. */
export function setLine(into: Values, line: string, asText: boolean): void {
  const reader = new Reader([...line], asText);
  while (!reader.ended) reader.key(into, 0);
}

class Reader {
  readonly #runes: readonly string[];
  readonly #asText: boolean;
  #at = 0;

  constructor(runes: readonly string[], asText: boolean) {
    this.#runes = runes;
    this.#asText = asText;
  }

  get ended(): boolean { return this.#at >= this.#runes.length; }

  /** Everything before one of `stops`, which is taken as well; `stop` undefined: the text ended first. */
  #until(stops: string): { readonly text: string; readonly stop: string | undefined } {
    let text = '';
    while (!this.ended) {
      const rune = this.#runes[this.#at] ?? '';
      this.#at += 1;
      if (stops.includes(rune)) return { text, stop: rune };
      if (rune !== '\\') { text += rune; continue; }
      if (this.ended) return { text, stop: undefined };
      text += this.#runes[this.#at] ?? '';
      this.#at += 1;
    }
    return { text, stop: undefined };
  }

  key(data: Values, depth: number): void {
    const { text, stop } = this.#until('=[,.');
    if (stop === undefined) {
      if (text === '') return;
      throw new StrvalsError(`key "${text}" has no value`);
    }
    if (stop === '[') {
      const index = this.#index();
      const there = Object.hasOwn(data, text) ? data[text] : [];
      if (!Array.isArray(there)) throw new StrvalsError(`${text} is no list`);
      set(data, text, this.#item(there, index, depth));
    } else if (stop === '=') {
      set(data, text, this.#value());
    } else if (stop === ',') {
      set(data, text, '');
      throw new StrvalsError(`key "${text}" has no value (cannot end with ,)`);
    } else {
      if (depth + 1 > DEEPEST) throw new StrvalsError(`names may be nested ${DEEPEST} deep`);
      const there = Object.hasOwn(data, text) ? data[text] : {};
      if (!isPlain(there)) throw new StrvalsError(`${text} is no map`);
      this.key(there, depth + 1);
      if (Object.keys(there).length === 0) throw new StrvalsError(`key map "${text}" has no value`);
      set(data, text, there);
    }
  }

  #index(): number {
    const { text, stop } = this.#until(']');
    if (stop === undefined || !/^[-+]?\d+$/.test(text)) throw new StrvalsError(`error parsing index "${text}"`);
    return Number(text);
  }

  #item(there: readonly unknown[], index: number, depth: number): unknown[] {
    if (index < 0) throw new StrvalsError(`negative ${index} index not allowed`);
    if (index > LARGEST_INDEX) throw new StrvalsError(`index of ${index} is greater than ${LARGEST_INDEX}`);
    const items = [...there];
    while (items.length <= index) items.push(null);
    const { text, stop } = this.#until('[.=');
    if (text !== '') throw new StrvalsError(`unexpected data at end of array index: "${text}"`);
    if (stop === '=') items[index] = this.#value();
    else if (stop === '[') {
      const inner = items[index];
      items[index] = this.#item(Array.isArray(inner) ? inner : [], this.#index(), depth);
    } else if (stop === '.') {
      const old = items[index];
      const inner = isPlain(old) ? old : {};
      this.key(inner, depth);
      items[index] = inner;
    } else throw new StrvalsError('the index has no value');
    return items;
  }

  #value(): unknown {
    if (this.ended) return '';
    if (this.#runes[this.#at] !== '{') return this.#typed(this.#until(',').text);
    this.#at += 1;
    const items: unknown[] = [];
    for (;;) {
      const { text, stop } = this.#until(',}');
      if (stop === undefined) throw new StrvalsError("list must terminate with '}'");
      items.push(this.#typed(text));
      if (stop === ',') continue;
      if (this.#runes[this.#at] === ',') this.#at += 1;
      return items;
    }
  }

  #typed(value: string): unknown {
    if (this.#asText) return value;
    const word = value.toLowerCase();
    if (word === 'true') return true;
    if (word === 'false') return false;
    if (word === 'null') return null;
    return value === '0' || /^[-+]?[1-9]\d*$/.test(value) || /^[-+]0\d*$/.test(value) ? Number(value) : value;
  }
}

function set(data: Values, key: string, value: unknown): void {
  if (key !== '') put(data, key, value);
}
