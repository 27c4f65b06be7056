import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { kindOfPath, troubleWith } from '../config/file.ts';
import { Failure } from '../engine/failure.ts';
import type { Json } from '../engine/outcome.ts';
import type { Around } from '../manifests/model.types.ts';
import { memoryFolder, programNow, toolsNow } from '../manifests/cache/program.ts';
import type { Memory, Reads } from '../manifests/cache/remembered.ts';
import type { ActionContext } from './task.ts';

/** Which tree a task about manifests is asked about, from its variables. */
export interface Asked {
  readonly root: string;
  /** Where the root is in its repository: '' or a folder that ends with `/`. */
  readonly prefix: string;
  readonly entry?: string;
  /** Name of an entry; undefined for all of them. */
  readonly cluster?: string;
  readonly charts: readonly string[];
  readonly schemas: readonly string[];
  readonly offline: boolean;
  readonly memory: Memory;
  /** All of it, and the tools of this machine, as the question an answer is remembered by. */
  readonly question: Json;
}

/** Reads ROOT, ENTRY, CLUSTER, CHARTS, SCHEMAS and OFFLINE. Throws Failures (64) for what is not there. */
export function readAsked(cx: Pick<ActionContext, 'variables' | 'root' | 'programRoot' | 'environment'>): Asked {
  const given = (name: string): string | undefined => (cx.variables[name] === '' ? undefined : cx.variables[name]);
  const root = resolve(given('ROOT') ?? cx.root);
  mustBeFolder('ROOT', root, 'name the folder of a repository: ROOT=path');
  const entry = entryOf(given('ENTRY'), root);
  const cluster = given('CLUSTER') === 'all' ? undefined : given('CLUSTER');
  const folders = (name: 'CHARTS' | 'SCHEMAS'): readonly string[] => (given(name) ?? '').split(',').filter((each) => each !== '').map((each) => folderOf(name, each));
  const [charts, schemas] = [folders('CHARTS'), folders('SCHEMAS')];
  const offline = given('OFFLINE') === 'true';
  const asked = { root, prefix: prefixOf(root), ...(entry === undefined ? {} : { entry }), ...(cluster === undefined ? {} : { cluster }), charts, schemas, offline };
  const memory = { folder: memoryFolder(cx.environment), program: programNow(cx.programRoot) };
  return { ...asked, memory, question: { ...asked, tools: toolsNow(cx.environment, cx.programRoot) } };
}

/** Patterns of schemas (`{{.Group}}/{{.ResourceKind}}.json`) and addresses go on as they are; folders have to be there. */
function folderOf(name: string, value: string): string {
  if (/\{\{|^https?:/u.test(value)) return value;
  const folder = resolve(value);
  mustBeFolder(name, folder, `name a folder that is there: ${name}=path, several with commas`);
  return folder;
}

function mustBeFolder(name: string, folder: string, hint: string): void {
  const because = troubleWith(folder, 'directory') ?? (kindOfPath(folder) === 'directory' ? undefined : 'it is not there');
  if (because !== undefined) throw new Failure({ exit: 'usage', what: `${name} is ${folder}`, because, hint });
}

function entryOf(value: string | undefined, root: string): string | undefined {
  if (value === undefined) return undefined;
  const path = isAbsolute(value) ? relative(root, value) : relative(root, resolve(root, value));
  const folder = path.split(sep).join('/');
  if (folder === '..' || folder.startsWith('../') || isAbsolute(folder)) throw new Failure({ exit: 'usage', what: `ENTRY is ${value}`, because: `it is not below ${root}`, hint: 'name a folder of the tree, from its root on: ENTRY=kubernetes/flux/cluster' });
  mustBeFolder('ENTRY', join(root, folder), 'name the folder Flux begins with, from the root on: ENTRY=kubernetes/flux/cluster');
  return folder;
}

/** Where a folder is in its repository; what is no part of one is one by itself. */
function prefixOf(root: string): string {
  for (let top = root; ; top = dirname(top)) {
    if (existsSync(join(top, '.git'))) return top === root ? '' : `${relative(top, root).split(sep).join('/')}/`;
    if (dirname(top) === top) return '';
  }
}

/** What rules and charts may use besides the tree; what they read is told to `reads`. */
export async function aroundOf(cx: ActionContext, asked: Pick<Asked, 'offline'>, reads: Pick<Reads, 'read' | 'volatile'>): Promise<Around> {
  const { makeProc } = await import('../tools/proc.ts');
  return {
    proc: makeProc({ lane: '', step: 'manifests', emit: cx.emit, signal: cx.signal, dryRun: false, redactor: cx.redactor, taskDir: cx.taskDir, looking: true, env: cx.environment, site: { target: cx.target } }),
    environment: cx.environment, offline: asked.offline, signal: cx.signal,
    read: (path) => reads.read(path),
    volatile: (because) => reads.volatile(because),
  };
}
