/** IPv4 addresses as numbers, for rules about networks. */

/** The address as a number, or undefined when it is not four decimal octets (no leading zeros, which some read as octal). */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}

/** First and last address of a network. `base` is what was written: it differs from `first` when host bits are set. */
export interface Network { readonly base: number; readonly bits: number; readonly first: number; readonly last: number }

export function parseNetwork(text: string): Network | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const base = parseAddress(match?.[1] ?? '');
  const bits = Number(match?.[2] ?? 'x');
  if (base === undefined || !Number.isInteger(bits) || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const first = Math.floor(base / size) * size;
  return { base, bits, first, last: first + size - 1 };
}

export interface Range { readonly first: number; readonly last: number }

export function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(range: Range, address: number): boolean {
  return range.first <= address && address <= range.last;
}
