import { describe, expect, test } from 'vitest';
import { readChart } from '../../../scripts/manifests/charts/chart.ts';
import { readHelmError } from '../../../scripts/manifests/charts/errors.ts';

const files = (entries: Readonly<Record<string, string>>) => readChart(new Map(Object.entries(entries).map(([path, text]) => [path, Buffer.from(text)])));
const CHART = files({ 'Chart.yaml': 'name: app\nversion: 1.0.0\n', 'charts/db/Chart.yaml': 'name: db\nversion: 1.0.0\n', 'charts/db/charts/disk/Chart.yaml': 'name: disk\nversion: 1.0.0\n' });

describe('schema errors', () => {
  const SCHEMA = 'Error: values don\'t meet the specifications of the schema(s) in the following chart(s):\n';
  test.each<readonly [string, string, readonly (readonly [string, string, boolean, string])[]]>([
    ['as helm 4 tells them', `${SCHEMA}app:\n- at '/x': validation failed\n  - at '/x/b': value must be 'q'\n  - at '/x': additional properties 'zz', 'yy' not allowed\n- at '/replicas': got string, want integer\n`, [
      ['x.b', "value must be 'q'", false, 'app'], ['x.zz', 'there is no such value', true, 'app'], ['x.yy', 'there is no such value', true, 'app'], ['replicas', 'got string, want integer', false, 'app'],
    ]],
    ['of a chart in it, and of one in that', `${SCHEMA}db:\n- at '/size': got number, want string\ndisk:\n- at '/a~1b': missing property 'c'\n`, [['db.size', 'got number, want string', false, 'db'], ['db.disk.a/b', "missing property 'c'", false, 'disk']]],
    ['of which one of several would do', `${SCHEMA}app:\n- at '/port': 'anyOf' failed, none matched\n  - at '/port': got boolean, want string\n  - at '/port': got boolean, want number\n`, [['port', "'anyOf' failed, none matched: got boolean, want string; got boolean, want number", false, 'app']]],
    ['as helm 3 tells them', `${SCHEMA}app:\n- replicas: Invalid type. Expected: integer, given: string\n- (root): Additional property foo is not allowed\n- x.b: x.b must be one of the following: "q"\n`, [
      ['replicas', 'Invalid type. Expected: integer, given: string', false, 'app'], ['foo', 'there is no such value', true, 'app'], ['x.b', 'x.b must be one of the following: "q"', false, 'app'],
    ]],
  ])('%s', (_, text, expected) => {
    const error = readHelmError(text, CHART);
    expect(error.is === 'schema' ? error.wrong.map(({ path, message, key, chart }) => [path.join('.'), message, key, chart]) : error).toEqual(expected);
  });
  test('one that could not be fetched is none of ours', () => {
    expect(readHelmError(`${SCHEMA}app:\nfailing loading "https://x.example.com/s.json": HTTP request failed\n`, CHART)).toEqual({ is: 'schema elsewhere', message: 'https://x.example.com/s.json' });
  });
});

describe('errors of templates', () => {
  test.each<readonly [string, string, string, readonly string[] | undefined]>([
    ['as helm 4 tells them', 'Error: app/templates/x.yaml:7:16\n  executing "app/templates/x.yaml" at <.Values.p.q>:\n    nil pointer evaluating interface {}.q\n\nUse --debug flag to render out invalid YAML\n', 'app/templates/x.yaml:7:16 at <.Values.p.q>: nil pointer evaluating interface {}.q', ['p', 'q']],
    ['as helm 3 tells them', 'coalesce.go:286: warning: x\nError: template: app/templates/x.yaml:7:16: executing "app/templates/x.yaml" at <.Values.p.q>: nil pointer evaluating interface {}.q\n\nUse --debug flag to render out invalid YAML', 'app/templates/x.yaml:7:16: at <.Values.p.q>: nil pointer evaluating interface {}.q', ['p', 'q']],
    ['of a chart in it', 'Error: app/charts/db/charts/disk/templates/x.yaml:1:1\n  executing "x" at <.Values.size>:\n    wrong type\n', 'app/charts/db/charts/disk/templates/x.yaml:1:1 at <.Values.size>: wrong type', ['db', 'disk', 'size']],
    ['of its own making', 'Error: execution error at (app/templates/x.yaml:3:4): a url is needed', 'app/templates/x.yaml:3:4: a url is needed', undefined],
    ['of YAML', 'Error: YAML parse error on app/templates/x.yaml: error converting YAML to JSON: yaml: line 5: x', 'YAML parse error on app/templates/x.yaml: error converting YAML to JSON: yaml: line 5: x', undefined],
  ])('%s', (_, text, message, path) => {
    expect(readHelmError(text, CHART)).toEqual({ is: 'template', message, path });
  });
  test('charts that are missing', () => {
    expect(readHelmError('Error: an error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: a, b\n', CHART)).toEqual({ is: 'dependencies', missing: ['a', 'b'] });
  });
});
