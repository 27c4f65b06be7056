/** Schedules as robfig/cron reads them: five fields, or six with seconds first, and the usual @words. Times are UTC. */
const WORDS: Readonly<Record<string, string>> = { '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0', '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *' };
const RANGES = [[0, 59], [0, 59], [0, 23], [1, 31], [1, 12], [0, 6]] as const;

function field(text: string, low: number, high: number): ReadonlySet<number> {
  const out = new Set<number>();
  for (const part of text.split(',')) {
    const [, range, step] = /^(\*|\?|\d+|\d+-\d+)(?:\/(\d+))?$/.exec(part) ?? [];
    const [from, to] = range === undefined ? [] : range === '*' || range === '?' ? [low, high] : range.includes('-') ? range.split('-').map(Number) : [Number(range), step === undefined ? Number(range) : high];
    if (from === undefined || to === undefined || !Number.isInteger(from) || !Number.isInteger(to) || from < low || to > high || from > to) throw new Error(`expected a number, a range or a step between ${low} and ${high}, found ${JSON.stringify(part)}`);
    for (let n = from; n <= to; n += Number(step ?? 1)) out.add(n);
  }
  return out;
}

/** The first moment after `after` (ms) at which the schedule fires; undefined when none comes within four years. Throws for what is no schedule. */
export function nextTime(schedule: string, after: number): number | undefined {
  const words = (WORDS[schedule.trim()] ?? schedule).trim().split(/\s+/);
  if (words.length !== 5 && words.length !== 6) throw new Error(`expected 5 or 6 fields, found ${words.length}: ${schedule}`);
  const all = words.length === 5 ? ['0', ...words] : words;
  // A Sunday may be called 7.
  const [seconds, minutes, hours, days, months, weekdays] = all.map((word, index) => field(index === 5 ? word.replace(/\b7\b/, '0') : word, RANGES[index]?.[0] ?? 0, RANGES[index]?.[1] ?? 0));
  const anyDay = ['*', '?'].includes(all[3] ?? ''); const anyWeekday = ['*', '?'].includes(all[5] ?? '');
  const fitsDay = (date: Date): boolean => {
    const day = days?.has(date.getUTCDate()) === true; const weekday = weekdays?.has(date.getUTCDay()) === true;
    return months?.has(date.getUTCMonth() + 1) === true && (anyDay || anyWeekday ? day && weekday : day || weekday);
  };
  const start = Math.floor(after / 1000) * 1000 + 1000;
  for (let day = Math.floor(start / 86_400_000); day < start / 86_400_000 + 1_461; day++) {
    if (!fitsDay(new Date(day * 86_400_000))) continue;
    for (const hour of hours ?? []) for (const minute of minutes ?? []) for (const second of seconds ?? []) {
      const at = day * 86_400_000 + hour * 3_600_000 + minute * 60_000 + second * 1000;
      if (at >= start) return at;
    }
  }
  return undefined;
}
