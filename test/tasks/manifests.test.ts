import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../scripts/manifests/model.types.ts';
import { finish, makeRig, type Ran, type Rig } from './rig.ts';

const FLUX = (name: string, path: string): string => `apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: ${name}
  namespace: flux-system
spec:
  interval: 10m
  path: ${path}
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
`;
const CONFIG = `apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  namespace: default
data:
  greeting: hello
`;
/** Somebody else's small repository: one cluster, one app, nothing wrong with it. */
const TREE: Readonly<Record<string, string>> = {
  'clusters/home/kustomization.yaml': 'resources:\n  - app.yaml\n',
  'clusters/home/app.yaml': FLUX('app', './apps/app'),
  'apps/app/kustomization.yaml': 'resources:\n  - config.yaml\n',
  'apps/app/config.yaml': CONFIG,
};

let rig: Rig;
let root: string;
beforeAll(() => { rig = makeRig(); });
afterAll(() => rig.dispose());
beforeEach(() => {
  root = join(rig.dir, 'tree');
  rmSync(root, { recursive: true, force: true });
  for (const [file, text] of Object.entries(TREE)) put(file, text);
});
function put(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}
/** What is asked here needs no schemas: the rules of the build and of Flux. */
const ASKED = ['OFFLINE=true', 'ONLY=build,flux'];
const run = (...words: string[]): Promise<Ran> => rig.task('manifests:validate', `ROOT=${root}`, ...ASKED, ...words);
const findings = (ran: Ran): readonly Finding[] => JSON.parse(ran.stdout).findings;

describe('the exit says how it stands', () => {
  test('0: nothing wrong', async () => {
    const ran = await run();
    expect([ran.code, ran.stderr, ran.stdout.split('\n').slice(0, 2)]).toEqual([0, '', ['✔ nothing wrong', expect.stringMatching(/^ {2}home; 2 Kustomizations; 2 objects; \d+ rules$/u)]]);
  });

  test('1: an error, at its place', async () => {
    put('clusters/home/app.yaml', FLUX('app', './apps/ap'));
    const ran = await run();
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^✖ clusters\/home\/app\.yaml:8:9 {2}\.\/apps\/ap is not there\n {4}8 │ {3}path: \.\/apps\/ap\n {6}│ {9}\^{9} did you mean apps\/app\?\n/u);
    expect(ran.stdout).toMatch(/✖ 1 error in 1 file +exit 1\n/u);
  });

  test('2: something could not be checked, and no error', async () => {
    const ran = await rig.task('manifests:validate', `ROOT=${root}`, 'OFFLINE=true');
    expect(ran.code).toBe(2);
    expect(ran.stdout).toMatch(/\? nothing wrong; \d+ could not be checked +exit 2\n/u);
  });

  test('0: a warning alone', async () => {
    put('apps/app/config.yaml', `${CONFIG.trimEnd()} # manifests:ignore path-missing: was moved\n`);
    const ran = await run();
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/^! apps\/app\/config\.yaml:7:38 {2}nothing here breaks path-missing any more/u)]);
  });
});

describe('what cannot be asked', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['a cluster there is not', ['CLUSTER=hame'], /there is no cluster hame[\s\S]*did you mean home\?/u],
    ['a rule there is not', ['ONLY=path-mising'], /ONLY cannot be "path-mising"[\s\S]*did you mean path-missing\?/u],
    ['a form there is not', ['FORMAT=sariff'], /FORMAT cannot be "sariff"[\s\S]*did you mean FORMAT=sarif\?/u],
    ['neither yes nor no', ['FIX=yes'], /FIX cannot be "yes"/u],
    ['an entry there is not', ['ENTRY=clusters/hame'], /ENTRY is .*clusters\/hame[\s\S]*not there/u],
    ['an entry outside', ['ENTRY=../elsewhere'], /it is not below/u],
    ['charts that are not there', ['CHARTS=/nowhere'], /CHARTS is \/nowhere/u],
    ['schemas that are not there', ['SCHEMAS=/nowhere'], /SCHEMAS is \/nowhere/u],
    ['watching and mending', ['FIX=true', '--watch'], /do not go together/u],
  ])('64: %s', async (_, words, says) => {
    const ran = await rig.task('manifests:validate', `ROOT=${root}`, 'OFFLINE=true', ...words);
    expect([ran.code, ran.stderr, ran.stdout]).toEqual([64, expect.stringMatching(says), '']);
  });

  test('64: a root that is not there, a root that is a file, a folder that is no repository of Flux', async () => {
    const nowhere = await rig.task('manifests:validate', `ROOT=${join(root, 'no')}`);
    const aFile = await rig.task('manifests:validate', `ROOT=${join(root, 'apps/app/config.yaml')}`);
    const empty = await rig.task('manifests:validate', `ROOT=${join(root, 'apps/app')}`);
    expect([nowhere.code, aFile.code, empty.code]).toEqual([64, 64, 64]);
    expect([nowhere.stderr, aFile.stderr, empty.stderr]).toEqual([expect.stringContaining('it is not there'), expect.stringContaining('it is no folder'), expect.stringContaining('no entry point of Flux was found')]);
  });

  test.each([
    ['no YAML', 'entries: [\n', /\.manifests\.yaml/u],
    ['no map', '- entries\n', /the settings are a map/u],
    ['a field there is not', 'entry: clusters/home\n', /\.manifests\.yaml:1:1 .*entry/u],
  ])('65: settings that are %s', async (_, text, says) => {
    put('.manifests.yaml', text);
    const ran = await run();
    expect([ran.code, ran.stdout]).toEqual([65, expect.stringMatching(says)]);
    expect(ran.stdout).toMatch(/the settings of the tree cannot be used; nothing was looked at/u);
    expect(JSON.parse((await run('--json')).stdout)).toMatchObject({ exit: 'configuration', code: 65, problems: [{}] });
  });
});

describe('forms', () => {
  beforeEach(() => put('clusters/home/app.yaml', FLUX('app', './apps/ap')));
  test('each on standard output alone, with the same exit', async () => {
    const [json, sarif, junit, github, document] = await Promise.all([run('FORMAT=json'), run('FORMAT=sarif'), run('FORMAT=junit'), run('FORMAT=github'), run('--json')]);
    expect([json, sarif, junit, github, document].map((ran) => [ran?.code, ran?.stderr])).toEqual(Array.from({ length: 5 }, () => [1, '']));
    expect(findings(json)).toMatchObject([{ rule: 'path-missing', spot: { file: 'clusters/home/app.yaml', line: 8, column: 9 } }]);
    expect(JSON.parse(document.stdout)).toEqual(JSON.parse(json.stdout));
    expect(JSON.parse(sarif.stdout)).toMatchObject({ version: '2.1.0', runs: [{ results: [{ ruleId: 'path-missing' }] }] });
    expect(junit.stdout).toContain('<testcase name="path-missing" classname="manifests.home.build">');
    expect(github.stdout).toMatch(/^::error file=clusters\/home\/app\.yaml,line=8,col=9,endColumn=18,title=path-missing/u);
  });

  test('in a file, by its ending; a person reads along', async () => {
    const file = join(root, 'out.sarif');
    const ran = await run(`FILE=${file}`);
    expect([ran.code, JSON.parse(readFileSync(file, 'utf8')).version, ran.stdout]).toEqual([1, '2.1.0', expect.stringMatching(new RegExp(`✖ 1 error[\\s\\S]*sarif to ${file}`, 'u'))]);
    expect((await run(`FILE=${join(root, 'no/out.xml')}`)).stderr).toContain('the report cannot be written');
  });

  test('paths are those of the repository when the root is a folder in it', async () => {
    mkdirSync(join(rig.dir, '.git'), { recursive: true });
    const ran = await run('FORMAT=github');
    rmSync(join(rig.dir, '.git'), { recursive: true });
    expect(ran.stdout).toMatch(/^::error file=tree\/clusters\/home\/app\.yaml,/u);
  });
});

describe('mending', () => {
  const BAD = CONFIG.replace('\ndata:', '\n  labels:\n    release: 1 # a number\ndata:');
  const asked = ['OFFLINE=true', 'ONLY=build,metadata'];
  const mend = (...words: string[]): Promise<Ran> => rig.task('manifests:validate', `ROOT=${root}`, ...asked, 'FIX=true', ...words);
  beforeEach(() => {
    put('apps/app/config.yaml', BAD);
    chmodSync(join(root, 'apps/app/config.yaml'), 0o640);
  });

  test('a dry run shows the diff and changes nothing', async () => {
    const ran = await mend('--dry-run');
    expect([ran.code, readFileSync(join(root, 'apps/app/config.yaml'), 'utf8')]).toEqual([1, BAD]);
    expect(ran.stdout).toMatch(/^--- a\/apps\/app\/config\.yaml\n\+\+\+ b\/apps\/app\/config\.yaml\n@@ [^\n]+ @@\n[\s\S]*-    release: 1 # a number\n\+    release: "1" # a number\n/u);
    expect(ran.stdout).toContain('would mend 1 finding in 1 file; nothing was changed');
  });

  test('then mends it at its spot and says so; a second time there is nothing to do', async () => {
    const ran = await mend();
    expect([ran.code, readFileSync(join(root, 'apps/app/config.yaml'), 'utf8'), statSync(join(root, 'apps/app/config.yaml')).mode & 0o777]).toEqual([0, BAD.replace('release: 1', 'release: "1"'), 0o640]);
    expect(ran.stdout).toMatch(/✔ mended 1 finding in 1 file\n\n✔ nothing wrong/u);
    const again = await mend('--json');
    expect([again.code, JSON.parse(again.stdout)]).toMatchObject([0, { fixed: [], notFixed: [], findings: [] }]);
    expect(readdirSync(join(root, 'apps/app')).toSorted()).toEqual(['config.yaml', 'kustomization.yaml']);
  });
});

describe('what is remembered', () => {
  const cache = (): string => join(rig.dir, 'home/.cache/talos-flux-runner/manifests/answers');
  const entries = (): readonly string[] => (existsSync(cache()) ? readdirSync(cache()) : []);

  test('says the same, byte for byte, in every form; and not any more when a file changes', async () => {
    put('clusters/home/app.yaml', FLUX('app', './apps/ap'));
    for (const form of ['text', 'json', 'sarif', 'junit', 'github']) {
      rmSync(cache(), { recursive: true, force: true });
      const fresh = await run(`FORMAT=${form}`);
      const kept = entries();
      const again = await run(`FORMAT=${form}`);
      expect([again.code, again.stdout, again.stderr]).toEqual([fresh.code, fresh.stdout, fresh.stderr]);
      expect([kept.length, entries()]).toEqual([1, kept]);
    }
    put('clusters/home/app.yaml', FLUX('app', './apps/app'));
    expect((await run()).code).toBe(0);
  });

  test('by what was asked: another rule, another cluster', async () => {
    rmSync(cache(), { recursive: true, force: true });
    await run();
    await run('CLUSTER=home');
    expect([(await run()).code, entries().length]).toEqual([0, 2]);
  });
});

test('a rule is told in full, and a rule there is not is not', async () => {
  const [one, none, all] = await Promise.all([rig.task('manifests:rules', 'RULE=path-missing'), rig.task('manifests:rules', 'RULE=path-mising'), rig.task('manifests:rules', '--json')]);
  expect([one.code, one.stdout, none.code, none.stderr]).toEqual([0, expect.stringMatching(/path-missing {2}error, group build\n {2}holds/u), 64, expect.stringContaining('did you mean path-missing?')]);
  expect(JSON.parse(all.stdout)).toEqual(expect.arrayContaining([expect.objectContaining({ id: 'path-missing', group: 'build', severity: 'error' })]));
});

test('watching tells how it stands, again when a file is saved, and ends as it stood last', async () => {
  const child = rig.start('manifests:validate', `ROOT=${root}`, ...ASKED, '--watch', '--output=json');
  const ended = finish(child);
  if (child.stdout === null) throw new Error('it has no standard output');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (exit: string): Promise<{ readonly findings: readonly Finding[] }> => {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      const told: { readonly type: string; readonly exit: string; readonly result: { readonly findings: readonly Finding[] } } = JSON.parse(line.value);
      if (told.type === 'result' && told.exit === exit) return told.result;
    }
    throw new Error(`it ended before that: ${(await ended).stderr}`);
  };
  expect((await next('done')).findings).toEqual([]);
  put('clusters/home/app.yaml', FLUX('app', './apps/ap'));
  expect((await next('no')).findings).toMatchObject([{ rule: 'path-missing' }]);
  put('clusters/home/app.yaml', FLUX('app', './apps/app'));
  await next('done');
  put('clusters/home/app.yaml', FLUX('app', './apps/ab'));
  await next('no');
  child.kill('SIGINT');
  expect((await ended).code).toBe(1);
});
