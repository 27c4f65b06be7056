import { nodesRegisteredChecks } from '../health/checks/index.ts';
import { MINUTES, OFTEN, waits } from './wait-phase.ts';

/** Registered, not Ready: the CNI is `none` until Cilium comes with core, and a node without a CNI is never Ready. */
export default waits({
  name: 'nodes-registered',
  title: 'wait for every node to register',
  verify: nodesRegisteredChecks,
  patience: 10 * MINUTES,
  every: OFTEN,
  holds: (seen) => `${seen.cluster.machines.length} nodes, not Ready before the CNI`,
});
