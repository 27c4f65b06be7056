import { absOf, ANY_TEXT, join, joinAll, NOTHING, textOf, type Abs, type Text } from './abstract.ts';
import type { World } from './world.ts';

/** Functions that hand on (parts of) what they are given, as opposed to making text of it. All others read their arguments whole. */
type Function_ = (world: World, args: readonly Abs[], site: object) => Abs;

const first = (args: readonly Abs[]): Abs => args[0] ?? NOTHING;
const last = (args: readonly Abs[]): Abs => args.at(-1) ?? NOTHING;

/** Templates hand several things on as `list . "x"` and take them apart by `index`: items keep their places. */
const listOf: Function_ = (world, args, site) => {
  const list = absOf({ is: 'made', made: world.made(site) });
  args.forEach((each, index) => world.set(list, textOf(String(index)), each));
  return list;
};
/** A list of items whose places are not known, and of those of lists among the values. */
const anyOf = (world: World, items: readonly Abs[], site: object): Abs => {
  const list = absOf({ is: 'made', made: world.made(site) });
  for (const each of items) world.set(list, ANY_TEXT, each);
  return list;
};
const moved: Function_ = (world, args, site) => {
  const kept = new Map(args.flatMap((each) => [...each.refs].filter(([, ref]) => ref.is !== 'made')));
  return join({ refs: kept, texts: [] }, anyOf(world, args.map((each) => world.field(each, '*')), site));
};
const extended: Function_ = (world, args, site) => join(moved(world, args.slice(0, 1), site), anyOf(world, args.slice(1), site));
const merged: Function_ = (world, args) => {
  for (const each of args.slice(1)) world.merge(first(args), each);
  return joinAll(args);
};
const kindOf: Function_ = (world, args) => {
  world.look(last(args), 'truth');
  world.look(last(args), 'touch');
  return ANY_TEXT;
};
const truths: Function_ = (world, args) => {
  for (const each of args) world.look(each, 'truth');
  return joinAll(args);
};
const truth: Function_ = (world, args) => {
  for (const each of args) world.look(each, 'truth');
  return ANY_TEXT;
};
const item: Function_ = (world, args) => world.field(first(args), '*');

/** Another map or list that holds the same: what is changed in it is not changed where it came from. */
const copied: Function_ = (world, args, site) => {
  const copy = absOf({ is: 'made', made: world.made(site) });
  world.merge(copy, first(args));
  return copy;
};

export const FUNCTIONS: Readonly<Record<string, Function_>> = {
  deepCopy: copied, omit: copied, pick: copied,
  concat: moved, reverse: moved, uniq: moved, compact: moved, rest: moved, initial: moved,
  slice: (world, args, site) => moved(world, args.slice(0, 1), site),
  append: extended, prepend: extended, push: extended,
  first: item, last: item,
  list: listOf, tuple: listOf,
  merge: merged, mergeOverwrite: merged,
  and: truths, or: truths, default: truths, coalesce: truths,
  not: truth, empty: truth,
  kindOf, kindIs: kindOf, typeOf: kindOf, typeIs: kindOf, typeIsLike: kindOf,
  required: (world, args) => {
    world.whole(first(args));
    world.look(last(args), 'truth');
    return last(args);
  },
  ternary: (world, args) => {
    world.look(last(args), 'truth');
    return joinAll(args.slice(0, 2));
  },
  len: (world, args) => {
    world.lookAtKeys(first(args));
    return ANY_TEXT;
  },
  keys: (world, args, site) => {
    for (const each of args) world.lookAtKeys(each);
    return anyOf(world, [ANY_TEXT], site);
  },
  values: (world, args, site) => {
    for (const each of args) world.lookAtKeys(each);
    return anyOf(world, args.map((each) => world.field(each, '*')), site);
  },
  dict: (world, args, site) => {
    const made = absOf({ is: 'made', made: world.made(site) });
    for (let at = 0; at + 1 < args.length; at += 2) world.set(made, args[at] ?? ANY_TEXT, args[at + 1] ?? NOTHING);
    return made;
  },
  set: (world, args) => {
    world.set(first(args), args[1] ?? ANY_TEXT, args[2] ?? NOTHING);
    return first(args);
  },
  unset: (_, args) => first(args),
  get: (world, args) => world.byKey(first(args), args[1] ?? ANY_TEXT),
  hasKey: (world, args) => {
    world.look(world.byKey(first(args), args[1] ?? ANY_TEXT), 'touch');
    return ANY_TEXT;
  },
  index: (world, args) => args.slice(1).reduce((found, key) => world.byKey(found, key), first(args)),
  pluck: (world, args, site) => anyOf(world, args.slice(1).map((each) => world.byKey(each, first(args))), site),
  dig: (world, args) => join(args.slice(0, -2).reduce((found, key) => world.byKey(found, key), last(args)), args.at(-2) ?? NOTHING),
  print: (world, args) => written(world, args, args.map(() => ''), ''),
  println: (world, args) => written(world, args, args.map(() => ''), ''),
  printf: (world, args) => {
    const format = first(args).texts;
    const [only] = format?.length === 1 ? format : [];
    const pieces = only?.length === 1 && typeof only[0] === 'string' ? only[0].split(/%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z]/) : undefined;
    if (pieces === undefined || pieces.length !== args.length) {
      for (const each of args) world.whole(each);
      return ANY_TEXT;
    }
    return written(world, args.slice(1), pieces.slice(1), pieces[0] ?? '');
  },
};

/** A text put together: `before`, then each argument and what stands after it. */
function written(world: World, args: readonly Abs[], after: readonly string[], before: string): Abs {
  let texts: readonly Text[] = [[before]];
  args.forEach((each, index) => {
    world.whole(each);
    const possible = each.texts === undefined || each.texts.length === 0 || each.refs.size > 0 ? [[null]] : each.texts;
    texts = texts.flatMap((text) => possible.map((more): Text => glued([...text, ...more, after[index] ?? ''])));
    if (texts.length > 24) texts = [[null]];
  });
  return { refs: NOTHING.refs, texts };
}

function glued(text: Text): Text {
  const out: (string | null)[] = [];
  for (const piece of text) {
    const before = out.at(-1);
    if (typeof piece === 'string' && typeof before === 'string') out[out.length - 1] = before + piece;
    else if (piece !== '' && !(piece === null && before === null)) out.push(piece);
  }
  return out.length === 0 ? [''] : out;
}

/** Which names a text can be. */
export function nameMatcher(name: Abs): (candidate: string) => boolean {
  if (name.texts === undefined || name.refs.size > 0) return () => true;
  const patterns = name.texts.map((text) => new RegExp(`^${text.map((piece) => (piece === null ? '[^]*' : piece.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`))).join('')}$`));
  return (candidate) => patterns.some((pattern) => pattern.test(candidate));
}
