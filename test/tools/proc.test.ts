import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeProc, outputOf, ToolFailure, withoutWarnings } from '../../scripts/tools/proc.ts';
import { makeRedactor } from '../../scripts/tools/redact.ts';
import { clusterFiles, writePrivate } from '../../scripts/tools/files.ts';
import { SITE } from '../../scripts/config/target.ts';
import { Failure } from '../../scripts/engine/failure.ts';
import { cluster, failureOf, labTarget, scope, scratch, site } from './support.ts';

const node = (code: string, more: object = {}) => ({ tool: 'node', argv: ['-e', code], effect: 'read' as const, timeoutMs: 20_000, ...more });
/** Runs what is said on standard output apart from what is on standard error. */
const TALK = 'process.stdout.write(JSON.stringify({a:1}));console.error("Warning: deprecated")';

describe('a child process', () => {
  test('only its standard output is the answer', async () => {
    using dir = scratch();
    const { stdout, stderr } = await makeProc(scope(dir.path)).run(node(TALK));
    expect(JSON.parse(stdout)).toEqual({ a: 1 });
    expect(stderr).toBe('Warning: deprecated\n');
  });

  test.each([["it's"], ['a b'], ['$HOME `id` $(id)'], ['new\nline'], [''], ['*'], ['ü€'], ['--x=y;rm']])('gets the argument %j unchanged', async (word) => {
    using dir = scratch();
    const { stdout } = await makeProc(scope(dir.path)).run({ tool: 'node', argv: ['-e', 'process.stdout.write(JSON.stringify(process.argv.slice(1)))', '--', word], effect: 'read', timeoutMs: 20_000 });
    expect(JSON.parse(stdout)).toEqual([word]);
  });

  test('can open /dev/stdin by path when it is a file to it', async () => {
    using dir = scratch();
    const count = 'process.stdout.write(String(require("fs").readFileSync("/dev/stdin","utf8").length))';
    const { stdout } = await makeProc(scope(dir.path)).run(node(count, { stdin: 'x'.repeat(300_000), stdinAsFile: true }));
    expect(stdout).toBe('300000');
  });

  test.each([[true], [false]])('that reads nothing of a large input is judged by its own exit code (as file: %s)', async (stdinAsFile) => {
    using dir = scratch();
    const proc = makeProc(scope(dir.path));
    const input = { stdin: 'x'.repeat(2_000_000), stdinAsFile };
    expect((await proc.run(node('process.exit(0)', input))).exitCode).toBe(0);
    const failure = await failureOf(proc.run(node('process.exit(3)', input)));
    expect(failure).toBeInstanceOf(ToolFailure);
    expect(failure.what).toMatch(/exit code 3$/);
  });

  test('exit codes that are an answer do not fail', async () => {
    using dir = scratch();
    expect((await makeProc(scope(dir.path)).run(node('process.exit(2)', { ok: [0, 2] }))).exitCode).toBe(2);
  });

  test('ZX_ variables and shell start-up files of the environment change nothing', async () => {
    using dir = scratch();
    const start = join(dir.path, 'start.sh');
    writeFileSync(start, 'echo intruder');
    const base = scope(dir.path);
    const proc = makeProc({ ...base, env: { ...base.env, ZX_SHELL: '/bin/false', ZX_PREFIX: 'exit 9;', BASH_ENV: start } });
    expect((await proc.run(node('process.stdout.write("ok")'))).stdout).toBe('ok');
  });

  test('an unknown flag is our own mistake, not a trouble to run again', async () => {
    using dir = scratch();
    const failure = await failureOf(makeProc(scope(dir.path)).run(node('console.error("unknown flag: --no-such"); process.exit(64)')));
    expect([failure.exit, failure.code]).toEqual(['bug', 70]);
  });
});

describe('a tool that is not there', () => {
  test.each([['talosctl', /tools:install TOOL=talosctl/], ['op', /1Password CLI/], ['git', /package manager/]])('%s: exit 69 and how to install it', async (tool, hint) => {
    using dir = scratch();
    const empty = join(dir.path, 'nothing');
    const failure = await failureOf(makeProc(scope(dir.path, { env: { PATH: empty, HOME: dir.path } })).run({ tool, argv: ['x'], effect: 'read', timeoutMs: 1_000 }));
    expect(failure.code).toBe(69);
    expect(failure.hint).toMatch(hint);
  });
});

describe('a deadline', () => {
  test('ends a child with TERM and says that it was the deadline', async () => {
    using dir = scratch();
    const failure = await failureOf(makeProc(scope(dir.path)).run(node('console.error("still waiting for etcd"); setInterval(()=>{},1000)', { timeoutMs: 700 })));
    expect(failure.exit).toBe('rerun');
    expect(failure.what).toContain('within its deadline of 0.7 s');
    expect(failure.because).toContain('still waiting for etcd');
  });

  test('ends a child that ignores TERM with KILL, and its children with it', async () => {
    using dir = scratch();
    const note = join(dir.path, 'grandchild');
    const stubborn = `process.on("SIGTERM",()=>{});
      const c=require("child_process").spawn(process.execPath,["-e","process.on('SIGTERM',()=>{});setInterval(()=>{},1000)"],{stdio:"inherit"});
      require("fs").writeFileSync(${JSON.stringify(note)},String(c.pid));setInterval(()=>{},1000)`;
    const started = performance.now();
    const failure = await failureOf(makeProc(scope(dir.path)).run(node(stubborn, { timeoutMs: 1_500 })));
    expect(failure.what).toContain('deadline');
    expect(performance.now() - started).toBeLessThan(8_000);
    const grandchild = Number(readFileSync(note, 'utf8'));
    await gone(grandchild);
  });

  test('an interruption ends it the same way, with exit 130', async () => {
    using dir = scratch();
    const stop = new AbortController();
    const base = scope(dir.path, { signal: stop.signal });
    const running = failureOf(makeProc(base).run(node('process.stdout.write("x"); setInterval(()=>{},1000)')));
    setImmediate(() => stop.abort());
    const failure = await running;
    expect(failure.code).toBe(130);
  });

  test('nothing is started once the run is interrupted', async () => {
    using dir = scratch();
    const note = join(dir.path, 'ran');
    const failure = await failureOf(makeProc(scope(dir.path, { signal: AbortSignal.abort() })).run(node(`require("fs").writeFileSync(${JSON.stringify(note)},"x")`)));
    expect(failure.code).toBe(130);
    expect(() => readFileSync(note)).toThrow('ENOENT');
  });
});

describe('a dry run', () => {
  test.each(['local', 'write'] as const)('a %s call is told and not made', async (effect) => {
    using dir = scratch();
    const dry = scope(dir.path, { dryRun: true, redactor: makeRedactor(['hunter2-secret']) });
    const answer = await makeProc(dry).run({ tool: 'no-such-tool', argv: ['apply', "it's", 'hunter2-secret'], effect, stdin: 'hunter2-secret', timeoutMs: 1_000 });
    expect(answer).toEqual({ stdout: '', stderr: '', exitCode: 0 });
    expect(dry.events).toEqual([{ type: 'would-run', lane: 'infra', step: 'test', effect, command: String.raw`no-such-tool apply 'it'\''s' '[redacted]' # standard input: 14 bytes, not shown` }]);
  });

  test('a read is made', async () => {
    using dir = scratch();
    expect((await makeProc(scope(dir.path, { dryRun: true })).run(node('process.stdout.write("seen")'))).stdout).toBe('seen');
  });

  test('doors that only look really compute, and refuse to write', async () => {
    using dir = scratch();
    const proc = makeProc(scope(dir.path, { dryRun: true, looking: true }));
    expect((await proc.run(node('process.stdout.write("rendered")', { effect: 'local' }))).stdout).toBe('rendered');
    expect((await failureOf(proc.run(node('0', { effect: 'write' })))).code).toBe(70);
  });
});

describe('the environment of a child', () => {
  const PRINT = 'process.stdout.write(JSON.stringify(process.env))';
  const ambient = { KUBECONFIG: '/home/me/.kube/config', TALOSCONFIG: '/home/me/.talos/config', HELM_KUBECONTEXT: 'prod', OP_SESSION_x: 'session-token', HELMFILE_ENVIRONMENT: 'prod' };

  test('no ambient cluster and no session of the secret store', async () => {
    using dir = scratch();
    const base = scope(dir.path);
    const { stdout } = await makeProc({ ...base, env: { ...base.env, ...ambient } }, cluster()).run(node(PRINT));
    const env: unknown = JSON.parse(stdout);
    expect(env).toMatchObject({ KUBECONFIG: '/dev/null', TALOSCONFIG: '/dev/null', HOME: dir.path });
    for (const name of ['HELM_KUBECONTEXT', 'OP_SESSION_x', 'HELMFILE_ENVIRONMENT']) expect(env).not.toHaveProperty(name);
  });

  test("the cluster's own files, once they are there", async () => {
    using dir = scratch();
    const files = clusterFiles(dir.path, SITE, 'infra');
    await writePrivate(files.kubeconfigDial, 'x');
    const { stdout } = await makeProc(scope(dir.path), cluster()).run(node(PRINT));
    expect(JSON.parse(stdout)).toMatchObject({ KUBECONFIG: files.kubeconfigDial, TALOSCONFIG: '/dev/null' });
  });

  test("the target's folder is first on PATH and its variables are there", async () => {
    using dir = scratch();
    const tool = join(dir.path, 'helm');
    writeFileSync(tool, '#!/bin/sh\necho "stand-in in $LAB_WORLD"\n');
    chmodSync(tool, 0o755);
    const lab = scope(dir.path, { site: site({ target: labTarget({ path: dir.path, env: { LAB_WORLD: 'w1' } }) }) });
    expect((await makeProc(lab).run({ tool: 'helm', argv: ['list'], effect: 'read', timeoutMs: 5_000 })).stdout).toBe('stand-in in w1\n');
  });
});

test('a secret is in no event, no error and no process list, however it comes out', async () => {
  using dir = scratch();
  const canary = 'canary-5f0c9e-value';
  const told = scope(dir.path, { redactor: makeRedactor([canary]) });
  const proc = makeProc(told);
  const look = 'const c=require("fs").readFileSync("/proc/self/cmdline","utf8")+require("fs").readFileSync("/proc/"+process.ppid+"/cmdline","utf8");process.stdout.write(String(c.includes(process.env.NEEDLE)))';
  const listed = process.platform === 'linux' ? (await proc.run(node(look, { stdin: canary, env: { NEEDLE: canary } }))).stdout : 'false';
  expect(listed).toBe('false');
  const failure = await failureOf(proc.run(node(`let t="";process.stdin.on("data",d=>t+=d).on("end",()=>{console.log(t);console.error("refused: "+t+" "+Buffer.from(t).toString("base64"));process.exit(5)})`, { stdin: canary })));
  const everything = JSON.stringify([told.events, failure, failure.message, failure.stack, failure instanceof ToolFailure ? [failure.stderr, failure.stdout] : []]);
  expect(everything).toContain('[redacted]');
  expect(everything).not.toContain(canary);
  expect(everything).not.toContain(Buffer.from(canary).toString('base64'));
});

test.each([
  { name: 'a write keeps what it said', effect: 'write', exitCode: 0, stdout: 'made\n', stderr: 'a word of warning\n', said: 'made\na word of warning' },
  { name: 'a question that was answered keeps nothing', effect: 'read', exitCode: 0, stdout: 'an answer', stderr: 'noise', said: undefined },
  { name: 'a question that failed keeps its complaint, not its answer', effect: 'read', exitCode: 1, stdout: 'half an answer', stderr: 'refused\n', said: 'refused' },
  { name: 'a write that said nothing keeps nothing', effect: 'write', exitCode: 0, stdout: '\n', stderr: '', said: undefined },
  { name: 'a key nobody knows yet is not kept', effect: 'write', exitCode: 0, stdout: 'key:\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n', stderr: '', said: 'key:\n[redacted key]' },
  { name: 'what is long keeps its end', effect: 'write', exitCode: null, stdout: `${'x'.repeat(5_000)}end`, stderr: '', said: `... ${'x'.repeat(3_997)}end` },
] as const)('evidence: $name', ({ effect, exitCode, stdout, stderr, said }) => {
  expect(outputOf({ effect }, { exitCode, stdout, stderr }, (text) => text).said).toBe(said);
});

test('every child that ran is told once, with its effect, exit code and time', async () => {
  using dir = scratch();
  const told = scope(dir.path);
  await makeProc(told).run(node('0', { effect: 'write' }));
  expect(told.events).toEqual([expect.objectContaining({ type: 'command-ran', tool: 'node', effect: 'write', exitCode: 0 })]);
});

/** Waits for a process to be gone from the table (a killed one is a zombie until its new parent has read its end). */
async function gone(pid: number): Promise<void> {
  for (const until = performance.now() + 5_000; performance.now() < until;) {
    try {
      process.kill(pid, 0);
      if (process.platform === 'linux' && /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  throw new Error(`process ${pid} is still there`);
}

describe('warnings in front of an answer', () => {
  test.each<readonly [name: string, stdout: string, answer: string, warnings: number]>([
    ['none', '{"a":1}', '{"a":1}', 0],
    ['by hand', 'WARNING: group-readable\n{"a":1}\n', '{"a":1}\n', 1],
    ['several, in brackets and as klog and logrus write', '[WARN] old\nW1121 10:00:00.000000  1 x.go:1] old\ntime="2026-11-21" level=warning msg=old\n---\na: 1\n', '---\na: 1\n', 3],
    ['nothing but', 'Warning: x', '', 1],
    ['behind the first line of the answer it belongs to the answer', 'a: |\nWARNING: x\n', 'a: |\nWARNING: x\n', 0],
    ['a list is no warning', '["WARNING"]', '["WARNING"]', 0],
    ['a key is no warning', 'warnings: 3\n', 'warnings: 3\n', 0],
  ])('%s', (_name, stdout, answer, warnings) => {
    expect(withoutWarnings(stdout, 'helm').text).toBe(answer);
    expect(withoutWarnings(stdout, 'helm').warnings).toHaveLength(warnings);
  });

  test('what op prints may be a secret, which may look like anything', () => {
    expect(withoutWarnings('WARNING: is my password\n', 'op').text).toBe('WARNING: is my password\n');
  });

  test('are told once per run', async () => {
    using dir = scratch();
    const told: string[] = [];
    const proc = makeProc(scope(dir.path, { emit: (event) => { if (event.type === 'note') told.push(event.text); } }));
    const warns = node('console.log("WARNING: insecure\\n{}")');
    expect((await proc.run(warns)).stdout).toBe('{}\n');
    await proc.run(warns);
    expect(told).toEqual([expect.stringContaining('WARNING: insecure')]);
  });
});

test('a tool whose file cannot be started is as good as missing: exit 69', async () => {
  using dir = scratch();
  writeFileSync(join(dir.path, 'helm'), '#!/nowhere/interpreter\n');
  chmodSync(join(dir.path, 'helm'), 0o700);
  const failure = await failureOf(makeProc(scope(dir.path)).run({ tool: join(dir.path, 'helm'), argv: ['x'], effect: 'read', timeoutMs: 10_000 }));
  expect([failure.code, failure.what]).toEqual([69, expect.stringContaining('cannot be started')]);
});

test('whoever hears a line and fails (no room for the journal) ends the tool and is thrown, not the process', async () => {
  using dir = scratch();
  const full = new Failure({ exit: 'rerun', what: 'no room' });
  const talks = node('console.log("Upgrading"); setInterval(() => {}, 1000)', { heard: () => { throw full; } });
  expect(await failureOf(makeProc(scope(dir.path)).run(talks))).toBe(full);
});
