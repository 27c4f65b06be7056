/** A stretch of time, in ms of one clock; `to` is not before `from`. */
export interface Interval { readonly from: number; readonly to: number }

/** The same time without overlaps, in order; empty stretches are dropped. */
export function union(intervals: readonly Interval[]): readonly Interval[] {
  const merged: { from: number; to: number }[] = [];
  for (const { from, to } of intervals.filter((each) => each.to > each.from).toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/** What of `intervals` lies in none of `without`. */
export function subtract(intervals: readonly Interval[], without: readonly Interval[]): readonly Interval[] {
  const holes = union(without);
  return union(intervals).flatMap((whole) => {
    const rest: Interval[] = [];
    let from = whole.from;
    for (const hole of holes) {
      if (hole.to <= from || hole.from >= whole.to) continue;
      if (hole.from > from) rest.push({ from, to: hole.from });
      from = Math.max(from, hole.to);
    }
    if (from < whole.to) rest.push({ from, to: whole.to });
    return rest;
  });
}

/** What of `intervals` lies inside `window`. */
export function clip(intervals: readonly Interval[], window: Interval): readonly Interval[] {
  return union(intervals.map(({ from, to }) => ({ from: Math.max(from, window.from), to: Math.min(to, window.to) })));
}

/** Ms in all, overlaps counted once. */
export function total(intervals: readonly Interval[]): number {
  return union(intervals).reduce((sum, { from, to }) => sum + to - from, 0);
}
