import { isIPv6 } from 'node:net';

/** Patterns and formats as Go understands them, as far as JavaScript is certain to agree. */

/** Syntax that means something else in Go, or nothing there: groups with flags or names, anchors, classes by name. */
const OTHERWISE = /\(\?(?!:)|\\[AzZQEpPCbB1-9xuck]|\[\[:|\[\]|\[\^\]/;
const PLAIN_TEXT = /^[\x20-\x7e]*$/;
const compiled = new Map<string, RegExp | undefined>();

/** Whether a text fits a pattern; undefined when Go might see it otherwise. */
export function checkPattern(pattern: string, value: string): boolean | undefined {
  if (!compiled.has(pattern)) compiled.set(pattern, compile(pattern));
  const regex = compiled.get(pattern);
  // Beyond plain text the two differ in what `.`, `\s` and `$` mean.
  return regex === undefined || !PLAIN_TEXT.test(value) ? undefined : regex.test(value);
}

function compile(pattern: string): RegExp | undefined {
  if (OTHERWISE.test(pattern) || !PLAIN_TEXT.test(pattern)) return undefined;
  try {
    return new RegExp(pattern);
  } catch {
    // Not one JavaScript can read: nothing is known of it.
    return undefined;
  }
}

/** Formats that are looked at by nobody, here or there. */
const IGNORED = new Set(['int32', 'int64', 'uint32', 'uint64', 'double', 'float', 'byte', 'binary', 'password', 'string', 'int-or-string', 'quantity', 'cidr', 'idn-hostname', 'mac', 'bsonobjectid', 'ssn', 'hexcolor', 'rgbcolor', 'isbn', 'isbn10', 'isbn13', 'creditcard', 'uuid3', 'uuid4', 'uuid5', 'datetime']);

/** What is wrong with a text of a format; undefined for nothing, 'undecided' where only kubeconform knows. */
export function checkFormat(format: string, value: string): string | undefined {
  if (IGNORED.has(format)) return undefined;
  switch (format) {
    case 'duration': return isGoDuration(value) ? undefined : 'undecided';
    case 'date-time': return checkDateTime(value);
    case 'ipv4': return checkIPv4(value);
    case 'ipv6': return checkIPv6(value);
    default: return 'undecided';
  }
}

const UNIT = '(?:ns|us|µs|μs|ms|s|m|h)';
const GO_DURATION = new RegExp(`^[-+]?(?:0|(?:(?:\\d+(?:\\.\\d*)?|\\.\\d+)${UNIT})+)$`);
/** What Go's time.ParseDuration reads, short of numbers too large for it. */
export function isGoDuration(value: string): boolean {
  return GO_DURATION.test(value) && value.length < 24;
}

/** Plain ones only: a leap second or an unusual offset is not for here. */
const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[zZ]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
function checkDateTime(value: string): string | undefined {
  const match = DATE_TIME.exec(value);
  if (match === null) return 'undecided';
  const [year = 0, month = 0, day = 0] = match.slice(1, 4).map(Number);
  const days = new Date(Date.UTC(year === 0 ? 400 : year, month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= days ? undefined : 'undecided';
}

function checkIPv4(value: string): string | undefined {
  const parts = value.split('.');
  if (parts.length !== 4) return 'expected four decimals';
  return parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256) ? undefined : 'undecided';
}
function checkIPv6(value: string): string | undefined {
  if (!value.includes(':')) return 'missing colon';
  return isIPv6(value) && !value.includes('%') ? undefined : 'undecided';
}
