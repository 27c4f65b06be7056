import { cniChecks, nodesReadyChecks } from '../health/checks/index.ts';
import { MINUTES, OFTEN, waits } from './wait-phase.ts';

export default waits({
  name: 'nodes-ready',
  title: 'wait for every node to be Ready',
  verify: [...cniChecks, ...nodesReadyChecks],
  patience: 10 * MINUTES,
  every: OFTEN,
  holds: (seen) => `${seen.cluster.machines.length} nodes Ready`,
});
