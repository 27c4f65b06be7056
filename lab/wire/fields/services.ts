/** The small services beside machine.MachineService: storage, time, cluster. */
import { message } from '../codec.ts';
import { answer, answers, Duration, Timestamp } from './common.ts';

export const DisksResponse = answers({
  disks: ['2*', message({
    size: '1 uint64', model: '2 string', deviceName: '3 string', name: '4 string', serial: '5 string', modalias: '6 string', uuid: '7 string', wwid: '8 string', type: '9 UNKNOWN|SSD|HDD|NVME|SD|CD',
    busPath: '10 string', systemDisk: '11 bool', subsystem: '12 string', readonly: '13 bool',
  })],
});
export const BlockDeviceWipeRequest = message({
  devices: ['1*', message({ device: '1 string', method: '2 FAST|ZEROES', skipVolumeCheck: '3 bool', dropPartition: '4 bool', skipSecondaryCheck: '5 bool' })],
});
export const TimeRequest = message({ server: '1 string' });
export const TimeResponse = answers({ server: '2 string', localtime: [3, Timestamp], remotetime: [4, Timestamp] });
export const HealthCheckRequest = message({ waitTimeout: [1, Duration], clusterInfo: [2, message({ controlPlaneNodes: '1* string', workerNodes: '2* string', forceEndpoint: '3 string' })] });
export const HealthCheckProgress = answer({ message: '2 string' });
