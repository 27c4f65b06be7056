import { labUp } from '../tools/lab.ts';
import { labPlace } from './lab-place.ts';
import type { Action } from './task.ts';

/** Wakes the lab, or makes a new one: bare machines, powered on, in maintenance. */
const up: Action = async (cx) => {
  const target = await labUp({ ...labPlace(cx), speed: Number(cx.variables['LAB_SPEED'] ?? '60') });
  return {
    exit: 'done',
    result: { id: target.id, label: target.label, speed: target.speed, simulated: target.simulated, machines: target.machines },
    render: (style) => [
      `${style.green('✔')} ${target.label}`,
      `  simulated: ${target.simulated.join(', ')}`,
      ...Object.entries(target.machines).map(([address, at]) => style.dim(`  ${address} answers at ${at}`)),
      '  task cluster:create CLUSTER=all TARGET=lab brings up the clusters; task lab:faults lists what can go wrong',
    ],
  };
};
export default up;
