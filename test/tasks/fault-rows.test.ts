import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FAULTS } from '../../lab/world/faults/index.ts';
import { FIRST_ROWS } from './fault-rows/first.ts';
import { KUBE_ROWS } from './fault-rows/kube.ts';
import { MACHINE_ROWS } from './fault-rows/machine.ts';
import { OPERATOR_ROWS } from './fault-rows/operator.ts';
import { RECOVERY_ROWS } from './fault-rows/recovery.ts';
import { UPGRADE_ROWS } from './fault-rows/upgrade.ts';

const LISTS = { 'faults.test.ts': FIRST_ROWS, 'faults-machine.test.ts': MACHINE_ROWS, 'faults-kube.test.ts': KUBE_ROWS, 'faults-operator.test.ts': OPERATOR_ROWS, 'rehearse-rows.ts': RECOVERY_ROWS, 'talos-upgrade.test.ts': UPGRADE_ROWS };
/** Told by a table of the first ten and by the operator's own, which makes more of it. */
const TWICE = new Set(['op-session-expired']);

describe('no fault of the lab is without a test', () => {
  const names = FAULTS.map((fault) => fault.name);
  test('there are at least forty, each with a name of its own', () => {
    expect(names.length).toBeGreaterThanOrEqual(40);
    expect(new Set(names).size).toBe(names.length);
  });
  test('each has a row, in one table', () => {
    const rows = Object.values(LISTS).flat();
    expect(rows.filter((name, index) => rows.indexOf(name) !== index && !TWICE.has(name))).toEqual([]);
    expect([...new Set(rows)].toSorted()).toEqual(names.toSorted());
  });
  test.each(Object.entries(LISTS))('%s speaks of every fault it is listed for', (file, rows) => {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8');
    expect(rows.filter((name) => !text.includes(`'${name}'`))).toEqual([]);
  });
});
