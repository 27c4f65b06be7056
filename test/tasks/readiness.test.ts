import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXIT } from '../../scripts/engine/failure.ts';
import { makeRig, type Rig } from './rig.ts';

interface Row { readonly id: string; readonly is: string; readonly detail: string; readonly because: string | null }

describe.runIf(process.env['SOAK'] !== undefined)('whether everything can come back', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = makeRig({ speed: '120' });
    expect((await rig.task('cluster:create', 'CLUSTER=infra', 'TARGET=lab', '--yes')).code).toBe(0);
    await rig.lab('data');
    await ready();
  }, 180_000);
  afterAll(async () => { await rig.dispose(); }, 60_000);

  /** Waits as an operator would: asked again for as long as data sets are on their way. */
  async function ready(): Promise<void> {
    for (let attempt = 1; attempt <= 8; attempt += 1) {
      const ran = await rig.task('cluster:create', 'CLUSTER=infra', 'TARGET=lab', '--yes');
      if (ran.code === 0) return;
      expect(ran.code, ran.stderr).toBe(EXIT.rerun);
    }
    throw new Error('the data sets of the lab did not come up');
  }
  const rows = async (...words: string[]): Promise<{ readonly code: number | null; readonly rows: readonly Row[] }> => {
    const ran = await rig.task('dr:readiness', 'CLUSTER=infra', 'TARGET=lab', ...words, '--json');
    const answer: { readonly rows?: readonly Row[] } = JSON.parse(ran.stdout);
    return { code: ran.code, rows: answer.rows ?? [] };
  };
  /** Scratch objects that were made since the beginning, and those of them that nobody deleted. */
  const scratch = async (): Promise<{ readonly made: number; readonly left: readonly string[] }> => {
    const own = (await rig.log()).filter(({ object, by, write }) => write && by === 'task' && object.includes('/dr-scratch-'));
    const deleted = new Set(own.filter(({ verb, result }) => verb === 'delete' && result === 'deleted').map(({ object }) => object));
    const made = own.filter(({ result }) => result === 'created').map(({ object }) => object);
    return { made: made.length, left: made.filter((object) => !deleted.has(object)) };
  };

  test('every backup is dated by the cluster\'s clock, restored beside its data set, and removed; nothing outside is asked', async () => {
    const found = await rows();
    // The checkout these tests run in may be changed: that row is its own business.
    const own = found.rows.filter(({ id }) => id !== 'repository:tree');
    expect(own.filter(({ is }) => is === 'fail' || is === 'unknown')).toEqual([]);
    const of = (id: string): Row | undefined => own.find((row) => row.id === id);
    expect(['backup:infra/ledger', 'restore:infra/ledger', 'backup:infra/orders', 'restore:infra/orders', 'archive:infra/orders', 'git:infra/handbook', 'stores:infra/minio', 'etcd:infra/snapshot', 'secrets:infra/provider'].map((id) => `${id} ${of(id)?.is ?? 'not asked'}`).filter((each) => !each.endsWith(' pass'))).toEqual([]);
    expect(of('lost:infra/sessions')?.is).toBe('skip');
    expect(own.filter(({ id }) => id.startsWith('outside:') || id.startsWith('power:')).map(({ is }) => is).every((is) => is === 'skip')).toBe(true);
    // A claim, what fills it, and a database.
    expect(await scratch()).toEqual({ made: 3, left: [] });
  }, 120_000);

  test('the small drill tells from when one data set is, and leaves nothing', async () => {
    const ran = await rig.task('dr:restore-one', 'CLUSTER=infra', 'DATASET=orders', 'TARGET=lab', '--json');
    expect(ran.code, ran.stderr).toBe(0);
    const answer: Readonly<Record<string, unknown>> = JSON.parse(ran.stdout);
    expect(answer).toMatchObject({ dataSet: 'orders', is: 'restored', verdict: 'pass', sentinel: null });
    expect(Number(answer['ageMs'])).toBeLessThan(Number(answer['objectiveMs']));
    expect(await scratch()).toEqual({ made: 4, left: [] });
    const wrong = await rig.task('dr:restore-one', 'CLUSTER=infra', 'DATASET=handbook', 'TARGET=lab');
    expect([wrong.code, /backed up are ledger, orders/.test(wrong.stderr + wrong.stdout)]).toEqual([EXIT.usage, true]);
  }, 120_000);

  test('a backup that VolSync calls Successful and that brings nothing back stands in the way, until it is accepted by its name', async () => {
    await rig.lab('break', 'backup-missing', '--cluster', 'infra');
    const open = await rows();
    expect(open.rows.find(({ id }) => id === 'backup:infra/ledger')?.is).toBe('pass');
    expect(open.rows.find(({ id }) => id === 'restore:infra/ledger')).toMatchObject({ is: 'fail', because: expect.stringContaining('VolSync calls that Successful') });
    expect(open.code).toBe(EXIT.no);
    // A checkout that is changed is accepted here as well; naming what is well is no mistake.
    expect((await rows('ACCEPT=restore:infra/ledger,repository:tree')).code).toBe(EXIT.done);
    expect((await rig.task('dr:readiness', 'CLUSTER=infra', 'TARGET=lab', 'ACCEPT=restore:infra/ledgr')).code).toBe(EXIT.usage);
  }, 120_000);

  test('a store that is down is told by what could not be restored from it, and leaves nothing behind', async () => {
    await rig.lab('break', 'store-down', '--cluster', 'infra');
    const { code, rows: found } = await rows();
    expect(code).toBe(EXIT.no);
    expect(found.find(({ id }) => id === 'stores:infra/minio')).toMatchObject({ is: 'fail', because: expect.stringContaining('connection refused') });
    expect((await scratch()).left).toEqual([]);
  }, 120_000);
});
