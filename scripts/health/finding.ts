import type { Check, Verdict } from '../engine/verdict.ts';
import { withoutAbsentPeers } from './beyond.ts';
import type { Layer, Reading, Snapshot } from './snapshot.types.ts';

/** What was found about one object: a verdict with a name on it. Checks fold them, the diagnosis connects them. */
export interface Finding {
  readonly is: Verdict['is'];
  /** How people call it and how the object graph knows it: `Kustomization flux-system/apps`, `machine apps-01`, `etcd`. */
  readonly object: string;
  /** The state in a few words: `Ready=False (BuildFailed)`. */
  readonly state?: string;
  /** Why, in the words of the source. */
  readonly because: string;
  /** A command to type or a thing to look at. */
  readonly hint?: string;
  /** Since when, ms on the clock of whoever said it. */
  readonly since?: number;
  /** Further commands worth trying. */
  readonly tries?: readonly string[];
  /** Worth knowing, and not bad enough to call the cluster unhealthy (only on a pass). */
  readonly warning?: string;
  /** The layer that has to answer before this can be judged (only on unknown). */
  readonly needs?: Layer;
}

/** A check that can also say what it found about each object. `judge` is the sum of `findings`. */
export interface HealthCheck extends Check<Snapshot> {
  readonly layer: Layer;
  findings(seen: Snapshot): readonly Finding[];
}

/** A check from its findings. `name` completes "waiting for ..."; finding nothing at all means there is nothing of it in the tree. */
export function check(layer: Layer, name: string, find: (seen: Snapshot) => readonly Finding[]): HealthCheck {
  const findings = (seen: Snapshot): readonly Finding[] => withoutAbsentPeers(seen, find(seen));
  return { layer, name, findings, judge: (seen) => towardsCause(fold(findings(seen)), layer, seen) };
}

/** Layers whose objects fail because of each other: the first one that does is seldom the one to mend. */
const ENTANGLED: ReadonlySet<Layer> = new Set(['sources', 'kustomizations', 'helmreleases', 'workloads', 'certificates', 'secrets', 'mesh']);

/** Whoever waited in vain for such a layer is sent to where causes are told from consequences, not to the first object in the way. */
function towardsCause(verdict: Verdict, layer: Layer, seen: Snapshot): Verdict {
  return verdict.is === 'fail' && ENTANGLED.has(layer) ? { ...verdict, hint: `task cluster:health CLUSTER=${seen.cluster.name}` } : verdict;
}

/** How many further objects a verdict names before it only counts them. */
const NAMED = 3;

/** Many findings, one verdict: the first fail decides, then the first unknown; skip only when nothing was judged. */
export function fold(findings: readonly Finding[]): Verdict {
  const fails = findings.filter((finding) => finding.is === 'fail');
  const unknowns = findings.filter((finding) => finding.is === 'unknown');
  const [first, ...others] = fails.length > 0 ? fails : unknowns;
  if (first !== undefined) {
    return { is: fails.length > 0 ? 'fail' : 'unknown', because: sentence(first) + more(others), ...(first.hint === undefined ? {} : { hint: first.hint }) };
  }
  const passes = findings.filter((finding) => finding.is === 'pass');
  if (passes.length > 0) {
    const warned = passes.find((finding) => finding.warning !== undefined);
    if (warned?.warning !== undefined) return { is: 'pass', because: `${warned.object}: ${warned.warning}` };
    const only = passes.length === 1 ? passes[0]?.because : undefined;
    return { is: 'pass', because: only !== undefined && only !== '' ? only : `${passes.length} of ${passes.length}` };
  }
  const skipped = findings[0];
  return { is: 'skip', because: skipped?.because ?? NOT_IN_TREE, ...(skipped?.hint === undefined ? {} : { hint: skipped.hint }) };
}

export const NOT_IN_TREE = 'not in this tree yet';

/** `object: state: because`, without saying anything twice. */
export function sentence(finding: Finding): string {
  return [finding.object, finding.state, finding.because].filter((part) => part !== undefined && part !== '').join(': ');
}

function more(others: readonly Finding[]): string {
  const names = [...new Set(others.map((finding) => finding.object))];
  if (names.length === 0) return '';
  const named = names.slice(0, NAMED).join(', ');
  return ` (and ${names.length} more: ${named}${names.length > NAMED ? ', ...' : ''})`;
}

/** A reading that failed, as the finding it amounts to: not known, never empty. */
export function unread(object: string, reading: Reading<unknown> & { readonly ok: false }): Finding {
  return {
    is: 'unknown', object, because: reading.because,
    ...(reading.hint === undefined ? {} : { hint: reading.hint }),
    ...(reading.needs === undefined ? {} : { needs: reading.needs }),
  };
}

export const pass = (object: string, because = '', warning?: string): Finding => ({ is: 'pass', object, because, ...(warning === undefined ? {} : { warning }) });
export const skip = (object: string, because = NOT_IN_TREE): Finding => ({ is: 'skip', object, because });
export function fail(object: string, because: string, more: Omit<Finding, 'is' | 'object' | 'because'> = {}): Finding {
  return { is: 'fail', object, because, ...more };
}
