import { expect, test } from 'vitest';
import { SITE } from '../../scripts/config/target.ts';
import { endpointAnswer } from '../../scripts/tools/endpoint.ts';
import { labTarget } from './support.ts';

const HOST = 'infra-k8s.example.test';
const at = (host: string) => ({ endpoint: `https://${host}:6443` });

test.each([
  ['a name the lab knows', labTarget({ names: { [HOST]: ['10.25.11.11', '10.25.11.12'] } }), HOST, { is: 'leads', host: HOST, addresses: ['10.25.11.11', '10.25.11.12'] }],
  ['a name the lab has no record of', labTarget({ names: { [HOST]: [] } }), HOST, { is: 'nowhere', host: HOST, because: 'no such host' }],
  ['a lab that says nothing: never a name server', labTarget({}), HOST, { is: 'unknown', host: HOST, because: 'the lab says nothing of it' }],
  ['an address, which leads to itself', SITE, '10.25.11.11', { is: 'leads', host: '10.25.11.11', addresses: ['10.25.11.11'] }],
  ['an IPv6 address without its brackets', SITE, '[fd00::11]', { is: 'leads', host: 'fd00::11', addresses: ['fd00::11'] }],
])('%s', async (_, target, host, answer) => {
  expect(await endpointAnswer(target, at(host))).toEqual(answer);
});

test("on site this machine's own name service is asked", async () => {
  const answer = await endpointAnswer(SITE, at('localhost'));
  expect(answer).toMatchObject({ is: 'leads', host: 'localhost' });
  expect(answer.is === 'leads' && answer.addresses.every((address) => address.startsWith('127.') || address === '::1')).toBe(true);
});
