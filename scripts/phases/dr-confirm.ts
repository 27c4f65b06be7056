import { readRecord, type ReadinessRow } from '../dr/record.ts';
import { previousOf } from '../dr/report/folder.ts';
import { took } from '../dr/report/words.ts';
import type { Question } from '../engine/phase.ts';
import { basename } from 'node:path';
import type { Cx } from './context.ts';
import { setsOf } from './dr-sentinels.ts';

/** What is about to be lost and what shows that it can come back, said before the cluster's name is asked for. */
export async function askRehearsal(cx: Cx): Promise<Question> {
  const { cluster } = cx;
  const rows = readRecord(cx.runDir, 'readiness', cluster.name) ?? [];
  const marks = readRecord(cx.runDir, 'sentinels', cluster.name) ?? [];
  const sets = setsOf(cx);
  const accepted = rows.filter((row) => row.accepted !== undefined);
  const last = lastOf(cx);
  return {
    title: `Point of no return: destroy ${cluster.name}`,
    facts: [
      ['target', cx.site.target.label],
      ['machines', `${cluster.machines.map((machine) => machine.name).join(' ')}: system and ${[...new Set(cluster.machines.flatMap((machine) => Object.keys(machine.disks.data)))].join(', ')} disks are wiped`],
      ['data', sets.length === 0 ? 'no data set is declared in bootstrap/dr.yaml' : `${sets.map((set) => set.name).join(', ')}; ${marks.filter((mark) => mark.backedUpSim !== null).length} of ${sets.filter((set) => set.protection.by === 'backup').length} backups made in this rehearsal, after a mark was written`],
      ['lost', sets.filter((set) => set.protection.by === 'none').map((set) => `${set.name} (${set.protection.by === 'none' ? set.protection.reason : ''})`).join(', ') || 'nothing that is declared'],
      ...accepted.map((row): readonly [string, string] => ['accepted', `${row.id}: ${becauseOf(row)}`]),
      ['last run', last ?? 'none on this target'],
      ['stopping', 'wakes Flux again and leaves the cluster as it was; p keeps everything as it is now, to go on later'],
    ],
    word: cluster.name,
  };
}

/** The newest rehearsal that may be compared with this one, in a sentence. */
function lastOf(cx: Cx): string | undefined {
  const { target } = cx.site;
  const clusters = readRecord(cx.runDir, 'rehearsal')?.clusters ?? [cx.cluster.name];
  const last = previousOf(cx.runDir, { run: basename(cx.runDir), kind: target.kind, engine: target.engine, speed: target.speed, clusters }).at(-1);
  return last === undefined ? undefined : `${last.at.slice(0, 10)}, ${last.recoveryMs === null ? 'not recovered' : took(last.recoveryMs)}, ${last.verdict}`;
}

/** Before machines are installed again: the last quiet moment, when everything is bare. */
export async function askRebuild(cx: Cx): Promise<Question> {
  return {
    title: 'Every machine is bare: build the platform again',
    facts: [['target', cx.site.target.label], ['from', 'git, the secret provider, and the backups; nothing of the old clusters is left'], ['stopping', 'leaves bare machines; the same command goes on from here']],
    word: undefined,
  };
}

function becauseOf(row: ReadinessRow): string {
  return 'because' in row.verdict && row.verdict.because !== undefined ? row.verdict.because : row.detail;
}
