import { ALL_CHECKS } from '../health/checks/index.ts';
import { MINUTES, waits } from './wait-phase.ts';

/** The very checks of `cluster:health`: a create can never be greener than the health task. */
export default waits({
  name: 'healthy',
  title: 'everything cluster:health asks',
  verify: ALL_CHECKS,
  patience: 10 * MINUTES,
  holds: () => 'every check of cluster:health passes',
});
