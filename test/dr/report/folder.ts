import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet } from '../../../scripts/config/recovery.ts';
import { compareFingerprints, type Fingerprint } from '../../../scripts/dr/fingerprint.ts';
import { recordFile, type DataVerdict, type ReadinessRow, type RecordName, type Records, type Rehearsal, type Sentinel, type SentinelFound } from '../../../scripts/dr/record.ts';
import type { EventBody, PlannedLane } from '../../../scripts/engine/event.ts';
import { EXIT, type ExitName } from '../../../scripts/engine/failure.ts';
import { JOURNAL_FILE } from '../../../scripts/engine/journal.ts';
import { newRunId } from '../../../scripts/engine/runs.ts';
import { programVersion } from '../../../scripts/tools/environment.ts';

const SECOND = 1_000;
const CREATE: readonly (readonly [step: string, seconds: number, note: string])[] = [
  ['preflight', 8, '12 checks'], ['talos-apply', 220, '3 machines'], ['etcd-bootstrap', 25, '3 members'], ['kubeconfig', 2, 'written'], ['api-ready', 48, 'answers'], ['prerequisites', 7, '9 namespaces, 4 secrets'],
  ['crds', 19, '78 established'], ['nodes-registered', 35, '3 nodes'], ['core', 432, '6 releases'], ['nodes-ready', 12, '3 Ready'], ['flux', 295, '41 Kustomizations Ready'], ['layers', 360, '86 workloads'], ['mesh', 40, 'both peers'], ['healthy', 22, 'everything well'],
];
type Row = readonly [step: string, seconds: number, note: string];
interface StageOf { readonly name: string; readonly title: string; readonly first?: readonly Row[]; readonly steps: readonly Row[]; readonly last?: readonly Row[] }
const STAGES: readonly StageOf[] = [
  { name: 'readiness', title: 'can it be afforded', steps: [['readiness', 42, '14 things asked']] },
  { name: 'before', title: 'what is there', steps: [['fingerprint-before', 6, '412 facts'], ['sentinels', 95, '5 marks, 4 backups'], ['evidence', 12, '4821 keys']] },
  { name: 'freeze', title: 'freeze, and ask', steps: [['freeze', 4, '41 objects suspended'], ['confirm', 48, '']] },
  { name: 'destroy', title: 'destroy, and prove it', steps: [['wipe', 236, '3 machines'], ['destroyed', 21, '3 bare, 6 data disks without a signature']] },
  { name: 'rebuild', title: 'build again', first: [['rebuild', 31, '']], steps: CREATE },
  { name: 'data', title: 'what data came back', steps: [['data-gate', 64, '4 restored'], ['sentinels-after', 17, '5/5 as expected']] },
  { name: 'again', title: 'a second create', steps: [...CREATE.map(([step]): Row => [`again:${step}`, 2, 'already so']), ['idempotent', 1, 'it wrote nothing']] },
  { name: 'after', title: 'compare, put back, judge', steps: [['fingerprint-after', 6, 'equal'], ['unfreeze', 3, 'nothing to put back']], last: [['verdict', 1, 'everything came back as it had to']] },
];
const CHECKPOINTS = new Set(['confirm', 'rebuild']);

/** How one process of the rehearsal goes: in the middle of `at` (`lane/step`) it stops, `how`; without `at` it comes to the end. */
export interface ProcessStory { readonly at?: string; readonly how?: 'killed' | 'interrupted' | 'paused' | 'refused' | 'failed'; readonly gapMs?: number; readonly exit?: ExitName }
export interface Story {
  readonly clusters?: readonly string[];
  readonly kind?: 'site' | 'lab';
  readonly speed?: number;
  /** Wall ms. */
  readonly at?: number;
  readonly processes?: readonly ProcessStory[];
  /** Factor on every duration. */
  readonly pace?: number;
  readonly data?: (verdict: DataVerdict, cluster: string) => DataVerdict;
  readonly found?: (found: SentinelFound, cluster: string) => SentinelFound;
  readonly writes?: readonly string[];
  readonly after?: (print: Fingerprint) => Fingerprint;
  readonly explained?: string;
  readonly rows?: readonly ReadinessRow[];
  readonly ceph?: boolean;
  readonly how?: 'typed' | 'policy';
  readonly variables?: Readonly<Record<string, string>>;
  /** More events, just before the end of the last process. */
  readonly more?: readonly EventBody[];
  readonly recoveryTimeMs?: number;
  readonly version?: string;
}

/** Makes the folder of a rehearsal that never was, below `runs`; answers its path. Nothing of it is random but the id. */
export function makeFolder(runs: string, story: Story = {}): string {
  const began = story.at ?? Date.UTC(2026, 10, 21, 9, 12, 4);
  const run = newRunId(began);
  const dir = join(runs, run);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, 'keep'), '');
  const rehearsal = rehearsalOf(run, story);
  writeRecord(dir, 'rehearsal', rehearsal);
  const done = writeJournal(dir, rehearsal, story, began);
  for (const cluster of rehearsal.clusters) writeRecords(dir, rehearsal, story, cluster, done, began);
  writeFileSync(join(dir, 'result.json'), '{}\n');
  return dir;
}

/** As record.ts writes them, without waiting for the disk: hundreds of these are made. */
function writeRecord<N extends RecordName>(dir: string, name: N, record: Records[N], cluster = ''): void {
  writeFileSync(recordFile(dir, name, cluster), `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
}

const clustersOf = (story: Story): readonly string[] => story.clusters ?? ['infra', 'apps'];

function rehearsalOf(run: string, story: Story): Rehearsal {
  const clusters = clustersOf(story);
  const lab = (story.kind ?? 'site') === 'lab';
  return {
    format: 1, run, clusters, stages: STAGES.map(({ name, title, first = [], steps, last = [] }) => ({ name, title, steps: [...first, ...steps, ...last].map(([step]) => step) })),
    target: lab
      ? { id: 'lab-1', kind: 'lab', label: `LAB embedded, simulated machines, clock x${story.speed ?? 60}`, engine: 'embedded', speed: story.speed ?? 60, simulated: ['machines', 'etcd', 'the Kubernetes API and its controllers', 'storage', 'object store', 'the network', 'time'] }
      : { id: 'site', kind: 'site', label: 'SITE, real machines', engine: 'none', speed: 1, simulated: [] },
    objectives: { recoveryTimeMs: story.recoveryTimeMs ?? 45 * 60 * SECOND, dataLossMs: 24 * 3_600 * SECOND },
    dataSets: clusters.flatMap(setsOf),
  };
}

export function setsOf(cluster: string): readonly DataSet[] {
  const of = { cluster, namespace: 'rehearsal' };
  const backup = (source: string, method: 'volsync' | 'barman'): DataSet['protection'] => ({ by: 'backup', method, source, restore: `${source}-restore`, store: 'minio', dataLossMs: 24 * 3_600 * SECOND });
  return [
    { ...of, name: 'ledger', kind: 'postgres', object: 'ledger', protection: backup('ledger', 'barman') },
    { ...of, name: 'documents', kind: 'volume', object: 'documents', protection: backup('documents', 'volsync') },
    { ...of, name: 'media', kind: 'volume', object: 'media', protection: backup('media', 'volsync') },
    { ...of, name: 'settings', kind: 'object', object: 'settings', protection: { by: 'git' } },
    { ...of, name: 'cache', kind: 'volume', object: 'cache', protection: { by: 'none', reason: 'filled again by itself within an hour' } },
  ];
}

interface Timed { readonly t: number; readonly event: EventBody }

function writeJournal(dir: string, rehearsal: Rehearsal, story: Story, began: number): ReadonlySet<string> {
  const { speed } = rehearsal.target;
  let journal = '';
  let prev = '0'.repeat(64);
  const done = new Set<string>();
  let wall = began;
  const stories = story.processes ?? [{}];
  for (const [index, process] of stories.entries()) {
    const { events, end } = eventsOf(rehearsal, story, process, done, index === stories.length - 1 ? story.more ?? [] : [], index);
    let seq = 0;
    for (const { t, event } of events) {
      const body = JSON.stringify({ ...event, seq: seq++, at: new Date(wall + t / speed).toISOString(), t }).slice(0, -1);
      const hash = createHash('sha256').update(prev).update(body).digest('hex');
      journal += `${body},"prev":"${prev}","hash":"${hash}"}\n`;
      prev = hash;
    }
    wall += end / speed + (process.gapMs ?? 0);
  }
  writeFileSync(join(dir, JOURNAL_FILE), journal, { mode: 0o600 });
  return done;
}

/** One process, as what it says and when; `done` grows by what it came to the end of. */
function eventsOf(rehearsal: Rehearsal, story: Story, process: ProcessStory, done: Set<string>, more: readonly EventBody[], index: number): { readonly events: readonly Timed[]; readonly end: number } {
  const { clusters, target } = rehearsal;
  const timed: Timed[] = [{ t: 0, event: {
    type: 'run-started', run: rehearsal.run, task: 'dr:rehearse', variables: { CLUSTER: 'all', TARGET: target.kind, ...story.variables }, target: { id: target.id, label: target.label, speed: target.speed, simulated: target.simulated },
    plan: planOf(clusters), dryRun: false, by: { user: index === 0 ? 'mira' : 'jonas', host: 'bastion', pid: 4_100 + index }, version: story.version ?? programVersion(), commit: '9f1c2ab',
  } }];
  let at = 400;
  let stopped: number | undefined;
  const one = (lane: string, [step, seconds, note]: Row, from: number): number => {
    const key = `${lane}/${step}`;
    const pace = (story.pace ?? 1) * (lane === 'apps' ? 1.12 : 1);
    if (CHECKPOINTS.has(step)) return checkpoint(lane, step, from, seconds);
    timed.push({ t: from, event: { type: 'phase-started', lane, step, title: step } });
    if (done.has(key)) {
      timed.push({ t: from + 300, event: { type: 'phase-skipped', lane, step, because: 'already so', ms: 300 } });
      return from + 300;
    }
    const to = from + Math.round(seconds * SECOND * pace);
    acts(timed, lane, step, from, to);
    if (process.at === key) {
      stopped = from + Math.round((to - from) / 2);
      if (process.how === 'failed') timed.push({ t: stopped, event: { type: 'phase-failed', lane, step, failure: { exit: process.exit ?? 'rerun', code: EXIT[process.exit ?? 'rerun'], what: `${step} of ${lane} did not come to its end`, because: 'connection refused by 10.0.0.1:6443', hint: `task cluster:health CLUSTER=${lane} tells why` }, ms: stopped - from } });
      return Number.POSITIVE_INFINITY;
    }
    timed.push({ t: to, event: { type: step.startsWith('again:') ? 'phase-skipped' : 'phase-finished', lane, step, ms: to - from, ...(step.startsWith('again:') ? { because: note } : { note }) } as EventBody });
    if (stopped === undefined || to <= stopped) done.add(key);
    return to;
  };
  const checkpoint = (lane: string, step: string, from: number, seconds: number): number => {
    const key = `${lane}/${step}`;
    if (done.has(key)) return from;
    const waitedMs = (story.how ?? 'typed') === 'typed' ? seconds * SECOND : 3;
    const to = from + waitedMs * target.speed;
    timed.push({ t: from, event: { type: 'checkpoint-asked', lane, step, question: step === 'confirm' ? `Point of no return: destroy ${lane}` : 'Every machine is bare: build the platform again' } });
    const answer = process.at === key ? (process.how === 'paused' ? 'pause' : process.how === 'refused' ? 'stop' : undefined) : 'go';
    if (process.at === key && answer === undefined) {
      stopped = Math.round((from + to) / 2);
      return Number.POSITIVE_INFINITY;
    }
    timed.push({ t: to, event: { type: 'checkpoint-answered', lane, step, answer: answer ?? 'go', by: story.how === 'policy' ? 'lab policy' : 'mira', how: story.how ?? 'typed', waitedMs } });
    if (answer !== 'go') {
      stopped = to;
      return Number.POSITIVE_INFINITY;
    }
    done.add(key);
    return to;
  };
  for (const stage of STAGES) {
    if (stopped !== undefined) break;
    for (const row of stage.first ?? []) at = one('', row, at);
    const ends = clusters.map((lane) => {
      let own = at;
      for (const row of stage.steps) if (Number.isFinite(own)) {
        // People are asked one after another.
        const busy = row[0] === 'confirm' ? Math.max(own, ...timed.filter(({ event }) => event.type === 'checkpoint-answered').map(({ t }) => t)) : own;
        own = one(lane, row, busy);
      }
      return own;
    });
    at = Math.max(at, ...ends.filter(Number.isFinite));
    if (stopped === undefined) for (const row of stage.last ?? []) at = one('', row, at);
  }
  const end = stopped ?? at;
  const events = timed.filter(({ t }) => t <= end).toSorted((a, b) => a.t - b.t);
  for (const key of done) if (stopped !== undefined && timed.some(({ t, event }) => t > end && event.type === 'phase-finished' && `${event.lane}/${event.step}` === key)) done.delete(key);
  for (const event of more) events.push({ t: end, event });
  if (process.how !== 'killed') events.push({ t: end, event: finished(rehearsal.run, process, end, target.speed) });
  return { events, end };
}

function finished(run: string, process: ProcessStory, ms: number, speed: number): EventBody {
  const exit: ExitName = process.exit ?? ({ killed: 'bug', interrupted: 'interrupted', paused: 'rerun', refused: 'refused', failed: 'rerun', none: 'done' } as const)[process.how ?? 'none'];
  const what = { killed: '', interrupted: 'stopped before the end', paused: 'paused', refused: 'refused', failed: `${process.at ?? ''} did not come to its end`, none: 'the rehearsal is red: not everything came back as it had to' }[process.how ?? 'none'];
  return { type: 'run-finished', run, exit: EXIT[exit], ms, wallMs: Math.round(ms / speed), ...(exit === 'done' ? {} : { failure: { exit, code: EXIT[exit], what } }) };
}

function planOf(clusters: readonly string[]): readonly PlannedLane[] {
  const planned = ([step]: Row): PlannedLane['steps'][number] => ({ name: step, title: step, kind: CHECKPOINTS.has(step) ? 'checkpoint' : 'phase' });
  return [...clusters.map((lane) => ({ lane, steps: STAGES.flatMap((stage) => stage.steps.map(planned)) })), { lane: '', steps: STAGES.flatMap((stage) => [...stage.first ?? [], ...stage.last ?? []].map(planned)) }];
}

const machinesOf = (cluster: string): readonly string[] => [1, 2, 3].map((n) => `${cluster}-0${n}`);

function acts(timed: Timed[], lane: string, step: string, from: number, to: number): void {
  const act = (name: string, subject: string, a: number, b: number): void => {
    timed.push({ t: a, event: { type: 'act-started', lane, step, act: name, subject } }, { t: b, event: { type: 'act-finished', lane, step, act: name, subject, outcome: 'done', because: 'STATE, EPHEMERAL wiped' } });
  };
  if (step === 'wipe') machinesOf(lane).toReversed().forEach((machine, index) => act('wipe', machine, from + 1_000 + index * 10_000, from + 9_000 + index * 10_000));
  if (step === 'etcd-bootstrap') act('bootstrap', lane, from + 500, from + 3_000);
  if (step === 'core') timed.push({ t: from + 60_000, event: { type: 'retrying', lane, step, what: 'helmfile sync', reason: 'the webhook of cert-manager does not answer yet', attempt: 2 } });
  timed.push({ t: to - 1, event: { type: 'command-ran', lane, step, tool: step === 'core' ? 'helmfile' : 'talosctl', argv: ['version'], effect: 'read', exitCode: 0, wallMs: 40 } });
}

function writeRecords(dir: string, rehearsal: Rehearsal, story: Story, cluster: string, done: ReadonlySet<string>, began: number): void {
  const has = (step: string): boolean => done.has(`${cluster}/${step}`);
  const at = (minutes: number): string => new Date(began + minutes * 60_000).toISOString();
  const sets = rehearsal.dataSets.filter((set) => set.cluster === cluster);
  if (has('readiness')) writeRecord(dir, 'readiness', story.rows ?? readinessOf(cluster, sets, at), cluster);
  if (has('fingerprint-before')) writeRecord(dir, 'fingerprint-before', print(cluster, at(1)), cluster);
  const marks = sets.map((set): Sentinel => ({ dataSet: set.name, kind: set.kind, value: `${cluster}-${set.name}-5d1f`, expected: set.protection.by === 'none' ? 'lost' : 'returns', writtenAt: at(2), writtenSim: at(2), backedUpSim: set.protection.by === 'backup' ? at(3) : null }));
  if (has('sentinels')) writeRecord(dir, 'sentinels', marks, cluster);
  if (has('evidence')) writeFileSync(join(dir, `etcd-${cluster}.db.json`), JSON.stringify({ cluster, machine: `${cluster}-01`, hash: '8e1c77aa', revision: 184_203, keys: 4_821, bytes: 24_117_280, sha256: '5b1e'.repeat(16) }));
  if (has('freeze')) writeRecord(dir, 'frozen', { at: at(4), sim: at(4), suspended: ['Kustomization flux-system/cluster'], byOthers: [], scaledToZero: [], hooks: [] }, cluster);
  if (has('destroyed')) writeFileSync(join(dir, `disks-${cluster}.json`), JSON.stringify(machinesOf(cluster).flatMap((machine) => ['local', ...(story.ceph === true ? ['ceph'] : [])].map((purpose) => ({ machine, purpose, device: purpose === 'ceph' ? 'nvme1n1' : 'nvme0n1', verdict: purpose === 'ceph' ? { is: 'unknown', because: 'no signature at its start; Talos cannot show copies of a Ceph label further in (1, 10, 100, 1000 GB)' } : { is: 'pass' } })))));
  if (has('data-gate')) writeRecord(dir, 'data', sets.map((set) => became(set, at)).map((verdict) => story.data?.(verdict, cluster) ?? verdict), cluster);
  const found = marks.map((mark): SentinelFound => ({ dataSet: mark.dataSet, expected: mark.expected, found: mark.expected === 'lost' ? null : mark.value, verdict: { is: 'pass', because: mark.expected === 'lost' ? 'lost, as declared' : 'the very mark came back' } }));
  if (has('sentinels-after')) writeRecord(dir, 'sentinels-after', found.map((each) => story.found?.(each, cluster) ?? each), cluster);
  if (has('idempotent')) writeRecord(dir, 'second-create', { writes: story.writes ?? [] }, cluster);
  if (has('fingerprint-after')) {
    const after = story.after?.(print(cluster, at(40))) ?? print(cluster, at(40));
    writeRecord(dir, 'fingerprint-after', after, cluster);
    writeRecord(dir, 'differences', compareFingerprints(print(cluster, at(1)), after).map((each) => (story.explained === undefined ? each : { ...each, because: story.explained })), cluster);
  }
  if (has('unfreeze')) writeRecord(dir, 'unfrozen', { putBack: ['41 Flux objects awake again'], left: [], because: 'the cluster is back' }, cluster);
}

function readinessOf(cluster: string, sets: readonly DataSet[], at: (minutes: number) => string): readonly ReadinessRow[] {
  const well = (id: string, group: ReadinessRow['group'], subject: string, detail: string): ReadinessRow => ({ id, group, subject, detail, verdict: { is: 'pass' } });
  return [
    well('repository', 'repository', 'the tree', 'clean and pushed, 9f1c2ab'), ...machinesOf(cluster).map((machine) => well(`machine:${machine}`, 'machines', machine, 'ours, by its certificate')),
    well(`etcd:${cluster}`, 'etcd', `etcd of ${cluster}`, '3 members, leader first'),
    ...sets.filter((set) => set.protection.by === 'backup').map((set, index): ReadinessRow => ({ ...well(`backup:${cluster}/${set.name}`, 'data', set.name, 'restored into a scratch place'), backup: { at: at(-41 - index), ageMs: (41 + index) * 60 * SECOND, objectiveMs: 24 * 3_600 * SECOND } })),
    well(`health:${cluster}`, 'health', `health of ${cluster}`, 'everything well'),
  ];
}

function became(set: DataSet, at: (minutes: number) => string): DataVerdict {
  const of = { dataSet: set.name, kind: set.kind, protection: set.protection.by };
  if (set.protection.by === 'git') return { ...of, became: 'from git', restoredFrom: null, lossMs: null, objectiveMs: null, because: 'Flux brought it back' };
  if (set.protection.by === 'none') return { ...of, became: 'fresh, as declared', restoredFrom: null, lossMs: null, objectiveMs: null, because: set.protection.reason };
  return { ...of, became: 'restored', restoredFrom: at(3), lossMs: set.name === 'ledger' ? 12_000 : 64_000, objectiveMs: set.protection.dataLossMs, because: `from the backup of ${at(3).slice(11, 16)}` };
}

export function print(cluster: string, at: string): Fingerprint {
  const releases = Object.fromEntries(['cert-manager', 'cilium', 'coredns', 'external-secrets', 'flux-instance', 'rook-ceph', 'spegel', 'volsync'].map((name) => [`system/${name}`, { chart: name, version: '1.18.3', status: 'deployed' }]));
  return {
    format: 1, cluster, at, target: { id: 'site', engine: 'none', speed: 1 }, unread: {},
    sections: {
      nodes: Object.fromEntries(machinesOf(cluster).map((machine) => [machine, { kubelet: 'v1.34.4', os: 'Talos (v1.12.0)', roles: ['control-plane'] }])),
      releases, kustomizations: Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`flux-system/layer-${n}`, { path: `./layer-${n}`, revision: 'main@sha1:9f1c2ab', objects: '7' }])),
      workloads: Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`Deployment apps/app-${n}`, { images: [`registry.example.test/app-${n}:1.2.3`], replicas: '2' }])),
      volumes: { 'rehearsal/documents': { class: 'ceph-block', size: '10Gi', phase: 'Bound' } },
    },
  };
}
