import { createHash } from 'node:crypto';
import type { Cluster, KubeObject } from '../config/cluster.ts';
import { listIn, mapIn, textIn } from '../config/data.ts';
import type { DataSet } from '../config/recovery.ts';
import type { Clock } from '../engine/clock.ts';
import type { Emit } from '../engine/event.ts';
import { Failure } from '../engine/failure.ts';
import type { Answer, PollOptions } from '../engine/poll.ts';
import type { Doors } from '../tools/doors.ts';
import { KINDS } from '../tools/kinds.ts';
import { endedOf, holdup, neighbourOf, POSTGRES_IMAGE, sentinelJob, type Does, type Ended, type Into } from './sentinel-job.ts';

/** What a probe needs of a step's context. */
export interface ProbeContext {
  readonly lane: string;
  readonly step: string;
  readonly cluster: Pick<Cluster, 'name'>;
  readonly doors: Pick<Doors, 'kube'>;
  readonly looking: Pick<Doors, 'kube'>;
  readonly clock: Clock;
  readonly dryRun: boolean;
  readonly emit: Emit;
  wait<T>(what: string, probe: () => Promise<Answer<T>>, options: PollOptions): Promise<T | undefined>;
}

/** An image may have to be pulled to a fresh node first. */
const PATIENCE = 10 * 60_000;
const EVERY = 2_000;
const VALUE = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * Writes a value of our own into a data set, by a Job beside it; answers when it was there (the cluster's clock). An object holds what
 * the repository says, so nothing is written into one: its own digest is its sentinel.
 * Throws a Failure that says what held it up; the Job is gone either way.
 */
export async function writeSentinel(cx: ProbeContext, set: DataSet, value: string): Promise<{ readonly writtenSim: string }> {
  if (!VALUE.test(value)) throw new Failure({ exit: 'bug', what: `${JSON.stringify(value)} is no sentinel`, because: 'only letters, digits, dots, colons and dashes arrive unchanged everywhere' });
  if (set.kind === 'object') {
    const found = await readSentinel(cx, set);
    if (found !== value) throw trouble(cx, set, 'write', found === null ? `${set.kind} ${set.namespace}/${set.object} is not there` : 'an object\'s sentinel is the digest of what it holds, which is another');
    return { writtenSim: new Date(cx.clock.now()).toISOString() };
  }
  const ended = await job(cx, set, 'write', set.object, value);
  if (ended === undefined) return { writtenSim: new Date(cx.clock.now()).toISOString() };
  if (ended.message !== `found ${value}`) throw trouble(cx, set, 'write', `what was read back is ${JSON.stringify(ended.message)}`);
  return { writtenSim: new Date(ended.at).toISOString() };
}

/**
 * Reads the value back, from the set or from a copy of it (`object`: another claim or Cluster in the same namespace); null when there
 * is none. Throws a Failure when it cannot be told: a claim or database that is not there, or a Job that did not get through.
 */
export async function readSentinel(cx: ProbeContext, set: DataSet, object: string = set.object): Promise<string | null> {
  if (set.kind === 'object') return await digestOf(cx, set, object);
  const ended = await job(cx, set, 'read', object, '');
  if (ended === undefined || ended.message === 'none') return null;
  const [, found] = /^found (.+)$/s.exec(ended.message) ?? [];
  if (found === undefined) throw trouble(cx, set, 'read', `the Job ended without an answer: ${JSON.stringify(ended.message)}`);
  return found;
}

/** SHA-256 of what a ConfigMap or a Secret of that name holds, keys in order. */
async function digestOf(cx: ProbeContext, set: DataSet, name: string): Promise<string | null> {
  const found = await cx.looking.kube.get(KINDS.ConfigMap, name, set.namespace) ?? await cx.looking.kube.get(KINDS.Secret, name, set.namespace);
  if (found === null) return null;
  const content = [mapIn(found, 'data'), mapIn(found, 'binaryData')].map((map) => Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

async function intoOf(cx: ProbeContext, set: DataSet, does: Does, object: string): Promise<Into> {
  const { kube } = cx.looking;
  if (set.kind === 'volume') {
    if (await kube.get(KINDS.PersistentVolumeClaim, object, set.namespace) === null) throw trouble(cx, set, does, `there is no claim ${set.namespace}/${object}`);
    return { kind: 'volume', claim: object, neighbour: neighbourOf((await kube.list(KINDS.Pod, { namespace: set.namespace })).items, object) };
  }
  const database = await kube.get(KINDS.PostgresCluster, object, set.namespace);
  if (database === null) throw trouble(cx, set, does, `there is no database ${set.namespace}/${object}`);
  // What runs there already need not be pulled.
  return { kind: 'postgres', database: object, image: textIn(database, 'status', 'image') ?? textIn(database, 'spec', 'imageName') ?? POSTGRES_IMAGE };
}

/** Runs the Job to its end; undefined in a dry run, which tells what it would have made. */
async function job(cx: ProbeContext, set: DataSet, does: Does, object: string, value: string): Promise<Ended | undefined> {
  const wanted = sentinelJob(set, does, await intoOf(cx, set, does, object), value);
  const { name } = wanted.metadata;
  if (cx.dryRun) {
    await cx.doors.kube.apply(wanted);
    return undefined;
  }
  try {
    await cx.doors.kube.apply(wanted);
    return await cx.wait(`a sentinel to be ${does === 'write' ? 'written to' : 'read from'} ${set.namespace}/${object}`, () => look(cx, set, does, name), { patience: PATIENCE, every: EVERY });
  } finally {
    await away(cx, set, name);
  }
}

async function look(cx: ProbeContext, set: DataSet, does: Does, name: string): Promise<Answer<Ended>> {
  const [found, { items: pods }] = await Promise.all([
    cx.looking.kube.get(KINDS.Job, name, set.namespace), cx.looking.kube.list(KINDS.Pod, { namespace: set.namespace, labelSelector: `batch.kubernetes.io/job-name=${name}` }),
  ]);
  const ended = pods.filter((pod) => textIn(pod, 'status', 'phase') === 'Succeeded').map(endedOf).find((each) => each !== undefined);
  if (ended !== undefined) return { ok: true, value: ended };
  if (found !== null && failed(found)) throw trouble(cx, set, does, holdup(found, pods));
  return { ok: false, because: holdup(found, pods), hint: hintOf(set) };
}
function failed(found: KubeObject): boolean {
  return listIn(found, 'status', 'conditions').some((condition) => textIn(condition, 'type') === 'Failed' && textIn(condition, 'status') === 'True');
}

/** The Job goes whatever happened, also when the run was stopped; where that fails, its time to live takes it. */
async function away(cx: ProbeContext, set: DataSet, name: string): Promise<void> {
  try {
    await cx.doors.kube.delete(KINDS.Job, name, set.namespace, { last: true });
  } catch (error) {
    cx.emit({ type: 'note', lane: cx.lane, step: cx.step, level: 'warn', text: `Job ${set.namespace}/${name} could not be removed (${error instanceof Error ? error.message : String(error)}); it goes by itself ten minutes after its end` });
  }
}

function hintOf(set: DataSet): string {
  return set.kind === 'postgres' ? `kubectl -n ${set.namespace} get clusters.postgresql.cnpg.io,pods` : `kubectl -n ${set.namespace} describe pvc ${set.object}; kubectl -n ${set.namespace} get pods,events`;
}
function trouble(cx: ProbeContext, set: DataSet, does: Does, because: string): Failure {
  return new Failure({ exit: 'rerun', what: `no sentinel could be ${does === 'write' ? 'written to' : 'read from'} ${set.name} of ${cx.cluster.name}`, because, hint: hintOf(set) });
}
