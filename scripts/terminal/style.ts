import type { Style } from '../engine/outcome.ts';

/** What decides about colour; given as values, because only cli/ reads the environment. */
export interface ColourFacts {
  readonly isTTY: boolean;
  /** NO_COLOR, as it is in the environment. */
  readonly noColor?: string | undefined;
  /** FORCE_COLOR, as it is in the environment: how colour is asked for where there is no terminal. */
  readonly forceColor?: string | undefined;
  /** CI, as it is in the environment. */
  readonly ci?: string | undefined;
  /** TERM, as it is in the environment. */
  readonly term?: string | undefined;
}

const given = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== '0' && value !== 'false';

/** Whether CI is set to anything that means yes. */
export function isCi(ci: string | undefined): boolean {
  return given(ci);
}

/**
 * Colour or not. NO_COLOR with any value but the empty one wins over everything (https://no-color.org), then
 * FORCE_COLOR asks for it; otherwise only a terminal that is neither CI's nor `dumb` gets colour.
 */
export function wantsColour(facts: ColourFacts): boolean {
  if (facts.noColor !== undefined && facts.noColor !== '') return false;
  if (given(facts.forceColor)) return true;
  return facts.isTTY && !isCi(facts.ci) && facts.term !== 'dumb';
}

/** Columns when nobody says how many there are. */
const USUAL_WIDTH = 100;
/** Below this nobody reads: one word a line and commands torn apart. The terminal breaks long lines itself then, and they can still be copied. */
const NARROWEST = 20;

/** How wide sentences are set for a stream of `columns`: the usual width when it has none or hardly any. */
export function sentenceWidth(columns: number | undefined): number {
  return columns !== undefined && columns >= NARROWEST ? columns : USUAL_WIDTH;
}

/** A Style of `width` columns (at least 1), with colour or as plain text. */
export function createStyle(options: { readonly colour: boolean; readonly width: number }): Style {
  const dress = (open: number, close: number) => (text: string): string =>
    options.colour && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    width: Math.max(1, Math.floor(options.width)),
    bold: dress(1, 22),
    dim: dress(2, 22),
    red: dress(31, 39),
    green: dress(32, 39),
    yellow: dress(33, 39),
    cyan: dress(36, 39),
  };
}

/** The same dress for another width (a column of a frame, a pipe). */
export function withWidth(style: Style, width: number): Style {
  return { ...style, width: Math.max(1, Math.floor(width)) };
}
