import { labDown } from '../tools/lab.ts';
import { labAnswer } from './lab-answer.ts';
import { labPlace } from './lab-place.ts';
import type { Action } from './task.ts';

/** Ends the lab of this checkout and forgets its clusters. */
const down: Action = async (cx) => labAnswer('the lab is down, its clusters are forgotten', await labDown(labPlace(cx)));
export default down;
