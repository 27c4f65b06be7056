import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../scripts/config/cluster.ts';
import type { DataSet } from '../../scripts/config/recovery.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import type { EventBody } from '../../scripts/engine/event.ts';
import { poll } from '../../scripts/engine/poll.ts';
import { neighbourOf, sentinelJob } from '../../scripts/probes/sentinel-job.ts';
import { readSentinel, writeSentinel, type ProbeContext } from '../../scripts/probes/sentinel.ts';
import type { Kube } from '../../scripts/tools/doors.ts';
import { fakeClock } from '../tools/support.ts';

const LEDGER: DataSet = { name: 'ledger', cluster: 'apps', kind: 'volume', namespace: 'data', object: 'ledger', protection: { by: 'none', reason: 'a test' } };
const ORDERS: DataSet = { ...LEDGER, name: 'orders', kind: 'postgres', object: 'orders' };
const HANDBOOK: DataSet = { ...LEDGER, name: 'handbook', kind: 'object', object: 'handbook' };
const CLAIM: KubeObject = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'ledger', namespace: 'data' } };
const DATABASE: KubeObject = { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', metadata: { name: 'orders', namespace: 'data' }, status: { image: 'registry.example.test/postgresql:17.2' } };

/** What becomes of the Job's pod: its status, by how often it was asked for. */
type Course = (asked: number, made: KubeObject) => Readonly<Record<string, unknown>> | undefined;

function fake(objects: readonly KubeObject[], course: Course = () => undefined, jobStatus: (asked: number) => Readonly<Record<string, unknown>> = () => ({})) {
  const applied: KubeObject[] = [];
  const deleted: string[] = [];
  const events: EventBody[] = [];
  let asked = 0;
  let gone: Failure | undefined;
  const never = (): never => { throw new Error('not asked for here'); };
  const kube: Kube = {
    hasKubeconfig: () => true, readyz: never, serverVersion: never, wouldChange: never, patch: never, watch: never,
    get: async (kind, name) => (kind.kind === 'Job' ? applied.filter((each) => each.metadata.name === name).map((each) => ({ ...each, status: jobStatus(asked) }))[0] : objects.find((each) => each.kind === kind.kind && each.metadata.name === name)) ?? null,
    async list(kind, options) {
      const made = applied.at(-1);
      if (options?.labelSelector === undefined || made === undefined) return { items: objects.filter((each) => each.kind === kind.kind), missing: false };
      const status = course(++asked, made);
      return { items: status === undefined ? [] : [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: `${made.metadata.name}-x`, namespace: 'data' }, status }], missing: false };
    },
    async apply(object) { applied.push(object); },
    async delete(kind, name, _namespace, options) {
      if (gone !== undefined) throw gone;
      deleted.push(`${kind.kind} ${name}${options?.last === true ? ' at any rate' : ''}`);
    },
  };
  const clock = fakeClock();
  const stop = new AbortController();
  const cx: ProbeContext = { lane: 'apps', step: 'sentinels', cluster: { name: 'apps' }, doors: { kube }, looking: { kube }, clock, dryRun: false, emit: (event) => { events.push(event); }, wait: async (what, probe, options) => poll({ what, probe, clock, signal: stop.signal, ...options }) };
  return { cx, applied, deleted, events, stop, undeletable(failure: Failure) { gone = failure; } };
}
const ended = (message: string): Readonly<Record<string, unknown>> => ({ phase: 'Succeeded', containerStatuses: [{ state: { terminated: { exitCode: 0, finishedAt: '2026-09-01T10:00:05Z', message } } }] });
const done = (message: string): Course => (asked) => (asked < 2 ? { phase: 'Pending' } : ended(message));

describe('a sentinel', () => {
  test('is written by a Job that is restricted, bounded and gone afterwards, and told when it was there', async () => {
    const { cx, applied, deleted } = fake([CLAIM], done('found mark-1'));
    expect(await writeSentinel(cx, LEDGER, 'mark-1')).toEqual({ writtenSim: '2026-09-01T10:00:05.000Z' });
    const [made] = applied;
    expect(made?.metadata.name).toMatch(/^dr-sentinel-write-ledger-[0-9a-f]{8}$/);
    expect(made).toMatchObject({
      metadata: { namespace: 'data', labels: { 'task.dr/sentinel': 'write-volume', 'app.kubernetes.io/managed-by': 'task' } },
      spec: {
        ttlSecondsAfterFinished: 600, activeDeadlineSeconds: 600,
        template: { spec: {
          restartPolicy: 'Never', automountServiceAccountToken: false, securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [{ image: expect.stringMatching(/:\d/), env: [{ name: 'SENTINEL', value: 'mark-1' }], resources: { limits: { memory: '128Mi' } }, securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } } }],
        } },
      },
    });
    // The value is data: no script holds it.
    expect(JSON.stringify(made?.['spec']).split('mark-1')).toHaveLength(2);
    expect(deleted).toEqual([`Job ${made?.metadata.name ?? ''} at any rate`]);
  });

  test('is read back, from the set or from a copy of it, and null when there is none', async () => {
    expect(await readSentinel(fake([CLAIM], done('found mark-1')).cx, LEDGER)).toBe('mark-1');
    expect(await readSentinel(fake([CLAIM], done('none')).cx, LEDGER)).toBeNull();
    const copy = fake([{ ...CLAIM, metadata: { name: 'copy', namespace: 'data' } }], done('found mark-2'));
    expect(await readSentinel(copy.cx, LEDGER, 'copy')).toBe('mark-2');
    expect(copy.applied[0]).toMatchObject({ spec: { template: { spec: { volumes: [{ persistentVolumeClaim: { claimName: 'copy' } }] } } } });
  });

  test("goes into a database by its own user's address, with the image that runs there already", async () => {
    const { cx, applied } = fake([DATABASE], done('found mark-1'));
    await writeSentinel(cx, ORDERS, 'mark-1');
    expect(applied[0]).toMatchObject({ spec: { template: { spec: { containers: [{ image: 'registry.example.test/postgresql:17.2', env: expect.arrayContaining([{ name: 'PGURI', valueFrom: { secretKeyRef: { name: 'orders-app', key: 'uri' } } }]) }] } } } });
  });

  test('of an object is the digest of what it holds, whatever the order, and no Job is made', async () => {
    const object = (data: Readonly<Record<string, string>>): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'handbook', namespace: 'data' }, data });
    const one = fake([object({ a: '1', b: '2' })]);
    const digest = await readSentinel(one.cx, HANDBOOK);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await readSentinel(fake([object({ b: '2', a: '1' })]).cx, HANDBOOK)).toBe(digest);
    expect(await readSentinel(fake([object({ a: '1', b: '3' })]).cx, HANDBOOK)).not.toBe(digest);
    expect(await readSentinel(fake([]).cx, HANDBOOK)).toBeNull();
    await writeSentinel(one.cx, HANDBOOK, digest ?? '');
    await expect(writeSentinel(one.cx, HANDBOOK, 'another')).rejects.toThrow(/digest/);
    expect(one.applied).toEqual([]);
  });
});

describe('what holds it up is told in the words of whoever does', () => {
  const waiting = (reason: string, message: string): Course => () => ({ phase: 'Pending', containerStatuses: [{ state: { waiting: { reason, message } } }] });
  test.each<[string, Course, RegExp]>([
    ['an image that cannot be pulled', waiting('ImagePullBackOff', 'Back-off pulling image "x"'), /waits \(ImagePullBackOff\): Back-off pulling image/],
    ['a Secret that is not there', waiting('CreateContainerConfigError', 'secret "orders-app" not found'), /secret "orders-app" not found/],
    ['no node for it', () => ({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes are available' }] }), /not placed \(Unschedulable\): 0\/3 nodes/],
    ['no pod at all', () => undefined, /no pod yet/],
  ])('%s', async (_name, course, because) => {
    const { cx, deleted } = fake([CLAIM], course);
    await expect(readSentinel(cx, LEDGER)).rejects.toMatchObject({ exit: 'rerun', because: expect.stringMatching(because), hint: expect.stringContaining('kubectl -n data') });
    expect(deleted).toHaveLength(1);
  });

  test('a Job that failed ends the wait at once, with what its container said', async () => {
    const { cx, deleted } = fake([CLAIM], () => ({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 1, finishedAt: '2026-09-01T10:00:05Z', message: '/data/.dr-sentinel.new: Permission denied' } } }] }), () => ({ conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] }));
    await expect(writeSentinel(cx, LEDGER, 'mark')).rejects.toMatchObject({ because: expect.stringMatching(/Permission denied/) });
    expect(deleted).toHaveLength(1);
  });

  test('another value than was written is a failure, as is an answer of another form, a claim that is not there, and a value that would not survive', async () => {
    await expect(writeSentinel(fake([CLAIM], done('found other')).cx, LEDGER, 'mark')).rejects.toThrow(/"found other"/);
    await expect(readSentinel(fake([CLAIM], done('')).cx, LEDGER)).rejects.toThrow(/without an answer/);
    await expect(readSentinel(fake([]).cx, LEDGER)).rejects.toThrow(/there is no claim data\/ledger/);
    await expect(readSentinel(fake([]).cx, ORDERS)).rejects.toThrow(/there is no database data\/orders/);
    await expect(writeSentinel(fake([CLAIM]).cx, LEDGER, "'; drop table")).rejects.toMatchObject({ exit: 'bug' });
  });

  test('a stopped run removes its Job all the same; one that stays is told, and is no reason to fail', async () => {
    const stopped = fake([CLAIM], () => { stopped.stop.abort(); return { phase: 'Pending' }; });
    await expect(readSentinel(stopped.cx, LEDGER)).rejects.toMatchObject({ exit: 'interrupted' });
    expect(stopped.deleted[0]).toMatch(/at any rate$/);
    const stays = fake([CLAIM], done('none'));
    stays.undeletable(new Failure({ exit: 'rerun', what: 'the API is away' }));
    expect(await readSentinel(stays.cx, LEDGER)).toBeNull();
    expect(stays.events).toMatchObject([{ type: 'note', level: 'warn', text: expect.stringMatching(/could not be removed \(the API is away\); it goes by itself/) }]);
  });
});

test('a dry run tells of the Job and waits for nothing', async () => {
  const { cx, applied, deleted } = fake([CLAIM], () => undefined);
  const dry: ProbeContext = { ...cx, dryRun: true };
  expect(await readSentinel(dry, LEDGER)).toBeNull();
  await writeSentinel(dry, LEDGER, 'mark');
  expect(applied).toHaveLength(2);
  expect(deleted).toEqual([]);
});

describe('who uses the volume decides where the Job runs and as whom', () => {
  const pod = (name: string, security: Readonly<Record<string, unknown>>, more: Readonly<Record<string, unknown>> = {}): KubeObject => ({
    apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'data' }, status: { phase: 'Running' }, spec: { nodeName: 'apps-02', securityContext: security, containers: [{ name: 'x', ...more }], volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'ledger' } }] },
  });
  test('as its user, on its node', () => {
    const neighbour = neighbourOf([pod('a', { runAsUser: 1000, fsGroup: 1000 }, { securityContext: { runAsUser: 1001 } })], 'ledger');
    expect(neighbour).toMatchObject({ node: 'apps-02', security: { runAsUser: 1001, fsGroup: 1000 } });
    expect(sentinelJob(LEDGER, 'read', { kind: 'volume', claim: 'ledger', neighbour }, '')).toMatchObject({ spec: { template: { spec: { nodeSelector: { 'kubernetes.io/hostname': 'apps-02' }, securityContext: { runAsNonRoot: true, runAsUser: 1001, fsGroup: 1000 } } } } });
  });
  test('never as root, and anywhere as nobody when nobody uses it', () => {
    expect(neighbourOf([pod('a', { runAsUser: 0 })], 'ledger').security).toEqual({ runAsUser: 65_534 });
    expect(neighbourOf([pod('a', {})], 'other')).toMatchObject({ node: undefined, security: { runAsUser: 65_534, fsGroup: 65_534 } });
    expect(neighbourOf([{ ...pod('a', { runAsUser: 1 }), status: { phase: 'Pending' } }], 'ledger').node).toBeUndefined();
  });
});
