import type { Rule } from '../../model.types.ts';
import { AGREE } from './agree.ts';
import { EXACT_RULES } from './exact.ts';

/** Versions: pinned exactly, and the same wherever the same thing is meant. */
export const RULES: readonly Rule[] = [...EXACT_RULES, ...AGREE];
