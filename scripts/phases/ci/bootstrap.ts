import type { Release, Site } from '../../config/cluster.ts';
import { Failure } from '../../engine/failure.ts';

/** One step of one cluster, as `--dry-run --json` tells it. */
export interface DryStep { readonly lane: string; readonly step: string; readonly title: string; readonly note: string; readonly changes: number }
export interface DryRun { readonly writes: number; readonly steps: readonly DryStep[] }

/** Definitions a cluster gets before Flux: how many by API group, or why that is not known. */
export type Definitions = { readonly groups: ReadonlyMap<string, number> } | { readonly unknown: string };

/** Reads what `./task cluster:create --dry-run --json` printed. Throws a Failure (64) for anything else. */
export function readDryRun(text: string, file: string): DryRun {
  const wrong = (because: string): Failure => new Failure({ exit: 'usage', what: `${file} is no dry run`, because, hint: `./task cluster:create CLUSTER=all --dry-run --json > ${file}` });
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw wrong(text.trim() === '' ? 'it is empty' : 'it is no JSON');
  }
  if (!isRecord(data) || data['dryRun'] !== true || !Array.isArray(data['steps']) || typeof data['writes'] !== 'number') throw wrong('it has no steps of a dry run');
  const steps = data['steps'].map((step: unknown): DryStep => {
    if (!isRecord(step) || !Array.isArray(step['commands'])) throw wrong('one of its steps has no commands');
    const word = (key: string): string => (typeof step[key] === 'string' ? step[key] : '');
    return { lane: word('lane'), step: word('step'), title: word('title'), note: word('note'), changes: step['commands'].filter((each: unknown) => isRecord(each) && each['effect'] === 'write').length };
  });
  return { writes: data['writes'], steps };
}

/** A bootstrap as Markdown: every phase of every cluster, the definitions it applies, the releases it installs, where Flux goes on. */
export function bootstrapMarkdown(dry: DryRun, site: Pick<Site, 'helmfile' | 'bootstrap'>, definitions: ReadonlyMap<string, Definitions>): readonly string[] {
  const lanes = [...new Set(dry.steps.map((step) => step.lane))];
  return [
    `## Bootstrap, as a dry run: ${lanes.map(cell).join(', ')}`, '',
    dry.writes === 0 ? 'Nothing would be changed.' : `At least ${dry.writes} changes would be made; nothing was changed.`,
    ...lanes.flatMap((lane) => ['', `### ${cell(lane)}`, '', ...phases(dry.steps.filter((step) => step.lane === lane)), '', ...counted(definitions.get(lane), site)]),
    '', '### Releases, in order', '', ...releases(site.helmfile.core), '',
    `Then Flux: ${code(`${site.bootstrap.flux.path} of ${site.bootstrap.flux.url} at ${site.bootstrap.flux.branch}`)}`,
  ];
}

function phases(steps: readonly DryStep[]): string[] {
  return table(['phase', 'what', 'changes', 'it says'], steps.map((step) => [code(step.step), cell(step.title), step.changes === 0 ? '' : String(step.changes), cell(shortened(step.note))]));
}

function counted(definitions: Definitions | undefined, site: Pick<Site, 'helmfile' | 'bootstrap'>): string[] {
  const from = `from ${site.helmfile.crds.length} charts and ${site.bootstrap.crds.manifests.length} pinned manifests`;
  if (definitions === undefined || 'unknown' in definitions) return [`**Definitions: not known** (${cell(definitions?.unknown ?? 'they were not asked for')}), ${from}`];
  const total = [...definitions.groups.values()].reduce((sum, count) => sum + count, 0);
  return [
    `**Definitions: ${total}**, ${from}`, '', '<details><summary>by API group</summary>', '',
    ...table(['group', 'definitions'], [...definitions.groups].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([group, count]) => [code(group), String(count)])), '', '</details>',
  ];
}

function releases(list: readonly Release[]): string[] {
  return table(['release', 'namespace', 'chart', 'version', 'after'], list.map((each) => [code(each.name), code(each.namespace), code(each.chart), code(each.version), each.needs.map(code).join(', ')]));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

/** Text that stays text in a table of Markdown. */
function cell(text: string): string {
  return text.replace(/[\r\n]+/g, ' ').replace(/[&<>]/g, (each) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[each] ?? each).replace(/[\\`*_[\]|@]/g, (each) => `\\${each}`);
}
function code(text: string): string {
  return `\`${text.replace(/[\r\n`]+/g, ' ').replace(/\|/g, '\\|')}\``;
}
function shortened(text: string): string {
  return text.length <= 160 ? text : `${text.slice(0, 157)}...`;
}
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
