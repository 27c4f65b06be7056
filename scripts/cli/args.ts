import { didYouMean, lookAlike, short } from './didyoumean.ts';

/** Flags are the same for every task; what belongs to one task is a variable. */
export interface Flags {
  readonly list: boolean;
  /** One JSON document, the result, on stdout; progress goes to stderr. */
  readonly json: boolean;
  readonly summary: boolean;
  readonly dryRun: boolean;
  readonly watch: boolean;
  /** Answers yes/no questions that destroy nothing. */
  readonly yes: boolean;
  /** Names given by `--confirm=infra,apps`: consent to what is destructive, typed ahead. */
  readonly confirm: readonly string[];
  readonly output: OutputMode;
  readonly verbose: boolean;
  readonly help: boolean;
  readonly version: boolean;
}
export type OutputMode = 'auto' | 'plain' | 'json' | 'live';
export const OUTPUT_MODES: readonly OutputMode[] = ['auto', 'plain', 'json', 'live'];

/** One thing wrong with the command line. All of them are reported at once, exit 64. */
export interface UsageProblem {
  /** The word as it was typed; '' when the trouble is a word that is missing. */
  readonly word: string;
  readonly message: string;
  readonly hint?: string;
}

export interface Parsed {
  /** Task names as typed, in order, unknown ones left out. */
  readonly tasks: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
  readonly flags: Flags;
}

/** What each word of the command line was taken for. */
export interface Word {
  readonly word: string;
  readonly is: 'task' | 'variable' | 'flag' | 'end-of-flags' | 'problem';
}

export interface ParseResult {
  readonly parsed: Parsed;
  readonly problems: readonly UsageProblem[];
  /** One entry per word, in order: nothing typed is silently dropped. */
  readonly words: readonly Word[];
}

type Switch = { -readonly [K in keyof Flags as Flags[K] extends boolean ? K : never]: boolean };

const SWITCHES: Readonly<Record<string, keyof Switch>> = {
  '--list': 'list', '-l': 'list',
  '--json': 'json',
  '--summary': 'summary',
  '--dry-run': 'dryRun', '-n': 'dryRun',
  '--watch': 'watch', '-w': 'watch',
  '--yes': 'yes', '-y': 'yes',
  '--verbose': 'verbose', '-v': 'verbose',
  '--help': 'help', '-h': 'help',
  '--version': 'version',
};
const WITH_VALUE: readonly string[] = ['--confirm', '--output'];
const LONG_FLAGS: readonly string[] = [...Object.keys(SWITCHES).filter((flag) => flag.startsWith('--')), ...WITH_VALUE];

/** What go-task or other tools call the same thing; nearer than any spelling distance. */
const KNOWN_ELSEWHERE: Readonly<Record<string, string>> = {
  '--dry': '--dry-run', '--dryrun': '--dry-run', '--check': '--dry-run', '--list-all': '--list', '-a': '--list',
  '--silent': '--output=plain', '-s': '--output=plain', '--quiet': '--output=plain', '-q': '--output=plain', '-o': '--output',
  '--force': '--confirm', '-f': '--confirm', '--debug': '--verbose', '-d': '--verbose',
};

const VARIABLE_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/u;

/**
 * Reads a command line: a word with `=` that does not begin with `-` is a variable, `-...` is a flag until `--`, every
 * other word is a task. `help NAME` is `NAME --help`. Pure and total: whatever is typed comes back as a word of the
 * result, wrong ones with a problem that says what was probably meant.
 * @param taskNames every name and alias a task answers to
 */
export function parseArgs(argv: readonly string[], taskNames: readonly string[]): ParseResult {
  const tasks: string[] = [];
  const variables = new Map<string, string>();
  const switches: Switch = { list: false, json: false, summary: false, dryRun: false, watch: false, yes: false, verbose: false, help: false, version: false };
  const confirm: string[] = [];
  let chosen: { readonly mode: OutputMode; readonly word: string } | undefined;
  const problems: UsageProblem[] = [];
  const words: Word[] = [];
  let flagsEnded = false;

  const wrong = (word: string, message: string, hint?: string): void => {
    words.push({ word, is: 'problem' });
    problems.push(hint === undefined ? { word, message } : { word, message, hint });
  };
  const takeFlag = (word: string): void => {
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? undefined : word.slice(equals + 1);
    const known = Object.hasOwn(SWITCHES, name) ? SWITCHES[name] : undefined;
    if (known !== undefined) {
      if (value !== undefined) return wrong(word, `${name} takes no value`, `type ${name} alone`);
      switches[known] = true;
      words.push({ word, is: 'flag' });
      return;
    }
    if (name === '--confirm') {
      const names = (value ?? '').split(',').filter((part) => part !== '');
      if (names.length === 0) return wrong(word, '--confirm needs the names it agrees to', 'for example --confirm=apps, or --confirm=infra,apps');
      confirm.push(...names);
      words.push({ word, is: 'flag' });
      return;
    }
    if (name === '--output') {
      const mode = OUTPUT_MODES.find((each) => each === value);
      if (mode === undefined) {
        const near = value === undefined ? undefined : didYouMean(value, OUTPUT_MODES);
        return wrong(word, value === undefined ? '--output needs a value' : `--output cannot be "${short(value)}"`,
          near === undefined ? `one of ${OUTPUT_MODES.join(', ')}` : `did you mean --output=${near}?`);
      }
      if (chosen !== undefined && chosen.mode !== mode) return wrong(word, `--output is given twice, first as ${chosen.word}`, 'keep one');
      chosen = { mode, word };
      words.push({ word, is: 'flag' });
      return;
    }
    const near = Object.hasOwn(KNOWN_ELSEWHERE, name) ? KNOWN_ELSEWHERE[name] : didYouMean(name, LONG_FLAGS);
    wrong(word, `there is no flag ${short(name)}${seen(name)}`, near === undefined ? 'task --help lists the flags' : `did you mean ${near}?`);
  };
  const takeVariable = (word: string): void => {
    const equals = word.indexOf('=');
    const name = word.slice(0, equals);
    const value = word.slice(equals + 1);
    if (!VARIABLE_NAME.test(name)) return wrong(word, name === '' ? 'a variable has no name' : `"${short(name)}" cannot be the name of a variable${seen(name)}`, name === '' ? 'no blanks around =: NAME=value, for example CLUSTER=infra' : 'NAME=value, for example CLUSTER=infra');
    const before = variables.get(name);
    if (before !== undefined && before !== value) return wrong(word, `${short(name)} is given twice, first as ${short(before)}`, 'keep one');
    variables.set(name, value);
    words.push({ word, is: 'variable' });
  };
  const takeTask = (word: string, first: boolean): void => {
    if (first && word === 'help' && !taskNames.includes('help')) {
      switches.help = true;
      words.push({ word, is: 'flag' });
      return;
    }
    if (taskNames.includes(word)) {
      tasks.push(word);
      words.push({ word, is: 'task' });
      return;
    }
    // A dash of another kind, as word processors and chat programs make of two: a flag was meant.
    const dashed = /^[\u2010-\u2015\u2212\uFE58\uFF0D]+(?=.)/u.exec(word)?.[0];
    if (dashed !== undefined) {
      const plain = word.slice(dashed.length);
      const flag = didYouMean(`${plain.length === 1 ? '-' : '--'}${plain}`, [...LONG_FLAGS, ...Object.keys(SWITCHES)]);
      return wrong(word, `${short(word)} begins with another dash than flags do${seen(word)}`, flag === undefined ? 'flags begin with the plain - of the keyboard' : `did you mean ${flag}?`);
    }
    const near = didYouMean(word, taskNames);
    wrong(word, `there is no task ${word === '' ? '""' : short(word)}${seen(word)}`, near === undefined ? 'task --list shows them all' : `did you mean ${near}?`);
  };

  for (const [index, word] of argv.entries()) {
    if (!flagsEnded && word === '--') {
      flagsEnded = true;
      words.push({ word, is: 'end-of-flags' });
    } else if (!flagsEnded && word.startsWith('-')) takeFlag(word);
    else if (word.includes('=')) takeVariable(word);
    else takeTask(word, index === 0);
  }
  return {
    parsed: { tasks, variables: Object.fromEntries(variables), flags: { ...switches, confirm, output: outputOf(chosen) } },
    problems,
    words,
  };
}

/** Names the character nobody can tell from a plain one; '' when there is none. */
function seen(word: string): string {
  const found = lookAlike(word);
  return found === undefined ? '' : ` (${found})`;
}

/** A function, so that the compiler does not think the variable above never changes. */
function outputOf(chosen: { readonly mode: OutputMode } | undefined): OutputMode {
  return chosen?.mode ?? 'auto';
}
