/** Plain data, as JSON has it: comparing, copying, freezing. */

/** Same data? Keys that hold undefined count as absent, as they do on the wire. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((entry, index) => entry === b[index] || equal(entry, b[index]));
  if (Array.isArray(b)) return false;
  let members = 0;
  for (const [key, value] of Object.entries(a)) {
    if (value === undefined) continue;
    members++;
    // Own members only: a key named __proto__ is data like any other.
    if (!Object.hasOwn(b, key)) return false;
    const other: unknown = Reflect.get(b, key);
    if (value !== other && !equal(value, other)) return false;
  }
  for (const value of Object.values(b)) if (value !== undefined) members--;
  return members === 0;
}

/** A deep copy that may be written to; undefined members are left out. */
export function copy<T>(value: T): T;
export function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => copy(entry));
  if (typeof value !== 'object' || value === null) return value;
  const out: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    if (entry === undefined) continue;
    // A key named __proto__ is data like any other.
    if (key === '__proto__') Object.defineProperty(out, key, { value: copy(entry), enumerable: true, writable: true, configurable: true });
    else out[key] = copy(entry);
  }
  return out;
}

/** Freezes all the way down. What is frozen already is taken to be frozen below, too. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const entry of Object.values(value)) freeze(entry);
  return value;
}

/** The same data without nulls in mappings: a null asks for the field to be absent. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, entry]) => (entry === null || entry === undefined ? [] : [[key, withoutNulls(entry)]])));
}
