import type { FaultKind } from './kind.ts';

/** Faults of machines, Talos and etcd. */
export const MACHINE_FAULTS: readonly FaultKind[] = [
  { name: 'stuck-in-maintenance', scope: 'machine', outcome: 'fails-safely', radius: 'one machine', does: 'a machine takes its configuration and then stays in maintenance', symptom: 'talosctl answers as in maintenance (no client certificate asked) long after apply-config', heals: 'the configuration that was applied goes to work' },
  { name: 'bootstrap-exists-ours', scope: 'cluster', outcome: 'rides-out', radius: 'the answer to one call', does: 'etcd is bootstrapped, but the answer says AlreadyExists, as after an answer that got lost', symptom: 'rpc error: code = AlreadyExists desc = etcd data directory is not empty, from the first call on', heals: 'bootstrap answers as usual' },
  { name: 'bootstrap-exists-foreign', scope: 'machine', outcome: 'refused', radius: 'one control plane and its disk', does: "a control plane's disk holds the etcd data of another cluster", symptom: 'bootstrap says AlreadyExists; etcd members names machines that are not ours; etcd never gets healthy', heals: 'the foreign data is gone (as after a reset of the machine)' },
  { name: 'etcd-no-quorum', scope: 'cluster', outcome: 'unhealthy', radius: 'the whole cluster but what runs already', does: 'etcd is down on so many control planes that quorum is lost', symptom: 'service etcd fails there, the Kubernetes API does not answer', heals: 'etcd comes up again with its data' },
];
