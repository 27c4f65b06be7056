import { labDown } from '../tools/lab.ts';
import { labDownOutcome } from './lab-picture.ts';
import { labPlace } from './lab-place.ts';
import type { Action } from './task.ts';

/** Ends the lab of this checkout and forgets its clusters. */
const down: Action = async (cx) => labDownOutcome(await labDown(labPlace(cx)));
export default down;
