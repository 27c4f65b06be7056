import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../scripts/config/cluster.ts';
import { defragOrder, threshold, unusedShare } from '../../../scripts/phases/machines/defrag.ts';
import { drainDeadline, mustLeave } from '../../../scripts/phases/machines/drain.ts';
import type { EtcdStatus } from '../../../scripts/tools/doors.ts';
import { masked, parseApplyPlan } from '../../../scripts/tools/talos-plan.ts';
import { parseEtcdStatus } from '../../../scripts/tools/talos-parse.ts';

const pod = (spec: object, more: { readonly annotations?: Record<string, string>; readonly owner?: string; readonly phase?: string } = {}): KubeObject => ({
  apiVersion: 'v1', kind: 'Pod', spec, status: { phase: more.phase ?? 'Running' },
  metadata: { name: 'p', namespace: 'n', ...(more.annotations === undefined ? {} : { annotations: more.annotations }), ...(more.owner === undefined ? {} : { ownerReferences: [{ kind: more.owner }] }) },
});

test.each<[string, KubeObject, boolean]>([
  ['a pod of a ReplicaSet', pod({ nodeName: 'one' }, { owner: 'ReplicaSet' }), true],
  ['a pod of nobody', pod({ nodeName: 'one' }), true],
  ['a pod that waits', pod({ nodeName: 'one' }, { phase: 'Pending' }), true],
  ['a pod elsewhere', pod({ nodeName: 'two' }), false],
  ['a pod without a node', pod({}), false],
  ['a pod of a DaemonSet', pod({ nodeName: 'one' }, { owner: 'DaemonSet' }), false],
  ['a static pod', pod({ nodeName: 'one' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } }), false],
  ['a pod that has ended', pod({ nodeName: 'one' }, { phase: 'Succeeded' }), false],
])('who has to leave a node: %s', (_name, object, leaves) => {
  expect(mustLeave(object, 'one')).toBe(leaves);
});

const status = (machine: string, size: number, used: number | undefined, leads = false): { readonly machine: string; readonly status: EtcdStatus } => ({
  machine, status: { node: machine, memberId: machine, leader: leads ? machine : 'x', dbSizeBytes: size, ...(used === undefined ? {} : { dbInUseBytes: used }), raftTerm: 1, raftIndex: 1, learner: false, errors: '' },
});

describe('defragmentation', () => {
  test.each<[string, Parameters<typeof defragOrder>[0], readonly string[]]>([
    ['the leader last', [status('a', 100, 10, true), status('b', 100, 10), status('c', 100, 10)], ['b', 'c', 'a']],
    ['only whose file has that much unused', [status('a', 100, 80), status('b', 100, 70), status('c', 100, 69)], ['b', 'c']],
    ['none', [status('a', 100, 100)], []],
    ['one that does not tell counts as worth it', [status('a', 100, undefined)], ['a']],
  ])('%s', (_name, statuses, order) => {
    expect(defragOrder(statuses, 0.3)).toEqual(order);
  });
  test('the threshold is a percentage', () => {
    expect([threshold({ variables: {} }), threshold({ variables: { UNUSED: '0' } })]).toEqual([0.3, 0]);
    for (const wrong of ['x', '-1', '100', '1.5']) expect(() => threshold({ variables: { UNUSED: wrong } })).toThrow(/no percentage/);
    expect(unusedShare({ dbSizeBytes: 0, dbInUseBytes: 0 })).toBeUndefined();
  });
  test("what is in use is read from talosctl's table", () => {
    const text = 'NODE         MEMBER             DB SIZE   IN USE           LEADER             RAFT INDEX   RAFT TERM   RAFT APPLIED INDEX   LEARNER   PROTOCOL   STORAGE   ERRORS\n10.0.0.1     0000000000000001   24 MB     20 MB (83.33%)   0000000000000001   100          2           100                  false     3.6.5      3.6.0     \n';
    expect(parseEtcdStatus(text, '')[0]).toMatchObject({ dbSizeBytes: 24_000_000, dbInUseBytes: 20_000_000 });
  });
});

test('how long a drain may take', () => {
  expect([drainDeadline({ variables: {} }), drainDeadline({ variables: { DRAIN: '90s' } })]).toEqual([600_000, 90_000]);
  expect(() => drainDeadline({ variables: { DRAIN: 'soon' } })).toThrow(/no duration/);
});

describe('what applying would change', () => {
  const said = (summary: string, diff: string): string => `Dry run summary:\n${summary} (skipped in dry-run).\nConfig diff:\n\n${diff}`;
  test.each<[string, string, string, readonly string[]]>([
    ['nothing', said('Applied configuration without a reboot', 'No changes.'), 'none', []],
    ['live', said('Applied configuration without a reboot', '--- a\n+++ b\n@@ -1,2 +1,2 @@\n machine:\n-  a: 1\n+  a: 2\n'), 'live', ['-  a: 1', '+  a: 2']],
    ['by a reboot', said('Applied configuration with a reboot', '--- a\n+++ b\n+  b: 1\n'), 'reboot', ['+  b: 1']],
  ])('%s', (_name, text, takes, diff) => {
    expect(parseApplyPlan(text)).toEqual({ takes, diff });
  });
  test('anything else is not guessed at', () => {
    expect(() => parseApplyPlan('')).toThrow(/printed nothing/);
    expect(() => parseApplyPlan('Config diff:\n+ x: 1')).toThrow(/cannot read/);
  });
  test.each([
    ['+  token: abc.def', '+  token: [redacted]'], ['-    key: LS0t', '-    key: [redacted]'], ['+machine.ca.key: ******', '+machine.ca.key: [redacted]'],
    ['+  image: registry.k8s.io/kube-apiserver:v1.34.5', '+  image: registry.k8s.io/kube-apiserver:v1.34.5'], [`+  content: ${'QUJD'.repeat(30)}`, '+  content: [redacted]'],
    [`+  image: factory.talos.dev/metal-installer/${'0a'.repeat(32)}:v1.12.0`, `+  image: factory.talos.dev/metal-installer/${'0a'.repeat(32)}:v1.12.0`],
  ])('%s is shown as %s', (line, shown) => {
    expect(masked(line)).toBe(shown);
  });
});
