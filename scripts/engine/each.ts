import { asFailure, Failure, gather, interrupted } from './failure.ts';

export interface EachOptions<T> {
  /** What the whole is, for the sentence when several items fail ("configure machines"). */
  readonly what?: string;
  /** The first failure aborts the siblings' signal and starts no further item. Default: they go on, each is told. */
  readonly failFast?: boolean;
  /** Name of an item, for errors that were not thrown on purpose. */
  name?(item: T): string;
}

/**
 * Runs `fn` for every item, at most `limit` at a time, and answers the results in the items' order. Every item runs even
 * when others fail (unless `failFast`); all failures are gathered into one, chains intact. After `signal` aborts no
 * further item starts and the interruption is one of the gathered failures.
 */
export async function each<T, R>(
  items: readonly T[],
  limit: number,
  fn: (item: T, signal: AbortSignal, index: number) => Promise<R>,
  signal: AbortSignal,
  options: EachOptions<T> = {},
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const failures = new Map<number, Failure>();
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  let next = 0;

  const worker = async (): Promise<void> => {
    while (next < items.length && !both.aborted) {
      const index = next++;
      const item = items[index] as T;
      try {
        results.set(index, await fn(item, both, index));
      } catch (error) {
        // A sibling that only stopped because we told it to is not a second trouble.
        const echo = stop.signal.aborted && !signal.aborted && !(error instanceof Failure && error.exit !== 'interrupted');
        if (!echo) failures.set(index, asFailure(error, options.name?.(item) ?? options.what ?? `item ${index + 1}`));
        if (options.failFast === true) stop.abort();
      }
    }
  };
  const workers = Math.max(1, Math.min(Math.floor(limit), items.length));
  await Promise.all(Array.from({ length: workers }, worker));

  const told = [...failures.entries()].toSorted(([a], [b]) => a - b).map(([, failure]) => failure);
  const cut = signal.aborted && results.size + failures.size < items.length;
  if (cut && !told.some((failure) => failure.exit === 'interrupted')) told.push(interrupted(signal.reason));
  if (told.length > 0) throw gather(told, `${options.what ?? 'work'}: ${told.length} of ${items.length} failed`);
  return items.map((_, index) => results.get(index) as R);
}
