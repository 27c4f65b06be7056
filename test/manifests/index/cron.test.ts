import { describe, expect, test } from 'vitest';
import { cronTrouble } from '../../../scripts/manifests/index/cron.ts';
import { likelyQuantity, quantity } from '../../../scripts/manifests/index/quantity.ts';

describe('schedules', () => {
  test.each(['0 3 * * *', '*/15 * * * *', '0 0 1,15 * MON-FRI', '5/10 * * jan-mar ?', '@daily', '@every 1h30m', '0 0 29 2 *', '0 0 31 2 1'])('%s is good', (schedule) => {
    expect(cronTrouble(schedule)).toBeUndefined();
  });
  test.each([
    ['0 0 3 * * *', 'it has 6 fields, not 5 (there are no seconds)'], ['60 * * * *', 'minute 60 is not within 0-59'], ['* * * * 7', 'day of the week 7 is not within 0-6'], ['0 5-3 * * *', 'hour 5-3 ends before it begins'],
    ['0 x * * *', 'x is no hour'], ['*/0 * * * *', '*/0 is no minute'], ['0 0 31 2 *', 'that day never comes'], ['@dayly', '@dayly is not known (there is @hourly, @daily, @weekly, @monthly, @yearly, @every 1h)'], ['@every day', 'day is no duration like 1h30m'], ['', 'it has 1 fields, not 5'],
  ])('%s: %s', (schedule, because) => {
    expect(cronTrouble(schedule)).toBe(because);
  });
  test('with seconds', () => {
    expect([cronTrouble('0 0 3 * * *', true), cronTrouble('0 3 * * *', true), cronTrouble('0 0 0 31 2 *', true)]).toEqual([undefined, 'it has 5 fields, not 6 (seconds come first)', 'that day never comes']);
  });
});

describe('quantities', () => {
  test.each([['100m', 0.1], ['1', 1], [2, 2], ['1.5Gi', 1.5 * 1024 ** 3], ['2e3', 2000], ['.5', 0.5], ['1E', 1e18], ['-1', -1]])('%s', (written, amount) => {
    expect(quantity(written)).toBeCloseTo(amount);
  });
  test.each([['128mi', '128Mi'], ['1GB', '1G'], ['256 Mi', '256Mi'], ['1gib', '1Gi'], ['lots', undefined], ['10K', '10k']])('%s is none; %s was meant', (written, likely) => {
    expect([quantity(written), likelyQuantity(written)]).toEqual([undefined, likely]);
  });
});
