import { memberHealthy } from './etcd.ts';
import { RpcError } from './rpc.ts';
import type { Call, Method } from './talos-api.ts';

const text = (params: Readonly<Record<string, unknown>>, key: string): string => (typeof params[key] === 'string' ? params[key] : '');
const always = (): boolean => true;

/** What a registry answers for an installer or a part of Kubernetes; the lab's has every version there is, under the names they have. */
const SERVED = /^(?:factory\.talos\.dev\/(?:metal-)?installer(?:-secureboot)?\/[0-9a-f]{64}|ghcr\.io\/siderolabs\/(?:installer|kubelet)|registry\.k8s\.io\/kube-(?:apiserver|controller-manager|scheduler|proxy)):v\d+\.\d+\.\d+$/;

function pulled({ cluster, machine, params }: Call, key: string): string {
  const image = text(params, key);
  if (!SERVED.test(image) || cluster.world.faults.active('installer-unreachable', cluster.name, machine.name) !== undefined) {
    throw new RpcError('NotFound', `failed to resolve image: failed to pull image "${image}": failed to resolve reference "${image}": ${image}: not found`);
  }
  return image;
}

/** etcd is asked before a control plane upgrades: each member must be there, so that one may go for a while. */
function etcdAllowsUpgrade({ cluster, machine }: Call): void {
  if (machine.config?.type !== 'controlplane') return;
  const view = cluster.etcdView();
  const members = cluster.state.etcd?.members ?? [];
  if (!cluster.quorum()) throw new RpcError('Unknown', 'error validating etcd for upgrade: context deadline exceeded');
  const ill = members.filter((member) => !cluster.machines.some((other) => other.name === member.machine && memberHealthy(view, other, cluster.now())));
  if (ill.length > 0) throw new RpcError('Unknown', `error validating etcd for upgrade: etcd member ${ill[0]?.id ?? ''} is not healthy; all members must be healthy to perform an upgrade`);
}

/** Calls to machines that run: upgrades and what goes with them. In a file of their own only for its length. */
export const DAY2: Readonly<Record<string, Method>> = {
  ImagePull: { write: always, maintenance: false, run: (call) => { pulled(call, 'reference'); return {}; } },
  Upgrade: {
    write: always, maintenance: false,
    run: (call) => {
      const { cluster, machine, params } = call;
      let image: string;
      try {
        image = pulled(call, 'image');
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        throw new RpcError('Unknown', `error validating installer image "${text(params, 'image')}": ${error.message}`);
      }
      if (machine.state.phase !== 'up') throw new RpcError('Unavailable', 'another sequence is running');
      if (params['force'] !== true) etcdAllowsUpgrade(call);
      const actor = cluster.newActor();
      machine.upgrade(image, cluster.now(), actor);
      return { ack: 'Upgrade request received', actorId: actor };
    },
  },
  Rollback: {
    write: always, maintenance: false,
    run: ({ cluster, machine }) => {
      if (!machine.rollback(cluster.now())) throw new RpcError('Unknown', 'previous bootloader entry was not found');
      return {};
    },
  },
  EtcdDefragment: {
    write: always, maintenance: false,
    run: ({ cluster, machine }) => {
      const data = machine.state.etcd;
      if (data === null || data.foreign || !memberHealthy(cluster.etcdView(), machine, cluster.now())) throw new RpcError('Unknown', 'failed to defragment: context deadline exceeded');
      data.defragged = raftIndex(cluster.store?.resourceVersion);
      cluster.touch();
      return {};
    },
  },
  EtcdRemoveMemberByID: {
    write: always, maintenance: false,
    run: ({ cluster, params }) => {
      const { etcd } = cluster.state;
      if (etcd === null || !cluster.quorum()) throw new RpcError('Unknown', 'failed to remove member: context deadline exceeded');
      const id = text(params, 'memberId');
      if (!etcd.members.some((member) => member.id === id)) throw new RpcError('Unknown', 'failed to remove member: etcdserver: member not found');
      etcd.members = etcd.members.filter((member) => member.id !== id);
      cluster.touch();
      return {};
    },
  },
};

/** The lab's raft index follows what was written to the API. */
export const raftIndex = (resourceVersion: unknown): number => 100 + Number(resourceVersion ?? 0);
/** A file grows by whole pages and keeps what was deleted until it is made anew. */
export function fileSizes(index: number, defragged: number | undefined): { readonly size: number; readonly used: number } {
  const used = 20_480 + index * 600;
  return { size: defragged === undefined ? 24_576 + index * 900 : 20_480 + Math.min(defragged, index) * 600 + Math.max(0, index - defragged) * 900, used };
}
