import { describe, expect, test } from 'vitest';
import { all, any, hasAll, isEmpty, labelsOf, said, selects } from '../../../scripts/manifests/index/selectors.ts';
import { UNKNOWN } from '../../../scripts/manifests/build/unknown.ts';

const LABELS = labelsOf({ app: 'web', tier: 'front', built: UNKNOWN, count: 2 }, ['hash']);
const OPEN = { ...LABELS, open: true };

describe('a selector holds, does not, or it cannot be told', () => {
  test.each([
    ['nothing asked', {}, true],
    ['absent', undefined, true],
    ['the labels', { matchLabels: { app: 'web', tier: 'front' } }, true],
    ['a number as a label', { matchLabels: { count: '2' } }, true],
    ['another value', { matchLabels: { app: 'api' } }, false],
    ['a label that is not there', { matchLabels: { other: 'x' } }, false],
    ['one of two wrong', { matchLabels: { app: 'web', other: 'x' } }, false],
    ['a value that is not known', { matchLabels: { built: 'x' } }, undefined],
    ['wrong anyway, beside a value that is not known', { matchLabels: { built: 'x', app: 'api' } }, false],
    ['a value a controller gives', { matchLabels: { hash: 'abc' } }, undefined],
    ['a selector that is not known', { matchLabels: { app: UNKNOWN } }, undefined],
    ['a selector that is not known at all', UNKNOWN, undefined],
    ['In', { matchExpressions: [{ key: 'app', operator: 'In', values: ['api', 'web'] }] }, true],
    ['not In', { matchExpressions: [{ key: 'app', operator: 'In', values: ['api'] }] }, false],
    ['In of nothing', { matchExpressions: [{ key: 'other', operator: 'In', values: ['api'] }] }, false],
    ['NotIn', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['api'] }] }, true],
    ['NotIn of a label that is not there', { matchExpressions: [{ key: 'other', operator: 'NotIn', values: ['api'] }] }, true],
    ['not NotIn', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] }, false],
    ['Exists', { matchExpressions: [{ key: 'hash', operator: 'Exists' }] }, true],
    ['not Exists', { matchExpressions: [{ key: 'other', operator: 'Exists' }] }, false],
    ['DoesNotExist', { matchExpressions: [{ key: 'other', operator: 'DoesNotExist' }] }, true],
    ['not DoesNotExist', { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] }, false],
    ['an operator nobody knows', { matchExpressions: [{ key: 'app', operator: 'Like' }] }, undefined],
  ])('%s', (_, selector, verdict) => {
    expect(selects(selector, LABELS)).toBe(verdict);
  });

  test.each([
    ['what is missing may be there', { matchLabels: { other: 'x' } }, undefined],
    ['what is there is compared', { matchLabels: { app: 'api' } }, false],
    ['Exists', { matchExpressions: [{ key: 'other', operator: 'Exists' }] }, undefined],
    ['NotIn', { matchExpressions: [{ key: 'other', operator: 'NotIn', values: ['x'] }] }, undefined],
  ])('of labels that are not all known: %s', (_, selector, verdict) => {
    expect(selects(selector, OPEN)).toBe(verdict);
  });

  test('a Service asks for all of its labels', () => {
    expect([hasAll({ app: 'web' }, LABELS), hasAll({ app: 'web', tier: 'back' }, LABELS), hasAll({}, LABELS)]).toEqual([true, false, true]);
  });
});

test('verdicts together', () => {
  expect([all([]), all([true, undefined]), all([undefined, false]), any([]), any([undefined, true]), any([false, undefined])]).toEqual([true, undefined, false, false, true, undefined]);
});

test('selectors in words', () => {
  expect(said({ matchLabels: { a: 'b' }, matchExpressions: [{ key: 'c', operator: 'In', values: ['d', 'e'] }, { key: 'f', operator: 'DoesNotExist' }] })).toBe('a=b, c in (d, e), !f');
  expect([said({}), isEmpty({}), isEmpty({ matchLabels: { a: 'b' } })]).toEqual(['everything', true, false]);
});
