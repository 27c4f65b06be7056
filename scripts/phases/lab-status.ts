import { labStatus } from '../tools/lab.ts';
import { labStatusOutcome } from './lab-picture.ts';
import { labPlace } from './lab-place.ts';
import type { Action } from './task.ts';

/** What the lab simulates now. */
const status: Action = async (cx) => labStatusOutcome(await labStatus(labPlace(cx)));
export default status;
