import { span } from '../engine/clock.ts';
import { EXIT, worstExit, type ExitName } from '../engine/failure.ts';
import type { Json, Outcome, Style } from '../engine/outcome.ts';
import type { Cluster } from '../config/cluster.ts';
import { leaderName } from './checks/etcd.ts';
import type { Cause, Diagnosis, Group, LayerRow } from './diagnosis.ts';
import { KINDS } from './kinds.ts';
import { flow, labelled, plain, signOf, wrap, type Cell } from './layout.ts';
import { known } from './look.ts';
import type { Snapshot } from './snapshot.types.ts';

const EXIT_OF = { healthy: 'done', unhealthy: 'no', cannotTell: 'cannotTell' } as const satisfies Record<Diagnosis['is'], ExitName>;

/**
 * The answer of `cluster:health` for one cluster: exit done, no or cannotTell; causes with because, since, what to try
 * and what waits for them; then the row of layers. `target` is the target's label, said in the result and above the answer.
 *
 * The result (`--json`), format 1: `{format, cluster, target, at, verdict: "healthy"|"unhealthy"|"cannotTell", causes:
 * [{layer, object, objects, state, because, since, hint, try, consequences: [{kind, objects}]}], unknowns: [{layer,
 * object, because, hint, needs}], skips: [{layer, because}], warnings: [{object, because, hint}], layers: [{layer, is,
 * because, needs}]}`. Times are ISO 8601; what is not known is null; fields are added, never renamed.
 */
export function healthOutcome(diagnosis: Diagnosis, cluster: Cluster, seen: Snapshot, target: string): Outcome {
  const exit = EXIT_OF[diagnosis.is];
  return { exit, result: resultOf(diagnosis, cluster, seen, target), render: (style) => render(diagnosis, cluster, seen, target, exit, style) };
}

/** Several clusters' answers as one: the worst exit, results by cluster, renderings below each other. */
export function severalOutcomes(outcomes: readonly { readonly cluster: string; readonly outcome: Outcome }[]): Outcome {
  const [only, ...others] = outcomes;
  if (only !== undefined && others.length === 0) return only.outcome;
  return {
    exit: worstExit(outcomes.map(({ outcome }) => outcome.exit)),
    result: { format: 1, clusters: Object.fromEntries(outcomes.map(({ cluster, outcome }) => [cluster, outcome.result])) },
    render: (style) => outcomes.flatMap(({ outcome }, index) => [...(index === 0 ? [] : ['']), ...outcome.render(style)]),
  };
}

const iso = (ms: number | undefined): string | null => {
  const date = new Date(ms ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
};

function resultOf(diagnosis: Diagnosis, cluster: Cluster, seen: Snapshot, target: string): Json {
  return {
    format: 1, cluster: cluster.name, target, at: iso(seen.at), verdict: diagnosis.is,
    causes: diagnosis.causes.map((cause) => ({
      layer: cause.layer, object: cause.object, objects: cause.objects, state: cause.state ?? null, because: cause.because, since: iso(cause.since),
      hint: cause.hint, try: cause.tryCommands, consequences: cause.consequences.map((group) => ({ kind: group.kind, objects: group.objects })),
    })),
    unknowns: diagnosis.unknowns.map((unknown) => ({ layer: unknown.layer, object: unknown.object, because: unknown.because, hint: unknown.hint ?? null, needs: unknown.needs ?? null })),
    skips: diagnosis.skips.map((skip) => ({ layer: skip.layer, because: skip.because })),
    warnings: diagnosis.warnings.map((warning) => ({ object: warning.object, because: warning.because, hint: warning.hint ?? null })),
    layers: diagnosis.layers.map((row) => ({ layer: row.layer, is: row.is, because: row.because, needs: row.needs ?? null })),
  };
}

function render(diagnosis: Diagnosis, cluster: Cluster, seen: Snapshot, target: string, exit: ExitName, style: Style): readonly string[] {
  const { width } = style;
  const sign = signOf(({ healthy: 'pass', unhealthy: 'fail', cannotTell: 'unknown' } as const)[diagnosis.is], style);
  const lines: string[] = [];
  wrap(`${headline(diagnosis, cluster)} (exit ${EXIT[exit]})`, width - 2).forEach((line, index) => lines.push(index === 0 ? `${sign} ${style.bold(line)}` : `  ${style.bold(line)}`));
  lines.push(...wrap(target, width - 2).map((line) => `  ${style.dim(line)}`));
  for (const cause of diagnosis.causes) lines.push(...causeLines(cause, seen, style));
  lines.push(...unknownLines(diagnosis, style));
  for (const warning of diagnosis.warnings) {
    lines.push(...labelled('warning', `${warning.object}: ${warning.because}`, { indent: 2, label: LABEL, width, dress: style.yellow }));
    if (warning.hint !== undefined) lines.push(...labelled('', `try ${warning.hint}`, { indent: 2, label: LABEL, width }));
  }
  lines.push(...flow(layerPieces(diagnosis.layers, seen, style), width));
  return lines;
}

function headline(diagnosis: Diagnosis, cluster: Cluster): string {
  if (diagnosis.is === 'healthy') return `${cluster.name} is healthy`;
  if (diagnosis.is === 'cannotTell') return `whether ${cluster.name} is healthy cannot be told: ${many(shownUnknowns(diagnosis).length, 'thing')} unknown`;
  const consequences = new Set(diagnosis.causes.flatMap((cause) => cause.consequences.flatMap((group) => group.objects))).size;
  return `${cluster.name} is not healthy: ${many(diagnosis.causes.length, 'cause')}${consequences === 0 ? '' : `, ${many(consequences, 'consequence')}`}`;
}
const many = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;

const LABEL = 9;

function causeLines(cause: Cause, seen: Snapshot, style: Style): readonly string[] {
  const { width } = style;
  const inner = { indent: 2 + LABEL, label: 9, width, dress: style.dim };
  const lasted = cause.since === undefined || cause.since > seen.at ? '' : ` for ${span(seen.at - cause.since)}`;
  const since = iso(cause.since);
  return [
    ...labelled('cause', `${cause.layer} / ${cause.object}${cause.state === undefined ? '' : `: ${cause.state}${lasted}`}`, { indent: 2, label: LABEL, width, dress: style.red }),
    ...labelled('because', cause.because, inner),
    ...(since === null ? [] : labelled('since', `${since.slice(0, 19).replace('T', ' ')} UTC`, inner)),
    ...labelled('try', cause.hint, inner),
    ...cause.tryCommands.filter((command) => command !== cause.hint).flatMap((command) => labelled('or', command, inner)),
    ...(cause.consequences.length === 0 ? [] : wrap(`waiting on it: ${cause.consequences.map(groupText).join(', ')}`, width - 2).map((line) => `  ${line}`)),
  ];
}

/** Named while they are few, counted when they are many. */
function groupText({ kind, objects }: Group): string {
  const names = objects.map((object) => object.slice(kind.length + 1));
  // `etcd on infra-02`: such a name is none without its first word.
  if (names.length <= 3 && names.some((name) => name.includes(' '))) return objects.join(', ');
  return names.length === 1 ? objects[0] ?? kind : names.length <= 3 ? `${kind} ${names.join(' ')}` : `${kind} ×${names.length}`;
}

/**
 * Unknowns in their own right. What was not judged because of them is in the row of layers; of an object that is known
 * to be in trouble, more need not be known.
 */
function shownUnknowns(diagnosis: Diagnosis): Diagnosis['unknowns'] {
  const troubled = new Set(diagnosis.causes.flatMap((cause) => [...cause.objects, ...cause.consequences.flatMap((group) => group.objects)]));
  const own = diagnosis.unknowns.filter((unknown) => (unknown.needs === undefined || unknown.needs === unknown.layer) && !troubled.has(unknown.object));
  return own.length > 0 || diagnosis.causes.length > 0 ? own : diagnosis.unknowns;
}

function unknownLines(diagnosis: Diagnosis, style: Style): readonly string[] {
  const shown = shownUnknowns(diagnosis);
  const told = new Set<string>();
  return shown.flatMap((unknown) => {
    if (told.has(unknown.because)) return [];
    told.add(unknown.because);
    const also = shown.filter((other) => other.because === unknown.because && other.object !== unknown.object).map((other) => other.object);
    const about = `${unknown.layer} / ${[unknown.object, ...new Set(also)].slice(0, 4).join(', ')}`;
    return [
      ...labelled('unknown', about, { indent: 2, label: LABEL, width: style.width, dress: style.yellow }),
      ...labelled('because', unknown.because, { indent: 2 + LABEL, label: 9, width: style.width, dress: style.dim }),
      // Who reads this has just asked for the health: sent to ask again, one would go in a circle.
      ...(unknown.hint === undefined || unknown.hint.startsWith('task cluster:health') ? [] : labelled('try', unknown.hint, { indent: 2 + LABEL, label: 9, width: style.width, dress: style.dim })),
    ];
  });
}

interface Piece { readonly plain: string; readonly dressed: string }

/** Each layer by itself; those not judged for the same reason together, where the first of them stands. */
function layerPieces(rows: readonly LayerRow[], seen: Snapshot, style: Style): readonly Piece[] {
  const told = new Set<string>();
  return rows.flatMap((row): readonly Piece[] => {
    if (row.needs === undefined) return [piece(row.is, `${row.layer}${note(row, seen)}`, style)];
    if (told.has(row.needs)) return [];
    told.add(row.needs);
    const together = rows.filter((other) => other.needs === row.needs).map((other) => other.layer);
    return wrap(`${together.join(' ')} not judged (needs ${row.needs})`, style.width - 2).map((words, index) => (index === 0 ? piece('skip', words, style) : { plain: `  ${words}`, dressed: `  ${style.dim(words)}` }));
  });
}

function piece(is: LayerRow['is'], said: string, style: Style): Piece {
  const words = plain(said);
  return { plain: `x ${words}`, dressed: `${signOf(is, style)} ${is === 'skip' ? style.dim(words) : words}` };
}

/** What a layer that is well comes to, in a word or two. */
function note(row: LayerRow, seen: Snapshot): string {
  if (row.is === 'skip') return ` (skip: ${row.because})`;
  if (row.is !== 'pass') return '';
  const machines = seen.cluster.machines.length;
  const leader = leaderName(seen);
  const firstMembers = Object.values(seen.etcd.members).find((reading) => reading.ok);
  switch (row.layer) {
    case 'machines': case 'talos': case 'nodes': return ` ${machines}/${machines}`;
    case 'etcd': return ` ${firstMembers?.ok === true ? many(firstMembers.value.length, 'member') : ''}${leader === undefined ? '' : `, leader ${leader}`}`;
    case 'api': return seen.api.ok ? ` ${seen.api.value.version}` : '';
    case 'crds': return ` ${known(seen, KINDS.crds).length}`;
    case 'core': return ` ${seen.site.helmfile.core.length}`;
    case 'sources': return ` ${known(seen, KINDS.gitRepositories).length + known(seen, KINDS.ociRepositories).length + known(seen, KINDS.helmRepositories).length}`;
    case 'kustomizations': return ` ${known(seen, KINDS.kustomizations).length}`;
    case 'helmreleases': return ` ${known(seen, KINDS.helmReleases).length}`;
    case 'workloads': return ` ${known(seen, KINDS.deployments).length + known(seen, KINDS.daemonSets).length + known(seen, KINDS.statefulSets).length}`;
    default: return '';
  }
}

/** A cell that shows a verdict by its sign and says it in words. */
export const verdictCell = (is: 'pass' | 'fail' | 'unknown' | 'skip', text: string, style: Style): Cell =>
  ({ text, dress: { pass: style.green, fail: style.red, unknown: style.yellow, skip: style.dim }[is] });
