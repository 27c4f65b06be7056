import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import taskfile from '../Taskfile.ts';
import { untrueCommands } from '../scripts/phases/ci/documents.ts';
import { titleTrouble } from '../scripts/phases/ci/title.ts';
import type { Taskfile } from '../scripts/phases/task.ts';
import { finish, makeRig, PROGRAM, type Ran, type Rig } from './tasks/rig.ts';

const tasks: Taskfile = taskfile;
const FOLDER = '.github/workflows';

interface Step { readonly name?: string; readonly uses?: string; readonly run?: string; readonly with?: Readonly<Record<string, unknown>>; readonly env?: Readonly<Record<string, string>> }
interface Job { readonly 'runs-on': string; readonly 'timeout-minutes'?: number; readonly permissions?: Readonly<Record<string, string>>; readonly steps: readonly Step[] }
interface Workflow { readonly on: unknown; readonly permissions: unknown; readonly concurrency?: { readonly group: string }; readonly defaults?: unknown; readonly jobs: Readonly<Record<string, Job>> }

const files = readdirSync(join(PROGRAM, FOLDER)).toSorted();
const text = (file: string): string => readFileSync(join(PROGRAM, FOLDER, file), 'utf8');
function workflow(file: string): Workflow {
  const document = parseDocument(text(file), { uniqueKeys: true });
  expect(document.errors).toEqual([]);
  expect(document.warnings).toEqual([]);
  return document.toJS() as Workflow;
}
const jobsOf = (file: string): readonly (readonly [name: string, job: Job])[] => Object.entries(workflow(file).jobs);

describe.each(files)('%s', (file) => {
  test('is run for what is trusted as far as its token reaches', () => {
    const { on, permissions, concurrency, defaults } = workflow(file);
    const events = typeof on === 'object' && on !== null ? Object.keys(on) : [on];
    expect(['pull_request', 'push', 'schedule', 'workflow_dispatch']).toEqual(expect.arrayContaining(events));
    expect(permissions).toEqual({});
    expect(concurrency?.group).toMatch(/\S/);
    // bash by name is bash that stops at the first failure, also within a pipe.
    expect(defaults).toEqual({ run: { shell: 'bash' } });
  });

  test('every job says for how long, on what, and with which rights', () => {
    for (const [name, job] of jobsOf(file)) {
      expect(job['timeout-minutes'], name).toBeGreaterThan(0);
      expect(job['runs-on'], name).toBe('ubuntu-24.04');
      const rights = Object.entries(job.permissions ?? { none: 'said' });
      const writes = rights.filter(([, right]) => right !== 'read');
      expect(rights.length, name).toBe(1);
      // Who may write runs nothing of the change; who runs it may only read.
      if (writes.length > 0) for (const step of job.steps) expect(`${step.uses ?? ''}${step.run ?? ''}`, name).not.toMatch(/actions\/checkout|\.\/task|\.ci\/|npm|node /);
      else expect(rights, name).toEqual([['contents', 'read']]);
    }
  });

  test('every action is pinned by the digest of a commit, with its version beside it', () => {
    for (const line of text(file).split('\n').filter((each) => /^\s*(?:- )?uses:/.test(each))) expect(line).toMatch(/uses: [\w.-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    for (const [name, job] of jobsOf(file)) {
      for (const step of job.steps) if (step.uses?.startsWith('actions/checkout@') === true) expect(step.with?.['persist-credentials'], name).toBe(false);
    }
  });

  test('nothing that somebody else wrote becomes part of a script, and nothing secret is handed out', () => {
    for (const [name, job] of jobsOf(file)) {
      for (const step of job.steps) {
        expect(step.run ?? '', name).not.toContain('${{');
        expect(step.run ?? '', name).not.toMatch(/\|\| (?:true|:)\b|set \+e/);
        for (const name_ of Object.keys(step.env ?? {})) expect(step.run ?? '', `${name}: ${name_}`).toMatch(name_ === 'GH_TOKEN' || name_ === 'SOAK' ? /./ : new RegExp(`"[^"]*\\$${name_}\\b[^"]*"`));
      }
    }
    expect(text(file)).not.toMatch(/\bsecrets\./);
  });

  test('every task it runs exists, with the variables it gives it', () => {
    expect(untrueCommands(file, text(file), tasks)).toEqual([]);
  });
});

test('one digest for one action, wherever it is used', () => {
  const pins = new Set(files.flatMap((file) => [...text(file).matchAll(/uses: (\S+@\S+ # \S+)/g)].map(([, pin = '']) => pin)));
  const actions = [...pins].map((pin) => pin.split('@')[0]);
  expect(actions).toEqual([...new Set(actions)]);
});

test.each([
  ['STORY-NET-CILIUM-GATEWAY: create Gateway API manifests', undefined],
  ['STORY-APP-HARBOR: x', undefined],
  ['Revert "STORY-APP-HARBOR: x"', undefined],
  ['STORY-NET: too short', 'does not begin'],
  ['STORY-NET-CILIUM-BGP', 'does not say what'],
  ['story-net-cilium-bgp: peers', 'not written as'],
  ['STORY-NET-CILIUM-BGP peers', 'not written as'],
  ['[STORY-NET-CILIUM-BGP] peers', 'not written as'],
  ['fix: STORY-NET-CILIUM-BGP: peers', 'does not begin'],
  ['', 'does not begin'],
  ['$(id)"; exit 0 #', 'does not begin'],
])('a title %j', (title, says) => {
  const trouble = titleTrouble(title, 'somebody');
  if (says === undefined) expect(trouble).toBeUndefined();
  else expect(trouble?.because).toContain(says);
});

describe('commands in documents', () => {
  const untrue = (words: string): readonly string[] => untrueCommands('x.md', words, tasks).map(({ line, message }) => `${line} ${message}`);
  test.each([
    ['first\n`./task cluster:creat CLUSTER=all`', ['2 there is no task cluster:creat']],
    ['run task cluster:creation now', ['1 there is no task cluster:creation']],
    ['`./task benhc`', ['1 there is no task benhc']],
    ['`./task cluster:health CLUSTR=infra`', ['1 cluster:health takes no variable CLUSTR']],
    ['(`task doctor CHECK=dns`), ./task cluster:health TARGET=lab.', []],
    ['the task is done; a task runner; ./task alone; task files', []],
  ])('%j', (words, says) => {
    // `./task alone` is told, for nobody can tell it from a name; the documents put the backtick in between.
    expect(untrue(words).filter((each) => !each.endsWith(' alone'))).toEqual(says);
  });
});

describe('the steps themselves', () => {
  let rig: Rig;
  let summary: string;
  beforeAll(() => {
    rig = makeRig();
    summary = join(rig.dir, 'summary.md');
  });
  afterAll(async () => rig.dispose());

  /** Runs a step as a runner does. */
  async function step(file: string, job: string, name: string, env: NodeJS.ProcessEnv, cwd = PROGRAM): Promise<Ran> {
    const found = workflow(file).jobs[job]?.steps.find((each) => each.name === name);
    if (found?.run === undefined) throw new Error(`${file}: ${job} has no step called ${name}`);
    const script = join(rig.dir, 'step.sh');
    writeFileSync(script, found.run);
    writeFileSync(summary, '');
    return finish(spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], { cwd, env: { ...rig.env, RUNNER_TEMP: rig.dir, GITHUB_STEP_SUMMARY: summary, ...env }, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  test('the title: a good one, a bad one, and one that would like to be a command', async () => {
    const title = async (TITLE: string, AUTHOR = 'anna'): Promise<Ran> => step('validate.yaml', 'words', 'The title begins with the id of its story', { TITLE, AUTHOR });
    expect((await title('STORY-NET-CILIUM-BGP: announce the gateways')).code).toBe(0);
    expect((await title('Update dependency yaml to v3', 'renovate[bot]')).code).toBe(0);
    const bad = await title('announce the gateways');
    expect(bad.code).toBe(1);
    expect(bad.stdout).toContain('STORY-<AREA>-<NAME>');
    const nasty = await title(`"$(touch ${join(rig.dir, 'owned')})\`touch ${join(rig.dir, 'owned')}\`; ::error::x`);
    expect(nasty.code).toBe(1);
    expect(readdirSync(rig.dir)).not.toContain('owned');
    expect(nasty.stdout).not.toMatch(/^\s*::/m);
  });

  test('the documents: as they are, and with a task that is not there', async () => {
    const docs = async (env: NodeJS.ProcessEnv = {}): Promise<Ran> => step('validate.yaml', 'words', 'Every task the documents tell to type exists', env);
    expect((await docs()).code).toBe(0);
    const root = mkdtempSync(join(tmpdir(), 'task-docs-'));
    try {
      mkdirSync(join(root, 'docs/runbooks'), { recursive: true });
      writeFileSync(join(root, 'README.md'), '# A tree\n\n`./task cluster:create CLUSTER=all`\n');
      writeFileSync(join(root, 'docs/runbooks/night.md'), 'First\n\n```\n./task cluster:helth CLUSTER=infra\n```\n');
      const bad = await docs({ TASK_ROOT: root });
      expect(bad.code).toBe(1);
      expect(bad.stdout).toContain('docs/runbooks/night.md:4  there is no task cluster:helth');
      expect(bad.stdout).toContain('did you mean cluster:health?');
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });

  test('the bootstrap: phases, definitions and releases of both clusters in the summary', async () => {
    // Its machines are those of the lab: from here nobody dials real ones.
    const ran = await step('validate.yaml', 'bootstrap', 'What creating both clusters would do', { TARGET: 'lab' });
    expect(ran.stderr + ran.stdout, ran.stdout).not.toContain('✖');
    expect(ran.code).toBe(0);
    const told = readFileSync(summary, 'utf8');
    expect(told).toContain('## Bootstrap, as a dry run: infra, apps');
    for (const name of ['preflight', 'talos-apply', 'etcd-bootstrap', 'crds', 'core', 'flux', 'healthy']) expect(told.split(`| \`${name}\` |`)).toHaveLength(3);
    expect(told.match(/\*\*Definitions: [1-9]\d+\*\*, from 6 charts and 9 pinned manifests/g)).toHaveLength(2);
    expect(told).toContain('| `cert-manager.io` | ');
    expect(told).toMatch(/\| `cilium` \| `kube-system` \| `\S+` \| `1\.18\.3` \|/);
    expect(told).toContain('Then Flux: `kubernetes/clusters/{cluster} of https://');
  });

  test('the bootstrap: a dry run that is none is refused, and what cannot be counted is not called counted', async () => {
    const file = join(rig.dir, 'none.json');
    for (const [words, says] of [['', 'it is empty'], ['{', 'it is no JSON'], ['{"task":"cluster:create","exit":65}', 'no steps of a dry run'], ['{"dryRun":true,"writes":1,"steps":[{}]}', 'no commands']] as const) {
      writeFileSync(file, words);
      const ran = await rig.task('ci:bootstrap', 'CLUSTER=infra', 'TARGET=lab', `DRY_RUN=${file}`);
      expect(ran.code).toBe(64);
      expect(ran.stderr).toContain(says);
    }
    writeFileSync(file, JSON.stringify({ dryRun: true, writes: 1, steps: [{ lane: 'infra', step: 'core', title: 'a | b <img>', note: '', commands: [{ effect: 'write', command: 'x' }] }] }));
    await rig.task('lab:break', 'FAULT=tool-missing', 'OBJECT=helmfile');
    const ran = await rig.task('ci:bootstrap', 'CLUSTER=infra', 'TARGET=lab', `DRY_RUN=${file}`);
    await rig.task('lab:heal');
    expect(ran.code).toBe(2);
    expect(ran.stdout).toContain('**Definitions: not known** (helmfile');
    expect(ran.stdout).toContain('| `core` | a \\| b &lt;img&gt; | 1 |');
  });

  describe('the manifests, of a tree of somebody else', () => {
    const root = (): string => join(rig.dir, 'flat');
    const file = (): string => join(root(), 'apps/production/web/kustomization.yaml');
    // Whatever wants out of here ends at a port nobody listens on.
    const NOWHERE = 'http://127.0.0.1:9';
    const inTree = async (name: string): Promise<Ran> => step('validate.yaml', 'manifests', name, { TASK_ROOT: root(), BASE: 'main', HTTPS_PROXY: NOWHERE, HTTP_PROXY: NOWHERE, NO_PROXY: '' });
    const comment = (): string => readFileSync(join(rig.dir, 'validate/comment.md'), 'utf8');
    let before: string;
    beforeAll(() => {
      cpSync(join(PROGRAM, 'test/fixtures/trees/flat'), root(), { recursive: true });
      const git = (...argv: string[]): void => void execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid', '-c', 'commit.gpgsign=false', ...argv], { cwd: root() });
      git('init', '--quiet', '--initial-branch=change');
      git('add', '--all');
      git('commit', '--quiet', '--message', 'base');
      git('update-ref', 'refs/remotes/origin/main', 'HEAD');
      before = readFileSync(file(), 'utf8');
    });

    test('what would change, for the comment and in the summary', async () => {
      writeFileSync(file(), before.replace('newTag: 6.9.2', 'newTag: 6.9.3'));
      expect((await inTree('What would change')).code).toBe(0);
      expect(comment()).toMatch(/^<!-- manifests:diff -->\n/);
      expect(comment()).toContain('-          image: ghcr.io/stefanprodan/podinfo:6.9.2\n+          image: ghcr.io/stefanprodan/podinfo:6.9.3\n');
      expect(readFileSync(summary, 'utf8')).toBe(comment());
    });

    test('a mistake: it is in the comment, in the annotations and for code scanning, and the run is red', async () => {
      writeFileSync(file(), before.replace('newTag: 6.9.2', 'newTag: [6.9.2'));
      expect((await inTree('What would change')).code).toBe(0);
      expect(comment()).toContain('apps/production/web/kustomization.yaml');
      expect((await inTree('What a cluster would complain about, for code scanning')).code).toBe(0);
      const sarif: unknown = JSON.parse(readFileSync(join(rig.dir, 'validate/findings.sarif'), 'utf8'));
      expect(JSON.stringify(sarif)).toContain('"uri":"apps/production/web/kustomization.yaml"');
      const told = await inTree('What a cluster would complain about');
      expect(told.code).toBe(1);
      expect(told.stdout).toMatch(/^::error file=apps\/production\/web\/kustomization\.yaml,line=\d+/m);
    });

    test('no answer is red, whatever it is', async () => {
      expect((await step('validate.yaml', 'manifests', 'What would change', { TASK_ROOT: root(), BASE: 'nowhere' })).code).toBeGreaterThan(2);
      writeFileSync(join(root(), '.manifests.yaml'), 'entrys: {}\n');
      expect((await inTree('What a cluster would complain about, for code scanning')).code).toBeGreaterThan(2);
      rmSync(join(root(), '.manifests.yaml'));
    });
  });

  describe('the comment', () => {
    const MARK = '<!-- manifests:diff -->';
    /** Runs the step against a stand-in for gh that writes down what it is asked and answers with these comments. */
    async function comment(comments: readonly { readonly id: number; readonly user: { readonly login: string }; readonly body: string }[], body: string): Promise<{ readonly ran: Ran; readonly asked: string }> {
      const dir = mkdtempSync(join(rig.dir, 'comment-'));
      writeFileSync(join(dir, 'comment.md'), body);
      writeFileSync(join(dir, 'comments.json'), JSON.stringify(comments));
      const gh = join(dir, 'gh');
      writeFileSync(gh, `#!${process.execPath}
const { appendFileSync, readFileSync } = require('node:fs');
const argv = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(dir, 'asked'))}, argv.filter((each) => !each.startsWith('.[]')).join(' ') + '\\n');
if (process.env.GH_TOKEN !== 'token') process.exit(4);
if (argv.includes('--jq')) {
  const expected = '.[] | select(.user.login == "github-actions[bot]" and (.body | startswith("${MARK}"))) | .id';
  if (argv[argv.indexOf('--jq') + 1] !== expected) process.exit(5);
  for (const each of JSON.parse(readFileSync(${JSON.stringify(join(dir, 'comments.json'))}, 'utf8'))) if (each.user.login === 'github-actions[bot]' && each.body.startsWith('${MARK}')) console.log(each.id);
}
`);
      chmodSync(gh, 0o755);
      const ran = await step('validate.yaml', 'comment', 'Write the comment, or bring the one that is there up to date', {
        PATH: `${dir}${delimiter}${process.env['PATH'] ?? ''}`, GH_TOKEN: 'token', REPOSITORY: 'example/home', NUMBER: '7',
      }, dir);
      return { ran, asked: readFileSync(join(dir, 'asked'), 'utf8') };
    }
    const list = 'api --paginate repos/example/home/issues/7/comments --jq';

    test('is written once', async () => {
      const { ran, asked } = await comment([{ id: 1, user: { login: 'anna' }, body: `${MARK} is what I would write` }], `${MARK}\nsmall`);
      expect(ran).toMatchObject({ code: 0 });
      expect(asked.trim().split('\n')).toEqual([list, 'api --method POST repos/example/home/issues/7/comments -F body=@comment.md --silent']);
    });
    test('is brought up to date afterwards, and only ours', async () => {
      const bot = { login: 'github-actions[bot]' };
      const { ran, asked } = await comment([{ id: 1, user: { login: 'anna' }, body: MARK }, { id: 2, user: bot, body: 'coverage' }, { id: 3, user: bot, body: `${MARK}\nold` }, { id: 4, user: bot, body: `${MARK}\nolder` }], `${MARK}\nnew`);
      expect(ran).toMatchObject({ code: 0 });
      expect(asked.trim().split('\n')).toEqual([list, 'api --method PATCH repos/example/home/issues/comments/3 -F body=@comment.md --silent']);
    });
    test('says so when it is too long for one', async () => {
      const { ran, asked } = await comment([], `${MARK}\n${'ä'.repeat(70_000)}`);
      expect(ran).toMatchObject({ code: 0 });
      expect(asked).toContain('POST');
      const bodies = readdirSync(rig.dir).filter((name) => name.startsWith('comment-')).map((name) => readFileSync(join(rig.dir, name, 'comment.md'), 'utf8'));
      expect(bodies.some((body) => body.startsWith(`${MARK}\nThe difference is too long`))).toBe(true);
      expect(bodies.every((body) => body.length <= 65_000)).toBe(true);
    });
  });
});
