import { ALL_CHECKS } from '../health/checks/index.ts';
import { MINUTES, waitPhase } from './wait-phase.ts';

/** The very checks of `cluster:health`: a create can never be greener than the health task. */
export default waitPhase({
  name: 'healthy',
  title: 'everything cluster:health asks',
  checks: ALL_CHECKS,
  patience: 10 * MINUTES,
  note: () => 'every check of cluster:health passes',
});
