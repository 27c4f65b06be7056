import { labBreak } from '../tools/lab.ts';
import { labBreakOutcome } from './lab-picture.ts';
import { labPlace } from './lab-place.ts';
import type { Action } from './task.ts';

/** Causes a fault; what was not said (machine, object) the lab chooses and tells. */
const breakIt: Action = async (cx) => {
  const fault = cx.variables['FAULT'] ?? '';
  const told = await labBreak(labPlace(cx), fault, { cluster: cx.variables['CLUSTER'], machine: cx.variables['MACHINE'], object: cx.variables['OBJECT'] });
  return labBreakOutcome(told);
};
export default breakIt;
