import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { alive, clusterYaml, configure, dial, makeLab, talos, until } from './support.ts';
import type { Lab } from './support.ts';

const open: Lab[] = [];
const lab = (options: Parameters<typeof makeLab>[0]): Lab => {
  const made = makeLab(options);
  open.push(made);
  return made;
};
afterEach(async () => { for (const one of open.splice(0).toReversed()) await one.end(); });

test('a killed daemon restores its worlds: same ports, same secrets, and a machine goes on installing', async () => {
  const it = lab({ speed: 20 });
  const before = await it.up();
  await configure(it);
  const secret = await it.tool('op', ['read', 'op://Prod/infra-talos/CLUSTER_ID']);
  expect(await it.tool('talosctl', ['apply-config', '--insecure', '-n', dial(it, 1), '-f', join(it.folder, 'm1.yaml')])).toMatchObject({ code: 0 });
  await until(() => it.lab('status'), (ran) => ['installing', 'accepted', 'rebooting'].includes(JSON.parse(ran.out).clusters[0].machines[0].phase));
  await it.lab('break', 'op-session-expired');
  await until(async () => ({ code: 0, out: String(existsSync(join(it.taskDir, 'lab', 'world.json'))), err: '' }), (ran) => ran.out === 'true');
  // The state is on disk 150 ms after a change at the latest; then the daemon is shot.
  await new Promise((done) => { setTimeout(done, 250); });
  const pid = it.daemonPid();
  process.kill(pid, 'SIGKILL');
  await until(async () => ({ code: 0, out: String(alive(pid)), err: '' }), (ran) => ran.out === 'false');
  expect(await it.up()).toEqual(before);
  expect((await it.tool('op', ['whoami'])).err).toMatch(/^\[ERROR\] .* You are not currently signed in/);
  await it.lab('heal', '--all');
  expect((await it.tool('op', ['read', 'op://Prod/infra-talos/CLUSTER_ID'])).out).toBe(secret.out);
  await it.lab('up', '--speed', '2000');
  await until(() => talos(it, 1, 'version'), (ran) => ran.code === 0);
});

test('two worlds live in one daemon and know nothing of each other', async () => {
  const one = lab({ speed: 100 });
  const two = lab({ speed: 100, socket: join(one.folder, 's') });
  const [a, b] = [await one.up(), await two.up()];
  expect(one.daemonPid()).toBe(two.daemonPid());
  expect(Object.values(a.machines).filter((address) => Object.values(b.machines).includes(address))).toEqual([]);
  await one.lab('break', 'op-session-expired');
  expect((await one.tool('op', ['whoami'])).code).toBe(1);
  expect((await two.tool('op', ['whoami'])).code).toBe(0);
  const pid = one.daemonPid();
  await two.lab('down');
  expect(alive(pid)).toBe(true);
  expect(existsSync(join(two.taskDir, 'lab'))).toBe(false);
  await one.lab('down');
  await until(async () => ({ code: 0, out: String(alive(pid)), err: '' }), (ran) => ran.out === 'false');
});

test('a second up changes nothing; a new world has a new id', async () => {
  const it = lab({ speed: 60, clusters: { infra: clusterYaml('infra', 11, 1, 0), apps: clusterYaml('apps', 21, 1, 1) } });
  const first = await it.up();
  expect(await it.up()).toEqual(first);
  await it.lab('down');
  expect((await it.up()).id).not.toBe(first.id);
});

describe('one lab, whatever it is told', () => {
  let it: Lab;
  beforeAll(async () => {
    it = makeLab({ speed: 60 });
    await it.up();
  });
  afterAll(async () => { await it.end(); });

  test.each(['no json at all\n', '{"protocol":1}\n', '{"protocol":99,"verb":"status"}\n', '[]\n', '\u0000\u0001\n'])('the daemon survives %j', async (garbage) => {
    const target = await it.up();
    const answer = await new Promise<string>((done) => {
      const socket = createConnection(target.env['LAB_SOCKET'] ?? '');
      let text = '';
      socket.on('data', (chunk: Buffer) => { text += chunk.toString(); });
      socket.on('close', () => done(text));
      socket.on('error', () => done(text));
      socket.write(garbage);
    });
    expect(JSON.parse(answer)).toMatchObject({ ok: false });
    expect((await it.lab('status')).code).toBe(0);
  });

  test.each([
    [['break', 'stuk-in-maintenance'], 1, 'did you mean stuck-in-maintenance?'],
    [['break', 'stuck-in-maintenance', '--cluster', 'infa'], 1, 'did you mean infra?'],
    [['break', 'stuck-in-maintenance', '--machine', 'infra-9'], 1, 'did you mean infra-0'],
    [['heal'], 1, 'no fault is on'],
    [['frob'], 64, 'the lab has no verb frob'],
    [['up', '--speeed', '3'], 64, 'no flag --speeed'],
    [['up', '--speed', 'fast'], 64, 'a speed is a number above 0'],
  ])('lab %j is refused with a word', async (argv, code, text) => {
    const ran = await it.lab(...argv);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(text);
  });
});

test('faults of machines do what they say until they are healed', async () => {
  const it = lab({ speed: 2000 });
  await it.up();
  await configure(it);
  expect(JSON.parse((await it.lab('break', 'stuck-in-maintenance', '--machine', 'infra-02')).out)).toMatchObject({ outcome: 'fails-safely', fault: { machine: 'infra-02' } });
  expect((await it.lab('break', 'bootstrap-exists-foreign', '--machine', 'infra-04')).err).toContain('no control plane');
  expect(JSON.parse((await it.lab('break', 'bootstrap-exists-foreign')).out).chose).toBe('machine infra-01 was chosen');
  for (const n of [1, 2]) await it.tool('talosctl', ['apply-config', '--insecure', '-n', dial(it, n), '-f', join(it.folder, `m${n}.yaml`)]);
  await until(() => talos(it, 1, 'service', 'etcd'), (ran) => ran.out.includes('context deadline exceeded'));
  expect((await talos(it, 1, 'bootstrap')).err).toContain('AlreadyExists');
  expect((await talos(it, 1, 'etcd', 'members')).out).toContain('old-cp-1');
  expect((await it.tool('talosctl', ['get', 'ms', '--insecure', '-n', dial(it, 2)])).out).toContain('maintenance');
  await it.lab('heal', '--all');
  await until(() => talos(it, 2, 'version'), (ran) => ran.code === 0);
  await it.lab('break', 'bootstrap-exists-ours');
  expect((await talos(it, 1, 'bootstrap')).err).toContain('AlreadyExists');
  await until(() => talos(it, 1, 'etcd', 'members'), (ran) => ran.out.includes('infra-01'));
});

test('op fills templates, framed and bare, and names what it cannot read', async () => {
  const it = lab({ speed: 60 });
  mkdirSync(join(it.folder, 'bootstrap'));
  writeFileSync(join(it.folder, 'bootstrap', 'secrets.yaml'), '- name: x\n  namespace: y\n  data: {token: "op://Prod/connect/token"}\n');
  await it.up();
  const value = (await it.tool('op', ['read', '-n', 'op://Prod/connect/token'])).out;
  expect(value.length).toBeGreaterThan(20);
  expect((await it.tool('op', ['inject'], 'a: {{ op://Prod/connect/token }}\nb: op://Prod/connect/token\n')).out).toBe(`a: ${value}\nb: ${value}\n`);
  expect((await it.tool('op', ['read', 'op://Prod/nothing/here'])).err).toContain('"nothing" isn\'t an item');
  expect((await it.tool('op', ['item', 'create'])).code).toBe(64);
  expect((await it.tool('op', ['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});
