import type { Sources } from '../source.ts';
import type { WrittenSite } from '../written.ts';

/** A rule looks at what is written and reports what is wrong; it never throws and never changes anything. */
export type Rule = (site: WrittenSite, sources: Sources) => void;

export const RULES: readonly Rule[] = [];
