import type { Rule } from '../../model.types.ts';

export const RULES: readonly Rule[] = [];
