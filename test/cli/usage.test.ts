import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { completions } from '../../scripts/cli/completion.ts';
import { answerFast } from '../../scripts/cli/fast.ts';
import { renderHelp, renderList, renderSummary, renderUsageProblems } from '../../scripts/cli/usage.ts';
import { EXIT } from '../../scripts/engine/failure.ts';
import { createStyle } from '../../scripts/terminal/style.ts';
import { displayWidth } from '../../scripts/terminal/width.ts';
import { FakeStream } from '../terminal/fake-stream.ts';
import { toy } from './toy.ts';

const style = (width: number) => createStyle({ colour: false, width });

function run(line: string): { code: number | undefined; out: string; err: string } {
  const [stdout, stderr] = [new FakeStream(), new FakeStream()];
  const code = answerFast(line === '' ? [] : line.split(' '), toy, { stdout, stderr, env: { TASK_ROOT: '/nonexistent' } });
  return { code, out: stdout.text, err: stderr.text };
}

describe('listing', () => {
  test('groups by namespace, aligned, with the variables one must give', () => {
    expect(renderList(toy, style(80)).slice(2).join('\n')).toBe([
      '',
      'cluster',
      '  cluster:create        Create a cluster from bare machines (CLUSTER=)',
      '  cluster:create-infra  cluster:create CLUSTER=infra',
      '  cluster:health        Is the cluster well (CLUSTER=)',
      '',
      'etcd',
      '  etcd:snapshot         Save a snapshot (CLUSTER=)',
      '',
      'lab',
      '  lab:break             Cause a fault (FAULT=)',
      '',
      'general',
      '  doctor                Is this machine fit',
    ].join('\n'));
  });

  test.each([200, 80, 60, 40, 24])('everything stays within %i columns', (width) => {
    const all = [...renderList(toy, style(width)), ...renderHelp(style(width)), ...renderSummary('cluster:create', toy['cluster:create'] ?? { summary: '', variables: {}, writes: false, steps: [] }, style(width), ['infra'])];
    for (const line of width >= 40 ? all : renderList(toy, style(width))) expect(displayWidth(line)).toBeLessThanOrEqual(width);
  });

  test('task alone lists; --list --json is one document that says the same', () => {
    expect(run('')).toMatchObject({ code: 0, err: '' });
    expect(run('').out).toBe(run('--list').out);
    const document: unknown = JSON.parse(run('--list --json').out);
    expect(document).toMatchObject({ tasks: [{ name: 'cluster:create', variables: [{ name: 'CLUSTER', required: true, values: 'clusters|all' }], steps: [{ name: 'preflight' }, { name: 'agree', kind: 'checkpoint' }, { name: 'crds' }] }, {}, {}, {}, {}, {}] });
  });
});

describe('a task explained', () => {
  const text = run('help bootstrap:all').out;
  test.each([
    ['its own name and summary', /^cluster:create {2}Create a cluster from bare machines$/mu],
    ['its details', /^ {2}Asks the world before each step/mu],
    ['its variables', /^ {2}CLUSTER {7}which cluster \(required; any cluster in talos\/clusters, or all\)$/mu],
    ['those of every task', /^ {2}TARGET .*default site; one of site, lab/mu],
    ['its steps in order', /1 {2}preflight {2}what would refuse a create\n +2 {2}agree {6}the point of no return \(asks first\)\n +3 {2}crds/u],
    ['its other names', /^also called\n {2}bootstrap:all$/mu],
    ['its exit codes', /^ +76 {2}failed; look before running again$/mu],
  ])('says %s', (_what, pattern) => expect(text).toMatch(pattern));

  test('--summary and help are the same; several tasks one after the other', () => {
    expect(run('cluster:create --summary').out).toBe(text);
    expect(run('doctor lab:break --help').out).toMatch(/^doctor [^]*\n\nlab:break /u);
    expect(JSON.parse(run('doctor --summary --json').out)).toMatchObject({ name: 'doctor', variables: [] });
  });

  test('a variable the name fixes is not asked for', () => {
    expect(run('help cluster:create-infra').out).toMatch(/CLUSTER=infra +set by the name itself/u);
    expect(run('help cluster:create-infra').out).not.toMatch(/CLUSTER .*required/u);
  });
});

test('help tells every exit code there is', () => {
  const text = run('--help').out;
  for (const code of Object.values(EXIT)) expect(text).toMatch(new RegExp(`^ +${code} {2}\\S`, 'mu'));
});

test('the version is that of package.json', () => {
  expect(run('--version').out).toMatch(/^\d+\.\d+\.\d+\n$/u);
});

test('work is not answered fast', () => {
  expect(run('doctor').code).toBeUndefined();
  expect(run('cluster:create CLUSTER=all --dry-run').code).toBeUndefined();
});

test('a mistyped line is answered at once, on stderr, with 64', () => {
  const { code, out, err } = run('clutser:health --lst');
  expect(code).toBe(64);
  expect(out).toBe('');
  expect(err).toBe('✖ there is no task clutser:health\n  did you mean cluster:health?\n✖ there is no flag --lst\n  did you mean --list?\n');
  expect(JSON.parse(run('nope --list --json').out)).toMatchObject({ exit: 'usage', code: 64, problems: [{ word: 'nope' }] });
});

test('problems wrap within the width', () => {
  for (const line of renderUsageProblems([{ word: 'x', message: 'a long message '.repeat(10), hint: 'a long hint '.repeat(10) }], style(30))) expect(displayWidth(line)).toBeLessThanOrEqual(30);
});

describe('shell completion', () => {
  test('bash gets whole candidates although it splits words at colons and equals signs', () => {
    const script = run('completion bash').out;
    const ask = (line: string): string => spawnSync('bash', ['--norc', '-c', `${script}\ntask() { printf 'cluster:create\\ncluster:create-infra\\n'; }\nCOMP_LINE='${line}'; COMP_POINT=\${#COMP_LINE}; _task_complete; printf '%s ' "\${COMPREPLY[@]}"`], { encoding: 'utf8' }).stdout;
    expect(ask('task cluster:cr')).toBe('create create-infra ');
  });

  test.each<[string[], string[]]>([
    [['cluster:c'], ['cluster:create', 'cluster:create-infra']],
    [['cluster:health', 'CL'], ['CLUSTER=']],
    [['cluster:health', 'CLUSTER='], ['CLUSTER=infra', 'CLUSTER=all']],
    [['cluster:health', 'FORMAT=s'], ['FORMAT=sarif']],
    [['cluster:health', 'CLUSTER=infra', 'CL'], []],
    [['doctor', '--dr'], ['--dry-run']],
    [['TAR'], []],
  ])('%j', (words, expected) => expect(completions(words, toy, ['infra'])).toEqual(expected));
});
