import { join, resolve } from 'node:path';
import { Failure } from '../engine/failure.ts';
import { saveSnapshot } from './etcd-snapshot-file.ts';
import type { Action } from './task.ts';

/** Saves an etcd snapshot from the first control plane that can give one, with what proves it: hash, revision, keys, written beside it too. */
const etcdSnapshot: Action = async (cx) => {
  const cluster = cx.clusters[0];
  if (cluster === undefined) throw new Failure({ exit: 'usage', what: 'no cluster was chosen', hint: 'task etcd:snapshot CLUSTER=infra' });
  const context = cx.forCluster(cluster, 'etcd-snapshot');
  const wanted = cx.variables['FILE'];
  const file = wanted === undefined || wanted === '' ? join(cx.runDir, `etcd-${cluster.name}.db`) : resolve(wanted);
  const failures: Failure[] = [];
  for (const machine of cluster.machines.filter((candidate) => candidate.role === 'controlplane')) {
    try {
      const snapshot = await saveSnapshot(context, machine, file);
      if (snapshot === undefined) return { exit: 'done', result: { cluster: cluster.name, machine: machine.name, file }, render: () => [`would save etcd of ${cluster.name}, from ${machine.name}, to ${file}`] };
      const { namespaces: _known, ...told } = snapshot;
      return {
        exit: 'done',
        result: { ...told, file },
        render: (style) => [
          `${style.green('✔')} etcd of ${cluster.name}, from ${machine.name}: ${snapshot.keys} keys at revision ${snapshot.revision}, ${snapshot.bytes} bytes, hash ${snapshot.hash}`,
          `  ${file} (readable by you alone; it holds every Secret of the cluster: keep it off this machine, encrypted)`,
          `  ${file}.json (what it holds and its digest: keep it with it; task etcd:restore CLUSTER=${cluster.name} SNAPSHOT=${file})`,
        ],
      };
    } catch (error) {
      if (!(error instanceof Failure) || error.exit !== 'rerun') throw error;
      failures.push(error);
    }
  }
  throw new Failure({
    exit: 'rerun', what: `no control plane of ${cluster.name} gave a snapshot`, because: failures[0]?.because ?? failures[0]?.what,
    hint: `task cluster:health CLUSTER=${cluster.name} tells why`, parts: failures,
  });
};
export default etcdSnapshot;
