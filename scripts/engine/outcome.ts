import type { ExitName } from './failure.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** How to dress text for the place it goes to. Colour only repeats what words already say. */
export interface Style {
  /** Columns to stay within. */
  readonly width: number;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

/** What a task that answers a question (health, status, doctor) has to say, for people and for programs. */
export interface Outcome {
  readonly exit: ExitName;
  /** The one document `--json` prints. */
  readonly result: Json;
  /** Lines for a person, dressed by `style`. */
  render(style: Style): readonly string[];
}
