import { KUBE_FAULTS } from './kube.ts';
import { MACHINE_FAULTS } from './machine.ts';
import { OPERATOR_FAULTS } from './operator.ts';
import { RECOVERY_FAULTS } from './recovery.ts';
import type { FaultKind } from './kind.ts';

export type { Declared, FaultKind } from './kind.ts';

/** Every fault the lab can cause. Effects on machines and op are the world's own; the others are looked up by the parts that have them. */
export const FAULTS: readonly FaultKind[] = [...MACHINE_FAULTS, ...KUBE_FAULTS, ...OPERATOR_FAULTS, ...RECOVERY_FAULTS];
