import { describe, expect, test } from 'vitest';
import { metricsqlTrouble } from '../../../../scripts/manifests/rules/content/queries/metricsql.ts';
import { promqlParser, promqlTrouble } from '../../../../scripts/manifests/rules/content/queries/promql.ts';
import { regexTrouble } from '../../../../scripts/manifests/rules/content/queries/types.ts';
import { pieceAt } from '../../../../scripts/manifests/rules/content/place.ts';

const parse = await promqlParser();
const promql = (text: string): string => {
  const found = promqlTrouble(text, parse);
  return found === undefined ? 'good' : `${found.at}: ${found.message} | ${found.hint}`;
};
const metricsql = (text: string): string => {
  const found = metricsqlTrouble(text);
  return found === undefined ? 'good' : `${found.at}: ${found.message} | ${found.hint}`;
};

/** Good PromQL; MetricsQL reads all of it as well. */
const GOOD = [
  'up', 'up == 0', 'sum by (job) (rate(http_requests_total{code=~"5..", job!="x"}[5m])) / on (job) group_left (team) sum by (job) (x) > 0.05',
  'absent(up{job="a"} == 1) or vector(0)', 'histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))', 'max_over_time(rate(x[5m])[1h:5m])', 'x offset -5m', 'x @ end()', 'x[5m] offset 1d @ 1609746000',
  'topk(3, x)', 'count_values("version", build_info)', 'quantile(0.9, x)', 'label_replace(up, "a", "$1", "b", "(.*)")', 'label_join(up, "a", "-", "b", "c")', 'round(x)', 'round(x, 5)', 'hour()', 'time() - x > 300', '1 > bool 2',
  '-x ^ 2', '(1 + 2) * 3', '{__name__=~"a.+"}', '{"utf.8", a="b"}', 'predict_linear(x[1h], 4 * 3600) < 0', 'clamp_max(x, 1)', 'x and ignoring (a) y unless z', 'sum without (pod) (x)', 'sum(x) by (pod)', 'scalar(x) * 2',
  'x{a="b",}', 'changes(x[5m:])', 'sgn(deriv(x[5m]))', '1e3', '0x1F', 'Inf', '5 % 2', 'x # a remark\n > 1', "x{a='it''s'}".replace("''", ''), 'rate(x{a=~"(?i)b"}[5m])', 'x{a!~".*"} or x{a!=""}', 'sort_by_label(x, "a", "b")',
];

describe('PromQL', () => {
  test.each(GOOD)('reads %s', (query) => { expect(promql(query)).toBe('good'); });

  test.each([
    ['', '0: the query is empty | write an expression'],
    ['sum(x', '5: the query ends too early | ( is not closed'],
    ['x{a="b"', '7: the query ends too early | { is not closed'],
    ['rate(x[5m)', '9: the query cannot be read from ")" on | look there, and whether every bracket is closed: ( is not'],
    ['x y', '2: the query cannot be read from "y" on | look at what stands before "y": an operator, a comma or a quote is missing, or one too many'],
    ['x > ', '4: the query ends too early | look at its end: an operand is missing'],
    ['x{a=="b"}', '4: the query cannot be read from "=\\"b\\"}" on | look at what stands before "=": an operator, a comma or a quote is missing, or one too many'],
    ['rte(x[5m])', '0: PromQL has no function rte | did you mean rate?'],
    ['sum(frobnicate(x))', '4: PromQL has no function frobnicate | look at https://prometheus.io/docs/prometheus/latest/querying/functions/'],
    ['rate(x)', '5: rate() takes a range vector, and x is an instant vector | give it a range: [5m]'],
    ['sum(x[5m])', '4: sum takes an instant vector, and x[5m] is a range vector | put a function over time around it, as rate(...)'],
    ['x[5m] > 1', '0: an operator takes numbers and instant vectors, and x[5m] is a range vector | put a function over time around it, as rate(...)'],
    ['rate(sum(x)[5m])', '5: a range in [...] follows a selector only | for an expression write a subquery: (...)[5m:]'],
    ['sum(x) offset 5m', '0: offset follows a selector or a subquery only | move it to the selector, or write (...)[5m:] offset'],
    ['histogram_quantile(x)', '0: histogram_quantile() takes 2 arguments, and is given 1 | it takes a number, an instant vector'],
    ['topk(x)', '0: topk takes two arguments, and is given 1 | give it a number and a vector'],
    ['sum(x, y)', '0: sum takes one argument, and is given 2 | give it one vector'],
    ['1 > 2', '2: two numbers are compared with > without bool | write > bool'],
    ['x + bool y', '2: bool follows +, which compares nothing | remove bool'],
    ['x and 1', '2: and stands beside a number | and joins two vectors; for a constant write vector(1)'],
    ['{}', '0: the selector selects everything | name a metric, or give a label a value that is not empty'],
    ['{a=""}', '0: the selector selects everything | name a metric, or give a label a value that is not empty'],
    ['x{a=~"(b"}', '5: the regular expression of a is broken: a ( is not closed | mend it; a backslash is written twice in double quotes'],
    ['x{a="b}', '4: a quote is not closed | close it with "'],
    ['x{__name__="y"}', '2: the metric is named twice | remove __name__ or the name before the braces'],
    ['label_replace(x, "a", "b", "c")', '0: label_replace() takes 5 arguments, and is given 4 | it takes an instant vector, text, text, text, text'],
    ['abs("x")', '4: abs() takes an instant vector, and "x" is text | give it an instant vector'],
  ])('refuses %s', (query, says) => { expect(promql(query)).toBe(says); });
});

describe('MetricsQL', () => {
  test.each(GOOD)('reads what PromQL reads: %s', (query) => { expect(metricsql(query)).toBe('good'); });

  // From https://docs.victoriametrics.com/victoriametrics/metricsql/
  test.each([
    'rate(x)', 'sum(increase(x[1i]))', 'rate(x[5m]) keep_metric_names', 'x default 0', 'a if b', 'a ifnot b', 'WITH (f(a) = rate(a[5m])) sum(f(x))', 'with (cf = {job="a"}) x{cf} + y{cf, b="c"}', 'x{a="b" or c="d",e="f"}',
    'topk_max(5, x, "other=rest")', 'any(x) by (a) limit 5', 'label_set(x, "a", "b")', '8Ki * 1.5M', 'x[1h30m]', 'x[1.5h]', 'rollup_rate(x[5m])', '(a, b, c)', 'x offset 1h-5m', 'a.b.c', 'rate(x[$__interval])', 'x @ (end() - 1h)',
    'outliersk(3, x)', 'range_median(x)', '"a" + "b"', 'sum(x,)', 'quantiles_over_time("phi", 0.5, 0.9, x[5m])', 'a + on(b) group_left(*) prefix "x_" c',
  ])('reads %s', (query) => { expect(metricsql(query)).toBe('good'); });

  test.each([
    ['rte(x)', '0: neither PromQL nor MetricsQL has a function rte | did you mean rate?'],
    ['sum(x', '5: the query ends too early | ")" is wanted at its end'],
    ['x{a=b}', '4: the query cannot be read from "b" on | text in quotes is wanted there'],
    ['x[', '2: the query ends too early | a duration like 5m is wanted there at its end'],
    ['x[]', '2: the query cannot be read from "]" on | a duration like 5m is wanted there'],
    ['x y', '2: the query cannot be read from "y" on | an operator is wanted before it, or it is one too many'],
    ['x{a="b}', '4: a quote is not closed | close it with "'],
    ['x{a=~"b)"}', '5: the regular expression of a is broken: a ) closes nothing | mend it; a backslash is written twice in double quotes'],
    ['x ! y', '2: "!" is no part of a query | remove it'],
    ['', '0: the query is empty | write an expression'],
    ['a + bool b', '4: the query cannot be read from "bool" on | bool follows a comparison only'],
  ])('refuses %s', (query, says) => { expect(metricsql(query)).toBe(says); });
});

test.each([['a.*', undefined], ['(?i)a', undefined], ['(?P<x>a)', undefined], ['a\\\\.b', undefined], ['(a', 'a ( is not closed'], ['*a', 'there is nothing before a *, + or ? to repeat'], ['[a', 'a [ is not closed'], ['\\\\pL', undefined]])('regular expression %s', (pattern, says) => {
  expect(regexTrouble(pattern)).toBe(says);
});

test('a place in a text is named by a piece that stands there first', () => {
  const text = 'sum(x) by (x)\n  > foo{a="x"}';
  expect(pieceAt(text, 4, 'x')).toBe('x');
  expect(pieceAt(text, 11, 'x')).toBe('x)\n'.trim());
  expect(pieceAt(text, 18, 'foo')).toBe('foo');
  expect(pieceAt(text, text.length, undefined)).toBe('  > foo{a="x"}');
});
