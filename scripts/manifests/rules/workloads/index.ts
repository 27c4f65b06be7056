import { atValues } from '../../index/values.ts';
import type { Rule } from '../../model.types.ts';
import { disruptionBudget, disruptionBudgetSelects, disruptionBudgetTwice } from './budgets.ts';
import { certificateIssuer, certificateRequest } from './certificates.ts';
import { podClass } from './classes.ts';
import { secretItem, secretMerge, secretStore, secretTemplate, secretTwice } from './external-secrets.ts';
import { operatorReference } from './operators.ts';
import { podSecurity } from './pod-security.ts';
import { quota } from './quotas.ts';
import { roleBinding } from './rbac.ts';
import { configKey, configReference, serviceAccount } from './references.ts';
import { resources } from './resources.ts';
import { scaleMetric, scaleReplicas, scaleTarget } from './scaling.ts';
import { cronSchedule } from './schedules.ts';
import { scrapeTarget } from './scrapes.ts';
import { duplicateEntry, namedPort, statefulService, volumeMount, workloadSelector } from './shape.ts';
import { podAffinity, podSpread } from './spread.ts';
import { accessMode, claimShared, storageClass, volumeClaim } from './storage.ts';

const ALL: readonly Rule[] = [
  podSecurity, configReference, configKey, serviceAccount, roleBinding,
  duplicateEntry, volumeMount, namedPort, workloadSelector, statefulService, podClass, resources, quota,
  disruptionBudget, disruptionBudgetSelects, disruptionBudgetTwice, scaleTarget, scaleMetric, scaleReplicas, podSpread, podAffinity, cronSchedule,
  storageClass, accessMode, volumeClaim, claimShared, scrapeTarget, operatorReference,
  secretStore, secretItem, secretTwice, secretMerge, secretTemplate, certificateIssuer, certificateRequest,
];

export const RULES: readonly Rule[] = ALL.map(atValues);
