/**
 * A layered drawing: every box has a column, arrows go from left to right, and what passes a column keeps clear of its boxes. Knows
 * nothing of what the boxes are. Pure, and the same for the same input everywhere.
 */
export interface Box { readonly id: string; readonly column: number; readonly width: number; readonly height: number }
export interface Link { readonly from: string; readonly to: string }
export interface Point { readonly x: number; readonly y: number }
export interface Placed { readonly id: string; readonly x: number; readonly y: number; readonly width: number; readonly height: number }
export interface Layout {
  readonly boxes: ReadonlyMap<string, Placed>;
  /** Points of each link, in the order of the links that were given; [] for one whose ends are not there. */
  readonly paths: readonly (readonly Point[])[];
  /** Left edge and width of each column. */
  readonly columns: readonly { readonly x: number; readonly width: number }[];
  readonly width: number;
  readonly height: number;
}

/** Columns between boxes side by side, rows between boxes one under the other, and what a passing arrow takes. */
const GAP_X = 44;
const GAP_Y = 14;
const LANE = 8;
const SWEEPS = 12;

interface Slot { readonly id: string; readonly column: number; readonly height: number; readonly width: number; /** A place an arrow passes. */ readonly passes: boolean; y: number; readonly left: Slot[]; readonly right: Slot[] }

/** Places boxes and arrows. Links that point to the left or within a column are drawn as they come. */
export function layoutOf(boxes: readonly Box[], links: readonly Link[]): Layout {
  const columns: Slot[][] = [];
  const slots = new Map<string, Slot>();
  const put = (slot: Slot): Slot => {
    (columns[slot.column] ??= []).push(slot);
    return slot;
  };
  for (const box of boxes) slots.set(box.id, put({ ...box, passes: false, y: 0, left: [], right: [] }));
  const chains = links.map(({ from, to }, index): readonly Slot[] => {
    const [a, b] = [slots.get(from), slots.get(to)];
    if (a === undefined || b === undefined) return [];
    const chain = [a];
    for (let column = a.column + 1; column < b.column; column += 1) chain.push(put({ id: `${index} ${column}`, column, width: 0, height: LANE, passes: true, y: 0, left: [], right: [] }));
    chain.push(b);
    if (b.column > a.column) {
      for (let i = 1; i < chain.length; i += 1) {
        const [left, right] = [chain[i - 1], chain[i]];
        if (left === undefined || right === undefined) continue;
        left.right.push(right);
        right.left.push(left);
      }
    }
    return chain;
  });
  const dense = Array.from(columns, (column) => column ?? []);
  order(dense);
  stack(dense);
  return placed(dense, chains);
}

/** Fewer crossings: each column by the middle of its neighbours, back and forth; the best order that was met is kept. */
function order(columns: Slot[][]): void {
  const rank = (column: readonly Slot[]): void => column.forEach((slot, index) => { slot.y = index; });
  columns.forEach(rank);
  let best = columns.map((column) => [...column]);
  let fewest = crossings(columns);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    const toRight = sweep % 2 === 0;
    const pass = toRight ? [...columns.keys()] : [...columns.keys()].toReversed();
    for (const index of pass) {
      const column = columns[index] ?? [];
      const middle = new Map(column.map((slot) => [slot, middleOf(toRight ? slot.left : slot.right) ?? slot.y]));
      // A sort that keeps the order of equals: nothing moves without a reason.
      column.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
      rank(column);
    }
    const now = crossings(columns);
    if (now < fewest) {
      fewest = now;
      best = columns.map((column) => [...column]);
    }
  }
  best.forEach((column, index) => { columns[index] = column; rank(column); });
}

function middleOf(slots: readonly Slot[]): number | undefined {
  if (slots.length === 0) return undefined;
  return slots.reduce((sum, slot) => sum + slot.y, 0) / slots.length;
}

function crossings(columns: readonly (readonly Slot[])[]): number {
  let count = 0;
  for (const column of columns) {
    const ends = column.flatMap((slot) => slot.right.map((to) => to.y).toSorted((a, b) => a - b));
    // Pairs out of order, counted as they are merged.
    count += inversions(ends);
  }
  return count;
}

function inversions(list: readonly number[]): number {
  if (list.length < 2) return 0;
  const half = list.length >> 1;
  const [a, b] = [list.slice(0, half), list.slice(half)];
  let count = inversions(a) + inversions(b);
  const [left, right] = [a.toSorted((x, y) => x - y), b.toSorted((x, y) => x - y)];
  let i = 0;
  for (const value of right) {
    while (i < left.length && (left[i] ?? 0) <= value) i += 1;
    count += left.length - i;
  }
  return count;
}

/** Heights: stacked first, then each box drawn towards the middle of what it belongs to, without passing its neighbours. */
function stack(columns: readonly (readonly Slot[])[]): void {
  for (const column of columns) settle(column, new Map());
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const toRight = sweep % 2 === 0;
    for (const column of toRight ? columns : [...columns].toReversed()) {
      const wanted = new Map<Slot, number>();
      for (const slot of column) {
        const near = toRight ? slot.left : slot.right;
        const centre = near.length === 0 ? undefined : near.reduce((sum, each) => sum + each.y + each.height / 2, 0) / near.length;
        if (centre !== undefined) wanted.set(slot, centre - slot.height / 2);
      }
      settle(column, wanted);
    }
  }
  const top = Math.min(...columns.flatMap((column) => column.map((slot) => slot.y)), 0);
  for (const column of columns) for (const slot of column) slot.y -= top;
}

interface Block { readonly slots: Slot[]; y: number; height: number }

/** Puts the slots of a column as near as possible to where they want to be, in their order and with room between: blocks that meet are moved as one. */
function settle(column: readonly Slot[], wanted: ReadonlyMap<Slot, number>): void {
  const blocks: Block[] = [];
  const offset = new Map<Slot, number>();
  const wish = (slot: Slot): number => wanted.get(slot) ?? slot.y;
  const place = (block: Block): void => {
    block.y = block.slots.reduce((sum, slot) => sum + wish(slot) - (offset.get(slot) ?? 0), 0) / block.slots.length;
  };
  for (const slot of column) {
    offset.set(slot, 0);
    let block: Block = { slots: [slot], y: wish(slot), height: slot.height };
    for (let above = blocks.at(-1); above !== undefined && above.y + above.height + gapBetween(above.slots.at(-1), block.slots[0]) > block.y; above = blocks.at(-1)) {
      blocks.pop();
      const shift = above.height + gapBetween(above.slots.at(-1), block.slots[0]);
      for (const each of block.slots) offset.set(each, (offset.get(each) ?? 0) + shift);
      block = { slots: [...above.slots, ...block.slots], y: 0, height: shift + block.height };
      place(block);
    }
    blocks.push(block);
  }
  for (const block of blocks) for (const slot of block.slots) slot.y = block.y + (offset.get(slot) ?? 0);
}

const gapBetween = (a: Slot | undefined, b: Slot | undefined): number => (a?.passes === true && b?.passes === true ? 2 : GAP_Y);

function placed(columns: readonly (readonly Slot[])[], chains: readonly (readonly Slot[])[]): Layout {
  const round = (value: number): number => Math.round(value * 10) / 10;
  let x = 0;
  const spans = columns.map((column) => {
    const width = Math.max(0, ...column.map((slot) => slot.width));
    const span = { x, width };
    x += width + GAP_X;
    return span;
  });
  const spanOf = (slot: Slot): { readonly x: number; readonly width: number } => spans[slot.column] ?? { x: 0, width: 0 };
  const boxes = new Map<string, Placed>();
  for (const slot of columns.flat()) if (!slot.passes) boxes.set(slot.id, { id: slot.id, x: round(spanOf(slot).x), y: round(slot.y), width: spanOf(slot).width, height: slot.height });
  const paths = chains.map((chain) => chain.flatMap((slot, index): readonly Point[] => {
    const { x: left, width } = spanOf(slot);
    const y = round(slot.y + slot.height / 2);
    if (index === 0) return [{ x: round(left + width), y }];
    if (index === chain.length - 1) return [{ x: round(left), y }];
    return [{ x: round(left), y }, { x: round(left + width), y }];
  }));
  return { boxes, paths, columns: spans, width: round(Math.max(0, x - GAP_X)), height: round(Math.max(0, ...columns.flatMap((column) => column.map((slot) => slot.y + slot.height)))) };
}
