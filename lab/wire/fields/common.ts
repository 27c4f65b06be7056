/** Messages that every service of the Talos API shares. Numbers are wire facts of the protocol; the words are ours. */
import { message } from '../codec.ts';
import type { Notation, Table } from '../codec.ts';
import type { Fields } from '../../world/value.ts';

export const Empty = message({});
export const Timestamp = message({ seconds: '1 int64', nanos: '2 int32' });
export const Duration = message({ seconds: '1 int64', nanos: '2 int32' });
export const Any = message({ typeUrl: '1 string', value: '2 bytes' });
/** google.rpc.Status; `code` is gRPC's number. */
export const Status = message({ code: '1 int32', message: '2 string' });
/** Goes first in every answer that names its node. */
export const Metadata = message({ hostname: '1 string', error: '2 string', status: [3, Status] });
/** A piece of a byte stream. */
export const Data = message({ metadata: [1, Metadata], bytes: '2 bytes' });

/** One node's answer: Metadata and then the method's own fields. */
export const answer = (fields: Readonly<Record<string, Notation>>): Table => message({ metadata: [1, Metadata], ...fields });
/** What a method of one answer per node replies: `messages`. */
export const answers = (fields: Readonly<Record<string, Notation>>): Table => message({ messages: ['1*', answer(fields)] });

/** A moment (ms since the epoch) as the wire has it. */
export const timestamp = (ms: number): Fields => {
  const seconds = Math.floor(ms / 1000);
  return { seconds: BigInt(seconds), nanos: Math.round((ms - seconds * 1000) * 1_000_000) };
};
