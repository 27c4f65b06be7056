/** The etcd methods of machine.MachineService. */
import { message } from '../codec.ts';
import { answers } from './common.ts';

export const EtcdMemberListRequest = message({ queryLocal: '1 bool' });
export const EtcdMemberListResponse = answers({ members: ['3*', message({ id: '2 uint64', hostname: '3 string', peerUrls: '4* string', clientUrls: '5* string', isLearner: '6 bool' })] });
export const EtcdRemoveMemberByIDRequest = message({ memberId: '1 uint64' });
export const EtcdForfeitLeadershipResponse = answers({ member: '2 string' });
/** Of both EtcdAlarmList and EtcdAlarmDisarm. */
export const EtcdAlarmResponse = answers({ memberAlarms: ['2*', message({ memberId: '1 uint64', alarm: '2 NONE|NOSPACE|CORRUPT' })] });
export const EtcdStatusResponse = answers({
  memberStatus: [2, message({
    protocolVersion: '1 string', dbSize: '2 int64', dbSizeInUse: '3 int64', leader: '4 uint64', raftIndex: '5 uint64', raftTerm: '6 uint64', raftAppliedIndex: '7 uint64', errors: '8* string', isLearner: '9 bool',
    memberId: '10 uint64', storageVersion: '11 string',
  })],
});
