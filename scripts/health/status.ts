import type { Json, Outcome, Style } from '../engine/outcome.ts';
import { EXIT, type ExitName } from '../engine/failure.ts';
import type { Machine } from '../config/cluster.ts';
import type { KindRef, TalosFace } from '../tools/doors.ts';
import { leaderName } from './checks/etcd.ts';
import { readiness } from './checks/ready.ts';
import { KINDS } from './kinds.ts';
import { SIGN, table, wrap, type Cell } from './layout.ts';
import { known, listOf, NOT_LOOKED_AT } from './look.ts';
import { condition, status, text } from './objects.ts';
import { verdictCell } from './report.ts';
import type { Layer, Reading, Snapshot } from './snapshot.types.ts';

/** What `cluster:status` looks at. */
export const STATUS_LAYERS: readonly Layer[] = ['machines', 'talos', 'etcd', 'api', 'nodes', 'sources', 'kustomizations', 'helmreleases'];

interface Row { readonly name: string; readonly role: string; readonly address: string; readonly stage: string; readonly version: string; readonly node: string; readonly unread: readonly string[] }
interface Count { readonly kind: string; readonly ready: number | null; readonly of: number | null; readonly because: string | null }

/**
 * The answer of `cluster:status`: what is there, without judging it. Exit done when everything could be read,
 * cannotTell when something could not (it is shown as `?` with the reason). Result: `{format: 1, cluster, target, at,
 * machines: [{name, role, address, stage, version, node}], etcd: {members, leader}, api, flux: [{kind, ready, of, because}], unread: []}`.
 */
export function statusOutcome(seen: Snapshot, target: string): Outcome {
  const rows = seen.cluster.machines.map((machine) => rowOf(seen, machine));
  const counts = [KINDS.gitRepositories, KINDS.ociRepositories, KINDS.helmRepositories, KINDS.kustomizations, KINDS.helmReleases].map((kind) => countOf(seen, kind));
  const etcd = etcdOf(seen);
  const unread = [...new Set([
    ...rows.flatMap((row) => row.unread), ...(etcd.ok ? [] : [`etcd: ${etcd.because}`]), ...(seen.api.ok ? [] : [`Kubernetes API: ${seen.api.because}`]),
    ...(seen.api.ok ? counts.flatMap((count) => (count.because === null ? [] : [`${count.kind}: ${count.because}`])) : []),
  ])];
  const exit: ExitName = unread.length === 0 ? 'done' : 'cannotTell';
  const result: Json = {
    format: 1, cluster: seen.cluster.name, target, at: new Date(seen.at).toISOString(),
    machines: rows.map(({ name, role, address, stage, version, node }) => ({ name, role, address, stage, version, node })),
    etcd: etcd.ok ? { members: etcd.value, leader: leaderName(seen) ?? null } : null,
    api: seen.api.ok ? seen.api.value.version : null,
    flux: counts.map((count) => ({ ...count })),
    unread,
  };
  return { exit, result, render: (style) => render(seen, target, rows, counts, etcd, unread, exit, style) };
}

function rowOf(seen: Snapshot, machine: Machine): Row {
  const face = seen.faces.ok ? seen.faces.value[machine.name] : undefined;
  const talos = seen.talos.ok ? seen.talos.value.find((reading) => reading.machine === machine.name) : undefined;
  const stage = talos?.stage ?? NOT_LOOKED_AT;
  const version = talos?.version ?? NOT_LOOKED_AT;
  const nodes = listOf(seen, KINDS.nodes);
  const node = known(seen, KINDS.nodes).find((candidate) => candidate.metadata.name === machine.name);
  const plainly = face?.is === 'maintenance';
  return {
    name: machine.name, role: machine.role, address: machine.address,
    stage: plainly ? 'maintenance' : stage.ok ? `${stage.value.stage}${stage.value.ready ? '' : ', not ready'}` : faceText(face),
    version: version.ok ? version.value : plainly ? SIGN.skip : '?',
    node: !nodes.ok ? '?' : node === undefined ? 'not registered' : condition(node, 'Ready')?.status === 'True' ? 'Ready' : 'NotReady',
    unread: plainly || stage.ok ? [] : [`${machine.name}: ${stage.because}`],
  };
}

function faceText(face: TalosFace | undefined): string {
  if (face === undefined) return '?';
  if (face.is === 'closed') return 'no answer';
  return face.is === 'installed' && face.ours === false ? 'not ours' : '?';
}

function etcdOf(seen: Snapshot): Reading<number> {
  const readings = Object.values(seen.etcd.members);
  const answered = readings.find((reading) => reading.ok);
  if (answered?.ok === true) return { ok: true, value: answered.value.length };
  const [first] = readings;
  return first?.ok === false ? first : NOT_LOOKED_AT;
}

function countOf(seen: Snapshot, kind: KindRef): Count {
  const list = listOf(seen, kind);
  if (!list.ok) return { kind: kind.kind, ready: null, of: null, because: list.because };
  return { kind: kind.kind, ready: list.value.filter((object) => readiness(object).is === 'pass' || text(status(object, 'phase')) === 'Ready').length, of: list.value.length, because: null };
}

function render(seen: Snapshot, target: string, rows: readonly Row[], counts: readonly Count[], etcd: Reading<number>, unread: readonly string[], exit: ExitName, style: Style): readonly string[] {
  const leader = leaderName(seen);
  const cells = (row: Row): readonly Cell[] => [
    { text: row.name }, { text: row.role }, { text: row.address },
    verdictCell(row.stage === 'running' ? 'pass' : row.stage === '?' || row.stage === 'no answer' ? 'unknown' : 'fail', row.stage, style),
    { text: row.version }, verdictCell(row.node === 'Ready' ? 'pass' : row.node === '?' ? 'unknown' : 'fail', row.node, style),
  ];
  const facts = [
    `etcd ${etcd.ok ? `${etcd.value} members${leader === undefined ? '' : `, leader ${leader}`}` : '?'}`,
    `api ${seen.api.ok ? seen.api.value.version : '?'}`,
    `flux ${counts.map((count) => `${count.kind} ${count.of === null ? '?' : `${count.ready ?? 0}/${count.of}`}`).join(', ')}`,
  ];
  return [
    ...wrap(`${seen.cluster.name}: ${rows.length} machines${exit === 'done' ? '' : ` (exit ${EXIT[exit]}: not everything could be read)`}`, style.width).map((line) => style.bold(line)),
    ...wrap(target, style.width - 2).map((line) => `  ${style.dim(line)}`),
    ...table(['MACHINE', 'ROLE', 'ADDRESS', 'STAGE', 'TALOS', 'NODE'], rows.map(cells), style),
    ...facts.flatMap((fact) => wrap(fact, style.width - 2).map((line) => `  ${line}`)),
    ...unread.flatMap((line) => wrap(`? ${line}`, style.width - 2).map((part) => `  ${style.yellow(part)}`)),
  ];
}
