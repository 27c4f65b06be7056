import { labHeal } from '../tools/lab.ts';
import { labHealOutcome } from './lab-picture.ts';
import { labPlace } from './lab-place.ts';
import type { Action } from './task.ts';

/** Ends a fault, or every fault. */
const heal: Action = async (cx) => labHealOutcome(await labHeal(labPlace(cx), cx.variables['FAULT'], { cluster: cx.variables['CLUSTER'] }));
export default heal;
