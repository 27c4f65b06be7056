import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from './configuration.ts';
import { makeRig, type Rig } from './rig.ts';

/** A fault met on the way up: what create says while it is on, and that nothing is left worse once it is healed. */
interface OnTheWay {
  readonly fault: string;
  readonly args?: readonly string[];
  /** Exit code of the create while the fault is on. */
  readonly exit: number;
  /** What its last words must name: the object, the reason, the next step. */
  readonly says: readonly (string | RegExp)[];
}

const ON_THE_WAY: readonly OnTheWay[] = [
  { fault: 'stuck-in-maintenance', args: ['--machine', 'apps-02'], exit: 75, says: ['apps-02', /maintenance/] },
  { fault: 'bootstrap-exists-ours', exit: 0, says: [] },
  { fault: 'bootstrap-exists-foreign', exit: 76, says: [/another cluster|etcd/, 'apps-01', /reset/] },
  { fault: 'api-flapping', exit: 0, says: [] },
  { fault: 'watch-dropped', exit: 0, says: [] },
  { fault: 'crd-not-established', exit: 75, says: [/certificates\.cert-manager\.io|CustomResourceDefinition|not Established|NamesAccepted/] },
  { fault: 'op-session-expired', exit: 75, says: [/op signin|signed in/] },
];

/** Each row is two creates: a sample by default, all with SOAK. */
const SAMPLE = new Set(['bootstrap-exists-foreign']);

describe('faults met by cluster:create', () => {
  test.each(ON_THE_WAY.filter(({ fault }) => process.env['SOAK'] !== undefined || SAMPLE.has(fault)))('$fault: exit $exit, and once it is healed the same command goes on', async ({ fault, args = [], exit, says }) => {
    const rig = makeRig(core());
    try {
      await rig.lab('up', '--speed', '120');
      await rig.lab('break', fault, '--cluster', 'apps', ...args);
      const during = await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');
      expect(`${during.code}\n${during.stderr}`).toMatch(new RegExp(`^${exit}\n`));
      for (const word of says) expect(during.stderr).toMatch(word);
      if (exit !== 0) expect(during.stderr).toMatch(/next|try/i);
      if (fault === 'op-session-expired') expect((await rig.log()).filter((entry) => entry.write)).toEqual([]);
      await rig.lab('heal', '--all');
      const after = await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');
      expect(`${after.code} ${after.stderr}`).toMatch(/^0 /);
      const bootstraps = (await rig.log()).filter((entry) => entry.kind === 'talos' && /bootstrap/i.test(entry.verb) && entry.write && entry.result === 'OK');
      expect(bootstraps.length).toBeLessThanOrEqual(1);
    } finally {
      await rig.dispose();
    }
  }, 180_000);
});

/** A fault that befalls a healthy cluster: health names it as the one cause, with what to do. */
interface LaterOn {
  readonly fault: string;
  readonly exit: 1 | 2;
  readonly cause: readonly (string | RegExp)[];
}

const LATER_ON: readonly LaterOn[] = [
  { fault: 'helmrelease-stalled', exit: 1, cause: [/HelmRelease/, /RetriesExceeded|Stalled/] },
  { fault: 'dependency-cycle', exit: 1, cause: [/cycle/, /Kustomization/] },
  { fault: 'etcd-no-quorum', exit: 1, cause: [/etcd/, /quorum|members/] },
];

describe('faults that befall a healthy cluster', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = makeRig(core());
    const created = await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');
    expect(`${created.code} ${created.stderr}`).toMatch(/^0 /);
  }, 120_000);
  afterAll(async () => rig.dispose());

  test.each(LATER_ON)('$fault: cluster:health exits $exit and names one cause', async ({ fault, exit, cause }) => {
    await rig.lab('break', fault, '--cluster', 'apps');
    const health = await untilExit(rig, exit);
    for (const word of cause) expect(health.stdout).toMatch(word);
    expect(health.stdout).toMatch(/1 cause/);
    expect(health.stdout).toMatch(/try/);
    await rig.lab('heal', '--all');
    const healed = await untilExit(rig, 0);
    expect(healed.stdout).toContain('apps');
  }, 120_000);

  test('etcd-no-quorum: cluster:create does not bootstrap what holds data already; it says so, and goes on once it is healed', async () => {
    const before = (await rig.log()).at(-1)?.seq ?? 0;
    await rig.lab('break', 'etcd-no-quorum', '--cluster', 'apps');
    const during = await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes');
    expect(`${during.code}\n${during.stderr}`).toMatch(/^75\n/);
    expect(during.stderr).toMatch(/not bootstrapped again/);
    expect((await rig.log(before)).filter((entry) => entry.verb === 'Bootstrap')).toEqual([]);
    await rig.lab('heal', '--all');
    expect((await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes')).code).toBe(0);
  }, 120_000);
});

/** Asks until the answer is `exit` (a fault takes a reconcile to show), giving up after 30 times: the last answer is then judged. */
async function untilExit(rig: Rig, exit: number): Promise<{ readonly stdout: string; readonly code: number | null }> {
  let last = await rig.task('cluster:health', 'CLUSTER=apps', 'TARGET=lab');
  for (let asked = 1; asked < 30 && last.code !== exit; asked++) last = await rig.task('cluster:health', 'CLUSTER=apps', 'TARGET=lab');
  expect(`${last.code}\n${last.stdout}${last.stderr}`).toMatch(new RegExp(`^${exit}\n`));
  return last;
}
