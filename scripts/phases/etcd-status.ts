import type { Outcome } from '../engine/outcome.ts';
import { severalOutcomes } from '../health/index.ts';
import type { Cx } from './context.ts';
import { controlPlanes } from './etcd-membership.ts';
import { etcdObjection, seeEtcd } from './machines/gates.ts';
import { unusedShare } from './machines/defrag.ts';
import type { Action } from './task.ts';

/** Members of etcd, who leads, how large the database is and how much of it is unused. */
const etcdStatus: Action = async (cx) => severalOutcomes(await Promise.all(cx.clusters.map(async (cluster) => ({ cluster: cluster.name, outcome: await statusOf(cx.forCluster(cluster, 'etcd-status')) }))));
export default etcdStatus;

async function statusOf(cx: Cx): Promise<Outcome> {
  if (!cx.looking.talos.hasTalosconfig()) await cx.doors.talos.writeTalosconfig((await cx.secrets()).bundle(cx.cluster));
  const planes = controlPlanes(cx);
  const seen = await seeEtcd(cx, planes);
  // One question more, which only makes sense where anybody answers.
  const alarms = seen.members === undefined ? undefined : await alarmsOf(cx);
  const objection = etcdObjection(planes, undefined, seen) ?? (planes.length === 1 && seen.members === undefined ? 'it tells no members' : undefined);
  const rows = planes.map((machine) => {
    const status = seen.status.get(machine.name);
    const member = seen.members?.find(({ hostname }) => hostname === machine.name);
    return { machine: machine.name, member: member?.id ?? null, learner: member?.learner ?? null, ...(status?.ok === true ? { leads: status.value.leader === status.value.memberId, bytes: status.value.dbSizeBytes, unused: unusedShare(status.value) ?? null, raftTerm: status.value.raftTerm, raftIndex: status.value.raftIndex, errors: status.value.errors } : { unknown: status?.failure.message ?? 'it was not asked' }) };
  });
  const bad = objection ?? (alarms === undefined || alarms.length === 0 ? undefined : `alarms: ${alarms.join(', ')}`);
  return {
    exit: seen.members === undefined ? 'cannotTell' : bad === undefined ? 'done' : 'no',
    result: { format: 1, cluster: cx.cluster.name, members: rows, alarms: alarms ?? null, because: bad ?? null },
    render: (style) => [
      ...rows.map((row) => ('unknown' in row ? `${style.yellow('?')} ${row.machine}   ${String(row.unknown)}` : `${style.green('✔')} ${row.machine}   ${row.leads === true ? 'leads   ' : ''}${mebibytes(row.bytes ?? 0)}${row.unused === null || row.unused === undefined ? '' : `, ${Math.round(row.unused * 100)} % unused`}, term ${row.raftTerm ?? ''}, index ${row.raftIndex ?? ''}${row.learner === true ? ', learning' : ''}`)),
      bad === undefined ? `etcd of ${cx.cluster.name}: ${planes.length} members, well` : `${style.red('✖')} etcd of ${cx.cluster.name}: ${bad}; task cluster:health CLUSTER=${cx.cluster.name} tells the cause`,
    ],
  };
}

async function alarmsOf(cx: Cx): Promise<readonly string[]> {
  const machine = controlPlanes(cx)[0];
  return machine === undefined ? [] : (await import('../tools/talos-parse.ts')).alarmsOfStatus(await cx.looking.talos.etcdStatus(controlPlanes(cx)));
}
const mebibytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;
