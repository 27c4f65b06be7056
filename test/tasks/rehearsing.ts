import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ask } from '../../lab/world/protocol.ts';
import { clusterFolder, kubeClient } from './fingerprint.ts';
import { finish, type LogLine, type Ran, type Rig } from './rig.ts';

/** An event of `--output=json`, as far as tests look at it. */
export interface Heard {
  readonly type: string;
  readonly lane?: string;
  readonly step?: string;
  readonly [key: string]: unknown;
}

/** What a rehearsal left: run.json, as far as tests look at it. */
export interface Report {
  readonly verdict: { readonly is: 'green' | 'red' | 'unfinished'; readonly sentence: string; readonly reasons: readonly string[] };
  readonly data: readonly { readonly cluster: string; readonly dataSet: string; readonly became: string; readonly because: string }[];
  readonly findings: readonly { readonly weight: string; readonly what: string; readonly because?: string; readonly next: string }[];
  readonly gaps: readonly { readonly after: string }[];
  readonly processes: readonly unknown[];
}

/** A rehearsal that came to an end: what it said, and what it left. */
export interface Rehearsed extends Ran {
  readonly events: readonly Heard[];
  readonly run: string;
  /** The sentences of its failure and of what it is made of, one a line. */
  readonly said: string;
  /** Its first next step. */
  readonly next: string;
  readonly report: Report | undefined;
}

/** Runs `./task dr:rehearse WORDS` to its end; `on` hears every event as it is told, and what it starts is waited for. */
export async function rehearse(rig: Pick<Rig, 'start' | 'taskDir'>, words: readonly string[], on: (event: Heard, pid: number) => unknown = () => undefined): Promise<Rehearsed> {
  const child = rig.start('dr:rehearse', 'TARGET=lab', ...words, '--output=json');
  const events: Heard[] = [];
  const started: unknown[] = [];
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event: unknown = JSON.parse(line);
      if (!isHeard(event)) continue;
      events.push(event);
      started.push(on(event, child.pid ?? 0));
    }
  });
  const ran = await finish(child);
  await Promise.all(started);
  const run = String(events.find((event) => event.type === 'run-started')?.['run'] ?? '');
  const failure = events.findLast((event) => event.type === 'run-finished')?.['failure'];
  return { ...ran, events, run, said: sentences(failure).join('\n'), next: isMap(failure) && typeof failure['hint'] === 'string' ? failure['hint'] : '', report: reportOf(rig.taskDir, run) };
}

/** What and why, of a failure and all it is made of. */
function sentences(failure: unknown): readonly string[] {
  if (!isMap(failure)) return [];
  const parts = Array.isArray(failure['parts']) ? failure['parts'] : [];
  return [`${String(failure['what'])}: ${String(failure['because'] ?? '')}`, ...parts.flatMap(sentences)];
}

export function reportOf(taskDir: string, run: string): Report | undefined {
  const file = join(taskDir, 'runs', run, 'run.json');
  return run !== '' && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
}

/** Folders of rehearsals: those that are kept. */
export function rehearsalsIn(taskDir: string): readonly string[] {
  return readdirSync(join(taskDir, 'runs')).filter((run) => existsSync(join(taskDir, 'runs', run, 'keep'))).toSorted();
}

/** Asks the lab's daemon at once, without a process of its own: what is caused at a step must be there in that step. */
export async function tellLab(rig: Pick<Rig, 'taskDir'>, verb: 'break' | 'heal' | 'data' | 'up', more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const reply = await ask(process.env['LAB_SOCKET'] ?? '', { verb, taskDir: rig.taskDir, ...more });
  if (!reply.ok) throw new Error(`the lab does not ${verb} ${JSON.stringify(more)}: ${reply.error}`);
}

/** What machines did, by name, of what the lab's log holds. */
const took = (log: readonly LogLine[], verb: RegExp, of: (entry: LogLine) => string): readonly string[] => log.filter((entry) => entry.kind === 'talos' && verb.test(entry.verb) && entry.write && entry.result === 'OK').map(of).toSorted();
export const resets = (log: readonly LogLine[]): readonly string[] => took(log, /^reset$/i, (entry) => entry.object);
export const bootstraps = (log: readonly LogLine[]): readonly string[] => took(log, /^bootstrap$/i, (entry) => entry.cluster);

/** What of Flux is asleep in a cluster, by the cluster's own word; nothing where there is no cluster. */
export async function asleepIn(rig: Rig, cluster: string): Promise<readonly string[]> {
  if (!existsSync(join(clusterFolder(rig, cluster), 'kubeconfig'))) return [];
  const get = kubeClient(rig, cluster);
  const found = await Promise.all(['/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations', '/apis/helm.toolkit.fluxcd.io/v2/helmreleases'].map(async (path) => {
    const list: unknown = await get(path);
    return isMap(list) && Array.isArray(list['items']) ? list['items'].filter((item) => item?.spec?.suspend === true).map((item) => `${item.kind} ${item.metadata.namespace}/${item.metadata.name}`) : [];
  }));
  return found.flat();
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
function isHeard(value: unknown): value is Heard {
  return isMap(value) && typeof value['type'] === 'string';
}
