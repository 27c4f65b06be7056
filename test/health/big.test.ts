import { describe, expect, test } from 'vitest';
import { diagnose } from '../../scripts/health/diagnosis.ts';
import { keepOf } from '../../scripts/health/keep.ts';
import { KINDS, listKey } from '../../scripts/health/kinds.ts';
import { graphOf } from '../../scripts/health/graph.ts';
import type { Snapshot } from '../../scripts/health/snapshot.types.ts';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import { find, healthy, list, set, waiting, type Draft } from './builder.ts';
import * as faults from './faults.ts';

const kindOf = new Map(Object.values(KINDS).map((kind) => [listKey(kind), kind]));
const kept = (seen: Snapshot): Snapshot => ({
  ...seen, lists: Object.fromEntries(Object.entries(seen.lists).map(([key, reading]) => {
    const kind = kindOf.get(key);
    return [key, reading.ok && kind !== undefined ? { ok: true, value: reading.value.map((object) => keepOf(kind)(object)) } : reading];
  })),
});

describe('what is kept of an object', () => {
  const crashing = (draft: Draft): void => {
    waiting(find(draft, KINDS.pods, 'reloader-1'), 'CrashLoopBackOff', 'back-off', 'panic: no config');
    set(find(draft, KINDS.deployments, 'reloader'), 'status', { availableReplicas: 0 });
  };
  test.each<readonly [string, (draft: Draft) => void]>([
    ['nothing wrong', () => undefined], ['a machine without power', (draft) => faults.machineOff(draft, 'infra-02')], ['etcd without quorum', faults.etcdNoQuorum], ['a secret store down', faults.storeDown],
    ['a definition never Established', faults.crdNotEstablished], ['a stalled release', faults.releaseStalled], ['a dependency cycle', faults.dependencyCycle], ['no network', faults.noCni], ['a crashing workload', crashing],
  ])('%s is diagnosed the same from it', (_, cause) => {
    const draft = healthy();
    cause(draft);
    expect(diagnose(kept(draft))).toEqual(diagnose(draft));
  });

  test('a pod that runs weighs next to nothing, one that does not keeps which Secrets it reads', () => {
    const draft = healthy();
    const heavy = (name: string, ready: string): KubeObject => ({
      apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'a', labels: { app: 'x' }, managedFields: [{ huge: 'x'.repeat(5_000) }], annotations: { sum: 'x'.repeat(500) } },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'x'.repeat(200), env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'wanted' } } }], livenessProbe: { huge: 'x'.repeat(500) } }], volumes: [{ secret: { secretName: 'mounted' } }] },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready }], containerStatuses: [{ name: 'c', ready: true, state: { running: {} } }] },
    });
    list(draft, KINDS.pods).push(heavy('well', 'True'));
    const [well, ill] = [heavy('well', 'True'), heavy('ill', 'False')].map(keepOf(KINDS.pods));
    expect(JSON.stringify(well).length).toBeLessThan(250);
    expect(JSON.stringify(ill)).toContain('"wanted"');
    expect(JSON.stringify(ill)).toContain('"mounted"');
    expect(JSON.stringify(ill)).not.toContain('livenessProbe');
  });
});

/** How often anything of an object is looked at while `judge` runs: work in numbers, where a time would only be a mood. */
function looksTaken(draft: Draft, judge: (seen: Snapshot) => unknown): number {
  let looks = 0;
  const counted = <T extends object>(value: T): T => new Proxy(value, { get(target, key, receiver) { looks += 1; return Reflect.get(target, key, receiver); } });
  const lists = Object.fromEntries(Object.entries(draft.lists).map(([key, reading]) => [key, reading.ok ? { ok: true as const, value: reading.value.map((object) => counted({ ...object, metadata: counted(object.metadata) })) } : reading]));
  judge({ ...draft, lists });
  return looks;
}

describe('a big cluster costs what it holds', () => {
  const filled = (deployments: number): Draft => {
    const draft = healthy();
    const pods = list(draft, KINDS.pods);
    const tops = list(draft, KINDS.deployments);
    for (let n = 0; n < deployments; n++) {
      const labels = { app: `app-${n}` };
      tops.push({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: `app-${n}`, namespace: `filled-${Math.floor(n / 10)}`, labels, generation: 1 }, spec: { replicas: 2, selector: { matchLabels: labels } }, status: { observedGeneration: 1, updatedReplicas: 2, availableReplicas: 2 } });
      for (const i of [0, 1]) pods.push({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `app-${n}-${i}`, namespace: `filled-${Math.floor(n / 10)}`, labels }, spec: { nodeName: 'n' }, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } });
    }
    return draft;
  };

  test('four times the pods and Deployments are at most five times the work, diagnosis and graph', () => {
    const work = (draft: Draft): number => looksTaken(draft, (seen) => { diagnose(seen); graphOf(seen, new Map()); });
    expect(diagnose(filled(50)).is).toBe('healthy');
    expect(work(filled(800)) / work(filled(200))).toBeLessThan(5);
  });
});
