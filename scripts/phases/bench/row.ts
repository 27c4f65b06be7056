/** One thing measured, as a ratio: seconds differ between machines, ratios hardly do. */
export interface Row {
  readonly what: string;
  readonly ratio: number;
  readonly goal: number;
  readonly figures: string;
  /** It could not be measured here, and why. Then it is not met. */
  readonly unknown?: string;
}

/** Pairs measured; medians are compared, so that one slow moment of the machine decides nothing. */
export const PAIRS = 11;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
