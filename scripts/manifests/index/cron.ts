/** Why a cron schedule is none, or never comes; undefined when it is good. `seconds`: six fields, the first of them seconds. As github.com/robfig/cron reads them. */
export function cronTrouble(schedule: string, seconds = false): string | undefined {
  const text = schedule.trim();
  if (text.startsWith('@')) return descriptor(text);
  const fields = text.split(/\s+/);
  const wanted = seconds ? 6 : 5;
  if (fields.length !== wanted) return `it has ${fields.length} fields, not ${wanted}${seconds && fields.length === 5 ? ' (seconds come first)' : ''}${!seconds && fields.length === 6 ? ' (there are no seconds)' : ''}`;
  const read = (seconds ? fields : ['0', ...fields]).map((field, index) => parse(field, FIELDS[index] ?? MINUTE));
  for (const each of read) if (typeof each === 'string') return each;
  const [, , , days, months, weekdays] = read;
  if (!(days instanceof Set) || !(months instanceof Set) || !(weekdays instanceof Set)) return undefined;
  // A weekday beside a day of the month is an alternative to it.
  const [, , , day = '*', , weekday = '*'] = seconds ? fields : ['0', ...fields];
  if (!/^[*?]/.test(weekday) && !/^[*?]/.test(day)) return undefined;
  return [...months].some((month) => [...days].some((each) => each <= (LONGEST[month - 1] ?? 31))) ? undefined : 'that day never comes';
}

interface Field { readonly name: string; readonly from: number; readonly to: number; readonly names?: readonly string[] }
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MINUTE: Field = { name: 'minute', from: 0, to: 59 };
const FIELDS: readonly Field[] = [
  { name: 'second', from: 0, to: 59 }, MINUTE, { name: 'hour', from: 0, to: 23 }, { name: 'day of the month', from: 1, to: 31 }, { name: 'month', from: 1, to: 12, names: MONTHS }, { name: 'day of the week', from: 0, to: 6, names: WEEKDAYS },
];

function parse(text: string, field: Field): ReadonlySet<number> | string {
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step, more] = part.split('/');
    const every = step === undefined ? 1 : /^\d+$/.test(step) ? Number(step) : 0;
    if (every === 0 || more !== undefined) return `${part} is no ${field.name}`;
    const ends = range === '*' || range === '?' ? [field.from, field.to] : range.split('-').map((end) => number(end, field));
    const [first, last = step === undefined ? first : field.to, third] = ends;
    if (first === undefined || last === undefined || third !== undefined || Number.isNaN(first) || Number.isNaN(last)) return `${part} is no ${field.name}`;
    if (first < field.from || last > field.to) return `${field.name} ${part} is not within ${field.from}-${field.to}`;
    if (first > last) return `${field.name} ${part} ends before it begins`;
    for (let value = first; value <= last; value += every) found.add(value);
  }
  return found;
}

function number(text: string, field: Field): number {
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + field.from;
  return /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function descriptor(text: string): string | undefined {
  if (['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'].includes(text)) return undefined;
  const every = /^@every\s+(.+)$/.exec(text)?.[1];
  if (every === undefined) return `${text} is not known (there is @hourly, @daily, @weekly, @monthly, @yearly, @every 1h)`;
  return /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/.test(every) ? undefined : `${every} is no duration like 1h30m`;
}
