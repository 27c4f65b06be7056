import { existsSync } from 'node:fs';
import type { Day2 } from './day2.types.ts';
import type { Doors, Flux, Git, Helm, Helmfile, Kube, MakeDoors, Op, Stores, Talos } from './doors.ts';
import { clusterFiles } from './files.ts';
import { versionOnce } from './version-once.ts';

/**
 * The doors of one step. Each door's module is loaded, and the door made, at its first call: a step that only asks git
 * does not pay for the Kubernetes client.
 */
export const makeDoors: MakeDoors = (scope, cluster) => {
  const files = clusterFiles(scope.taskDir, scope.site.target, cluster.name);
  const proc = once(async () => (await import('./proc.ts')).makeProc(scope, cluster));
  const talosDoor = once(async () => (await import('./talosctl.ts')).makeTalos(scope, cluster, await proc()));
  const day2Door = once(async () => (await import('./talos-day2.ts')).makeDay2(scope, cluster, await proc()));
  const kubeDoor = once(async () => (await import('./kube.ts')).makeKube(scope, cluster));
  const helmfileDoor = once(async () => (await import('./helmfile.ts')).makeHelmfile(scope, cluster, await proc()));
  const helmDoor = once(async () => (await import('./helm.ts')).makeHelm(scope, cluster, await proc(), kube));
  const fluxDoor = once(async () => (await import('./flux.ts')).makeFlux(scope, cluster, await proc()));
  const opDoor = once(async () => (await import('./op.ts')).makeOp(scope, await proc()));
  const storesDoor = once(async () => (await import('./stores.ts')).makeStores(scope, await proc(), op));
  const gitDoor = once(async () => (await import('./git.ts')).makeGit(scope, await proc()));
  const hookDoor = once(async () => (await import('./hook.ts')).makeHook(scope, await proc()));
  const downloadDoor = once(async () => (await import('./download.ts')).makeDownload(scope));

  const talos: Talos = {
    face: async (...a) => (await talosDoor()).face(...a),
    identify: async (...a) => (await talosDoor()).identify(...a),
    leftovers: async (...a) => (await talosDoor()).leftovers(...a),
    machineConfig: async (...a) => (await talosDoor()).machineConfig(...a),
    writeTalosconfig: async (...a) => (await talosDoor()).writeTalosconfig(...a),
    hasTalosconfig: () => existsSync(files.talosconfig),
    applyInsecure: async (...a) => (await talosDoor()).applyInsecure(...a),
    wouldChange: async (...a) => (await talosDoor()).wouldChange(...a),
    stage: async (...a) => (await talosDoor()).stage(...a),
    version: async (...a) => (await talosDoor()).version(...a),
    services: async (...a) => (await talosDoor()).services(...a),
    bootstrap: async (...a) => (await talosDoor()).bootstrap(...a),
    etcdMembers: async (...a) => (await talosDoor()).etcdMembers(...a),
    readEach: async (...a) => (await talosDoor()).readEach(...a),
    etcdStatus: async (...a) => (await talosDoor()).etcdStatus(...a),
    etcdAlarms: async (...a) => (await talosDoor()).etcdAlarms(...a),
    dataDisks: async (...a) => (await talosDoor()).dataDisks(...a),
    volumes: async (...a) => (await talosDoor()).volumes(...a),
    reset: async (...a) => (await talosDoor()).reset(...a),
    shutdown: async (...a) => (await talosDoor()).shutdown(...a),
    wipeDisks: async (...a) => (await talosDoor()).wipeDisks(...a),
    etcdSnapshot: async (...a) => (await talosDoor()).etcdSnapshot(...a),
    writeKubeconfig: async (...a) => (await talosDoor()).writeKubeconfig(...a),
    clientVersion: () => versionOnce(scope, 'talosctl', async () => (await talosDoor()).clientVersion()),
  };
  const day2: Day2 = {
    inventory: async (...a) => (await day2Door()).inventory(...a),
    newSecrets: async () => (await day2Door()).newSecrets(),
    plan: async (...a) => (await day2Door()).plan(...a),
    apply: async (...a) => (await day2Door()).apply(...a),
    patch: async (...a) => (await day2Door()).patch(...a),
    logs: async (...a) => (await day2Door()).logs(...a),
    dmesg: async (...a) => (await day2Door()).dmesg(...a),
    bootId: async (...a) => (await day2Door()).bootId(...a),
    reboot: async (...a) => (await day2Door()).reboot(...a),
    pullImage: async (...a) => (await day2Door()).pullImage(...a),
    upgrade: async (...a) => (await day2Door()).upgrade(...a),
    rollback: async (...a) => (await day2Door()).rollback(...a),
    etcdDefrag: async (...a) => (await day2Door()).etcdDefrag(...a),
    etcdRemoveMember: async (...a) => (await day2Door()).etcdRemoveMember(...a),
  };
  const kube: Kube = {
    hasKubeconfig: () => existsSync(files.kubeconfigDial),
    endpoint: async () => (await import('./endpoint.ts')).endpointAnswer(scope.site.target, cluster),
    peer: async (peer) => (await import('./peer.ts')).peerAnswer(scope.site.target, peer),
    prepare: async () => (await kubeDoor()).prepare?.(),
    readyz: async () => (await kubeDoor()).readyz(),
    serverVersion: async () => (await kubeDoor()).serverVersion(),
    now: async () => (await kubeDoor()).now(),
    list: async (...a) => (await kubeDoor()).list(...a),
    get: async (...a) => (await kubeDoor()).get(...a),
    evict: async (...a) => (await kubeDoor()).evict(...a),
    podLog: async (...a) => (await kubeDoor()).podLog(...a),
    apply: async (...a) => (await kubeDoor()).apply(...a),
    wouldChange: async (...a) => (await kubeDoor()).wouldChange(...a),
    patch: async (...a) => (await kubeDoor()).patch(...a),
    delete: async (...a) => (await kubeDoor()).delete(...a),
    watch(kind, changed, trouble, options) {
      let stopped = false;
      let handle: { stop(): void } | undefined;
      kubeDoor().then((door) => {
        if (!stopped) handle = door.watch(kind, changed, trouble, options);
      }).catch((error: unknown) => trouble(scope.redactor.redact(error instanceof Error ? error.message : String(error))));
      return { stop() { stopped = true; handle?.stop(); } };
    },
  };
  const helmfile: Helmfile = {
    template: async (...a) => (await helmfileDoor()).template(...a),
    sync: async (...a) => (await helmfileDoor()).sync(...a),
    values: async (...a) => (await helmfileDoor()).values(...a),
    clientVersion: () => versionOnce(scope, 'helmfile', async () => (await helmfileDoor()).clientVersion()),
  };
  const helm: Helm = {
    list: async () => (await helmDoor()).list(),
    recorded: async (...a) => (await helmDoor()).recorded(...a),
    values: async (...a) => (await helmDoor()).values(...a),
    clientVersion: () => versionOnce(scope, 'helm', async () => (await helmDoor()).clientVersion()),
  };
  const flux: Flux = {
    reconcile: async (...a) => (await fluxDoor()).reconcile(...a),
    clientVersion: () => versionOnce(scope, 'flux', async () => (await fluxDoor()).clientVersion()),
  };
  const op: Op = {
    whoami: async (...a) => (await opDoor()).whoami(...a),
    read: async (...a) => (await opDoor()).read(...a),
    create: async (...a) => (await opDoor()).create?.(...a),
    clientVersion: () => versionOnce(scope, 'op', async () => (await opDoor()).clientVersion()),
  };
  const stores: Stores = {
    whoami: async (...a) => (await storesDoor()).whoami(...a),
    resolve: async (...a) => (await storesDoor()).resolve(...a),
    sopsVersion: () => versionOnce(scope, 'sops', async () => (await storesDoor()).sopsVersion()),
  };
  const git: Git = { head: async () => (await gitDoor()).head(), remote: async () => (await gitDoor()).remote() };
  const doors: Doors = { talos, day2, kube, helmfile, helm, flux, op, stores, git, download: { fetch: async (...a) => (await downloadDoor()).fetch(...a) }, hook: { run: async (...a) => (await hookDoor()).run(...a) } };
  return doors;
};

/** Makes a thing at the first call; a failed making is tried again at the next. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
