/** An IP address as a number with its family; undefined for what is none. */
export interface Address { readonly family: 4 | 6; readonly value: bigint }

export function address(text: string): Address | undefined {
  return text.includes(':') ? six(text) : four(text);
}

function four(text: string): Address | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) return undefined;
  return { family: 4, value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
}

function six(text: string): Address | undefined {
  const [head = '', tail, more] = text.split('::');
  if (more !== undefined) return undefined;
  const groups = (part: string): readonly string[] => (part === '' ? [] : part.split(':'));
  const [first, last] = [groups(head), tail === undefined ? [] : groups(tail)];
  const missing = 8 - first.length - last.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...first, ...Array.from({ length: missing }, () => '0'), ...last];
  if (all.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return { family: 6, value: all.reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n) };
}

export interface Range { readonly family: 4 | 6; readonly first: bigint; readonly last: bigint }

/** `10.0.0.0/24`, `10.0.0.1-10.0.0.9`, or a single address. */
export function range(text: string): Range | undefined {
  const [from = '', to] = text.split('-').map((part) => part.trim());
  if (to !== undefined) return between(from, to);
  const [base = '', bits, more] = from.split('/');
  const at = address(base);
  if (at === undefined || more !== undefined || (bits !== undefined && !/^\d+$/.test(bits))) return undefined;
  const width = at.family === 4 ? 32 : 128;
  const prefix = bits === undefined ? width : Number(bits);
  if (prefix > width) return undefined;
  const size = 1n << BigInt(width - prefix);
  const first = (at.value / size) * size;
  return { family: at.family, first, last: first + size - 1n };
}

export function between(from: string, to: string): Range | undefined {
  const [first, last] = [address(from), address(to)];
  return first === undefined || last === undefined || first.family !== last.family ? undefined : { family: first.family, first: first.value, last: last.value };
}

export function holds(range_: Range, at: Address): boolean {
  return range_.family === at.family && at.value >= range_.first && at.value <= range_.last;
}
