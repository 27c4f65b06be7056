/** Flags as cobra reads them, strictly: what is not declared is refused, never passed over. */
export type FlagType = 'bool' | 'string' | 'strings' | 'duration' | 'int';
export interface FlagSpec { readonly type: FlagType; readonly short?: string; readonly default?: string | boolean }
export type FlagTable = Readonly<Record<string, FlagSpec>>;

/** Ends a stand-in: text for stderr and the exit code. */
export class Exit extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
/** A flag, verb or value that the stand-in does not model: exit 64, told to the lab's log by the caller. */
export class Unmodelled extends Exit {
  constructor(tool: string, what: string) {
    super(64, `${what} (the lab's stand-in ${tool} does not model it)`);
  }
}

export interface Parsed {
  readonly args: readonly string[];
  bool(name: string): boolean;
  text(name: string): string;
  list(name: string): readonly string[];
  given(name: string): boolean;
}

/** Reads argv by the table. Lists (`strings`) take commas and repetition. Throws Unmodelled for an unknown flag, Exit 1 for a missing or wrong value. */
export function parseFlags(tool: string, table: FlagTable, argv: readonly string[]): Parsed {
  const short = new Map(Object.entries(table).flatMap(([name, spec]) => (spec.short === undefined ? [] : [[spec.short, name] as const])));
  const values = new Map<string, string[]>();
  const args: string[] = [];
  const put = (name: string, spec: FlagSpec, value: string, shown: string): void => {
    if (spec.type === 'bool' && value !== 'true' && value !== 'false') throw new Exit(1, `invalid argument "${value}" for "${shown}" flag: strconv.ParseBool: parsing "${value}": invalid syntax`);
    if (spec.type === 'int' && !/^-?\d+$/.test(value)) throw new Exit(1, `invalid argument "${value}" for "${shown}" flag: strconv.ParseInt: parsing "${value}": invalid syntax`);
    if (spec.type === 'duration' && durationMs(value) === undefined) throw new Exit(1, `invalid argument "${value}" for "${shown}" flag: time: invalid duration "${value}"`);
    values.set(name, [...(values.get(name) ?? []), value]);
  };
  for (let n = 0; n < argv.length; n++) {
    const entry = argv[n] ?? '';
    if (entry === '--') {
      args.push(...argv.slice(n + 1));
      break;
    }
    if (!entry.startsWith('-') || entry === '-') {
      args.push(entry);
      continue;
    }
    const long = entry.startsWith('--');
    const [, name = '', inline] = /^--?([^=]*)(?:=([\s\S]*))?$/.exec(entry) ?? [];
    const key = long ? name : short.get(name.slice(0, 1)) ?? '';
    const spec = table[key];
    if (spec === undefined) throw new Unmodelled(tool, long ? `unknown flag: --${name}` : `unknown shorthand flag: '${name.slice(0, 1)}' in ${entry}`);
    const shown = long ? `--${key}` : `-${name.slice(0, 1)}, --${key}`;
    if (!long && name.length > 1) {
      // -fvalue, or several boolean letters in one.
      if (spec.type === 'bool') argv = [...argv.slice(0, n + 1), `-${name.slice(1)}${inline === undefined ? '' : `=${inline}`}`, ...argv.slice(n + 1)];
      put(key, spec, spec.type === 'bool' ? 'true' : name.slice(1) + (inline === undefined ? '' : `=${inline}`), shown);
    } else if (inline !== undefined) put(key, spec, inline, shown);
    else if (spec.type === 'bool') put(key, spec, 'true', shown);
    else {
      const next = argv[++n];
      if (next === undefined) throw new Exit(1, long ? `flag needs an argument: --${key}` : `flag needs an argument: '${name.slice(0, 1)}' in ${entry}`);
      put(key, spec, next, shown);
    }
  }
  const otherwise = (name: string): string | undefined => {
    const value = table[name]?.default;
    return value === undefined ? undefined : String(value);
  };
  return {
    args,
    bool: (name) => (values.get(name)?.at(-1) ?? otherwise(name)) === 'true',
    text: (name) => values.get(name)?.at(-1) ?? otherwise(name) ?? '',
    list: (name) => (values.get(name) ?? (otherwise(name) === undefined ? [] : [otherwise(name) ?? ''])).flatMap((value) => (table[name]?.type === 'strings' ? value.split(',') : [value])).filter((value) => value !== ''),
    given: (name) => values.has(name),
  };
}

/** Go's duration in ms; undefined when it is none. */
export function durationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return text === '0' ? 0 : undefined;
  let ms = 0;
  for (const [, value, , unit] of text.matchAll(/(\d+(\.\d+)?)(ms|s|m|h)/g)) ms += Number(value) * (unit === 'ms' ? 1 : unit === 's' ? 1000 : unit === 'm' ? 60_000 : 3_600_000);
  return ms;
}
