import { labStatus } from '../tools/lab.ts';
import { labAnswer } from './lab-answer.ts';
import { labPlace } from './lab-place.ts';
import type { Action } from './task.ts';

/** What the lab simulates now. */
const status: Action = async (cx) => labAnswer('the lab', await labStatus(labPlace(cx)));
export default status;
