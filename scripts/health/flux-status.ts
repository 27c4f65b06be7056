import { EXIT, type ExitName } from '../engine/failure.ts';
import type { Json, Outcome, Style } from '../engine/outcome.ts';
import type { KubeObject } from '../config/cluster.ts';
import { sourceOf } from './checks/kustomizations.ts';
import { kustomizationChecks, helmReleaseChecks, sourceChecks } from './checks/index.ts';
import type { Finding } from './finding.ts';
import { dependencies, treeRoot } from './graph-flux.ts';
import { KINDS } from './kinds.ts';
import { table, wrap, type Cell } from './layout.ts';
import { known } from './look.ts';
import { fields, idOf, items, spec, status, text } from './objects.ts';
import { verdictCell } from './report.ts';
import type { Layer, Snapshot } from './snapshot.types.ts';

/** What `flux:status` looks at. */
export const FLUX_LAYERS: readonly Layer[] = ['api', 'sources', 'kustomizations', 'helmreleases'];

interface Line { readonly object: string; readonly revision: string; readonly is: Finding['is']; readonly ready: string; readonly reason: string }

/**
 * The answer of `flux:status`: sources, then Kustomizations and HelmReleases, each after what it depends on. Exit done
 * when all are ready, no when one is not, cannotTell when they could not be read. Result: `{format: 1, cluster, target,
 * at, objects: [{object, ready: true|false|null, revision, reason}]}`, in the order shown.
 */
export function fluxStatusOutcome(seen: Snapshot, target: string): Outcome {
  const findings = [...sourceChecks, ...kustomizationChecks, ...helmReleaseChecks].flatMap((check) => check.findings(seen));
  const lines = inOrder(seen, findings).map((finding) => lineOf(seen, finding));
  const exit: ExitName = lines.some((line) => line.is === 'fail') ? 'no' : lines.length === 0 || lines.some((line) => line.is === 'unknown') ? 'cannotTell' : 'done';
  const result: Json = {
    format: 1, cluster: seen.cluster.name, target, at: new Date(seen.at).toISOString(),
    objects: lines.map((line) => ({ object: line.object, ready: line.is === 'unknown' ? null : line.is === 'pass', revision: line.revision, reason: line.reason })),
  };
  return { exit, result, render: (style) => render(seen, target, lines, exit, style) };
}

function objectsOf(seen: Snapshot): readonly KubeObject[] {
  return [KINDS.gitRepositories, KINDS.ociRepositories, KINDS.helmRepositories, KINDS.kustomizations, KINDS.helmReleases].flatMap((kind) => known(seen, kind));
}

/** Each after what it needs: sources first, then by dependsOn; a circle stays in the order it was met. */
function inOrder(seen: Snapshot, findings: readonly Finding[]): readonly Finding[] {
  const byId = new Map(objectsOf(seen).map((object) => [idOf(object), object]));
  const placed = new Set<Finding>();
  const open = new Set<string>();
  const root = treeRoot(seen);
  const place = (finding: Finding): void => {
    if (placed.has(finding) || open.has(finding.object)) return;
    open.add(finding.object);
    const object = byId.get(finding.object);
    const needs = object === undefined ? [] : [sourceOf(object), ...dependencies(object)];
    for (const need of needs) {
      const needed = findings.find((other) => other.object === need);
      if (needed !== undefined) place(needed);
    }
    placed.add(finding);
  };
  for (const finding of [...findings.filter((candidate) => candidate.object === root), ...findings].toSorted((a, b) => rank(a) - rank(b))) place(finding);
  return [...placed];
}
const rank = (finding: Finding): number => (finding.object.startsWith('HelmRelease ') ? 2 : finding.object.startsWith('Kustomization ') ? 1 : 0);

function lineOf(seen: Snapshot, finding: Finding): Line {
  const object = objectsOf(seen).find((candidate) => idOf(candidate) === finding.object);
  return {
    object: finding.object, is: finding.is, revision: object === undefined ? '' : revisionOf(object),
    ready: finding.is === 'pass' ? 'Ready' : finding.is === 'unknown' ? '?' : 'not ready',
    reason: [finding.state, finding.because].filter((part) => part !== undefined && part !== '').join(': '),
  };
}

function revisionOf(object: KubeObject): string {
  const history = fields(items(status(object, 'history'))[0]);
  const revision = text(status(object, 'lastAppliedRevision')) ?? text(status(object, 'artifact', 'revision')) ?? text(history['chartVersion']) ?? text(spec(object, 'chart', 'spec', 'version')) ?? '';
  // A commit's first digits tell it apart as well as all forty.
  return revision.replace(/(sha\d+:[0-9a-f]{8})[0-9a-f]+/u, '$1');
}

function render(seen: Snapshot, target: string, lines: readonly Line[], exit: ExitName, style: Style): readonly string[] {
  const ready = lines.filter((line) => line.is === 'pass').length;
  const rows = lines.map((line): readonly Cell[] => [{ text: line.object }, { text: line.revision }, verdictCell(line.is, line.ready, style)]);
  return [
    ...wrap(`${seen.cluster.name}: ${ready} of ${lines.length} Flux objects Ready (exit ${EXIT[exit]})`, style.width).map((line) => style.bold(line)),
    ...wrap(target, style.width - 2).map((line) => `  ${style.dim(line)}`),
    ...table(['OBJECT', 'REVISION', 'READY'], rows, style),
    ...lines.filter((line) => line.is !== 'pass').flatMap((line) => wrap(`${line.object}: ${line.reason}`, style.width - 4).map((part, index) => `${index === 0 ? '  ' : '    '}${part}`)),
  ];
}
