import { meshChecks } from '../health/checks/index.ts';
import { MINUTES, waitPhase } from './wait-phase.ts';

export default waitPhase({
  name: 'mesh',
  title: 'wait for the cluster mesh',
  checks: meshChecks,
  patience: 10 * MINUTES,
  note: (seen) => `meshed with ${seen.cluster.mesh?.peers.join(', ') ?? 'nobody'}`,
});
