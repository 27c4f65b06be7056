import { posix } from 'node:path';
import { listed, meant } from '../../config/words.ts';
import type { KubeObject } from '../../config/cluster.ts';
import type { Path } from '../../config/source.ts';
import type { Edit, Found, Source } from '../model.types.ts';
import type { Plain } from './data.ts';
import { isClusterScoped } from './merge-keys.ts';
import type { Reference } from './references.ts';
import type { TreeTexts } from './texts.ts';

/** What one build of one folder works with and leaves behind. A mistake does not end it: as much as possible is told at once. */
export interface Work {
  readonly texts: TreeTexts;
  /** Every file that was read, or looked for. */
  readonly files: Set<string>;
  readonly found: Found[];
  /** What only the real kustomize can do, with the places that ask for it. */
  readonly beyond: Beyond[];
  /** Every kustomization.yaml that was followed. */
  readonly visited: Instructions[];
  /** References of a tree's own, besides those kustomize knows. */
  readonly references: Reference[];
  /** Flux decrypts files and objects of this build. */
  readonly decrypts: boolean;
  /** Kustomize would stop with an error. */
  broken: boolean;
}
export interface Beyond { readonly what: string; readonly source: Source; /** Its address, when it has to be fetched. */ readonly remote?: string }

/** What kustomize takes for an address instead of a path. */
export const REMOTE = /^(?:[a-z+]+:\/\/|git::|gh:|git@|github\.com[:/])/i;

/** An object on its way through a build. */
export interface Res {
  readonly object: KubeObject;
  readonly source: Source;
  readonly edits: readonly Edit[];
  /** What it was called before kustomize changed names, namespaces or kinds, oldest first. */
  readonly was: readonly Called[];
  /** A generator's object that is to get a hash behind its name. */
  readonly hashed?: true;
}

export interface Called { readonly kind: string; readonly name: string; readonly namespace: string }

/** The instructions of one kustomization.yaml, or of the one Flux makes of it. */
export interface Instructions {
  readonly folder: string;
  /** The file they are written in; undefined when nobody wrote it. */
  readonly file: string | undefined;
  readonly data: Plain;
  /** Flux has kustomize write into every object where it comes from. */
  readonly origins?: true;
  source(path: Path): Source;
  /** Whose words these are in an edit: what stands in a Flux Kustomization is called by its name there. */
  by(field: Edit['by']): Edit['by'];
}

export function newWork(texts: TreeTexts, decrypts = false): Work {
  return { texts, files: new Set(), found: [], beyond: [], visited: [], references: [], decrypts, broken: false };
}

/** Says that kustomize would fail. */
export function fail(work: Work, found: Found): void {
  work.broken = true;
  work.found.push(found);
}

/** Findings after which some of what is listed is not here, whatever it holds. */
const HOLES: ReadonlySet<string> = new Set(['file-unreadable', 'yaml-syntax', 'duplicate-key', 'not-an-object', 'kustomization-missing', 'kustomization-twice', 'kustomization-field', 'kustomization-value', 'component-kind', 'resource-missing', 'resource-outside', 'resource-remote', 'remote-pin', 'resource-cycle']);

/** Whether an object that is not here may stand in what could not be read: then it is not called missing. */
export function mayBeUnread(work: Work): boolean {
  return work.found.some(({ rule }) => HOLES.has(rule));
}

/** Joins a path to a folder of the tree; undefined when that leads out of it. */
export function within(folder: string, path: string): string | undefined {
  if (posix.isAbsolute(path)) return undefined;
  const joined = posix.join(folder === '' ? '.' : folder, path).replace(/\/$/, '');
  return joined === '..' || joined.startsWith('../') ? undefined : joined === '.' ? '' : joined;
}

/** Adds an edit to an object. */
export function edited(res: Res, object: KubeObject, edit: Edit): Res {
  return object === res.object ? res : { ...res, object, edits: [...res.edits, edit] };
}

/** "did you mean" for a path that is not there: what lies beside it, as it would be written from `folder`. */
export function nearPath(work: Work, folder: string, path: string, otherwise: string): string {
  const joined = within(folder, path);
  if (joined === undefined) return otherwise;
  const parent = posix.dirname(joined) === '.' ? '' : posix.dirname(joined);
  const around = work.texts.entries(parent).map(({ name }) => posix.relative(folder === '' ? '.' : folder, posix.join(parent, name)));
  return meant(path.replace(/^\.\//, ''), around, around.length === 0 || around.length > 12 ? otherwise : `${otherwise}; there is ${listed(around)}`);
}

/** Remembers what an object is called now, before something changes it. */
export function renamed(res: Res): Res {
  return { ...res, was: [...res.was, { kind: res.object.kind, name: res.object.metadata.name, namespace: effectiveNamespace(res.object) }] };
}

/** The namespace kustomize compares by: none is `default`, and kinds outside namespaces have one of their own. */
export function effectiveNamespace({ apiVersion, kind, metadata: { namespace } }: KubeObject): string {
  return isClusterScoped(apiVersion, kind) ? '_non_namespaceable_' : namespace === undefined || namespace === '' ? 'default' : namespace;
}
