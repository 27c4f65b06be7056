import type { Rule } from '../../model.types.ts';
import { DEFINITIONS } from './definitions.ts';
import { DEPENDS } from './depends.ts';
import { HEALTH } from './health.ts';
import { NAMESPACES } from './namespaces.ts';
import { OWNERS } from './owners.ts';
import { REACH } from './reach.ts';
import { SOURCES } from './sources.ts';
import { VARIABLES } from './variables.ts';

/** What Flux would stumble over: waiting, order, owners, sources, namespaces, variables. */
export const RULES: readonly Rule[] = [...DEPENDS, ...SOURCES, ...HEALTH, ...NAMESPACES, ...DEFINITIONS, ...OWNERS, ...REACH, ...VARIABLES];
