import type { Rule } from '../../model.types.ts';
import { podSecurity } from './pod-security.ts';
import { roleBinding } from './rbac.ts';
import { configKey, configReference, serviceAccount } from './references.ts';

export const RULES: readonly Rule[] = [podSecurity, configReference, configKey, serviceAccount, roleBinding];
