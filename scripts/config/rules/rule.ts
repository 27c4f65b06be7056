import type { Sources } from '../source.ts';
import type { WrittenSite } from '../written.ts';

/** A rule looks at what is written and reports what is wrong; it never throws and never changes anything. */
export type Rule = (site: WrittenSite, sources: Sources) => void;

/** Problems that hide parts of the tree; conclusions from what is not there must wait until they are gone. */
export const BROKEN: ReadonlySet<string> = new Set(['dangling-resource', 'dangling-path', 'file-missing', 'yaml-syntax', 'yaml-tab', 'duplicate-key', 'empty-file', 'one-document', 'object-twice', 'path-twice', 'listed-twice', 'not-an-object', 'variable-undefined', 'variable-form', 'variable-not-filled', 'remote-resource', 'wrong-type']);
