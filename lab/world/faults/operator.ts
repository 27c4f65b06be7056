import type { FaultKind } from './kind.ts';

/** Faults of the operator's own machine, tools and secret provider. */
export const OPERATOR_FAULTS: readonly FaultKind[] = [
  { name: 'op-session-expired', scope: 'world', outcome: 'fails-safely', radius: 'the operator; no cluster', does: "the op command's session is over", symptom: '[ERROR] You are not currently signed in', heals: 'signed in again' },
];
