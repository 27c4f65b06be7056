import { describe, expect, test } from 'vitest';
import { parseArgs } from '../../scripts/cli/args.ts';
import { resolveTasks, taskNames } from '../../scripts/cli/resolve.ts';
import { toy } from './toy.ts';

const resolve = (line: string, env: Record<string, string> = {}, clusters: readonly string[] = ['infra', 'apps', 'apps-dev']) =>
  resolveTasks(toy, parseArgs(line.split(' '), taskNames(toy)).parsed, { clusters, env });

describe('a task ready to run', () => {
  test('has every value: given, default, from the environment', () => {
    const { tasks, problems } = resolve('cluster:health CLUSTER=infra', { TARGET: 'lab', LAB_SPEED: '', FORMAT: 'sarif' });
    expect(problems).toEqual([]);
    expect(tasks.map(({ name, variables, clusters }) => ({ name, variables, clusters }))).toEqual([
      // FORMAT is not among what the environment may say
      { name: 'cluster:health', variables: { TARGET: 'lab', LAB: 'embedded', LAB_SPEED: '60', CLUSTER: 'infra', FORMAT: 'text' }, clusters: ['infra'] },
    ]);
  });

  test('the command line wins over the environment', () => {
    expect(resolve('doctor TARGET=site', { TARGET: 'lab' }).tasks[0]?.variables['TARGET']).toBe('site');
  });

  test('all is every cluster, in order', () => {
    expect(resolve('cluster:create CLUSTER=all').tasks[0]?.clusters).toEqual(['infra', 'apps', 'apps-dev']);
  });

  test('an alias is the task; a name that fixes a variable has it', () => {
    expect(resolve('bootstrap:all CLUSTER=apps').tasks[0]).toMatchObject({ name: 'cluster:create', typed: 'bootstrap:all', clusters: ['apps'] });
    expect(resolve('cluster:create-infra').tasks[0]).toMatchObject({ variables: { CLUSTER: 'infra' }, clusters: ['infra'] });
  });

  test('a task without CLUSTER has no clusters', () => {
    expect(resolve('doctor').tasks[0]?.clusters).toEqual([]);
  });
});

describe('what is wrong with the values, all at once', () => {
  test.each<[string, readonly (readonly [message: string, hint: string])[]]>([
    ['cluster:health', [['cluster:health needs CLUSTER', 'one of infra, apps, apps-dev, all: task cluster:health CLUSTER=infra']]],
    ['lab:break', [['lab:break needs FAULT', 'which fault: task lab:break FAULT=...']]],
    ['lab:break FAULT=', [['lab:break needs FAULT', 'which fault: task lab:break FAULT=...']]],
    ['cluster:health CLUSTER=inrfa', [['there is no cluster "inrfa"', 'did you mean CLUSTER=infra? there is infra, apps, apps-dev; all means every one (talos/clusters)']]],
    ['cluster:health CLUSTER=', [['cluster:health needs CLUSTER', 'one of infra, apps, apps-dev, all: task cluster:health CLUSTER=infra']]],
    ['etcd:snapshot CLUSTER=all', [['etcd:snapshot works on one cluster at a time', 'CLUSTER=infra or CLUSTER=apps or CLUSTER=apps-dev']]],
    ['cluster:create-infra CLUSTER=apps', [['cluster:create-infra is always for CLUSTER=infra', 'leave CLUSTER out, or name the task that takes it']]],
    ['doctor CLUSTER=infra', [['doctor takes no variable CLUSTER', 'it takes TARGET, LAB, LAB_SPEED']]],
    ['cluster:health cluster=infra CLUSTER=apps', [['cluster:health takes no variable cluster', 'did you mean CLUSTER=infra?']]],
    ['cluster:health CLUSTR=infra', [['cluster:health takes no variable CLUSTR', 'did you mean CLUSTER=infra?']]],
    ['doctor TARGET=lap LAB_SPEED=fast', [['TARGET cannot be "lap"', 'did you mean TARGET=lab? TARGET is one of site, lab'], ['LAB_SPEED must be a number above 0, at most 10000, not fast', 'for example LAB_SPEED=60: a simulated minute per second']]],
    ['cluster:health CLUSTER=infra FORMAT=sarfi', [['FORMAT cannot be "sarfi"', 'did you mean FORMAT=sarif? FORMAT is one of text, sarif']]],
    ['doctor constructor=1', [['doctor takes no variable constructor', 'it takes TARGET, LAB, LAB_SPEED']]],
  ])('%s', (line, expected) => {
    expect(resolve(line).problems.map(({ message, hint }) => [message, hint])).toEqual(expected);
  });

  test('a bad value of the environment says where it came from', () => {
    expect(resolve('doctor', { TARGET: 'moon' }).problems[0]?.message).toBe('TARGET cannot be "moon" (from the environment)');
  });

  test('two tasks on one line share their variables: one complaint', () => {
    expect(resolve('doctor doctor TARGET=moon').problems).toHaveLength(1);
    expect(resolve('doctor cluster:health CLUSTER=infra').problems).toEqual([]);
  });

  test('with no cluster file at all the hint says so', () => {
    expect(resolve('cluster:health CLUSTER=infra', {}, []).problems[0]?.hint).toBe('no cluster has a file in talos/clusters yet');
  });
});
