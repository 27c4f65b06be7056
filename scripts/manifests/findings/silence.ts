import { posix } from 'node:path';
import type { Spot } from '../../config/source.ts';
import { meant } from '../../config/words.ts';
import type { Finding, Rule, Settings } from '../model.types.ts';
import { blockOf, documentOf } from './block.ts';

/** What can be wrong with a silence. They are told by what applies silences, and cannot be silenced themselves. */
export const SILENCE_RULES: readonly Omit<Rule, 'check'>[] = [
  { id: 'silence-reason', severity: 'error', summary: 'Every silence says why: `# manifests:ignore <rule>: reason`', why: 'A silence without a reason cannot be judged by who reads it next, so it counts for nothing' },
  { id: 'silence-rule', severity: 'error', summary: 'Every silence names rules that exist', why: 'A misspelt rule silences nothing, or a rule that was renamed silences nothing any more' },
  { id: 'silence-unused', severity: 'warning', summary: 'Every silence silences something', why: 'A silence that is left behind hides the next mistake at its place' },
];

/** A silence of one rule, as somebody wrote it down. */
export interface Silence {
  readonly rule: string;
  readonly reason: string;
  /** Where the rule is named. */
  readonly by: Spot;
  readonly covers: (finding: Pick<Finding, 'rule' | 'spot' | 'object'>) => boolean;
}
export interface Silences { readonly silences: readonly Silence[]; /** What is wrong with how they are written. */ readonly wrong: readonly Finding[] }

const MARK = 'manifests:ignore';
const COMMENT = /(?<=^|\s)#[ \t]*manifests:ignore(?<scope>-document|-file)?(?![\w-])(?<rest>.*)$/u;
const NAMES = /^[ \t]*(?<names>[\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)?[ \t]*(?::(?<reason>.*))?$/u;

/** The silences in the comments of a file: `# manifests:ignore rule[, rule]: reason`, for the node on its line or below it; `-document` and `-file` for more. */
export function silencesIn(file: string, text: string, rules: readonly string[], clusters: readonly string[]): Silences {
  if (!text.includes(MARK)) return { silences: [], wrong: [] };
  const silences: Silence[] = [];
  const wrong: Finding[] = [];
  const lines = text.split('\n').map((line) => line.replace(/\r$/u, ''));
  for (const [index, line] of lines.entries()) {
    const comment = COMMENT.exec(line);
    if (comment === null) continue;
    const { scope, rest = '' } = comment.groups ?? {};
    const words = NAMES.exec(rest)?.groups;
    const names = words?.['names'];
    const reason = words?.['reason']?.trim() ?? '';
    const start = comment.index;
    const whole: Spot = { file, line: index + 1, column: start + 1, length: line.trimEnd().length - start };
    const say = (rule: string, spot: Spot, message: string, hint: string): void => void wrong.push(finding(rule, spot, message, hint, clusters));
    if (names === undefined) {
      say('silence-rule', whole, 'this silence names no rule', `write it as # ${MARK}${scope ?? ''} <rule>: reason`);
      continue;
    }
    if (reason === '') say('silence-reason', whole, 'this silence does not say why, so it counts for nothing', `add the reason after a colon: # ${MARK}${scope ?? ''} ${names}: reason`);
    const [from, to] = scope === '-file' ? [0, Infinity] : scope === '-document' ? documentOf(lines, index) : blockOf(lines, index);
    let after = line.indexOf(names, start + 1 + MARK.length);
    for (const name of names.split(',').map((each) => each.trim())) {
      const column = line.indexOf(name, after);
      after = column + name.length;
      const by: Spot = { file, line: index + 1, column: column + 1, length: name.length };
      if (!rules.includes(name)) say('silence-rule', by, `there is no rule ${name}`, meant(name, rules, 'task manifests:rules lists them'));
      else if (reason !== '') silences.push({ rule: name, reason, by, covers: ({ rule, spot }) => rule === name && spot.file === file && (spot.line === 0 ? scope === '-file' : spot.line >= from && spot.line <= to) });
    }
  }
  return { silences, wrong };
}

/** The silences of .manifests.yaml, for files that hold no comments (JSON, Markdown) and for what no file of the tree says. */
export function settingsSilences(settings: Settings, spotOf: (ignore: NonNullable<Settings['ignore']>[number], key: 'rule' | 'reason') => Spot, rules: readonly string[], clusters: readonly string[]): Silences {
  const silences: Silence[] = [];
  const wrong: Finding[] = [];
  for (const ignore of settings.ignore ?? []) {
    const { rule: name, file, object, reason } = ignore;
    if (!rules.includes(name)) wrong.push(finding('silence-rule', spotOf(ignore, 'rule'), `there is no rule ${name}`, meant(name, rules, 'task manifests:rules lists them'), clusters));
    else if (reason.trim() === '') wrong.push(finding('silence-reason', spotOf(ignore, 'reason'), 'this silence does not say why, so it counts for nothing', 'say it in reason', clusters));
    else silences.push({ rule: name, reason: reason.trim(), by: spotOf(ignore, 'rule'), covers: (of) => of.rule === name && (file === undefined || of.spot.file === file || posix.matchesGlob(of.spot.file, file)) && (object === undefined || of.object === object) });
  }
  return { silences, wrong };
}

export interface Quieted {
  readonly kept: readonly Finding[];
  readonly silenced: readonly (Finding & { readonly reason: string; readonly by: Spot })[];
  /** Silences that silenced nothing, where it is sure that they do not. */
  readonly unused: readonly Finding[];
}

/** Takes out what is silenced. `judged`: whether this run would have found everything a silence could be there for. */
export function quieten(findings: readonly Finding[], silences: readonly Silence[], judged: (silence: Silence) => boolean, clusters: readonly string[]): Quieted {
  const byRule = Map.groupBy(silences, (silence) => silence.rule);
  const used = new Set<Silence>();
  const kept: Finding[] = [];
  const silenced: (Finding & { readonly reason: string; readonly by: Spot })[] = [];
  for (const each of findings) {
    const covering = (byRule.get(each.rule) ?? []).filter((silence) => silence.covers(each));
    for (const silence of covering) used.add(silence);
    const [first] = covering;
    if (first === undefined) kept.push(each);
    else silenced.push({ ...each, reason: first.reason, by: first.by });
  }
  const unused = silences.filter((silence) => !used.has(silence) && judged(silence))
    .map((silence) => finding('silence-unused', silence.by, `nothing here breaks ${silence.rule} any more`, 'remove the silence', clusters));
  return { kept, silenced, unused };
}

function finding(rule: string, spot: Spot, message: string, hint: string, clusters: readonly string[]): Finding {
  const severity = SILENCE_RULES.find((each) => each.id === rule)?.severity ?? 'error';
  return { rule, severity, clusters, object: null, spot, message, hint, related: [], fix: null };
}
