import { apiChecks } from '../health/checks/index.ts';
import { MINUTES, waitPhase } from './wait-phase.ts';

export default waitPhase({
  name: 'api-ready',
  title: 'wait for the Kubernetes API',
  checks: apiChecks,
  patience: 10 * MINUTES,
  note: (seen) => (seen.api.ok ? `Kubernetes ${seen.api.value.version}` : ''),
});
