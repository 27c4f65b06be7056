import { join } from 'node:path';
import type { TargetFile } from '../config/target.ts';
import { SITE } from '../config/target.ts';
import { Failure } from '../engine/failure.ts';
import type { ExitName } from '../engine/failure.ts';
import { makeProc, ToolFailure } from './proc.ts';
import { makeRedactor } from './redact.ts';

/** Where the lab's command is and for whom it works. */
export interface LabPlace {
  /** Root of this program: lab/bin/lab is below it. */
  readonly programRoot: string;
  /** Configuration root and task folder the lab's world belongs to. */
  readonly root: string;
  readonly taskDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export interface LabFault {
  readonly name: string;
  readonly does: string;
  readonly symptom: string;
  /** What is expected of the runner: rides-out, unhealthy, cannot-tell, refused, fails-safely. */
  readonly outcome: string;
  /** Blast radius: what it touches. */
  readonly radius: string;
  readonly scope: string;
  readonly heals: string;
}
export interface LabFaultScope { readonly cluster?: string | undefined; readonly machine?: string | undefined; readonly object?: string | undefined }
export interface LabLogEntry { readonly seq: number; readonly at: string; readonly cluster: string; readonly kind: string; readonly by: string; readonly verb: string; readonly object: string; readonly write: boolean; readonly result: string }
/** What the lab tells of itself, as it tells it: shown to people and printed as JSON, not computed with. */
export type LabAnswer = Readonly<Record<string, unknown>>;

/** Wall ms; up may have to start the daemon and make a world. */
const UP_MS = 60_000;
const CALL_MS = 30_000;
/** Thousands of objects are written one by one. */
const FILL_MS = 600_000;

/** Starts or wakes the lab of a task folder; answers the target it wrote. */
export async function labUp(place: LabPlace & { readonly speed?: number }): Promise<TargetFile> {
  const answer = await call(place, ['up', ...(place.speed === undefined ? [] : ['--speed', String(place.speed)])], UP_MS);
  if (isTarget(answer)) return answer;
  throw new Failure({ exit: 'bug', what: 'the lab answered without a target', hint: 'task lab:down, then try again; please report this' });
}
/** From now on every cluster of the lab gets the lab's own data sets, those that are up at once. Answers the target, which names them. */
export async function labData(place: LabPlace): Promise<TargetFile> {
  const answer = await call(place, ['data'], CALL_MS);
  if (isTarget(answer)) return answer;
  throw new Failure({ exit: 'bug', what: 'the lab answered data without a target', hint: 'task lab:down, then try again; please report this' });
}
export async function labDown(place: LabPlace): Promise<LabAnswer> { return record(await call(place, ['down'], UP_MS)); }
export async function labStatus(place: LabPlace): Promise<LabAnswer> { return record(await call(place, ['status'], CALL_MS)); }

/** Per cluster, simulated ms in which something it needs was pending in the lab: the critical path of its waits. */
export async function labBusy(place: LabPlace): Promise<Readonly<Record<string, number>>> {
  return Object.fromEntries(Object.entries(record(await call(place, ['busy'], CALL_MS))).flatMap(([cluster, ms]) => (typeof ms === 'number' ? [[cluster, ms]] : [])));
}

/** Requests to each cluster's Kubernetes API, by client and verb. */
export async function labRequests(place: LabPlace): Promise<Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>> {
  const counts = (verbs: unknown): Readonly<Record<string, number>> => Object.fromEntries(Object.entries(record(verbs)).flatMap(([verb, count]) => (typeof count === 'number' ? [[verb, count]] : [])));
  const clusters = record(record(await call(place, ['requests'], CALL_MS))['clusters']);
  return Object.fromEntries(Object.entries(clusters).map(([cluster, asked]) => [cluster, Object.fromEntries(Object.entries(record(record(asked)['kubernetes'])).map(([client, verbs]) => [client, counts(verbs)]))]));
}
/** Brings a cluster to so many further pods and Flux objects. */
export async function labFill(place: LabPlace, cluster: string, to: { readonly pods: number; readonly flux: number }): Promise<LabAnswer> {
  return record(await call(place, ['fill', '--cluster', cluster, '--pods', String(to.pods), '--flux', String(to.flux)], FILL_MS));
}

/** Every fault the lab can cause. */
export async function labFaults(place: LabPlace): Promise<readonly LabFault[]> {
  return records(await call(place, ['faults'], CALL_MS)).map((item) => ({ name: text(item, 'name'), does: text(item, 'does'), symptom: text(item, 'symptom'), outcome: text(item, 'outcome'), radius: text(item, 'radius'), scope: text(item, 'scope'), heals: text(item, 'heals') }));
}
/** Causes a fault. A refusal (unknown name, wrong scope) is a Failure in the lab's own words. */
export async function labBreak(place: LabPlace, fault: string, scope: LabFaultScope): Promise<LabAnswer> {
  return record(await call(place, ['break', fault, ...flag('cluster', scope.cluster), ...flag('machine', scope.machine), ...flag('object', scope.object)], CALL_MS));
}
/** Ends a fault; without a name, all of them. */
export async function labHeal(place: LabPlace, fault: string | undefined, scope: Pick<LabFaultScope, 'cluster'> = {}): Promise<LabAnswer> {
  return record(await call(place, ['heal', fault ?? '--all', ...flag('cluster', scope.cluster)], CALL_MS));
}
/** What was asked of the lab's machines and API servers, from `since` on. */
export async function labLog(place: LabPlace, since?: number): Promise<readonly LabLogEntry[]> {
  return records(await call(place, ['log', ...flag('since', since === undefined ? undefined : String(since))], CALL_MS)).map((item) => ({
    seq: Number(item['seq']), at: text(item, 'at'), cluster: text(item, 'cluster'), kind: text(item, 'kind'), by: text(item, 'by'), verb: text(item, 'verb'), object: text(item, 'object'), write: item['write'] === true, result: text(item, 'result'),
  }));
}

async function call(place: LabPlace, argv: readonly string[], timeoutMs: number): Promise<unknown> {
  // The lab's life is no step of a run: it has no events, no dry run, and its target does not exist yet.
  const proc = makeProc({
    lane: '', step: 'lab', emit: () => undefined, signal: place.signal, dryRun: false, site: { target: SITE }, redactor: makeRedactor(), taskDir: place.taskDir, env: place.env,
  });
  const env: Record<string, string> = { TASK_ROOT: place.root, TASK_DIR: place.taskDir, LAB_NODE: process.execPath };
  try {
    const said = await proc.run({ tool: join(place.programRoot, 'lab', 'bin', 'lab'), argv: [...argv, '--json'], effect: 'read', env, cwd: place.programRoot, timeoutMs });
    return JSON.parse(said.stdout);
  } catch (error) {
    if (error instanceof ToolFailure) throw refusal(argv[0] ?? '', error);
    if (error instanceof SyntaxError) throw new Failure({ exit: 'bug', what: `the lab's answer to ${argv[0] ?? ''} is no JSON`, cause: error });
    throw error;
  }
}

/** Refusals come as `{error, hint}` on standard output, with the runner's own exit codes. */
function refusal(verb: string, error: ToolFailure): Failure {
  const exits: Readonly<Record<number, ExitName>> = { 1: 'usage', 64: 'usage', 69: 'rerun', 70: 'bug' };
  const said = told(error.stdout);
  return new Failure({ exit: exits[error.exitCode ?? -1] ?? error.exit, what: `the lab refused ${verb}`, because: said?.because ?? error.because, hint: said?.hint ?? error.hint, cause: error });
}

function told(stdout: string): { readonly because: string; readonly hint: string | undefined } | undefined {
  try {
    const parsed = record(JSON.parse(stdout));
    return typeof parsed['error'] === 'string' ? { because: parsed['error'], hint: typeof parsed['hint'] === 'string' ? parsed['hint'] : undefined } : undefined;
  } catch {
    // It died before it could answer; what it said on standard error is told instead.
    return undefined;
  }
}

function flag(name: string, value: string | undefined): string[] { return value === undefined || value === '' ? [] : [`--${name}`, value]; }
function isTarget(value: unknown): value is TargetFile {
  const target = record(value);
  return target['format'] === 1 && target['kind'] === 'lab' && typeof target['id'] === 'string' && typeof target['speed'] === 'number' && typeof target['machines'] === 'object' && typeof target['apis'] === 'object';
}
function records(value: unknown): LabAnswer[] { return Array.isArray(value) ? value.map(record) : []; }
function record(value: unknown): LabAnswer { return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {}; }
function text(item: LabAnswer, key: string): string { const value = item[key]; return typeof value === 'string' ? value : ''; }
