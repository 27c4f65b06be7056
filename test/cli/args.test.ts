import { fc } from '../fast-check.ts';
import { describe, expect, test } from 'vitest';
import { parseArgs, type Flags } from '../../scripts/cli/args.ts';
import { didYouMean, editDistance } from '../../scripts/cli/didyoumean.ts';
import { resolveTasks, taskNames } from '../../scripts/cli/resolve.ts';
import { toy } from './toy.ts';

const NAMES = taskNames(toy);
const none: Flags = { list: false, json: false, summary: false, dryRun: false, watch: false, yes: false, confirm: [], output: 'auto', verbose: false, help: false, version: false };

describe('a good line', () => {
  test.each<[string, string[], Record<string, string>, Partial<Flags>]>([
    ['', [], {}, {}],
    ['cluster:health CLUSTER=infra', ['cluster:health'], { CLUSTER: 'infra' }, {}],
    ['CLUSTER=infra cluster:health doctor', ['cluster:health', 'doctor'], { CLUSTER: 'infra' }, {}],
    ['--list --json', [], {}, { list: true, json: true }],
    ['-l', [], {}, { list: true }],
    ['cluster:create CLUSTER=all -n -y -v', ['cluster:create'], { CLUSTER: 'all' }, { dryRun: true, yes: true, verbose: true }],
    ['cluster:create --confirm=infra,apps --confirm=x', ['cluster:create'], {}, { confirm: ['infra', 'apps', 'x'] }],
    ['doctor --output=plain --watch', ['doctor'], {}, { output: 'plain', watch: true }],
    ['help doctor', ['doctor'], {}, { help: true }],
    ['doctor --', ['doctor'], {}, {}],
    ['-- doctor A=1', ['doctor'], { A: '1' }, {}],
    ['doctor A=b=c', ['doctor'], { A: 'b=c' }, {}],
    ['doctor A=', ['doctor'], { A: '' }, {}],
    ['doctor A=1 A=1', ['doctor'], { A: '1' }, {}],
  ])('%s', (line, tasks, variables, flags) => {
    const { parsed, problems } = parseArgs(line === '' ? [] : line.split(' '), NAMES);
    expect(problems).toEqual([]);
    expect(parsed).toEqual({ tasks, variables, flags: { ...none, ...flags } });
  });
});

describe('a wrong line says what was probably meant', () => {
  test.each([
    ['cluster:helth', 'there is no task cluster:helth', 'did you mean cluster:health?'],
    ['Cluster:Health', 'there is no task Cluster:Health', 'did you mean cluster:health?'],
    ['cluster-health', 'there is no task cluster-health', 'did you mean cluster:health?'],
    ['health', 'there is no task health', 'did you mean cluster:health?'],
    ['dcotor', 'there is no task dcotor', 'did you mean doctor?'],
    ['zzz', 'there is no task zzz', 'task --list shows them all'],
    ['--dryrun', 'there is no flag --dryrun', 'did you mean --dry-run?'],
    ['--verbsoe', 'there is no flag --verbsoe', 'did you mean --verbose?'],
    ['--force', 'there is no flag --force', 'did you mean --confirm?'],
    ['--yes=1', '--yes takes no value', 'type --yes alone'],
    ['--confirm', '--confirm needs the names it agrees to', 'for example --confirm=apps, or --confirm=infra,apps'],
    ['--output=plian', '--output cannot be "plian"', 'did you mean --output=plain?'],
    ['--output', '--output needs a value', 'one of auto, plain, json, live'],
    ['=x', 'a variable has no name', 'no blanks around =: NAME=value, for example CLUSTER=infra'],
    ['A-B=x', '"A-B" cannot be the name of a variable', 'NAME=value, for example CLUSTER=infra'],
  ])('%s', (word, message, hint) => {
    expect(parseArgs([word], NAMES).problems).toEqual([{ word, message, hint }]);
  });

  test('all of it at once', () => {
    expect(parseArgs(['x', '--y', '=z', 'A=1', 'A=2'], NAMES).problems.map((problem) => problem.word)).toEqual(['x', '--y', '=z', 'A=2']);
  });
});

test('property: no line makes it throw, every word is accounted for in order, and every wrong word has a problem', () => {
  const word = fc.oneof(fc.string(), fc.constantFrom(...NAMES, '--', '--list', '--output=json', '--confirm=a', 'CLUSTER=infra', '__proto__=1', 'constructor', '--constructor', 'help'));
  fc.assert(fc.property(fc.array(word, { maxLength: 12 }), (argv) => {
    const { words, problems, parsed } = parseArgs(argv, NAMES);
    expect(words.map((each) => each.word)).toEqual(argv);
    expect(problems.map((each) => each.word)).toEqual(words.filter((each) => each.is === 'problem').map((each) => each.word));
    expect(parsed.tasks).toEqual(words.filter((each) => each.is === 'task').map((each) => each.word));
    expect(new Set(Object.keys(parsed.variables))).toEqual(new Set(words.filter((each) => each.is === 'variable').map((each) => each.word.slice(0, each.word.indexOf('=')))));
    resolveTasks(toy, parsed, { clusters: ['infra', 'apps'], env: {} });
  }));
});

test('edits are counted, a swap of neighbours as one', () => {
  expect([editDistance('crate', 'create'), editDistance('cretae', 'create'), editDistance('', 'abc'), editDistance('same', 'same')]).toEqual([1, 1, 3, 0]);
});

test('nothing near is nothing suggested', () => {
  expect(didYouMean('frobnicate', NAMES)).toBeUndefined();
  expect(didYouMean('x'.repeat(10_000), NAMES)).toBeUndefined();
});
