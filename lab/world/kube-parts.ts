import type { ApiHandler, MakeApiHandler, SimClock, StartControllers, Store } from './types.ts';

export interface KubeListener { close(): Promise<void> }
export interface KubeParts {
  readonly createStore: (clock: SimClock, dump: unknown) => Store;
  readonly makeApiHandler: MakeApiHandler;
  readonly listenApi: (options: { readonly port: number; readonly cert: string; readonly key: string; readonly ca: string; readonly handle: ApiHandler }) => Promise<KubeListener>;
  readonly startControllers: StartControllers;
}

/** The other rooms of the lab, loaded when the first API server starts: until then nothing needs them. */
export async function loadKube(): Promise<KubeParts> {
  throw new Error('not yet');
}
