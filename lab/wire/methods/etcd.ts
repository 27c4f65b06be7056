/** The etcd methods of machine.MachineService. Member ids are hex in the simulation and numbers of 64 bits on the wire. */
import type { Fields } from '../../world/value.ts';
import { listOf, sendBytes, service, stream, textOf, unary } from '../call.ts';
import type { Service } from '../call.ts';
import { Data, Empty } from '../fields/common.ts';
import * as fields from '../fields/etcd.ts';
import { NothingResponse } from '../fields/machine.ts';

const idOf = (hex: unknown): bigint => BigInt(`0x${String(hex) || '0'}`);
const alarms = (result: Fields): Fields => ({ memberAlarms: listOf(result['alarms']).map((alarm) => ({ memberId: idOf(alarm['memberId']), alarm: alarm['alarm'] })) });

export const ETCD: Service = service('machine.MachineService', {
  EtcdMemberList: unary(fields.EtcdMemberListRequest, fields.EtcdMemberListResponse, async ({ ask }) => ({ members: listOf((await ask('EtcdMemberList'))['members']).map((member) => ({ ...member, id: idOf(member['id']) })) })),
  EtcdStatus: unary(Empty, fields.EtcdStatusResponse, async ({ ask }) => {
    const status = await ask('EtcdStatus');
    return { memberStatus: { ...status, memberId: idOf(status['memberId']), leader: idOf(status['leader']) } };
  }),
  EtcdAlarmList: unary(Empty, fields.EtcdAlarmResponse, async ({ ask }) => alarms(await ask('EtcdAlarmList'))),
  EtcdAlarmDisarm: unary(Empty, fields.EtcdAlarmResponse, async ({ ask }) => alarms(await ask('EtcdAlarmDisarm'))),
  EtcdDefragment: unary(Empty, NothingResponse, ({ ask }) => ask('EtcdDefragment')),
  EtcdLeaveCluster: unary(Empty, NothingResponse, ({ ask }) => ask('EtcdLeaveCluster')),
  EtcdRemoveMemberByID: unary(fields.EtcdRemoveMemberByIDRequest, NothingResponse, ({ request, ask }) => ask('EtcdRemoveMemberByID', { memberId: BigInt(String(request['memberId'])).toString(16).padStart(16, '0') })),
  EtcdForfeitLeadership: unary(Empty, fields.EtcdForfeitLeadershipResponse, ({ ask }) => ask('EtcdForfeitLeadership')),
  EtcdSnapshot: stream(Empty, Data, async ({ ask }, send) => sendBytes(send, Buffer.from(textOf((await ask('EtcdSnapshot'))['data']), 'base64'))),
  EtcdRecover: {
    kind: 'upload', item: Data, reply: NothingResponse,
    run: ({ ask }, items) => ask('EtcdRecover', { data: Buffer.concat(items.map((item) => (item['bytes'] instanceof Uint8Array ? item['bytes'] : Buffer.alloc(0)))).toString('base64') }),
  },
});
