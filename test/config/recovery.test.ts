import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../scripts/config/duration.ts';
import { loadSite } from '../../scripts/config/load.ts';
import type { Recovery } from '../../scripts/config/recovery.ts';
import { SITE, type TargetFile } from '../../scripts/config/target.ts';
import { PROJECT, Scratch } from './scratch.ts';

describe('durations', () => {
  test.each([['45m', 2_700_000], ['24h', 86_400_000], ['90d', 7_776_000_000], ['1h30m', 5_400_000], ['1d12h', 129_600_000], ['30s', 30_000]])('%s', (text, ms) => { expect(parseDuration(text)).toBe(ms); });
  test.each(['', '0m', '45', '45 m', '1m1h', '1h1h', '-1h', '1.5h', 'h', '99999999999999999999d', '45M'])('%j is none', (text) => { expect(parseDuration(text)).toBeUndefined(); });
  test.each([[0, '0s'], [999, '1s'], [2_700_000, '45m'], [90_061_000, '1d 1h'], [86_460_000, '1d 1m']])('%d is written %s', (ms, text) => { expect(formatDuration(ms)).toBe(text); });
});

const LAB: TargetFile = { ...SITE, id: 'lab-test', kind: 'lab', engine: 'embedded', label: 'LAB test' };
const ADDED = `data-sets:
  - name: ledger
    cluster: infra
    kind: volume
    namespace: lab-data
    object: ledger
    protection: {by: backup, method: volsync, source: ledger, restore: ledger-restore, store: minio, data-loss: 2h}
  - {name: register, cluster: apps, kind: postgres, namespace: lab-data, object: register, protection: {by: backup, method: barman, source: register, restore: register-store, store: minio}}
  - {name: handbook, cluster: infra, kind: object, namespace: lab-data, object: handbook, protection: {by: git}}
  - {name: sessions, cluster: infra, kind: volume, namespace: lab-data, object: sessions, protection: {by: none, reason: a cache}}
stores:
  - {name: minio, endpoint: "http://10.25.11.3:9000", bucket: backups}
`;

function recoveryOf(root: string, target: TargetFile): Recovery {
  const loaded = loadSite(root, target);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems, null, 2));
  return loaded.site.recovery;
}

describe('what a lab adds', () => {
  test('its data sets and stores come after those of bootstrap/dr.yaml, frozen; a set without an objective has that of all', () => {
    using scratch = new Scratch();
    const file = join(scratch.root, 'added.yaml');
    writeFileSync(file, ADDED);
    const alone = recoveryOf(scratch.root, SITE);
    const recovery = recoveryOf(scratch.root, { ...LAB, recovery: file });
    expect(recovery.dataSets.map(({ name }) => name)).toEqual([...alone.dataSets.map(({ name }) => name), 'ledger', 'register', 'handbook', 'sessions']);
    expect(recovery.dataSets.slice(alone.dataSets.length).flatMap(({ protection }) => (protection.by === 'backup' ? [protection.dataLossMs] : []))).toEqual([7_200_000, 86_400_000]);
    expect(recovery.stores).toEqual([...alone.stores, { name: 'minio', endpoint: 'http://10.25.11.3:9000', bucket: 'backups' }]);
    expect(recovery.objectives).toEqual(alone.objectives);
    expect(Object.isFrozen(recovery.dataSets[0]?.protection)).toBe(true);
  });

  test('hooks and commands of the site reach out of a lab in no way', () => {
    using scratch = new Scratch();
    const file = join(scratch.root, 'added.yaml');
    writeFileSync(file, `${ADDED}power: {apps-01: {by: command, status: ["true"], on: ["true"]}}\nfreeze: [{name: own, freeze: ["true"], unfreeze: ["true"]}]\noutside: [{name: own, what: a, handling: b, check: {by: command, argv: ["true"]}}]\n`);
    scratch.change([
      { file: 'bootstrap/dr.yaml', replace: ['infra-01: {by: person}', 'infra-01: {by: command, status: [ipmitool], on: [ipmitool]}'] },
      { file: 'bootstrap/dr.yaml', replace: ['freeze: []', 'freeze: [{name: silence, freeze: [amtool], unfreeze: [amtool]}]'] },
    ]);
    const site = recoveryOf(scratch.root, SITE);
    expect([site.power['infra-01']?.by, site.freeze.length, site.outside[0]?.check.by]).toEqual(['command', 1, 'command']);
    const lab = recoveryOf(scratch.root, { ...LAB, recovery: file });
    expect(lab.power).toEqual({ 'apps-01': { by: 'command', status: ['true'], on: ['true'] } });
    expect(lab.freeze.map(({ name }) => name)).toEqual(['own']);
    expect(lab.outside.filter(({ check }) => check.by === 'command').map(({ name }) => name)).toEqual(['own']);
  });

  test('is checked by the same rules, and its problems name its own file', () => {
    using scratch = new Scratch();
    writeFileSync(join(scratch.root, 'added.yaml'), ADDED.replace('cluster: apps', 'cluster: app').replace('store: minio}}', 'store: mini}}').replace('data-loss: 2h', 'data-loss: 2'));
    const loaded = loadSite(scratch.root, { ...LAB, recovery: join(scratch.root, 'added.yaml') });
    expect('problems' in loaded && loaded.problems.map(({ file, line, rule, hint }) => `${file}:${line} ${rule}: ${hint}`)).toEqual([
      'added.yaml:7 duration: did you mean 2h? Units are d, h, m and s',
      'added.yaml:8 cluster-unknown: did you mean apps?',
      'added.yaml:8 store-unknown: did you mean minio?',
    ]);
    const missing = loadSite(scratch.root, { ...LAB, recovery: join(scratch.root, 'gone.yaml') });
    expect('problems' in missing && missing.problems.map(({ file, rule }) => `${file} ${rule}`)).toEqual(['gone.yaml file-missing']);
  });
});

test('every machine of the real configuration has an answer to how it is switched on', () => {
  const loaded = loadSite(PROJECT, SITE);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  const { clusters, recovery, calendar } = loaded.site;
  expect(Object.keys(recovery.power).toSorted()).toEqual(clusters.flatMap(({ machines }) => machines.map(({ name }) => name)).toSorted());
  expect(calendar).toEqual([expect.objectContaining({ from: '2025-12-22', until: '2026-01-02' })]);
});
