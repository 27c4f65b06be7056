import { meshChecks } from '../health/checks/index.ts';
import { MINUTES, waits } from './wait-phase.ts';

export default waits({
  name: 'mesh',
  title: 'wait for the cluster mesh',
  verify: meshChecks,
  patience: 10 * MINUTES,
  holds: (seen) => `meshed with ${seen.cluster.mesh?.peers.join(', ') ?? 'nobody'}`,
});
