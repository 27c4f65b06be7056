import { labFaults } from '../tools/lab.ts';
import { labPlace } from './lab-place.ts';
import type { Action } from './task.ts';

/** The faults the lab can cause: name, blast radius, symptom, and what is expected of the runner. */
const faults: Action = async (cx) => {
  const known = await labFaults(labPlace(cx));
  return {
    exit: 'done',
    result: known.map((fault) => ({ ...fault })),
    render: (style) => known.flatMap((fault) => [
      `${style.bold(fault.name)}  ${style.dim(`expected: ${fault.outcome}; touches ${fault.radius}`)}`,
      `  ${fault.symptom}`,
    ]),
  };
};
export default faults;
