import { etcdChecks, machineChecks } from '../health/checks/index.ts';
import { MINUTES, waits } from './wait-phase.ts';

/** Every control plane is a member of etcd, none of them still learning. */
export default waits({
  name: 'etcd-joined',
  title: 'wait for every control plane to be a member of etcd',
  verify: [...machineChecks, ...etcdChecks],
  patience: 15 * MINUTES,
  holds: (seen) => `${seen.cluster.machines.filter(({ role }) => role === 'controlplane').length} members`,
});
