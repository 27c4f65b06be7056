/** Everything that moves in a simulated cluster, over its store alone: may be stopped and started again at any time. */
import type { ControllerContext, StartControllers } from '../world/types.ts';
import { budgetController, quotaController } from './budgets.ts';
import { ciliumController } from './cilium.ts';
import { fixtureController } from './data/fixture.ts';
import { dataOf } from './data/memory.ts';
import { faultWatcher } from './faults/index.ts';
import { helmReleaseController } from './flux/helmrelease.ts';
import { fluxInstanceController } from './flux/instance.ts';
import { kustomizationController } from './flux/kustomization.ts';
import { sourceController } from './flux/sources.ts';
import { nodeController } from './nodes.ts';
import { operatorController } from './operators.ts';
import { podController } from './pods.ts';
import { runControllers, type Enqueue } from './runtime.ts';
import { claimController, namespaceController, serviceController } from './services.ts';
import { workloadController } from './workloads.ts';

export const startControllers: StartControllers = (cx: ControllerContext) => {
  let enqueue: Enqueue = () => undefined;
  const kustomizations = kustomizationController(cx);
  const sources = sourceController(cx);
  const forget = (): void => { sources.forget(); kustomizations.forget(); };
  const running = runControllers(cx, [
    namespaceController(cx), nodeController(cx), workloadController(cx), podController(cx), serviceController(cx), claimController(cx), budgetController(cx), quotaController(cx), ciliumController(cx), operatorController(cx),
    fluxInstanceController(cx), sources.controller, kustomizations.controller, helmReleaseController(cx), fixtureController(cx), faultWatcher(cx, () => enqueue, forget),
  ]);
  enqueue = running.enqueue;
  const unlisten = cx.onMachines(() => { for (const machine of cx.clusterFile.machines) enqueue('node', `/${machine.name}`); });
  const unswitch = dataOf(cx).onSwitch(() => enqueue('fixture', 'all'));
  return { stop() { unlisten(); unswitch(); running.stop(); } };
};
