/**
 * What is worked out of a part of an object, once for as long as there is the very same object: look after look at a tree shares those that nothing changed.
 * `part` says which part, and must be all that `make` depends on besides the object.
 */
export function oncePer<T>(): (object: object, part: string, make: () => T) => T {
  const known = new WeakMap<object, Map<string, { readonly value: T }>>();
  return (object, part, make) => {
    const mine = known.get(object) ?? new Map<string, { readonly value: T }>();
    known.set(object, mine);
    const there = mine.get(part) ?? { value: make() };
    mine.set(part, there);
    return there.value;
  };
}
