import type { ActiveFault, Faults } from './types.ts';

export type Declared = 'rides-out' | 'unhealthy' | 'cannot-tell' | 'refused' | 'fails-safely';
export interface FaultKind {
  readonly name: string; readonly does: string; readonly scope: 'cluster' | 'machine' | 'object' | 'world';
  /** What the product is expected to do about it. */
  readonly outcome: Declared;
  readonly symptom: string; readonly heals: string;
}

/** Every fault the lab can cause. Effects on machines and op are the world's own; the others are looked up by the parts that have them. */
export const FAULTS: readonly FaultKind[] = [
  { name: 'stuck-in-maintenance', scope: 'machine', outcome: 'fails-safely', does: 'a machine takes its configuration and then stays in maintenance', symptom: 'talosctl answers as in maintenance (no client certificate asked) long after apply-config', heals: 'the configuration that was applied goes to work' },
  { name: 'bootstrap-exists-ours', scope: 'cluster', outcome: 'rides-out', does: 'etcd is bootstrapped, but the answer says AlreadyExists, as after an answer that got lost', symptom: 'rpc error: code = AlreadyExists desc = etcd data directory is not empty, from the first call on', heals: 'bootstrap answers as usual' },
  { name: 'bootstrap-exists-foreign', scope: 'machine', outcome: 'refused', does: "a control plane's disk holds the etcd data of another cluster", symptom: 'bootstrap says AlreadyExists; etcd members names machines that are not ours; etcd never gets healthy', heals: 'the foreign data is gone (as after a reset of the machine)' },
  { name: 'etcd-no-quorum', scope: 'cluster', outcome: 'unhealthy', does: 'etcd is down on so many control planes that quorum is lost', symptom: 'service etcd fails there, the Kubernetes API does not answer', heals: 'etcd comes up again with its data' },
  { name: 'op-session-expired', scope: 'world', outcome: 'fails-safely', does: "the op command's session is over", symptom: '[ERROR] You are not currently signed in', heals: 'signed in again' },
  { name: 'api-flapping', scope: 'cluster', outcome: 'rides-out', does: 'the Kubernetes API drops connections now and then', symptom: 'connections reset, 503 and 429 between good answers', heals: 'it answers steadily' },
  { name: 'watch-dropped', scope: 'cluster', outcome: 'rides-out', does: 'watches end early, and resource versions expire', symptom: 'watch streams end; 410 Gone on the next', heals: 'watches last' },
  { name: 'crd-not-established', scope: 'object', outcome: 'fails-safely', does: 'a CustomResourceDefinition never becomes Established', symptom: 'NamesAccepted=False on the CRD, its kind is not served', heals: 'it becomes Established' },
  { name: 'helmrelease-stalled', scope: 'object', outcome: 'unhealthy', does: 'a HelmRelease fails and is not retried any more', symptom: 'Ready=False, Stalled=True', heals: 'it is reconciled again' },
  { name: 'dependency-cycle', scope: 'object', outcome: 'unhealthy', does: 'two Kustomizations wait for each other', symptom: 'dependency not ready, on both, for ever', heals: 'the cycle is cut' },
];

/** The faults that are on. `changed` runs after each setting and healing. */
export interface FaultBoard extends Faults {
  set(fault: ActiveFault): void;
  /** Heals what fits; answers what was healed. */
  heal(fits: (fault: ActiveFault) => boolean): readonly ActiveFault[];
}

/** A board that starts with the given faults. A fault without a machine is on for every machine of its cluster; cluster `*` is every one. */
export function faultBoard(initial: readonly ActiveFault[], changed: () => void): FaultBoard {
  let on = [...initial];
  return {
    active: (name, cluster, machine) => on.find((fault) => fault.fault === name && (fault.cluster === cluster || fault.cluster === '*')
      && (machine === undefined || fault.machine === undefined || fault.machine === machine)),
    list: () => on,
    set(fault) {
      on = [...on.filter((other) => !(other.fault === fault.fault && other.cluster === fault.cluster && other.machine === fault.machine && other.object === fault.object)), fault];
      changed();
    },
    heal(fits) {
      const healed = on.filter(fits);
      on = on.filter((fault) => !fits(fault));
      if (healed.length > 0) changed();
      return healed;
    },
  };
}

/** The name that was probably meant; undefined when nothing is near. */
export function didYouMean(word: string, names: readonly string[]): string | undefined {
  let best: { readonly name: string; readonly far: number } | undefined;
  for (const name of names) {
    const far = name.startsWith(word) || word.startsWith(name) ? 1 : distance(word, name);
    if (far <= Math.max(2, name.length / 3) && (best === undefined || far < best.far)) best = { name, far };
  }
  return best?.name;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, n) => n);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
