/** The small services beside machine.MachineService: storage, time, cluster. */
import { service, stream, unary, listOf, textOf } from '../call.ts';
import type { NodeCall, Service } from '../call.ts';
import { Empty, timestamp } from '../fields/common.ts';
import { NothingResponse } from '../fields/machine.ts';
import { BlockDeviceWipeRequest, DisksResponse, HealthCheckProgress, HealthCheckRequest, TimeRequest, TimeResponse } from '../fields/services.ts';
import { healthCheck } from '../health.ts';
import type { Fields } from '../../world/value.ts';

async function time({ request, ask }: NodeCall): Promise<Fields> {
  const { server, local, remote } = await ask('Time', { server: textOf(request['server']) });
  return { server, localtime: timestamp(Date.parse(String(local))), remotetime: timestamp(Date.parse(String(remote))) };
}

export const STORAGE: Service = service('storage.StorageService', {
  Disks: unary(Empty, DisksResponse, ({ ask }) => ask('Disks')),
  BlockDeviceWipe: unary(BlockDeviceWipeRequest, NothingResponse, ({ request, ask }) => ask('BlockDeviceWipe', { devices: listOf(request['devices']) })),
});
export const TIME: Service = service('time.TimeService', { Time: unary(Empty, TimeResponse, time), TimeCheck: unary(TimeRequest, TimeResponse, time) });
export const CLUSTER: Service = service('cluster.ClusterService', { HealthCheck: stream(HealthCheckRequest, HealthCheckProgress, healthCheck) });
