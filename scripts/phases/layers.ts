import { certificateChecks, secretChecks, workloadChecks } from '../health/checks/index.ts';
import { MINUTES, waitPhase } from './wait-phase.ts';

export default waitPhase({
  name: 'layers',
  title: 'wait for what the tree brings: workloads, certificates, secrets',
  checks: [...secretChecks, ...certificateChecks, ...workloadChecks],
  patience: 30 * MINUTES,
  note: () => 'workloads, certificates and secrets are well',
});
