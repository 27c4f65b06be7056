/** The answer of one check. Unknown is never good; skip says why nothing was judged and never counts as pass. */
export type Verdict =
  | { readonly is: 'pass'; readonly because?: string }
  | { readonly is: 'fail' | 'unknown' | 'skip'; readonly because: string; readonly hint?: string };

/**
 * A named question about what was seen. Pure: the snapshot holds both what is and what is wanted.
 * `name` completes the sentence "waiting for ...".
 */
export interface Check<S> {
  readonly name: string;
  /** The part of the snapshot that must be read for this check; also the row it is shown in. */
  readonly layer: string;
  judge(seen: S): Verdict;
}
