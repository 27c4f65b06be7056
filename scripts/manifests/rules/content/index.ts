import type { Rule } from '../../model.types.ts';
import { dashboardJson, dashboardPanel, dashboardQuery, dashboardSource, dashboardUid } from './dashboard-rules.ts';
import { dataParses } from './data-parses.ts';
import { ruleDuration, ruleExpression, ruleForm, ruleGroupTwice, ruleTemplate, ruleTwice } from './rules.ts';
import { secretGitleaks, secretPlain, secretShape, secretValue } from './secrets.ts';

export const RULES: readonly Rule[] = [
  dataParses, ruleExpression, ruleDuration, ruleGroupTwice, ruleTwice, ruleForm, ruleTemplate,
  dashboardJson, dashboardUid, dashboardPanel, dashboardQuery, dashboardSource,
  secretPlain, secretShape, secretValue, secretGitleaks,
];
