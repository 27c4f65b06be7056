/** One thing wrong with the configuration, at a place, with a way out. All of them are reported at once. */
export interface Problem {
  /** Relative to the configuration's root. */
  readonly file: string;
  /** 1-based; 0 when the problem is the whole file (missing, unreadable). */
  readonly line: number;
  readonly column: number;
  /** Characters to underline from column on; at least 1. */
  readonly length: number;
  /** Stable name of the rule, kebab-case, e.g. `address-taken`. */
  readonly rule: string;
  readonly message: string;
  readonly hint: string;
}
