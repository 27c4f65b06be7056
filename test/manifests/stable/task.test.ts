import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { finish, type Ran } from '../../tasks/rig.ts';
import { docs, ks, thing } from './rig.ts';

/** The four answers as a person asks for them: whole tasks on a small tree with its own repository, and on our own. */
const PROGRAM = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
let dir: string;
let root: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'manifests-task-'));
  root = join(dir, 'tree');
  write('clusters/one/web.yaml', ks('web', 'apps/web'));
  write('clusters/one/late.yaml', ks('late', 'apps/late', 'dependsOn:\n  - name: web'));
  write('apps/web/all.yaml', docs(thing('Deployment', 'd', 'spec:\n  replicas: 1\n', 'apps/v1'), thing('PersistentVolumeClaim', 'data', 'spec:\n  accessModes: [ReadWriteOnce]\n'), thing('Secret', 's', 'stringData:\n  password: hunter2hunter2\n')));
  write('apps/late/cm.yaml', thing('ConfigMap', 'c'));
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'first');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
}
function git(...argv: readonly string[]): string {
  const ran = spawnSync('git', ['-C', root, '-c', 'user.name=t', '-c', 'user.email=t@example', '-c', 'commit.gpgsign=false', ...argv], { encoding: 'utf8' });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return ran.stdout.trim();
}
async function task(...words: readonly string[]): Promise<Ran> {
  const home = join(dir, 'home');
  mkdirSync(home, { recursive: true });
  return finish(spawn(join(PROGRAM, 'task'), words, { cwd: dir, env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', NO_COLOR: '1', CI: 'true', HOME: home, TASK_DIR: join(dir, 'task') }, stdio: ['ignore', 'pipe', 'pipe'] }));
}

describe('manifests:build', () => {
  test('prints YAML and nothing else; the same again, remembered', async () => {
    const first = await task('manifests:build', `ROOT=${root}`);
    expect([first.code, first.stderr]).toEqual([0, '']);
    expect(loadAll(first.stdout)).toHaveLength(6);
    expect(first.stdout).not.toContain('hunter2');
    expect(first.stdout.split('\n').filter((line) => line.startsWith('# '))).toEqual(['# Kustomization flux-system/flux-system (clusters/one)', '# Kustomization flux-system/web (apps/web)', '# Kustomization flux-system/late (apps/late)']);
    const again = await task('manifests:build', `ROOT=${root}`);
    expect([again.code, again.stdout]).toEqual([0, first.stdout]);
    const json = await task('manifests:build', `ROOT=${root}`, 'KS=late', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ exit: 0, objects: 1, clusters: [{ cluster: 'one', parts: [{ id: 'Kustomization flux-system/late', objects: [{ kind: 'ConfigMap' }] }] }] });
    const file = join(dir, 'out.yaml');
    expect((await task('manifests:build', `ROOT=${root}`, `FILE=${file}`)).stdout).toBe(`✔ 6 objects of one to ${file}\n`);
    expect(readFileSync(file, 'utf8')).toBe(first.stdout);
  });

  test('what is not built as it would be is said, and 2 is the answer', async () => {
    const beyond = join(dir, 'beyond');
    cpSync(root, beyond, { recursive: true });
    writeFileSync(join(beyond, 'apps/web/kustomization.yaml'), 'resources: [all.yaml, https://example.invalid/v1.2.3/more.yaml]\n');
    const ran = await task('manifests:build', `ROOT=${beyond}`, 'OFFLINE=true');
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/apps\/web\/kustomization\.yaml: what this makes is not known: https:\/\/example\.invalid\/v1\.2\.3\/more\.yaml is fetched from elsewhere/);
    expect(loadAll(ran.stdout)).toHaveLength(6);
  });

  test('what cannot be built is not half printed: 1, and each place on stderr', async () => {
    const broken = join(dir, 'broken');
    cpSync(root, broken, { recursive: true });
    writeFileSync(join(broken, 'apps/web/kustomization.yaml'), 'resources:\n  - all.yaml\n  - gone.yaml\n');
    const ran = await task('manifests:build', `ROOT=${broken}`);
    expect([ran.code, ran.stdout]).toEqual([1, '']);
    expect(ran.stderr).toContain('what is asked for cannot be built; nothing was printed');
    expect(ran.stderr).toMatch(/apps\/web\/kustomization\.yaml:3:5 +gone\.yaml/);
    expect((await task('manifests:build', `ROOT=${broken}`, 'KS=late')).code).toBe(0);
  });

  test('our own tree', async () => {
    const ran = await task('manifests:build', 'CLUSTER=apps');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(loadAll(ran.stdout).length).toBeGreaterThan(100);
  });
});

describe('manifests:diff', () => {
  test('the working tree with a commit: text, a comment, data; 0 with and without a difference', async () => {
    const none = await task('manifests:diff', `ROOT=${root}`);
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining('✔ no file is otherwise')]);
    write('apps/web/all.yaml', docs(thing('Deployment', 'd', 'spec:\n  replicas: 2\n', 'apps/v1'), thing('Secret', 's', 'stringData:\n  password: correct-horse\n')));
    const text = await task('manifests:diff', `ROOT=${root}`);
    expect([text.code, text.stderr]).toEqual([0, '']);
    expect(text.stdout).toMatch(/^main \([0-9a-f]{7}\) → the working tree {2}1 file\n\n {2}one {2}2 changed, 1 removed {2}✖ 1 to look at\n/);
    expect(text.stdout).toContain('✖ data is lost  PersistentVolumeClaim web/data: its volume goes with it');
    expect(text.stdout).toContain('  -  replicas: 1\n  +  replicas: 2\n');
    expect(text.stdout).not.toMatch(/hunter2|correct-horse/);
    const markdown = await task('manifests:diff', `ROOT=${root}`, 'FORMAT=markdown');
    expect(markdown.stdout).toMatch(/^<!-- manifests:diff -->\n/);
    const json = await task('manifests:diff', `ROOT=${root}`, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ exit: 0, files: ['apps/web/all.yaml'], clusters: [{ name: 'one', objects: [{ how: 'changed' }, { how: 'changed' }, { how: 'removed' }] }] });
    expect(json.stdout).not.toMatch(/hunter2|correct-horse/);
  });

  test('two commits, and where a branch left another; a name there is not is 64', async () => {
    git('checkout', '-q', '-b', 'work');
    git('commit', '-q', '-am', 'work');
    git('checkout', '-q', 'main');
    write('apps/late/cm.yaml', thing('ConfigMap', 'c', 'data:\n  later: "1"\n'));
    git('commit', '-q', '-am', 'main goes on');
    const both = await task('manifests:diff', `ROOT=${root}`, 'HEAD=work', '--json');
    const since = await task('manifests:diff', `ROOT=${root}`, 'REF=main...', 'HEAD=work', '--json');
    const ids = (ran: Ran): readonly string[] => JSON.parse(ran.stdout).clusters[0].objects.map((each: { readonly how: string; readonly id: string }) => `${each.how} ${each.id}`);
    expect(ids(both)).toEqual(['changed Secret web/s', 'changed Deployment web/d', 'removed PersistentVolumeClaim web/data', 'changed ConfigMap web/c']);
    expect(ids(since)).toEqual(['changed Secret web/s', 'changed Deployment web/d', 'removed PersistentVolumeClaim web/data']);
    const wrong = await task('manifests:diff', `ROOT=${root}`, 'REF=mian');
    expect([wrong.code, wrong.stdout]).toEqual([64, '']);
    expect(wrong.stderr).toContain('there is no commit called mian here');
  });

  test('a side that cannot be built everywhere: 1, the rest compared, what is left named', async () => {
    write('apps/late/kustomization.yaml', 'resources: [gone.yaml]\n');
    write('apps/web/all.yaml', docs(thing('Deployment', 'd', 'spec:\n  replicas: 5\n', 'apps/v1'), thing('PersistentVolumeClaim', 'data', 'spec:\n  accessModes: [ReadWriteOnce]\n'), thing('Secret', 's', 'stringData:\n  password: hunter2hunter2\n')));
    const ran = await task('manifests:diff', `ROOT=${root}`);
    git('checkout', '-q', '--', '.');
    rmSync(join(root, 'apps/late/kustomization.yaml'));
    expect(ran.code).toBe(1);
    expect(ran.stdout).toContain('the working tree cannot be built everywhere; what is broken there is not compared');
    expect(ran.stdout).toMatch(/apps\/late\/kustomization\.yaml:1:13/);
    expect(ran.stdout).toContain('Kustomization flux-system/late was not compared');
    expect(ran.stdout).toContain('~ Deployment web/d');
  });
});

describe('manifests:graph', () => {
  test('as text, Mermaid, SVG and data', async () => {
    const [text, mermaid, svg, json] = await Promise.all(['text', 'mermaid', 'svg', 'json'].map(async (form) => task('manifests:graph', `ROOT=${root}`, `FORMAT=${form}`)));
    expect([text, mermaid, svg, json].map((ran) => [ran?.code, ran?.stderr])).toEqual(Array.from({ length: 4 }, () => [0, '']));
    expect(text?.stdout).toContain('  ├─ late          2 10m  after web\n  └─ web           1 10m\n');
    expect(mermaid?.stdout).toMatch(/^flowchart LR\n/);
    expect(svg?.stdout).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(JSON.parse(json?.stdout ?? '')).toMatchObject({ clusters: [{ cluster: 'one', edges: [{ kind: 'dependsOn' }] }] });
  });

  test('into a file whose ending says the form; a name there is not is 64', async () => {
    const file = join(dir, 'graph.svg');
    expect((await task('manifests:graph', `ROOT=${root}`, `FILE=${file}`)).stdout).toBe(`✔ one as svg to ${file}\n`);
    expect(readFileSync(file, 'utf8')).toMatch(/^<svg /);
    const wrong = await task('manifests:graph', `ROOT=${root}`, 'FOCUS=wab');
    expect([wrong.code, wrong.stderr]).toEqual([64, expect.stringContaining('did you mean web?')]);
  });
});

describe('manifests:explain', () => {
  test('an object, a field, and what there is not', async () => {
    const ran = await task('manifests:explain', `ROOT=${root}`, 'OBJECT=Deployment/web/d', 'FIELD=.spec.replicas');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toContain('  .spec.replicas = 1\n      apps/web/all.yaml:7:13\n');
    const json = await task('manifests:explain', `ROOT=${root}`, 'OBJECT=web/data', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ objects: [{ id: 'PersistentVolumeClaim web/data', cluster: 'one', chain: [{ unit: 'flux-system/web' }, { unit: 'flux-system/flux-system' }] }] });
    const wrong = await task('manifests:explain', `ROOT=${root}`, 'OBJECT=Deployment/web/dd');
    expect([wrong.code, wrong.stderr]).toEqual([64, expect.stringContaining('did you mean Deployment/web/d?')]);
    expect((await task('manifests:explain', `ROOT=${root}`, 'OBJECT=web/s', '--verbose')).stdout).not.toContain('hunter2');
  });
});
