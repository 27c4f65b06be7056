import { describe, expect, test } from 'vitest';
import { EXIT, Failure } from '../../scripts/engine/failure.ts';
import { diagnose } from '../../scripts/health/diagnosis.ts';
import { KINDS, listKey } from '../../scripts/health/kinds.ts';
import type { LookContext } from '../../scripts/health/look.ts';
import { readSnapshot } from '../../scripts/health/snapshot.ts';
import { LAYERS } from '../../scripts/health/snapshot.types.ts';
import type { Machine } from '../../scripts/config/cluster.ts';
import type { KindRef, TalosReads, Told } from '../../scripts/tools/doors.ts';
import { find, healthy, NOW, say, set, type Draft } from './builder.ts';

interface Bench { readonly cx: LookContext; readonly calls: string[]; readonly abort: AbortController; peak: number }

const refuseStatus = (): never => { throw new Error('the status is asked as a list'); };
const refuse = async (): Promise<never> => { throw new Error('a look never writes'); };

/** Doors that answer from a draft and write down what they were asked. `fail` names calls (a prefix) that throw. */
function bench(draft: Draft = healthy(), options: { fail?: readonly string[]; talosconfig?: boolean; kubeconfig?: boolean } = {}): Bench {
  const abort = new AbortController();
  const calls: string[] = [];
  let open = 0;
  const answer = <T>(name: string, read: () => T): T => {
    if (options.fail?.some((prefix) => name.startsWith(prefix)) === true) throw new Failure({ exit: 'rerun', what: `${name} failed`, because: 'connection refused', hint: 'look there' });
    return read();
  };
  const call = async <T>(name: string, read: () => T): Promise<T> => {
    calls.push(name);
    open += 1;
    made.peak = Math.max(made.peak, open);
    await Promise.resolve();
    open -= 1;
    return answer(name, read);
  };
  const value = <T>(reading: { ok: true; value: T } | { ok: false; because: string } | undefined): T => {
    if (reading?.ok !== true) throw new Failure({ exit: 'rerun', what: reading?.because ?? 'absent' });
    return reading.value;
  };
  const talosOf = (machine: Machine) => value(draft.talos).find((reading) => reading.machine === machine.name);
  const readOf = (machine: Machine): { readonly [K in keyof TalosReads]: () => TalosReads[K] } => ({
    stage: () => value(talosOf(machine)?.stage), version: () => value(talosOf(machine)?.version), services: () => value(talosOf(machine)?.services),
    etcdMembers: () => value(draft.etcd.members[machine.name]), etcdStatus: refuseStatus, time: refuseStatus,
  });
  const told = <T>(name: string, read: () => T): Told<T> => {
    try {
      return { ok: true, value: answer(name, read) };
    } catch (error) {
      if (error instanceof Failure) return { ok: false, failure: error };
      throw error;
    }
  };
  const cx: LookContext = {
    site: draft.site, cluster: draft.cluster, clock: { now: () => NOW }, signal: abort.signal,
    doors: {
      talos: {
        face: (machine) => call(`face ${machine.name}`, () => value(draft.faces)[machine.name] ?? { is: 'closed', because: 'gone' }),
        hasTalosconfig: () => options.talosconfig ?? true,
        readEach: (what, machines) => call(`${what} ${machines.map((machine) => machine.name).join(' ')}`, () =>
          new Map(machines.map((machine) => [machine.name, told(`${what} of ${machine.name}`, readOf(machine)[what])]))),
        etcdStatus: (machines) => call(`status ${machines.map((machine) => machine.name).join(' ')}`, () => value(draft.etcd.status)),
        stage: refuse, version: refuse, services: refuse, etcdMembers: refuse, etcdAlarms: refuse, identify: refuse, leftovers: refuse, machineConfig: refuse, writeTalosconfig: refuse, applyInsecure: refuse, wouldChange: refuse, bootstrap: refuse, etcdSnapshot: refuse, dataDisks: refuse, volumes: refuse, reset: refuse, shutdown: refuse, wipeDisks: refuse, writeKubeconfig: refuse, clientVersion: refuse,
      },
      kube: {
        hasKubeconfig: () => options.kubeconfig ?? true,
        readyz: () => call('readyz', () => undefined),
        serverVersion: () => call('serverVersion', () => value(draft.api).version),
        list: (kind: KindRef) => call(`list ${listKey(kind)}`, () => {
          const reading = draft.lists[listKey(kind)];
          return reading?.ok === true ? { items: reading.value, missing: false } : { items: [], missing: true };
        }),
        get: (kind, name, namespace) => call(`get ${kind.kind} ${namespace ?? ''}/${name}`, () => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: { token: 'canary-value' } })),
        apply: refuse, wouldChange: refuse, patch: refuse, delete: refuse, watch: () => { throw new Error('a look never watches'); },
      },
      helm: { list: refuse, recorded: () => call('helm records', () => value(draft.releases)), values: refuse, clientVersion: refuse },
    },
  };
  const made: Bench = { cx, calls, abort, peak: 0 };
  return made;
}

describe('one look', () => {
  test('of everything reads each thing once and finds a healthy cluster healthy', async () => {
    const { cx, calls } = bench();
    const seen = await readSnapshot(cx, LAYERS);
    expect(diagnose(seen)).toMatchObject({ is: 'healthy' });
    expect(calls.length).toBe(new Set(calls).size);
    const three = 'infra-01 infra-02 infra-03';
    // What costs a process each, whatever the number of machines.
    expect(calls.filter((call) => !/^(face|list|get|readyz|serverVersion)/u.test(call)).toSorted()).toEqual([
      `etcdMembers ${three}`, 'helm records', `services ${three}`, `stage ${three}`, `status ${three}`, `version ${three}`,
    ]);
  });
  test('takes the Talos version of a machine from its node when that is Ready, and asks the others', async () => {
    const draft = healthy();
    for (const name of ['infra-01', 'infra-02', 'infra-03']) set(find(draft, KINDS.nodes, name), 'status', { nodeInfo: { osImage: 'Talos (v1.11.9)' } });
    say(find(draft, KINDS.nodes, 'infra-02'), ['Ready', 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.']);
    set(find(draft, KINDS.nodes, 'infra-03'), 'status', { nodeInfo: { osImage: 'Flatcar Container Linux' } });
    const { cx, calls } = bench(draft);
    const seen = await readSnapshot(cx, LAYERS);
    expect(calls.filter((call) => call.startsWith('version '))).toEqual(['version infra-02 infra-03']);
    expect(seen.talos.ok && seen.talos.value.map(({ version }) => version)).toEqual(['v1.11.9', 'v1.12.0', 'v1.12.0'].map((value) => ({ ok: true, value })));
  });
  test('believes no node about a machine that is in maintenance again', async () => {
    const draft = healthy();
    set(find(draft, KINDS.nodes, 'infra-01'), 'status', { nodeInfo: { osImage: 'Talos (v1.12.0)' } });
    if (draft.faces.ok) draft.faces.value['infra-01'] = { is: 'maintenance' };
    const seen = await readSnapshot(bench(draft).cx, LAYERS);
    expect(seen.talos.ok && seen.talos.value[0]?.version).toMatchObject({ ok: false, because: 'not reached: infra-01 is in maintenance mode' });
  });
  test('keeps no value of a secret', async () => {
    const seen = await readSnapshot(bench().cx, LAYERS);
    expect(seen.secretKeys).toEqual({ 'external-secrets/onepassword-connect-token': { ok: true, value: ['token'] } });
    expect(JSON.stringify(seen)).not.toContain('canary-value');
  });
  test('reads only what is asked for, and says so of the rest', async () => {
    const { cx, calls } = bench();
    const seen = await readSnapshot(cx, ['nodes']);
    expect(calls.toSorted()).toEqual(['list nodes', 'readyz', 'serverVersion']);
    expect(seen.faces).toEqual({ ok: false, because: 'not looked at' });
    expect(seen.releases).toEqual({ ok: false, because: 'not looked at' });
  });
  test('for machines alone probes and spawns nothing', async () => {
    const { cx, calls } = bench();
    await readSnapshot(cx, ['machines']);
    expect(calls.toSorted()).toEqual(['face infra-01', 'face infra-02', 'face infra-03']);
  });
  test.each([
    [['talos'], ['services', 'stage', 'version']],
    [['etcd'], ['etcdMembers', 'services', 'status']],
  ] as const)('for %j pays for nothing else', async (layers, wanted) => {
    const { cx, calls } = bench();
    await readSnapshot(cx, layers);
    expect(calls.filter((call) => !call.startsWith('face')).map((call) => call.split(' ')[0]).toSorted()).toEqual(wanted);
  });
  test('has few processes at once', async () => {
    const made = bench();
    await readSnapshot(made.cx, ['talos', 'etcd']);
    // The probes of the three machines are in-process.
    expect(made.peak).toBeLessThanOrEqual(3);
  });
  test('finds the alarms in the status of the members', async () => {
    const draft = healthy();
    const [first] = draft.etcd.status.ok ? draft.etcd.status.value : [];
    if (first !== undefined) draft.etcd.status = { ok: true, value: [{ ...first, errors: 'memberID:10501334649042878790 alarm:NOSPACE ' }] };
    const seen = await readSnapshot(bench(draft).cx, ['etcd']);
    expect(seen.etcd.alarms).toEqual({ ok: true, value: ['91bc3c398fb3c146: NOSPACE'] });
  });
  test('never has more than a few lists open', async () => {
    const made = bench();
    await readSnapshot(made.cx, LAYERS.slice(3));
    expect(made.peak).toBeLessThanOrEqual(7);
  });
});

describe('a look at something broken', () => {
  test('asks a silent API twice and nothing above it', async () => {
    const { cx, calls } = bench(healthy(), { fail: ['readyz', 'serverVersion', 'list', 'helm'] });
    const seen = await readSnapshot(cx, LAYERS);
    expect(calls.filter((call) => /^(readyz|serverVersion|list|helm|get)/u.test(call)).toSorted()).toEqual(['readyz', 'serverVersion']);
    expect(seen.lists['pods']).toEqual({ ok: false, because: 'not reached: readyz failed: connection refused', needs: 'api' });
    expect(diagnose(seen).is).toBe('cannotTell');
  });
  test('listens to an API that is not ready but answers', async () => {
    const { cx, calls } = bench(healthy(), { fail: ['readyz'] });
    const seen = await readSnapshot(cx, LAYERS);
    expect(seen.api.ok).toBe(false);
    expect(calls).toContain('list pods');
  });
  test('asks a machine that does not answer nothing further', async () => {
    const { cx, calls } = bench(healthy(), { fail: ['services of infra-02'] });
    const seen = await readSnapshot(cx, LAYERS);
    expect(calls.filter((call) => call.includes('infra-02') && !call.startsWith('face'))).toEqual(['services infra-01 infra-02 infra-03', 'stage infra-01 infra-02 infra-03']);
    const because = 'services of infra-02 failed: connection refused';
    expect(seen.talos.ok ? seen.talos.value[1] : undefined).toMatchObject({
      services: { ok: false, because, hint: 'look there' }, version: { ok: false, because: `not reached: ${because}`, needs: 'talos' },
    });
    expect(seen.etcd.members['infra-02']).toEqual({ ok: false, because: `not reached: ${because}`, needs: 'talos' });
    expect(seen.etcd.members['infra-03']?.ok).toBe(true);
  });
  test.each([
    ['stage', 'not reached: stage of infra-02 failed: connection refused'],
    ['etcdMembers', 'etcdMembers of infra-02 failed: connection refused'],
  ])('keeps the others when one does not tell its %s', async (what, because) => {
    const { cx } = bench(healthy(), { fail: [`${what} of infra-02`] });
    const seen = await readSnapshot(cx, ['talos', 'etcd']);
    expect(seen.etcd.members['infra-02']).toMatchObject({ ok: false, because });
    expect(seen.talos.ok && seen.talos.value.filter((reading) => reading.stage.ok && reading.version.ok).map((reading) => reading.machine)).toEqual(what === 'stage' ? ['infra-01', 'infra-03'] : ['infra-01', 'infra-02', 'infra-03']);
  });
  test('has a reason for everyone when the common call ends in nothing', async () => {
    const { cx } = bench(healthy(), { fail: ['services infra-01'] });
    const seen = await readSnapshot(cx, ['talos']);
    expect(seen.talos.ok && seen.talos.value.map((reading) => reading.services.ok)).toEqual([false, false, false]);
  });
  test('calls alarms unread when no member tells its status', async () => {
    const { cx } = bench(healthy(), { fail: ['status'] });
    expect((await readSnapshot(cx, ['etcd'])).etcd.alarms).toEqual({ ok: false, because: 'not reached: no etcd member tells its status', needs: 'etcd' });
  });
  test.each([
    ['closed', { is: 'closed', because: 'ECONNREFUSED' }, 'not reached: ECONNREFUSED'],
    ['in maintenance', { is: 'maintenance' }, 'not reached: infra-02 is in maintenance mode'],
    ['of somebody else', { is: 'installed', ours: false, issuer: 'O=other' }, 'not reached: the Talos API of infra-02 is signed by O=other, not by our machine CA'],
  ] as const)('does not ask a machine that is %s', async (_name, face, because) => {
    const draft = healthy();
    if (draft.faces.ok) draft.faces.value['infra-02'] = face;
    const { cx, calls } = bench(draft);
    const seen = await readSnapshot(cx, ['talos', 'etcd']);
    expect(calls.filter((call) => call.includes('infra-02') && !call.startsWith('face'))).toEqual([]);
    expect(seen.etcd.members['infra-02']).toEqual({ ok: false, because, needs: 'machines' });
  });
  test('does not ask etcd of a machine whose etcd is not running', async () => {
    const draft = healthy();
    const reading = draft.talos.ok ? draft.talos.value[0] : undefined;
    if (reading?.services.ok) reading.services.value = [{ id: 'etcd', state: 'Failed', healthy: false, message: 'disk' }];
    const { cx, calls } = bench(draft);
    const seen = await readSnapshot(cx, ['etcd']);
    expect(calls).toContain('etcdMembers infra-02 infra-03');
    expect(calls).toContain('status infra-02 infra-03');
    expect(seen.etcd.members['infra-01']).toMatchObject({ because: 'not reached: its etcd service is Failed (disk)' });
  });
  test.each([[{ talosconfig: false }, ['talos', 'etcd'], 'services infra-01 infra-02 infra-03'], [{ kubeconfig: false }, ['api', 'core', 'nodes'], 'readyz']] as const)('asks nothing without %j and says how to get it', async (without, layers, call) => {
    const { cx, calls } = bench(healthy(), without);
    const seen = await readSnapshot(cx, layers);
    expect(calls).not.toContain(call);
    expect(JSON.stringify(seen)).toContain('task cluster:kubeconfig CLUSTER=infra');
  });
  test('calls a kind the API does not know unread, not empty', async () => {
    const draft = healthy();
    draft.lists[listKey(KINDS.issuers)] = { ok: false, because: 'x' };
    const seen = await readSnapshot(bench(draft).cx, ['certificates']);
    expect(seen.lists[listKey(KINDS.issuers)]).toMatchObject({ ok: false, needs: 'crds' });
  });
  test('gives up listing when nothing is answered any more', async () => {
    const { cx, calls } = bench(healthy(), { fail: ['list'] });
    const seen = await readSnapshot(cx, LAYERS);
    expect(calls.filter((call) => call.startsWith('list ')).length).toBeLessThan(Object.keys(seen.lists).length);
    expect(Object.values(seen.lists).every((reading) => !reading.ok)).toBe(true);
  });
});

test('an aborted run is the only thing thrown', async () => {
  const { cx, abort } = bench();
  abort.abort();
  await expect(readSnapshot(cx, LAYERS)).rejects.toMatchObject({ exit: 'interrupted', code: EXIT.interrupted });
});
