import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { SITE } from '../../scripts/config/target.ts';
import { planFixes } from '../../scripts/manifests/findings/fix.ts';
import { Parses } from '../../scripts/manifests/build/index.ts';
import type { Report, Told } from '../../scripts/manifests/findings/report.ts';
import type { Around } from '../../scripts/manifests/model.types.ts';
import { allRules } from '../../scripts/manifests/only.ts';
import { validate } from '../../scripts/manifests/validate.ts';
import { makeProc } from '../../scripts/tools/proc.ts';
import { makeRedactor } from '../../scripts/tools/redact.ts';
import { realTool } from '../real-tool.ts';

export const ROOT = dirname(dirname(import.meta.dirname));

/** What a mistake takes to be found that is not everywhere. */
export type Need = 'reference' | Tool;
const TOOLS = ['kustomize', 'helm', 'kubeconform', 'gitleaks', 'flux'] as const;
export type Tool = (typeof TOOLS)[number];

/** A mistake put into our own tree, and the one finding it must lead to. */
export interface Planted {
  readonly rule: string;
  /** What kind of mistake, in a few words; with the rule it is the name of its test. */
  readonly variant: string;
  /** The only cluster it is found in; both when not given, or when either will do. */
  readonly cluster?: string;
  readonly change: readonly {
    readonly file: string;
    /** Must stand in the file exactly once; `to` takes its place. */
    readonly from?: string;
    readonly to?: string;
    /** The whole new text, null: the file is taken away. */
    readonly whole?: string | null;
  }[];
  /** `line`: text that stands on the reported line; '' when the whole file is meant. */
  readonly at: { readonly file: string; readonly line: string };
  readonly says: RegExp;
  /** Other rules that rightly speak too. */
  readonly also?: readonly string[];
  readonly needs?: Need | readonly Need[];
  /** Looked at as on a machine that has not this tool. */
  readonly without?: Tool;
  /** It is found as "could not be checked". */
  readonly unknown?: true;
}

/** Charts and schemas beside the checkout, for whoever has them there. */
export const REFERENCE = process.env['MANIFESTS_REFERENCE'] ?? join(ROOT, '../shared/reference');

/** Why a planted mistake cannot be looked for here; undefined when it can. */
export function missing({ needs = [] }: Pick<Planted, 'needs'>): string | undefined {
  const absent = [needs].flat().filter((need) => (need === 'reference' ? !existsSync(REFERENCE) : realTool(need) === undefined));
  return absent.length === 0 ? undefined : `skipped: no ${absent.join(', ')} here`;
}

/** Folders that hold all tools of this machine but one, and a cache nothing was ever built or kept in. */
const lacking = new Map<Tool, Readonly<Record<string, string>>>();
function placesWithout(tool: Tool): Readonly<Record<string, string>> {
  const known = lacking.get(tool);
  if (known !== undefined) return known;
  const folder = mkdtempSync(join(tmpdir(), `without-${tool}-`));
  process.once('exit', () => { rmSync(folder, { recursive: true, force: true }); });
  mkdirSync(join(folder, 'bin'));
  for (const other of TOOLS) {
    const file = other === tool ? undefined : realTool(other);
    if (file !== undefined) symlinkSync(file, join(folder, 'bin', other));
  }
  const others = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !existsSync(join(path, tool)));
  const made = { PATH: [join(folder, 'bin'), ...others].join(delimiter), XDG_CACHE_HOME: join(folder, 'cache') };
  lacking.set(tool, made);
  return made;
}

/** Tools as they are on this machine, or all but one of them; no network. */
export function aroundHere(without?: Tool): Around {
  const folders = TOOLS.flatMap((tool) => { const file = realTool(tool); return file === undefined ? [] : [dirname(file)]; });
  const environment = { ...process.env, ...(without === undefined ? { PATH: [...new Set(folders), process.env['PATH'] ?? ''].join(':') } : placesWithout(without)) };
  const signal = new AbortController().signal;
  return {
    proc: makeProc({ lane: '', step: 'manifests', emit: () => undefined, signal, dryRun: false, redactor: makeRedactor(), taskDir: join(ROOT, '.task'), looking: true, env: environment, site: { target: SITE } }),
    environment, offline: true, signal, read: () => undefined, volatile: () => undefined,
  };
}

export interface Asked {
  readonly overlay?: ReadonlyMap<string, string | null>;
  /** With the charts and schemas of the reference. */
  readonly reference?: boolean;
  readonly without?: Tool | undefined;
  readonly root?: string;
  readonly entry?: string;
}

/** Files nobody planted anything in are read and parsed once for all. */
const parses = new Parses();

/** What the validation tells of a tree; of settings that cannot be used, that alone. */
export async function reportOf({ overlay = new Map(), reference = false, without, root = ROOT, entry }: Asked = {}): Promise<Report> {
  const folders = reference ? { charts: [join(REFERENCE, 'charts')], schemas: [join(REFERENCE, 'schemas')] } : {};
  const answer = await validate({ root, overlay, parses, changed: [], around: aroundHere(without), ...folders, ...(entry === undefined ? {} : { entry }) });
  return 'broken' in answer ? { root, prefix: '', rules: allRules(), clusters: [], findings: answer.broken, silenced: [] } : answer.report;
}

/** The files as they are with some mistakes in them. */
export function overlayOf(planted: readonly Planted[]): ReadonlyMap<string, string | null> {
  const overlay = new Map<string, string | null>();
  for (const { rule, variant, change } of planted) {
    for (const { file, from, to, whole } of change) {
      if (whole !== undefined) { overlay.set(file, whole); continue; }
      if (from === undefined || to === undefined) throw new Error(`${rule}, ${variant}: a change of ${file} says neither whole nor from and to`);
      const before = overlay.get(file) ?? readFileSync(join(ROOT, file), 'utf8');
      const count = before.split(from).length - 1;
      if (count !== 1) throw new Error(`${rule}, ${variant}: ${JSON.stringify(from)} stands ${count} times in ${file}`);
      overlay.set(file, before.replace(from, () => to));
    }
  }
  return overlay;
}

/** What a set of mistakes led to that was not there before, line numbers apart. */
export function news(report: Report, before: Report): readonly Told[] {
  const key = ({ rule, spot, message, severity }: Told): string => JSON.stringify([rule, spot.file, message, severity]);
  const known = new Set(before.findings.map(key));
  return report.findings.filter((finding) => !known.has(key(finding)));
}

const asFound = ({ rule, severity, spot, text, message, clusters }: Told): string => `${severity} ${rule} at ${spot.file}:${spot.line}:${spot.column} (${text?.trim() ?? 'no line'}) of ${clusters.join(', ')}: ${message}`;

/** What is wrong with what was found, in words; [] when every mistake led to its finding and to nothing else. */
export function judged(planted: readonly Planted[], found: readonly Told[], before: Pick<Report, 'findings'>): readonly string[] {
  const left = new Set(found);
  const wrong: string[] = [];
  for (const each of planted) {
    const own = found.filter((finding) => left.has(finding) && finding.rule === each.rule && finding.spot.file === each.at.file && each.says.test(finding.message)
      && (each.at.line === '' ? finding.spot.line === 0 : finding.text?.includes(each.at.line) === true)
      && (finding.severity === 'unknown') === (each.unknown === true) && (each.cluster === undefined || finding.clusters.join() === each.cluster));
    if (own.length !== 1) wrong.push(`${each.rule}, ${each.variant}: found ${own.length} times at ${each.at.file} (${each.at.line}), saying ${String(each.says)}`);
    for (const finding of own) left.delete(finding);
  }
  const also = new Set(planted.flatMap((each) => each.also ?? []));
  // Without schemas or charts here, what is planted is one more object that could not be checked.
  const absent = new Set(before.findings.filter(({ severity }) => severity === 'unknown').map(({ rule }) => rule));
  return [...wrong, ...[...left].filter(({ rule, severity }) => !also.has(rule) && !(severity === 'unknown' && absent.has(rule))).map((finding) => `besides: ${asFound(finding)}`)];
}

/** Mistakes that are looked for as on one and the same machine. */
export function alike({ needs = [], without }: Pick<Planted, 'needs' | 'without'>): string {
  return JSON.stringify([[needs].flat().includes('reference'), without]);
}

/** A mistake in the settings is one in everything. */
const SETTINGS = '.manifests.yaml';
/** What cannot be built silences the rules about it: such mistakes are looked for by themselves, and fewer at a time. */
const BUILD: ReadonlySet<string> = new Set(allRules().filter(({ group }) => group === 'build').map(({ id }) => id));
const FEWER = 0.3;

/** Mistakes that do not touch the same files, a few at a time: they are looked for together. */
export function batches(planted: readonly Planted[], size: number): readonly (readonly Planted[])[] {
  const kind = (each: Planted): string => `${alike(each)} ${String(BUILD.has(each.rule))}`;
  const out: { readonly of: Planted[]; readonly files: Set<string>; readonly alike: string }[] = [];
  for (const each of planted) {
    const files = [...each.change.map(({ file }) => file), each.at.file];
    // What rightly speaks of one mistake must not cover up a wrong finding of the same rule that belongs to another.
    const fits = files.includes(SETTINGS) ? undefined : out.find((batch) => batch.of.length < size * (BUILD.has(each.rule) ? FEWER : 1) && batch.alike === kind(each) && !batch.files.has(SETTINGS)
      && (each.also === undefined || batch.of.every((other) => other.also === undefined)) && files.every((file) => !batch.files.has(file)));
    if (fits === undefined) out.push({ of: [each], files: new Set(files), alike: kind(each) });
    else {
      fits.of.push(each);
      for (const file of files) fits.files.add(file);
    }
  }
  return out.map((batch) => batch.of);
}

/** One mistake of each rule: not always its first, and always the same. One that no other rule speaks of, where there is one. */
export function sampled(planted: readonly Planted[]): readonly Planted[] {
  return [...Map.groupBy(planted, ({ rule }) => rule)].flatMap(([rule, all]) => {
    const single = all.filter(({ also }) => also === undefined);
    const some = single.length > 0 ? single : all;
    const sum = [...rule].reduce((total, letter) => (total * 31 + letter.charCodeAt(0)) % 65_521, 7);
    return some.slice(sum % some.length, (sum % some.length) + 1);
  });
}

/** The overlay with the fixes of its findings put in; undefined when none has one. */
export function mended(overlay: ReadonlyMap<string, string | null>, found: readonly Told[]): ReadonlyMap<string, string | null> | undefined {
  const { changes } = planFixes(found, (file) => overlay.get(file) ?? (existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : undefined));
  return changes.length === 0 ? undefined : new Map([...overlay, ...changes.map((change): [string, string] => [change.file, change.after])]);
}
