import { buildTrees, entriesOf, readSettings, readTexts } from '../build/index.ts';
import type { Consulted } from '../cache/inputs.ts';
import { inOrder, locate, merged, withText } from '../findings/locate.ts';
import type { RuleFacts, Told } from '../findings/report.ts';
import type { Around, Found, Settings, Texts, Tree, Unit } from '../model.types.ts';
import { allRules } from '../only.ts';

/** What is asked about, as a task has read it from its variables. */
export interface Question {
  /** Folder of the repository, absolute. */
  readonly root: string;
  readonly entry?: string;
  /** Name of an entry; all of them when not given. */
  readonly cluster?: string;
  readonly charts?: readonly string[];
  readonly schemas?: readonly string[];
  /** Files as they would be: path -> text, null for one that is taken away. */
  readonly overlay?: ReadonlyMap<string, string | null>;
  /** For what only the real kustomize can build; without it that is not known. */
  readonly tools?: Around;
  /** Given what hands out all that is read, for remembering. */
  readonly consulted?: (of: () => Consulted) => void;
}

export interface Opened { readonly texts: Texts; readonly settings: Settings; readonly trees: readonly Tree[] }

/** Trees as they are asked for, or why the settings cannot be used. Throws Failures (64) for a cluster or entry there is not. */
export async function openTrees(question: Question): Promise<Opened | { readonly broken: readonly Told[] }> {
  const texts = readTexts(question.root, question.overlay);
  question.consulted?.(() => texts.consulted());
  const { settings: written, found } = readSettings(texts);
  if (found.length > 0) return { broken: found.map((each) => settingsTold(each, texts)) };
  const settings = { ...written, charts: [...question.charts ?? [], ...written.charts], schemas: [...question.schemas ?? [], ...written.schemas] };
  const entries = entriesOf(texts, settings, { ...(question.entry === undefined ? {} : { entry: question.entry }), ...(question.cluster === undefined ? {} : { cluster: question.cluster }) });
  return { texts, settings, trees: await buildTrees(texts, settings, entries, question.tools) };
}

function settingsTold(found: Found, texts: Texts): Told {
  const spot = found.spot ?? (found.source === undefined ? { file: '.manifests.yaml', line: 0, column: 0, length: 1 } : texts.spot(found.source, found.key === true ? 'key' : 'value'));
  return withText({ rule: found.rule, severity: 'error', clusters: [], object: null, spot, message: found.message, hint: found.hint, related: [], fix: null }, texts, facts());
}

const facts = (): ReadonlyMap<string, RuleFacts> => new Map(allRules().map((rule) => [rule.id, rule]));

/** Why units cannot be built: what the build found wrong, with places. Empty when all that `asks` takes in can be. */
export function brokenTold(trees: readonly Tree[], asks: (unit: Unit) => boolean = () => true): readonly Told[] {
  const broken = trees.map((tree) => ({ tree, units: tree.units.filter((unit) => unit.broken && asks(unit)) })).filter(({ units }) => units.length > 0);
  if (broken.length === 0) return [];
  const rules = facts();
  const told = broken.flatMap(({ tree, units }) => {
    const errors = tree.found.filter((found) => found.unknown !== true && rules.get(found.rule)?.severity !== 'warning').map((found) => ({ found, finding: locate(found, tree, 'error') }));
    const own = errors.filter(({ found, finding }) => units.some((unit) => found.built?.unit === unit || unit.files.has(finding.spot.file) || found.built === unit.declared));
    return (own.length === 0 ? errors : own).map(({ finding }) => withText(finding, tree.texts, rules));
  });
  return merged(told, trees.map(({ name }) => name)).map((each) => told.find((one) => one.rule === each.rule && one.spot.file === each.spot.file && one.spot.line === each.spot.line && one.message === each.message) ?? { ...each, text: null }).toSorted(inOrder);
}
