import type { Rule } from '../../model.types.ts';
import { disruptionBudget, disruptionBudgetSelects, disruptionBudgetTwice } from './budgets.ts';
import { podClass } from './classes.ts';
import { podSecurity } from './pod-security.ts';
import { quota } from './quotas.ts';
import { roleBinding } from './rbac.ts';
import { configKey, configReference, serviceAccount } from './references.ts';
import { resources } from './resources.ts';
import { scaleMetric, scaleReplicas, scaleTarget } from './scaling.ts';
import { cronSchedule } from './schedules.ts';
import { duplicateEntry, namedPort, statefulService, volumeMount, workloadSelector } from './shape.ts';
import { podAffinity, podSpread } from './spread.ts';

export const RULES: readonly Rule[] = [
  podSecurity, configReference, configKey, serviceAccount, roleBinding,
  duplicateEntry, volumeMount, namedPort, workloadSelector, statefulService, podClass, resources, quota,
  disruptionBudget, disruptionBudgetSelects, disruptionBudgetTwice, scaleTarget, scaleMetric, scaleReplicas, podSpread, podAffinity, cronSchedule,
];
