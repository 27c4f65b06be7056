/** Every method the machines answer, by its path on the wire. What is not here is Unimplemented. */
import type { Service } from '../call.ts';
import { BYTES } from './bytes.ts';
import { COSI } from './cosi.ts';
import { ETCD } from './etcd.ts';
import { EVENTS } from './events.ts';
import { MACHINE } from './machine.ts';
import { CLUSTER, STORAGE, TIME } from './small.ts';

export const METHODS: Service = { ...MACHINE, ...ETCD, ...EVENTS, ...BYTES, ...COSI, ...STORAGE, ...TIME, ...CLUSTER };
