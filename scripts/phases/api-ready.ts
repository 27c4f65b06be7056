import { apiChecks } from '../health/checks/index.ts';
import { MINUTES, OFTEN, waits } from './wait-phase.ts';

export default waits({
  name: 'api-ready',
  title: 'wait for the Kubernetes API',
  verify: apiChecks,
  patience: 10 * MINUTES,
  every: OFTEN,
  holds: (seen) => (seen.api.ok ? `Kubernetes ${seen.api.value.version}` : ''),
});
