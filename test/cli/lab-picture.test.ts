import { expect, test } from 'vitest';
import { labBreakOutcome, labDownOutcome, labHealOutcome, labStatusOutcome } from '../../scripts/phases/lab-picture.ts';
import { createStyle } from '../../scripts/terminal/style.ts';

const style = createStyle({ colour: false, width: 100 });
const fault = { fault: 'etcd-no-quorum', cluster: 'apps', since: '2026-11-21T12:38:06.000Z' };

test('the lab is drawn cluster by cluster, and told whole to programs', () => {
  const told = {
    id: 'lab-1', speed: 60, simulated: '2026-11-21T13:20:02.050Z', pid: 7, faults: [fault],
    clusters: [{ name: 'apps', api: { up: false }, quorum: false, members: 3, nodes: 0, machines: [{ name: 'apps-01', address: '10.25.11.14', dial: '127.0.0.1:21200', phase: 'up', stage: 'booting', etcd: 'failed' }] }],
  };
  const outcome = labStatusOutcome(told);
  expect(outcome.render(style)).toEqual([
    '✔ the lab lab-1  clock x60, 2026-11-21 13:20:02 there, process 7',
    '',
    '  apps  API not up, etcd 3 members, no quorum, 0 nodes',
    '    MACHINE  ADDRESS      ANSWERS AT       IS  STAGE    ETCD',
    '    apps-01  10.25.11.14  127.0.0.1:21200  up  booting  failed',
    '',
    '  faults on',
    '    etcd-no-quorum  apps  since 2026-11-21 12:38:06',
  ]);
  expect(outcome.result).toEqual(told);
});

test('a fault says where it is, what shows of it, what is expected and how it ends', () => {
  const told = { fault: { ...fault, machine: 'apps-02' }, symptom: 'no answer', outcome: 'unhealthy', heals: 'etcd comes up', chose: 'machine apps-02 was chosen' };
  expect(labBreakOutcome(told).render(style)).toEqual([
    '✔ etcd-no-quorum is on  apps, apps-02 (machine apps-02 was chosen)',
    '  shows as  no answer',
    '  expected  unhealthy',
    '  ends      task lab:heal: etcd comes up',
  ]);
});

test('what was not there is not said to have been ended', () => {
  expect(labHealOutcome({ healed: [] }).render(style)).toEqual(['✔ no fault was on']);
  expect(labHealOutcome({ healed: [{ ...fault, cluster: '*' }] }).render(style)[1]).toMatch(/^ {2}etcd-no-quorum {2}everywhere/u);
  expect(labDownOutcome({ was: false }).render(style)).toEqual(['✔ no lab was up here']);
});
