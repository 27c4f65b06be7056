import { countsOf, isEmpty, type DiffReport, type ObjectDiff, type ReleaseDiff } from './model.ts';
import { chartWords, dangerWord, hunkWords, MARK, notesOf, nothingWords, reasonWords, sharedObjects, sharedReleases, sideWords, type Shared } from './words.ts';

/** What a comment on GitHub may hold, counted in bytes so as to be on the safe side however it counts. */
export const MOST = 65_536;
/** Kept for the words that say what was left out. */
const RESERVE = 600;
/** Of what stands above the objects: bytes of what is dangerous, of releases, and of clusters and mistakes. */
const DANGERS = 16_384;
const RELEASES = 12_288;
const OTHERS = 6_144;
const VALUES = 6;
const LONGEST = 80;

/** By this a workflow finds its own comment again. */
export const MARKER = '<!-- manifests:diff -->';

/**
 * A difference as a comment: a table on top, what is dangerous, charts, then each object to be unfolded. What does not fit is left out,
 * first the lines of the least telling objects, and said. Pure.
 */
export function diffMarkdown(report: DiffReport): string {
  const objects = sharedObjects(report.clusters).toSorted((a, b) => weight(a.of) - weight(b.of));
  const head = [
    MARKER, `### What changes in the clusters`, '', `${code(sideWords(report.base))} → ${code(sideWords(report.head))}, ${report.files.length === 1 ? '1 file' : `${report.files.length} files`}`, '',
    ...(isEmpty(report) ? [`${sentence(nothingWords(report))}.`, ''] : [...tableLines(report), ...brokenLines(report), ...dangerLines(objects, report), ...releaseLines(report)]),
  ].join('\n');
  const blocks = objects.map((each) => ({ whole: blockOf(each, report, true), bare: blockOf(each, report, false) }));
  return fitted(head, blocks);
}

/** As many blocks as fit, whole where they do; bare ones keep the place of those that do not. */
function fitted(head: string, blocks: readonly { readonly whole: string; readonly bare: string }[]): string {
  let room = MOST - RESERVE - bytes(head);
  const bare = blocks.map((block) => bytes(block.bare));
  let rest = bare.reduce((sum, size) => sum + size, 0);
  const out: string[] = [];
  let cutShort = 0;
  let leftOut = 0;
  blocks.forEach((block, index) => {
    const [small, large] = [bare[index] ?? 0, bytes(block.whole)];
    rest -= small;
    // Whole, as long as all that follow can still be named.
    if (large <= room - rest) { out.push(block.whole); room -= large; } else if (small <= room) { out.push(block.bare); room -= small; cutShort += 1; } else leftOut += 1;
  });
  const said = [...(cutShort > 0 ? [`the lines of ${cutShort} ${cutShort === 1 ? 'object' : 'objects'}`] : []), ...(leftOut > 0 ? [`${leftOut} ${leftOut === 1 ? 'object' : 'objects'} altogether`] : [])].join(' and ');
  return `${head}\n${out.join('')}${said === '' ? '' : `\n> [!NOTE]\n> More than a comment can hold: ${said} are left out here. All of it: ${code('task manifests:diff')}\n`}`;
}

const bytes = (text: string): number => Buffer.byteLength(text);

/** What is dangerous first, then changes, then what goes, then what is new. */
function weight({ dangers, how, release }: ObjectDiff): number {
  const kind = how === 'changed' ? 1 : how === 'removed' ? 2 : 3;
  return (dangers.length > 0 ? 0 : 10) + (release === null ? 0 : 5) + kind;
}

function tableLines(report: DiffReport): readonly string[] {
  return [
    '| cluster | added | changed | removed | to look at |', '|---|--:|--:|--:|--:|',
    ...upTo(OTHERS, report.clusters.map((cluster) => {
      const { added, changed, removed, dangers } = countsOf(cluster);
      return `| ${text(cluster.name)} | ${added} | ${changed} | ${removed} | ${dangers === 0 ? '' : `**${dangers}**`} |`;
    }), (count) => `| and ${count} more | | | | |`), '',
  ];
}

function brokenLines(report: DiffReport): readonly string[] {
  if (report.broken.length === 0) return [];
  const left = [...new Set(report.clusters.flatMap((cluster) => cluster.left))];
  return [
    '> [!WARNING]', `> Not all of it can be built; these were not compared: ${left.length === 0 ? 'some Kustomizations' : `${left.slice(0, 20).map(code).join(', ')}${left.length > 20 ? ` and ${left.length - 20} more` : ''}`}`,
    ...upTo(OTHERS, report.broken.flatMap(({ side, findings }) => findings.map(({ spot, message }) => `> - ${text(side)}: ${code(`${spot.file}${spot.line === 0 ? '' : `:${spot.line}`}`)} ${text(message)}`)), (count) => `> - and ${count} more`), '',
  ];
}

function dangerLines(objects: readonly Shared<ObjectDiff>[], report: DiffReport): readonly string[] {
  const all = objects.flatMap(({ of, clusters }) => of.dangers.map((danger) => `> - **${text(of.id)}**${within(clusters, report)}, ${dangerWord(danger.kind)}: ${text(danger.says)}. ${sentence(text(danger.hint))}.`));
  if (all.length === 0) return [];
  return ['> [!CAUTION]', ...upTo(DANGERS, all, (count) => `> - and ${count} more`), ''];
}

function releaseLines(report: DiffReport): readonly string[] {
  const releases = sharedReleases(report.clusters);
  if (releases.length === 0) return [];
  return [
    '| release | chart | values |', '|---|---|---|',
    ...upTo(RELEASES, releases.map(({ of, clusters }) => `| ${MARK[of.how]} ${text(of.id.replace(/^HelmRelease /, ''))}${within(clusters, report)} | ${text(chartWords(of))}${of.major ? ' **major**' : ''}${of.unknown !== null && report.rendered ? `<br/>not rendered: ${text(of.unknown)}` : ''} | ${valueCells(of)} |`), (count) => `| and ${count} more | | |`), '',
  ];
}

function valueCells({ values }: ReleaseDiff): string {
  const cells = values.slice(0, VALUES).map(({ path, before, after }) => `${code(path)} ${before === null ? 'new' : code(short(before))} → ${after === null ? 'gone' : code(short(after))}`);
  return [...cells, ...(values.length > VALUES ? [`and ${values.length - VALUES} more`] : [])].join('<br/>');
}

const short = (value: string): string => (value.length <= LONGEST ? value : `${value.slice(0, LONGEST - 1)}…`);

/** The first lines, as long as they fit; how many do not is said by a last one. */
function upTo(most: number, lines: readonly string[], more: (count: number) => string): readonly string[] {
  let room = most;
  const fits = lines.findIndex((line) => (room -= bytes(line) + 1) < 0);
  return fits < 0 ? lines : [...lines.slice(0, fits), more(lines.length - fits)];
}

const within = (clusters: readonly string[], report: DiffReport): string => (clusters.length === report.clusters.length ? '' : ` (${clusters.map(text).join(', ')})`);

function blockOf({ of, clusters }: Shared<ObjectDiff>, report: DiffReport, whole: boolean): string {
  const counts = [...(of.added > 0 ? [`+${of.added}`] : []), ...(of.removed > 0 ? [`−${of.removed}`] : [])].join(' ');
  const [kind = '', name = ''] = of.id.split(' ');
  const summary = `${MARK[of.how]} ${text(kind)} <b>${text(name)}</b>${within(clusters, report)} · ${text(of.release ?? of.unit)}${counts === '' ? '' : ` · ${counts}`}${of.dangers.length === 0 ? '' : ' · <b>look at this</b>'}`;
  const notes = [...notesOf(of).map((note) => `- ${text(note)}`), ...of.why.map((reason) => `- why: ${code(reasonWords(reason))}`)];
  if (!whole && notes.length === 0) return `- ${summary}\n`;
  const lines = whole ? of.hunks.flatMap((hunk) => [...(of.how === 'changed' ? [hunkWords(hunk)] : []), ...hunk.lines]) : [];
  const fence = '`'.repeat(Math.max(3, 1 + Math.max(0, ...lines.flatMap((line) => [...line.matchAll(/`+/g)].map(([run]) => run.length)))));
  return ['<details>', `<summary>${summary}</summary>`, '', ...notes, ...(lines.length === 0 ? [] : ['', `${fence}diff`, ...lines, fence]), '', '</details>', ''].join('\n');
}

const sentence = (words: string): string => `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;

/** Words between Markdown's marks: none of them is one itself, nor calls anybody. */
function text(words: string): string {
  return words.replaceAll(/[&<>|`*_[\]\\@#~]/g, (character) => `&#${character.codePointAt(0) ?? 63};`).replaceAll(/\s*\n\s*/g, ' ');
}
function code(words: string): string {
  return `<code>${text(words)}</code>`;
}
