import { cniChecks, nodesReadyChecks } from '../health/checks/index.ts';
import { MINUTES, waitPhase } from './wait-phase.ts';

export default waitPhase({
  name: 'nodes-ready',
  title: 'wait for every node to be Ready',
  checks: [...cniChecks, ...nodesReadyChecks],
  patience: 10 * MINUTES,
  note: (seen) => `${seen.cluster.machines.length} nodes Ready`,
});
