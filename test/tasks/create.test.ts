import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRig, type Ran, type Rig } from './rig.ts';

describe('cluster:create CLUSTER=all on bare machines', () => {
  let rig: Rig;
  let before: Ran;
  let created: Ran;
  let logAfterCreate = 0;

  beforeAll(async () => {
    rig = makeRig({ speed: '60' });
    before = await rig.task('cluster:create', 'CLUSTER=all', 'TARGET=lab', '--dry-run', '--json');
    created = await rig.task('cluster:create', 'CLUSTER=all', 'TARGET=lab', '--yes', '--json');
    logAfterCreate = (await rig.log()).at(-1)?.seq ?? 0;
  }, 180_000);
  afterAll(async () => rig.dispose());

  test('the dry run before it lists the commands of both clusters and changes nothing', async () => {
    expect(before.stderr).not.toContain('bug');
    expect(before.code).toBe(0);
    const plan = JSON.parse(before.stdout);
    const commands = JSON.stringify(plan);
    for (const wanted of ['apply-config', 'bootstrap', 'helmfile', 'kubeconfig']) expect(commands).toContain(wanted);
    const log = await rig.log();
    const firstWrite = log.findIndex((entry) => entry.write);
    // Writes exist only because the create after it made them: the first is a configuration, never an API call.
    expect(log[firstWrite]?.kind).toBe('talos');
  });

  test('it ends with exit 0 and every step of both clusters done', () => {
    expect(created.stderr).toBe(created.code === 0 ? created.stderr : '');
    expect(created.code).toBe(0);
    const result = JSON.parse(created.stdout);
    expect(Object.keys(result.lanes).toSorted()).toEqual(['apps', 'infra']);
    for (const lane of ['infra', 'apps']) expect(result.lanes[lane].map((step: { step: string }) => step.step).at(-1)).toBe('healthy');
  });

  test('etcd was bootstrapped exactly once per cluster', async () => {
    const acts = (await rig.log()).filter((entry) => entry.kind === 'talos' && /bootstrap/i.test(entry.verb) && entry.write);
    expect(acts.filter((entry) => entry.cluster === 'infra')).toHaveLength(1);
    expect(acts.filter((entry) => entry.cluster === 'apps')).toHaveLength(1);
  });

  test.each(['infra', 'apps'])('cluster:health CLUSTER=%s says healthy, exit 0', async (cluster) => {
    const health = await rig.task('cluster:health', `CLUSTER=${cluster}`, 'TARGET=lab');
    expect(`${health.stdout}${health.stderr}`).toContain(cluster);
    expect(health.code).toBe(0);
  });

  test('a dry run after it lists no write', async () => {
    const dry = await rig.task('cluster:create', 'CLUSTER=all', 'TARGET=lab', '--dry-run', '--json');
    expect(dry.code).toBe(0);
    const plan = JSON.parse(dry.stdout);
    expect(plan.writes).toBe(0);
  });

  test('a second create writes nothing, by the lab\'s own log', async () => {
    const again = await rig.task('cluster:create', 'CLUSTER=all', 'TARGET=lab', '--yes', '--json');
    expect(again.code).toBe(0);
    expect((await rig.log(logAfterCreate)).filter((entry) => entry.write)).toEqual([]);
    const result = JSON.parse(again.stdout);
    for (const lane of ['infra', 'apps']) {
      expect(result.lanes[lane].filter((step: { how: string; step: string }) => step.how === 'done' && step.step !== 'preflight')).toEqual([]);
    }
  });
});
