import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { core } from './configuration.ts';
import { finish, makeRig, type Ran, type Rig } from './rig.ts';

interface Told { readonly type: string; readonly exit: string; readonly result: { readonly verdict: string; readonly causes: readonly { readonly object: string; readonly because: string }[]; readonly unknowns: readonly { readonly object: string }[] } }

/** `cluster:health --watch --output=json` as another program follows it: its results one by one, until it is told to stop. */
function watching(rig: Rig): { next(fits: (told: Told) => boolean): Promise<Told>; stop(): Promise<Ran> } {
  const child = rig.start('cluster:health', 'CLUSTER=apps', 'TARGET=lab', '--watch', '--output=json');
  const ended = finish(child);
  if (child.stdout === null) throw new Error('it has no standard output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async next(fits) {
      for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
        const told: Told = JSON.parse(line.value);
        if (told.type === 'result' && fits(told)) return told;
      }
      throw new Error(`it ended before that: ${(await ended).stderr}`);
    },
    async stop() {
      // Ctrl-C of whoever watches, to it alone.
      child.kill('SIGINT');
      return ended;
    },
  };
}
const causes = (told: Told): string => told.result.causes.map((cause) => `${cause.object}: ${cause.because}`).join('\n');

describe('cluster:health --watch as a whole', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = makeRig({ ...core(), speed: '120' });
    await rig.lab('up', '--speed', '240');
  });
  afterAll(async () => rig.dispose());

  test('says at once how things stand, and again when a machine turns into another one; its exit is how they stood last', async () => {
    const watch = watching(rig);
    const first = await watch.next(() => true);
    expect([first.result.verdict, causes(first)]).toEqual(['unhealthy', expect.stringContaining('it waits for a configuration')]);
    expect(causes(first)).toMatch(/apps-01, apps-02, apps-03/u);
    await rig.lab('break', 'wrong-machine-ca', '--cluster', 'apps', '--machine', 'apps-02');
    const second = await watch.next((told) => causes(told) !== causes(first));
    // Whose it is nobody can tell without a CA to compare with: it is no machine that waits any more, and no known one.
    expect([causes(second), second.result.unknowns.map(({ object }) => object)]).toEqual([expect.stringMatching(/^machine apps-01, apps-03:/u), expect.arrayContaining(['machine apps-02'])]);
    const ran = await watch.stop();
    expect([ran.code, ran.stderr]).toEqual([1, expect.not.stringContaining('bug')]);
  }, 60_000);

  test.runIf(process.env['SOAK'] !== undefined)('of a cluster that runs tells by its watches what breaks in it, and that it is well again', async () => {
    expect((await rig.task('cluster:create', 'CLUSTER=apps', 'TARGET=lab', '--yes')).code).toBe(0);
    const watch = watching(rig);
    expect(await watch.next((told) => told.result.verdict === 'healthy')).toMatchObject({ exit: 'done' });
    await rig.lab('break', 'secret-store-down', '--cluster', 'apps');
    expect(causes(await watch.next((told) => told.result.verdict === 'unhealthy' && causes(told).includes('ClusterSecretStore onepassword')))).toMatch(/connection refused/u);
    await rig.lab('heal', '--all');
    await watch.next((told) => told.result.verdict === 'healthy');
    expect((await watch.stop()).code).toBe(0);
  }, 240_000);
});
