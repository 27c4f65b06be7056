import { resolve } from 'node:path';
import { Failure } from '../engine/failure.ts';
import type { Spot } from '../config/source.ts';
import { buildTrees, entriesOf, readSettings, readTexts, type Parses } from './build/index.ts';
import { readReleases } from './charts/index.ts';
import type { Consulted } from './cache/inputs.ts';
import { inOrder, locate, merged, withText } from './findings/locate.ts';
import type { Report, RuleFacts, Told } from './findings/report.ts';
import { quieten, settingsSilences, silencesIn, type Silence } from './findings/silence.ts';
import type { Around, Finding, Found, Rule, Settings, Texts, View } from './model.types.ts';
import { allRules, readOnly, type Only } from './only.ts';
import { GROUPS } from './rules/index.ts';
import { viewsOf } from './view.ts';

export interface ValidateOptions {
  /** Folder of the repository, absolute. */
  readonly root: string;
  /** Where the root is in its repository: '' or a folder that ends with `/`. */
  readonly prefix?: string;
  /** A folder of the tree to begin with, instead of the entries of the settings or those that are discovered. */
  readonly entry?: string;
  /** Name of an entry; all of them when not given. */
  readonly cluster?: string;
  /** Rules, groups and paths (ONLY). */
  readonly only?: readonly string[];
  /** Folders of charts and of schemas that are asked before those of the settings, absolute. */
  readonly charts?: readonly string[];
  readonly schemas?: readonly string[];
  /** Files as they would be: path -> text, null for one that is taken away. */
  readonly overlay?: ReadonlyMap<string, string | null>;
  readonly around?: Around;
  /** What is kept from one look at a tree to the next. */
  readonly parses?: Parses;
  /** Paths that are not as they were at that last look, absolute; everything is read again when it is not known. */
  readonly changed?: readonly string[] | undefined;
  /** Given: rules are asked of the trees as they are, not of the other ways to build them; called when there are such ways. */
  readonly notEveryWay?: () => void;
  /** Given what hands out all that the tree reads, for remembering. */
  readonly consulted?: (of: () => Consulted) => void;
}

/** `broken`: the settings cannot be used, so that nothing was looked at. */
export type Validated = { readonly report: Report } | { readonly broken: readonly Told[] };

/**
 * Builds what every cluster of a tree gets, asks every rule, and places what they find at the source. Rules that need tools run beside those that do not. A rule that
 * throws is our bug and says which (70). Throws Failures for what cannot be asked (64: a cluster, an entry or a rule there is not).
 */
export async function validate(options: ValidateOptions): Promise<Validated> {
  options.parses?.changed(options.changed);
  const texts = readTexts(options.root, options.overlay, options.parses);
  options.consulted?.(() => texts.consulted());
  const rules = new Map(allRules().map((rule) => [rule.id, rule]));
  const { settings: written, found } = readSettings(texts);
  if (found.length > 0) return { broken: found.map((each) => brokenSettings(each, texts, rules)) };
  const settings = withFolders(written, options);
  const only = readOnly(options.only ?? [], texts);
  const chosen = entriesOf(texts, settings, { ...(options.entry === undefined ? {} : { entry: options.entry }), ...(options.cluster === undefined ? {} : { cluster: options.cluster }) });
  // The others are built as well: what one cluster offers another is asked of both.
  const entries = options.entry === undefined ? entriesOf(texts, settings) : chosen;
  const names = chosen.map(({ name }) => name);
  const trees = await buildTrees(texts, settings, entries, options.around);
  const releases = await readReleases(trees.filter((tree) => names.includes(tree.name)), { around: options.around });
  const every = viewsOf(trees.map((tree) => ({ tree, releases: releases.get(tree) ?? [] })), options.around).filter(({ tree }) => names.includes(tree.name));
  const views = options.notEveryWay === undefined ? every : every.map(({ variants: _, ...view }): View => view);
  if (every.some(({ variants }) => variants !== undefined)) options.notEveryWay?.();
  const all = merged([
    ...views.flatMap(({ tree }) => tree.found.map((each) => locate(each, tree, rules.get(each.rule)?.severity ?? 'error'))),
    ...await askRules(views, only.rules),
  ], names);
  return { report: reportOf({ options, texts, settings, only, rules, views, all, names, complete: names.length === entries.length }) };
}

/** CHARTS and SCHEMAS go before what the settings name; those are relative to the root. */
function withFolders(settings: Settings, { charts = [], schemas = [] }: ValidateOptions): Settings {
  return { ...settings, charts: [...charts, ...settings.charts], schemas: [...schemas, ...settings.schemas] };
}

function brokenSettings(found: Found, texts: Texts, rules: ReadonlyMap<string, RuleFacts>): Told {
  const spot = found.spot ?? (found.source === undefined ? { file: '.manifests.yaml', line: 0, column: 0, length: 1 } : texts.spot(found.source, found.key === true ? 'key' : 'value'));
  return withText({ rule: found.rule, severity: 'error', clusters: [], object: null, spot, message: found.message, hint: found.hint, related: [], fix: null }, texts, rules);
}

/** Groups whose rules start tools come first: the tools work on one core while the rest is asked on the other. */
const FIRST: readonly string[] = ['schemas', 'charts', 'content'];

/** Every rule of every cluster; those that start tools are begun first. */
export async function askRules(views: readonly View[], rules: readonly Rule[]): Promise<readonly Finding[]> {
  const slow = new Set(FIRST.flatMap((group) => GROUPS[group] ?? []));
  const order = [...rules.filter((rule) => slow.has(rule)), ...rules.filter((rule) => !slow.has(rule))];
  const asked = order.flatMap((rule) => views.map(async (view) => ask(rule, view)));
  const answers = await Promise.allSettled(asked);
  return answers.flatMap((answer) => {
    if (answer.status === 'rejected') throw answer.reason;
    return answer.value;
  });
}

async function ask(rule: Rule, view: View): Promise<readonly Finding[]> {
  try {
    const found = await rule.check(view);
    return [...found].map((each) => locate({ ...each, rule: rule.id }, view.tree, rule.severity));
  } catch (error) {
    // A tool that is missing, an interruption: they say so themselves.
    if (error instanceof Failure || (error instanceof Error && error.name === 'AbortError')) throw error;
    throw new Failure({
      exit: 'bug', what: `the rule ${rule.id} broke in a way the program did not expect`, because: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      hint: 'This is a mistake in the program: report it with the last lines of --verbose. Until it is mended, ONLY= asks the other rules.', cause: error,
    });
  }
}

interface Parts {
  readonly options: ValidateOptions;
  readonly texts: Texts;
  readonly settings: Settings;
  readonly only: Only;
  readonly rules: ReadonlyMap<string, RuleFacts>;
  readonly views: readonly View[];
  readonly all: readonly Finding[];
  readonly names: readonly string[];
  /** Every cluster was looked at. */
  readonly complete: boolean;
}

function reportOf({ options, texts, settings, only, rules, views, all, names, complete }: Parts): Report {
  const files = new Set([...views.flatMap(({ tree }) => tree.units.flatMap((unit) => [...unit.files])), ...all.map((finding) => finding.spot.file)]);
  const known = [...rules.values()].filter((rule) => rule.group !== 'silences').map((rule) => rule.id);
  const spotOf = (ignore: NonNullable<Settings['ignore']>[number], key: 'rule' | 'reason'): Spot => texts.spot({ ...ignore.source, at: [...ignore.source.at, key] });
  const written = [...[...files].toSorted().map((file) => silencesIn(file, texts.text(file) ?? '', known, names)), settingsSilences(settings, spotOf, known, names)];
  const silences = written.flatMap((each) => each.silences);
  const { kept, silenced, unused } = quieten(all, silences, judgedBy({ views, all, only, complete }), names);
  const told = (rule: string, spot: Spot): boolean => only.tells(rule, spot.file);
  const findings = [...kept, ...written.flatMap((each) => each.wrong), ...unused].filter((finding) => told(finding.rule, finding.spot)).toSorted(inOrder);
  return {
    root: resolve(options.root), prefix: options.prefix ?? '', rules: only.facts,
    clusters: views.map(({ tree, releases }) => ({
      name: tree.name, entry: tree.entry, kustomizations: tree.units.length, objects: tree.objects.length,
      releases: releases.length, rendered: releases.filter((release) => release.rendered !== undefined).length,
    })),
    findings: findings.map((finding) => withText(finding, texts, rules)),
    silenced: silenced.filter((finding) => told(finding.rule, finding.spot)).map((finding) => withText(finding, texts, rules)),
  };
}

/** Whether this run would have found whatever a silence could be there for; a silence is called idle only then. */
function judgedBy({ views, all, only, complete }: Pick<Parts, 'views' | 'all' | 'only' | 'complete'>): (silence: Silence) => boolean {
  // A release whose values or chart are not known could make anything: rules say nothing then, and a silence is not idle for that.
  if (!complete || views.some(({ tree, unrendered }) => tree.units.some((unit) => unit.broken) || unrendered.some(({ values, chart }) => values === undefined || chart.url === undefined))) return () => false;
  const asked = new Set(only.facts.map((rule) => rule.id));
  const unknown = new Set(all.filter((finding) => finding.severity === 'unknown').map((finding) => finding.rule));
  const unseen = new Set(views.flatMap(({ unrendered }) => unrendered.flatMap((release) => [release.declared.origin.source.file, ...release.declared.origin.edits.map((edit) => edit.source.file)])));
  return ({ rule, by }) => asked.has(rule) && !unknown.has(rule) && !unseen.has(by.file) && (by.file !== '.manifests.yaml' || unseen.size === 0);
}
