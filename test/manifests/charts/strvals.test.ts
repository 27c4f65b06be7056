import { describe, expect, test } from 'vitest';
import { mergeLayers, type Layer } from '../../../scripts/manifests/charts/merge.ts';
import { setLine } from '../../../scripts/manifests/charts/strvals.ts';

/** What `helm --set` makes of each. */
describe('a line of --set', () => {
  test.each([
    ['name=value', { name: 'value' }],
    ['name=true', { name: true }],
    ['name=FALSE', { name: false }],
    ['name=null', { name: null }],
    ['name=0', { name: 0 }],
    ['name=1', { name: 1 }],
    ['name=-5', { name: -5 }],
    ['name=007', { name: '007' }],
    ['name=1.5', { name: '1.5' }],
    ['name=', { name: '' }],
    ['a.b.c=d', { a: { b: { c: 'd' } } }],
    [String.raw`a\.b=c`, { 'a.b': 'c' }],
    [String.raw`a.b\.io/c=d`, { a: { 'b.io/c': 'd' } }],
    ['a=1,b=2', { a: 1, b: 2 }],
    [String.raw`a=1\,2`, { a: '1,2' }],
    ['a={x,y,3}', { a: ['x', 'y', 3] }],
    ['a={x},b=1', { a: ['x'], b: 1 }],
    ['a[0]=x', { a: ['x'] }],
    ['a[1]=x', { a: [null, 'x'] }],
    ['a[0].b=x,a[0].c=y', { a: [{ b: 'x', c: 'y' }] }],
    ['a[0][1]=x', { a: [[null, 'x']] }],
    ['__proto__.x=1', { ['__proto__']: { x: 1 } }],
  ])('%s', (line, expected) => {
    const into = {};
    setLine(into, line, false);
    expect(JSON.stringify(into)).toBe(JSON.stringify(expected));
  });

  test('as text, nothing is a number', () => {
    const into = {};
    setLine(into, 'a=1,b={true,2}', true);
    expect(into).toEqual({ a: '1', b: ['true', '2'] });
  });

  test.each([['name', /has no value/], ['a={x', /terminate/], ['a[x]=1', /index/], ['a[-1]=1', /negative/], ['a[0', /index/], ['a.=1', /has no value/]])('%s is refused', (line, words) => {
    expect(() => setLine({}, line, false)).toThrow(words);
  });

  test('what is no map cannot be gone into', () => {
    expect(() => setLine({ a: 1 }, 'a.b=1', false)).toThrow(/no map/);
  });
});

/** As the code of fluxcd/pkg does it (chartutil.ChartValuesFromReferences), sharing of maps and all. */
describe('values are merged as helm-controller merges them', () => {
  const cases: readonly [string, readonly Layer[], Record<string, unknown>, Record<string, unknown>][] = [
    ['later sources win, values of the release last', [{ values: { flat: 'one', nested: { a: 1, b: 1 } } }, { values: { flat: 'two', nested: { b: 2 } } }], { nested: { c: 3 } }, { flat: 'two', nested: { a: 1, b: 2, c: 3 } }],
    ['lists are replaced', [{ values: { list: [1, 2] } }], { list: [3] }, { list: [3] }],
    ['a map and a scalar replace each other', [{ values: { a: { b: 1 }, c: 1 } }], { a: 1, c: { d: 1 } }, { a: 1, c: { d: 1 } }],
    ['null stays, so that Helm takes the default away', [{ values: { a: 1 } }], { a: null }, { a: null }],
    ['a target path goes over what only the release sets, below a map', [{ targetPath: 'top.key', value: 'from', literal: false }], { top: { key: 'inline' } }, { top: { key: 'from' } }],
    ['but not over a key at the top', [{ targetPath: 'key', value: 'from', literal: false }], { key: 'inline' }, { key: 'inline' }],
    ['nor where another source has the map as well', [{ values: { top: { other: 1 } } }, { targetPath: 'top.key', value: 'from', literal: false }], { top: { key: 'inline' } }, { top: { other: 1, key: 'inline' } }],
    ['numbers become numbers, in quotes they stay text', [{ targetPath: 'a.b', value: '1', literal: false }, { targetPath: 'a.c', value: '"1"', literal: false }, { targetPath: 'a.d', value: "'true'", literal: false }], {}, { a: { b: 1, c: '1', d: 'true' } }],
    ['a literal is taken as it is', [{ targetPath: 'a.b', value: '{x,y}=[1]\\n', literal: true }], {}, { a: { b: '{x,y}=[1]\\n' } }],
    ['a comma begins the next value', [{ targetPath: 'a.b', value: 'x,c=y', literal: false }], {}, { a: { b: 'x' }, c: 'y' }],
  ];
  test.each(cases)('%s', (_, layers, inline, expected) => {
    const before = structuredClone([layers, inline]);
    expect(mergeLayers(layers, inline)).toEqual(expected);
    expect([layers, inline]).toEqual(before);
  });
});
