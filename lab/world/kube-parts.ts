import type { createStore } from '../kube/store.ts';
import type { listenApi } from '../kube/serve.ts';
import type { MakeApiHandler, StartControllers } from './types.ts';

export interface KubeParts {
  readonly createStore: typeof createStore;
  readonly makeApiHandler: MakeApiHandler;
  readonly listenApi: typeof listenApi;
  readonly startControllers: StartControllers;
}

/** The other rooms of the lab, loaded when the first API server starts: until then nothing needs them. */
export async function loadKube(): Promise<KubeParts> {
  const [store, server, serve, controllers] = await Promise.all([import('../kube/store.ts'), import('../kube/server.ts'), import('../kube/serve.ts'), import('../controllers/index.ts')]);
  return { createStore: store.createStore, makeApiHandler: server.makeApiHandler, listenApi: serve.listenApi, startControllers: controllers.startControllers };
}
