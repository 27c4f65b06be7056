import { at, isFields, textAt, textsAt } from '../../world/value.ts';
import { durationMs, Exit, parseFlags, Unmodelled } from '../shared/flags.ts';
import { exactly } from './basics.ts';
import { call, callOne, CallError, CLIENT_FLAGS, sortOut, targetOf } from './client.ts';
import type { Target } from './client.ts';

const pause = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });

/** `health`: asks through one node until every check holds or --wait-timeout is over. Checks are the ones the machines' own API can answer. */
export async function health(argv: readonly string[]): Promise<void> {
  const flags = parseFlags('talosctl', { ...CLIENT_FLAGS, 'control-plane-nodes': { type: 'strings' }, 'worker-nodes': { type: 'strings' }, 'init-node': { type: 'string' }, 'k8s-endpoint': { type: 'string' }, server: { type: 'bool', default: true }, 'wait-timeout': { type: 'duration', default: '20m0s' } }, argv);
  exactly(flags.args, 0);
  if (!flags.bool('server')) throw new Unmodelled('talosctl', 'health --server=false');
  const target = await targetOf(flags);
  const deadline = performance.now() + (durationMs(flags.text('wait-timeout')) ?? 0);
  let planes = flags.list('control-plane-nodes');
  let workers = flags.list('worker-nodes');
  if (planes.length + workers.length === 0) {
    const found = at(await callOne(target, 'health', '', 'Resources', { type: 'members', id: '' }), 'items');
    const members = Array.isArray(found) ? found.filter(isFields) : [];
    const of = (type: string): readonly string[] => members.filter((member) => textAt(member, 'spec', 'machineType') === type).flatMap((member) => textsAt(member, 'spec', 'addresses'));
    planes = of('controlplane');
    workers = of('worker');
    process.stderr.write(`discovered nodes: [${JSON.stringify(planes).slice(1, -1)}] control plane, [${JSON.stringify(workers).slice(1, -1)}] worker\n`);
  }
  for (const check of checks(target, planes, workers)) {
    for (let last = ''; ;) {
      const because = await check.holds();
      const line = `waiting for ${check.name}: ${because ?? 'OK'}`;
      if (line !== last) process.stderr.write(`waiting for ${check.name}: ...\n${line}\n`.slice(last === '' ? 0 : `waiting for ${check.name}: ...\n`.length));
      last = line;
      if (because === undefined) break;
      if (performance.now() > deadline) throw new Exit(1, 'healthcheck error: rpc error: code = DeadlineExceeded desc = context deadline exceeded');
      await pause(100);
    }
  }
}

function checks(target: Target, planes: readonly string[], workers: readonly string[]): readonly { readonly name: string; readonly holds: () => Promise<string | undefined> }[] {
  const ask = async (nodes: readonly string[], method: string, params: Readonly<Record<string, unknown>>, wrong: (result: Readonly<Record<string, unknown>>) => string | undefined): Promise<string | undefined> => {
    try {
      const { good, error } = sortOut(await call({ ...target, nodes }, method, params));
      if (error !== undefined) return error.trim();
      return good.map((entry) => wrong(entry.result)).find((because) => because !== undefined);
    } catch (error) {
      if (error instanceof CallError) return error.message;
      throw error;
    }
  };
  const service = (id: string, nodes: readonly string[]) => (): Promise<string | undefined> => ask(nodes, 'ServiceList', {}, (result) => {
    const list = at(result, 'services');
    const found = Array.isArray(list) ? list.filter(isFields).find((entry) => entry['id'] === id) : undefined;
    return found?.['state'] === 'Running' && found['healthy'] === true ? undefined : `service "${id}" not in expected state "Running": current state [${String(found?.['state'])}]`;
  });
  return [
    { name: 'etcd to be healthy', holds: service('etcd', planes) },
    { name: 'etcd members to be consistent across nodes', holds: () => ask(planes, 'EtcdMemberList', {}, (result) => { const members = at(result, 'members'); return Array.isArray(members) && members.length === planes.length ? undefined : `expected ${planes.length} members, got ${Array.isArray(members) ? members.length : 0}`; }) },
    { name: 'apid to be ready', holds: () => ask([...planes, ...workers], 'Version', {}, () => undefined) },
    { name: 'kubelet to be healthy', holds: service('kubelet', [...planes, ...workers]) },
    { name: 'all nodes to finish boot sequence', holds: () => ask([...planes, ...workers], 'Resources', { type: 'machinestatus', id: '' }, (result) => { const items = at(result, 'items'); const [item] = Array.isArray(items) ? items : []; return textAt(item, 'spec', 'stage') === 'running' ? undefined : `expected stage running, got ${textAt(item, 'spec', 'stage') ?? 'none'}`; }) },
    { name: 'all k8s nodes to report ready', holds: () => ask([...planes, ...workers], 'Resources', { type: 'machinestatus', id: '' }, (result) => { const items = at(result, 'items'); const [item] = Array.isArray(items) ? items : []; return at(item, 'spec', 'status', 'ready') === true ? undefined : 'some nodes are not ready'; }) },
  ];
}
