import type { Rule } from '../../model.types.ts';
import { apiDeprecated, apiRemoved, apiUnknown } from './apis.ts';
import { metadata } from './metadata.ts';
import { SCHEMA_RULES } from './schema.ts';

export const RULES: readonly Rule[] = [...SCHEMA_RULES, apiRemoved, apiDeprecated, apiUnknown, metadata];
