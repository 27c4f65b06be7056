export const SOAK = process.env['SOAK'] !== undefined;

/** One of so many, from all over the list and always the same; all of them in the soak (SOAK=1). */
export function some<T>(items: readonly T[], oneOf: number): readonly T[] {
  const from = Math.min(Math.floor(oneOf / 2), Math.max(items.length - 1, 0));
  return SOAK ? items : items.filter((_, index) => index % oneOf === from);
}
/** What a test's name says of it. */
export const sampled = (oneOf: number): string => (SOAK ? '' : ` (one of ${oneOf}; all of them with SOAK=1)`);
