import type { Rule } from '../model.types.ts';
import { RULES as charts } from './charts/index.ts';
import { RULES as content } from './content/index.ts';
import { RULES as flux } from './flux/index.ts';
import { RULES as network } from './network/index.ts';
import { RULES as schemas } from './schemas/index.ts';
import { RULES as versions } from './versions/index.ts';
import { RULES as workloads } from './workloads/index.ts';

/** The rules by group, in the order they are told. ONLY= takes a group's name. */
export const GROUPS: Readonly<Record<string, readonly Rule[]>> = { flux, versions, charts, schemas, workloads, network, content };

/** Every rule there is. */
export const RULES: readonly Rule[] = Object.values(GROUPS).flat();
