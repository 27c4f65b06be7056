import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc } from '../fast-check.ts';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { parseArgs } from '../../scripts/cli/args.ts';
import { resolveTasks, taskNames } from '../../scripts/cli/resolve.ts';
import { clusterNames, placeProblems, places } from '../../scripts/cli/surroundings.ts';
import { renderUsageProblems } from '../../scripts/cli/usage.ts';
import { loadEnv } from '../../scripts/config/env.ts';
import { createStyle } from '../../scripts/terminal/style.ts';
import { toy } from './toy.ts';

const NAMES = taskNames(toy);
function told(argv: readonly string[], env: Record<string, string> = {}): readonly (readonly [message: string, hint: string | undefined])[] {
  const { parsed, problems } = parseArgs(argv, NAMES);
  const { problems: more } = resolveTasks(toy, parsed, { clusters: ['infra', 'apps'], env });
  return [...problems, ...more].map(({ message, hint }) => [message, hint] as const);
}

describe('words that cannot be meant as they are', () => {
  test.each<[what: string, argv: readonly string[], says: readonly (readonly [string, string])[]]>([
    ['a letter of another alphabet in a task', ['\u0441luster:health', 'CLUSTER=infra'], [['there is no task \u0441luster:health (the "\u0441" in it is U+0441)', 'did you mean cluster:health?']]],
    ['one in a cluster', ['cluster:health', 'CLUSTER=\u0430pps'], [['there is no cluster "\u0430pps" (the "\u0430" in it is U+0430)', 'did you mean CLUSTER=apps?']]],
    ['one in the name of a variable', ['cluster:health', '\u0421LUSTER=infra'], [['"\u0421LUSTER" cannot be the name of a variable (the "\u0421" in it is U+0421)', 'NAME=value'], ['cluster:health needs CLUSTER', 'one of infra']]],
    ['a blank that is not seen', ['cluster:health\u200b'], [['there is no task cluster:health\u200b (the invisible character in it is U+200B)', 'did you mean cluster:health?']]],
    ['the dash of a chat program', ['doctor', '\u2013dry-run'], [['\u2013dry-run begins with another dash than flags do', 'did you mean --dry-run?']]],
    ['the long dash', ['doctor', '\u2014yes'], [['\u2014yes begins with another dash than flags do', 'did you mean --yes?']]],
    ['blanks around =', ['cluster:health', 'CLUSTER', '=', 'infra'], [['there is no task CLUSTER', 'task --list'], ['a variable has no name', 'no blanks around =: NAME=value'], ['there is no task infra', 'did you mean'], ['cluster:health needs CLUSTER', 'one of infra']]],
    ['two values', ['cluster:health', 'CLUSTER=infra', 'CLUSTER=apps'], [['CLUSTER is given twice, first as infra', 'keep one']]],
    ['two clusters in one value', ['cluster:health', 'CLUSTER=infra,apps'], [['there is no cluster "infra,apps"', 'all means every one']]],
    ['a value in quotes of its own', ['cluster:health', 'CLUSTER="infra"'], [['there is no cluster ""infra""', 'did you mean CLUSTER=infra?']]],
    ['no value', ['lab:break', 'FAULT='], [['lab:break needs FAULT', 'which fault']]],
    ['an empty word', [''], [['there is no task ""', 'task --list']]],
    ['a dash alone', ['-'], [['there is no flag -', 'task --help']]],
    ['three dashes', ['---yes'], [['there is no flag ---yes', 'did you mean --yes?']]],
    ['flags of another tool', ['doctor', '-k', '--kubeconfig=x', '-auto-approve'], [['there is no flag -k', 'task --help'], ['there is no flag --kubeconfig', 'task --help'], ['there is no flag -auto-approve', 'task --help']]],
    ['short flags in one', ['doctor', '-nv'], [['there is no flag -nv', 'task --help']]],
    ['a value apart from its flag', ['doctor', '--output', 'json'], [['--output needs a value', 'one of auto, plain, json, live'], ['there is no task json', 'task --list']]],
    ['flags after --', ['doctor', '--', '--yes'], [['there is no task --yes', 'task --list']]],
    ['a prototype as task and variable', ['__proto__', 'doctor', 'toString=1'], [['there is no task __proto__', 'task --list'], ['doctor takes no variable toString', 'it takes TARGET']]],
    ['a name of 20 000 letters', ['a'.repeat(20_000)], [[`there is no task ${'a'.repeat(63)}…`, 'task --list']]],
    ['a value of 20 000 letters', ['cluster:health', `CLUSTER=${'a'.repeat(20_000)}`], [[`there is no cluster "${'a'.repeat(63)}…"`, 'there is infra, apps']]],
    ...['0', '-1', '+5', 'NaN', 'Infinity', '1e9', '0x10', '1,5', ' 60 ', '60x', '10001', '1e-9', '٦٠'].map((speed) => [`LAB_SPEED=${speed}`, ['doctor', `LAB_SPEED=${speed}`], [[`LAB_SPEED must be a number above 0, at most 10000, not ${speed}`, 'for example LAB_SPEED=60']]] as [string, string[], [string, string][]]),
    ...['', 'Lab', 'lab ', 'prod', 'site,lab'].map((target) => [`TARGET=${target}`, ['doctor', `TARGET=${target}`], [[`TARGET cannot be "${target}"`, 'TARGET is one of site, lab']]] as [string, string[], [string, string][]]),
  ])('%s', (_, argv, says) => {
    const found = told(argv);
    expect(found.map(([message]) => message)).toEqual(says.map(([message]) => expect.stringContaining(message)));
    for (const [index, [, hint]] of found.entries()) expect(hint).toContain(says[index]?.[1]);
  });

  test('the environment is judged as the line is, and an empty variable there is none', () => {
    expect(told(['doctor'], { TARGET: 'prod', LAB_SPEED: '1e9' }).map(([message]) => message)).toEqual(['TARGET cannot be "prod" (from the environment)', 'LAB_SPEED must be a number above 0, at most 10000, not 1e9 (from the environment)']);
    expect(told(['doctor'], { TARGET: '', LAB_SPEED: '', CLUSTER: 'nobody' })).toEqual([]);
  });

  test.each(['60', '0.5', '1', '10000', '120.25'])('LAB_SPEED=%s is a speed', (speed) => expect(told(['doctor', `LAB_SPEED=${speed}`])).toEqual([]));

  test('property: whatever was typed, nothing of it reaches the terminal as a command, and every problem has a way out', () => {
    const style = createStyle({ colour: false, width: 80 });
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    const commands = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/u;
    const word = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\u001b[2J', '\u001b]0;title\u0007', '--\u001b[31m', 'A\u0007=\u0000', 'CLUSTER=\u001b[1m', '\u202edoctor', 'cluster:health'));
    fc.assert(fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
      const { parsed, problems } = parseArgs(argv, NAMES);
      const all = [...problems, ...resolveTasks(toy, parsed, { clusters: ['infra'], env: {} }).problems];
      expect(renderUsageProblems(all, style).filter((line) => commands.test(line))).toEqual([]);
      expect(all.filter(({ hint }) => hint === undefined || hint === '')).toEqual([]);
    }));
  });
});

const root = mkdtempSync(join(tmpdir(), 'words-'));
beforeEach(() => { rmSync(root, { recursive: true, force: true }); mkdirSync(root); });
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('.env', () => {
  const env = (content: string | Uint8Array) => { writeFileSync(join(root, '.env'), content); return loadEnv(root).problems.map(({ file, line, column, rule, message, hint }) => `${file}:${line}:${column} ${rule}: ${message} | ${hint}`); };

  test.each<[what: string, content: string | Uint8Array, says: readonly string[]]>([
    ['a line that is none', 'TARGET=lab\nTARGET lab\n', ['.env:2:1 env-line: this line is no NAME=value | write NAME=value']],
    ['a shell command', 'if true; then\nexport TARGET=lab\n', ['.env:1:1 env-line:']],
    ['YAML', 'TARGET: lab\n', ['.env:1:1 env-line:']],
    ['no name', '=lab\n', ['.env:1:1 env-line:']],
    ['a name misspelt', 'TARGTE=lab\nlab_speed=60\n', ['.env:1:1 env-unknown: nobody reads TARGTE | did you mean TARGET?', '.env:2:1 env-unknown: nobody reads lab_speed | did you mean LAB_SPEED?']],
    ['a quote without end', 'TARGET="lab\nLAB_SPEED=60\n', ['.env:1:8 env-quote: the quote that begins TARGET is never closed | add " at the end']],
    ['two values', 'TARGET=lab\nexport TARGET=site\n', ['.env:2:8 env-twice: TARGET is set twice, first in line 1 |']],
    ['everything at once', 'x\nTARGTE=lab\nTARGET=site\nTARGET=lab\n', ['.env:1:1 env-line:', '.env:2:1 env-unknown:', '.env:4:1 env-twice:']],
    ['UTF-16', Buffer.from('\uFEFFTARGET=lab\n', 'utf16le'), ['.env:1:1 not-text: this file is UTF-16']],
    ['binary', Uint8Array.from([0x41, 0x3d, 0x00]), ['.env:1:3 not-text: the character U+0000']],
    ['nothing wrong: quotes over lines, remarks, CRLF, a byte order mark, other programs\' names', '\uFEFF# remark\r\nTARGET=lab # or site\r\nOP_SERVICE_ACCOUNT_TOKEN="a\r\nb"\r\nHTTPS_PROXY=\'x\'\r\nEMPTY=\r\nTARGET=lab # or site\r\n', []],
  ])('%s', (_, content, says) => {
    const found = env(content);
    expect(found).toEqual(says.map((each) => expect.stringContaining(each)));
  });

  test.each<[what: string, make: () => void, says: string]>([
    ['a folder', () => mkdirSync(join(root, '.env')), '.env cannot be read: it is a folder'],
    ['a link to itself', () => symlinkSync('.env', join(root, '.env')), '.env cannot be read: it is a link that leads back to itself'],
  ])('%s', (_, make, says) => {
    make();
    expect(loadEnv(root).problems.map(({ message, line }) => [line, message])).toEqual([[0, says]]);
  });

  test('values are never part of what is said, and relative paths are meant from the file', () => {
    expect(env('OP_SERVICE_ACCOUNT_TOKEN="c4nary-token\nTARGTE=c4nary-token\nTARGTE=c4nary-other\n').join()).not.toContain('c4nary');
    writeFileSync(join(root, '.env'), 'TASK_DIR=./state\nLAB_SOCKET=/run/lab.sock\nTASK_ROOT=\n');
    expect(loadEnv(root).variables).toEqual({ TASK_DIR: join(root, 'state'), LAB_SOCKET: '/run/lab.sock', TASK_ROOT: '' });
  });

  test('property: whatever stands in it, it is read or told', () => {
    const line = fc.oneof(fc.string(), fc.constantFrom('TARGET=lab', 'A="', "B='x'", 'C=`', '#', 'export D=1', '='));
    fc.assert(fc.property(fc.array(line).map((lines) => lines.join('\n')), (text) => {
      writeFileSync(join(root, '.env'), text);
      const { problems } = loadEnv(root);
      for (const { line: at } of problems) expect(at).toBeLessThanOrEqual(text.split('\n').length);
    }), { numRuns: 60 });
  });
});

describe('places of the environment', () => {
  const said = (env: Record<string, string>): readonly string[] => placeProblems(env, places(env)).map(({ message }) => message.replaceAll(root, '.'));

  test.each<[what: string, make: () => void, env: Record<string, string>, says: readonly string[]]>([
    ['TASK_ROOT that is not there', () => undefined, { TASK_ROOT: join(root, 'no') }, ['TASK_ROOT is ./no: it is not there']],
    ['TASK_ROOT a file', () => writeFileSync(join(root, 'f'), ''), { TASK_ROOT: join(root, 'f') }, ['TASK_ROOT is ./f: it is no folder']],
    ['TASK_ROOT a link to itself', () => symlinkSync('l', join(root, 'l')), { TASK_ROOT: join(root, 'l') }, ['TASK_ROOT is ./l: it is a link that leads back to itself']],
    ['TASK_DIR a file', () => writeFileSync(join(root, 'f'), ''), { TASK_DIR: join(root, 'f') }, ['the task folder ./f cannot be used: it is no folder']],
    ['TASK_DIR below a file', () => writeFileSync(join(root, 'f'), ''), { TASK_DIR: join(root, 'f/x/y') }, ['the task folder ./f/x/y cannot be used: a part of its path is a file where a folder is meant']],
    ['TASK_DIR that is made when it is needed', () => undefined, { TASK_ROOT: root, TASK_DIR: join(root, 'a/b/c') }, []],
    ['both left out or empty', () => undefined, { TASK_ROOT: '', TASK_DIR: '' }, []],
  ])('%s', (_, make, env, says) => {
    make();
    expect(said(env)).toEqual(says);
  });

  test.runIf(process.platform === 'linux')('TASK_DIR in /proc, where making a folder would be tried for ever', () => {
    expect(said({ TASK_DIR: '/proc/x/y' })).toEqual([expect.stringContaining('/proc is a view of the kernel and keeps no files')]);
  });

  test('clusters are the files one sees; what cannot be listed has none', () => {
    mkdirSync(join(root, 'talos/clusters'), { recursive: true });
    for (const file of ['infra.yaml', 'apps.yaml', '.#apps.yaml', 'notes.md']) writeFileSync(join(root, 'talos/clusters', file), '');
    expect(clusterNames(root)).toEqual(['infra', 'apps']);
    expect([clusterNames(join(root, 'no')), clusterNames(join(root, 'talos/clusters/infra.yaml'))]).toEqual([[], []]);
  });
});
