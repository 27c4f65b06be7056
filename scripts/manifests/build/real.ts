import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { lastWords } from '../../tools/command-line.ts';
import { findKustomize, makeKustomize, type Kustomized } from '../../tools/kustomize.ts';
import { ToolFailure } from '../../tools/proc.ts';
import type { Path } from '../../config/source.ts';
import type { Around, Edit, Found, Source } from '../model.types.ts';
import { get, isObject, isPlain, list, plain } from './data.ts';
import { KUSTOMIZATION_FILES } from './instructions.ts';
import { idOf } from './objects.ts';
import { REMOTE, within, type Instructions, type Res, type Work } from './work.ts';
import { readYaml } from './yaml.ts';
import { BEYOND_FIELDS, ORIGIN } from './beyond.ts';
import { isPinned } from './remote.ts';

/** Handing a folder to the real kustomize, for what is not done here. Loaded only when it is wanted. */

/** Mistakes that may be none: what they miss can come out of what is not done here. */
const DOUBTFUL = new Set(['patch-target', 'patch-unused', 'generator-invalid', 'resource-twice', 'patch-invalid']);

/** What is told of each thing that is fetched; none of it keeps the build from being done. */
const FETCHED: ReadonlySet<string> = new Set(['resource-remote', 'remote-pin']);

/** What comes from elsewhere is one mistake: that it may change while nobody looks, or else that it is fetched at all. */
function fetched(address: string, what: string, source: Source): Found {
  if (!isPinned(address)) return { rule: 'remote-pin', source, message: `${what} at every build, and not pinned: what it gives can change`, hint: 'name a tag or a commit (?ref=v1.2.3, or /v1.2.3/ in the path), or better put it into the tree' };
  return { rule: 'resource-remote', source, message: `${what} at every build`, hint: 'put it into the tree, at the version it has' };
}

/** Builds by the real kustomize what is not done here. What it refuses is told; without it, it is told what is not known. */
export async function buildBeyond(work: Work, instructions: Instructions, ours: readonly Res[], around: Around | undefined): Promise<readonly Res[]> {
  const remote = work.beyond.filter(({ remote: far }) => far !== undefined);
  for (const { what, source, remote: address = '' } of remote) work.found.push(fetched(address, what, source));
  const tool = around === undefined ? undefined : findKustomize(around.environment);
  const sure = work.found.filter(({ rule }) => !DOUBTFUL.has(rule));
  if (around === undefined || tool === undefined || (around.offline && remote.length > 0)) {
    keepOnly(work, sure);
    const [first] = work.beyond;
    const because = tool === undefined ? 'kustomize is not here' : 'the network is not to be asked';
    if (first !== undefined) work.found.push({ rule: 'kustomize-needed', unknown: true, source: first.source, message: `what this makes is not known: ${[...new Set(work.beyond.map(({ what }) => what))].join(', ')}, and ${because}`, hint: tool === undefined ? 'task tools:install TOOL=kustomize, or put kustomize on PATH' : 'run it with a network, or put it into the tree' });
    return ours;
  }
  around.read(tool);
  if (remote.length > 0) around.volatile('kustomize fetches from elsewhere');
  const answer = await real(work, instructions, around, tool);
  const [first] = work.beyond;
  if ('error' in answer) {
    work.broken = true;
    if (remote.length > 0 && sure.length === work.found.length) work.found.push({ rule: 'kustomize-needed', unknown: true, source: remote[0]?.source ?? instructions.source([]), message: `what this makes is not known: ${said(answer.error)}`, hint: 'run it with a network, or put it into the tree' });
    else if (work.found.every(({ rule }) => FETCHED.has(rule))) work.found.push({ rule: 'kustomize-failed', source: first?.source ?? instructions.source([]), message: `kustomize refuses this: ${said(answer.error)}`, hint: 'Flux will as well; kustomize build FOLDER tells it again' });
    return [];
  }
  keepOnly(work, work.found.filter(({ rule }) => FETCHED.has(rule)));
  work.broken = false;
  const read = readYaml(answer.text);
  return 'trouble' in read ? [] : read.documents.flatMap((object) => (isObject(object) ? [placed(work, instructions, object, ours, first?.source ?? instructions.source([]))] : []));
}

function keepOnly(work: Work, found: Work['found']): void {
  work.found.splice(0, work.found.length, ...found);
  work.broken = found.some(({ rule }) => !FETCHED.has(rule) && rule !== 'patch-unused');
}
/** What is wrong, without the way to it: it is the same whoever builds the folder it is wrong in. */
function said(words: string): string {
  return lastWords(words.replace(/^Error: /, '').replace(/^[^]*accumulation of path '[^']*': ([^]*?)"?\s*$/, '$1').replaceAll(/\/[^\s']*\/kustomize-[^/\s']*\/tree\/?/g, ''), 2, 300);
}

async function real(work: Work, instructions: Instructions, around: Around, tool: string): Promise<Kustomized> {
  const scratch = mkdtempSync(join(tmpdir(), 'kustomize-'));
  try {
    const root = join(scratch, 'tree');
    for (const path of filesFor(work)) {
      const content = work.texts.content(path);
      if (content !== undefined) put(join(root, path), content);
    }
    const folder = join(root, instructions.folder);
    for (const name of KUSTOMIZATION_FILES) rmSync(join(folder, name), { force: true });
    put(join(folder, 'kustomization.yaml'), JSON.stringify({ ...instructions.data, ...(instructions.origins === true || instructions.data['buildMetadata'] === undefined ? { buildMetadata: ['originAnnotations'] } : {}) }));
    return await makeKustomize(around.proc, tool, scratch).build(folder);
  } catch (error) {
    if (error instanceof ToolFailure) return { error: error.because ?? error.what };
    throw error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
function put(file: string, content: string | Buffer): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, content, { mode: 0o600 });
}

/** Files a build may want: those that were read, all below the folders that were built, and what fields that are not read here name. */
function filesFor(work: Work): ReadonlySet<string> {
  const files = new Set([...work.files].filter((file) => work.texts.kind(file) === 'file'));
  const below = (path: string): void => {
    if (work.texts.kind(path) === 'file') { files.add(path); return; }
    for (const { name } of work.texts.entries(path)) if (name !== '.git' && name !== 'node_modules' && files.size < 20_000) below(posix.join(path, name));
  };
  for (const { folder, data } of work.visited) {
    if (folder !== '') below(folder);
    for (const field of [...Object.keys(BEYOND_FIELDS), 'configurations']) {
      for (const path of textsIn(data[field])) {
        const there = path.length > 300 || path.includes('\n') ? undefined : within(folder, path);
        if (there === undefined || there === '' || work.texts.kind(there) === undefined) continue;
        work.files.add(there);
        below(there);
      }
    }
  }
  return files;
}
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* textsIn(each);
}

/** Where an object of the real kustomize comes from: one of ours with what is different written by kustomize, or the file it names. */
function placed(work: Work, instructions: Instructions, built: Res['object'], ours: readonly Res[], by: Source): Res {
  const keeps = instructions.origins === true || instructions.data['buildMetadata'] !== undefined;
  const { [ORIGIN]: origin, ...annotations } = built.metadata.annotations ?? {};
  const { annotations: _all, ...metadata } = built.metadata;
  const object = keeps || origin === undefined ? built : { ...built, metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations } };
  const id = idOf(object);
  const own = ours.find((res) => idOf(res.object) === id);
  if (own !== undefined) return { ...own, object, edits: [...own.edits, { by: 'kustomize', source: by, sets: differences(own.object, object, []) }] };
  const from = readYaml(origin ?? '');
  const path = 'documents' in from ? get(from.documents[0], 'path') : undefined;
  const file = typeof path === 'string' && !REMOTE.test(path) ? within(instructions.folder, path) : undefined;
  const document = file === undefined ? undefined : (work.texts.documents(file) ?? []).find(({ data }) => isObject(data) && data.kind === object.kind && (data.metadata.name === object.metadata.name || object.metadata.name.includes(data.metadata.name)));
  if (file === undefined || document === undefined || !isPlain(document.data)) return { object, source: by, edits: [], was: [] };
  return { object, source: { file, document: document.index, at: [] }, edits: [{ by: 'kustomize', source: by, sets: differences(document.data, object, []) }], was: [] };
}

/** Paths at which two values differ. */
function differences(one: unknown, other: unknown, path: Path): Edit['sets'] {
  if (Array.isArray(other) && Array.isArray(one)) return list(other).flatMap((each, index) => differences(one[index], each, [...path, index]));
  if (isPlain(other) && isPlain(one)) return Object.entries(other).flatMap(([key, each]) => differences(plain(one)[key], each, [...path, key]));
  return one === other ? [] : [{ path, from: [] }];
}
