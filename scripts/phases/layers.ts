import { certificateChecks, secretChecks, webhookChecks, workloadChecks } from '../health/checks/index.ts';
import { MINUTES, waits } from './wait-phase.ts';

export default waits({
  name: 'layers',
  title: 'wait for what the tree brings: workloads, certificates, secrets',
  verify: [...secretChecks, ...certificateChecks, ...webhookChecks, ...workloadChecks],
  patience: 30 * MINUTES,
  holds: () => 'workloads, certificates and secrets are well',
});
